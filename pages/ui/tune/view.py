"""One search, ticking while it runs: how far it is, the best so far, its trials as curves, lines and a table."""

from collections.abc import Callable

import streamlit as st

from fmnist_core import jobs
from fmnist_core.cluster.demand import Demand
from fmnist_core.errors import LabError
from fmnist_core.figures.tuning_words import combination_words, counted, objective_words
from fmnist_core.progress import Progress
from fmnist_core.runs import LOG_FILE, STOP_FILE, Run, RunState
from fmnist_core.tuning.group import SearchGroup
from fmnist_core.tuning.plan import plan
from fmnist_core.tuning.trials import SearchProgress, Trial, read_progress
from pages.ui.data import plain
from pages.ui.runs import state_badge, watcher
from pages.ui.tune.charts import curves, findings
from pages.ui.tune.extend import extend_form
from pages.ui.tune.table import trial_table
from pages.ui.understand.compare import PARAMETER as COMPARED
from pages.ui.words import duration

PERIOD_S = 1.0
LAST_LOG = 20_000  # bytes


def show_search(group: SearchGroup) -> None:
    """Show the search, ticking while it or any of its Runs moves."""
    try:
        progress = read_progress(group)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    signature = _signature(progress, _runs_of(progress))
    st.fragment(_view, run_every=PERIOD_S if signature[1] else None)(group, signature)
    if progress.state.is_over:
        extend_form(progress)
    with st.expander("Log of the process", key="tune.log", on_change="rerun") as log:
        if log.open:
            st.code(_log(group) or "Nothing printed yet.", language=None, height=260)


def _view(group: SearchGroup, before: tuple) -> None:
    group.push_on()
    progress = read_progress(group)
    runs = _runs_of(progress)
    if _signature(progress, runs) != before:
        st.rerun()  # the whole page: the tick and the buttons depend on the state
    _status(progress, runs)
    _best(progress)
    curves(progress, runs)
    shown = findings(progress)
    trial_table(progress, runs, shown)


def _signature(progress: SearchProgress, runs: dict[str, list[Progress]]) -> tuple:
    """Return what the page around the ticking part hangs on: states, and whether anything moves."""
    full = _best_run(progress)
    training = watcher().progress(full).state if full else None
    moving = _moves(progress, runs) or (training is not None and not training.is_over)
    return progress.state, moving, training


def _moves(progress: SearchProgress, runs: dict[str, list[Progress]]) -> bool:
    """Whether the driver or a Run of a trial is at work."""
    states = [one.state for trial in progress.trials if trial.is_open for one in runs[trial.id]]
    return not progress.state.is_over or any(not state.is_over for state in states)


def _runs_of(progress: SearchProgress) -> dict[str, list[Progress]]:
    folder = progress.group.runs_folder
    return {trial.id: [watcher().progress(Run(folder / run_id)) for run_id in trial.runs] for trial in progress.trials}


def _status(progress: SearchProgress, runs: dict[str, list[Progress]]) -> None:
    left, right = st.columns([4, 1], vertical_alignment="center", gap="medium")
    with left:
        with st.container(horizontal=True, vertical_alignment="center"):
            state_badge(progress.state)
            st.markdown(f":gray[{plain(_sentence(progress))}]")
        st.progress(_fraction(progress, runs))
    with right:
        _action(progress, runs)
    if progress.state == RunState.FAILED:
        st.error(plain(progress.message), icon=":material/error:")


def _sentence(progress: SearchProgress) -> str:
    ended = [trial for trial in progress.trials if not trial.is_open]
    planned = plan(progress.search).trials
    if progress.state == RunState.RUNNING and not progress.trials:
        return "starting"
    words = f"{len(ended)} of {planned} trials" if planned >= len(ended) else counted(len(ended), "trial")
    if failed := sum(trial.state == RunState.FAILED for trial in ended):
        words += f" ({failed} failed)"
    if progress.state == RunState.RUNNING:
        if len(ended) >= 2 and planned > len(ended):
            words += f", about {duration(progress.elapsed_s / len(ended) * (planned - len(ended)))} left"
        return words
    took = f" in {duration(progress.elapsed_s)}" if progress.elapsed_s else ""
    message = {
        RunState.INTERRUPTED: "Its process is gone: killed, or the machine went down. Resume goes on with the same "
        "trials; Runs that still train are picked up.",
        RunState.FAILED: "",  # stands below
    }.get(progress.state, progress.message)
    return f"{words}{took}. {message}".strip()


def _fraction(progress: SearchProgress, runs: dict[str, list[Progress]]) -> float:
    if progress.state == RunState.COMPLETED:
        return 1.0
    done = sum(_share(runs[trial.id]) if trial.is_open else 1.0 for trial in progress.trials)
    return min(1.0, done / max(1, plan(progress.search).trials))


def _share(runs: list[Progress]) -> float:
    try:
        return sum(one.fraction for one in runs) / max(1, len(runs))
    except LabError:
        return 0.0  # a Run was deleted; the driver will mark its trial


def _action(progress: SearchProgress, runs: dict[str, list[Progress]]) -> None:
    group = progress.group
    if (group.folder / STOP_FILE).exists() and _moves(progress, runs):
        st.button("Stopping …", disabled=True, key="tune.stopping", width="stretch")
    elif not progress.state.is_over:
        if st.button("Stop", icon=":material/stop:", key="tune.stop", width="stretch"):
            _do(group.request_stop)
    elif progress.state.is_resumable and st.button(
        "Resume", icon=":material/play_arrow:", type="primary", key="tune.resume", width="stretch"
    ):
        _do(group.start)


def _best(progress: SearchProgress) -> None:
    """Show the best trial, and train it fully or lead to where it was."""
    best = progress.best
    if best is None:
        return
    search = progress.search
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="xsmall"):
            st.markdown(f"**Best so far: {objective_words(search, best.objective)}**, trial {best.number + 1}")
            st.caption(plain(combination_words(search, best)))
        if (run := _best_run(progress)) is not None:
            _lead_to(run, best)
        elif st.button(
            "Train the best one fully", icon=":material/rocket_launch:", key="tune.best",
            help=f"A Run from scratch with these values for {_full_epochs(progress, best)} epochs; the finished model "
            "has the weights of the best epoch.",
        ):  # fmt: skip
            _do(lambda: _train_best(progress, best))


def _train_best(progress: SearchProgress, best: Trial) -> None:
    group = progress.group
    spec, demand = progress.search.best_spec(best.values), Demand.read(group.folder)
    run = jobs.submit(spec, runs_folder=group.runs_folder, demand=demand)
    group.write_event("best", trial=best.id, run=run.id)


def _best_run(progress: SearchProgress) -> Run | None:
    """Return the Run that trains the present best fully; None if there is none."""
    best = progress.best
    for event in reversed(progress.group.events()) if best else ():
        if event.kind == "best" and event.logs["trial"] == best.id:
            run = Run(progress.group.runs_folder / event.logs["run"])
            return run if run.folder.is_dir() else None
    return None


def _lead_to(run: Run, trial: Trial) -> None:
    if watcher().progress(run).state != RunState.COMPLETED:
        st.page_link(
            "pages/train/runs.py", label="See its full training", icon=":material/timeline:",
            query_params={"run": run.id},
        )  # fmt: skip
        return
    with st.container(gap="xsmall", width="content"):
        st.page_link(
            "pages/understand/result.py", label="See the result of its full training", icon=":material/insights:",
            query_params={"run": run.id},
        )  # fmt: skip
        st.page_link(
            "pages/understand/compare.py", label="Compare it with the trial", icon=":material/compare_arrows:",
            query_params={COMPARED: ",".join((run.id, *trial.runs[:1]))},
        )  # fmt: skip


def _full_epochs(progress: SearchProgress, best: Trial) -> int:
    return best.values.get("epochs", progress.search.base.epochs)


def _do(act: Callable[[], object]) -> None:
    try:
        act()
    except (LabError, OSError) as error:
        st.error(plain(str(error)), icon=":material/error:")
    else:
        st.rerun()


def _log(group: SearchGroup) -> str:
    return Run(group.folder).log(LAST_LOG) if (group.folder / LOG_FILE).is_file() else ""

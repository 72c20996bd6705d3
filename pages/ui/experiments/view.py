"""One launch of an experiment: its Runs' curves on one chart and their figures in one table, ticking while they run."""

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from fmnist_core.comparison import OWN_FILES
from fmnist_core.errors import LabError
from fmnist_core.experiments import member_of
from fmnist_core.figures.experiments import Outcome, accuracy_text, tested_order
from fmnist_core.figures.palette import CLASS_COLOURS
from fmnist_core.paired import Pairing
from fmnist_core.progress import Progress
from fmnist_core.run_result import read_result
from fmnist_core.runs import Run, RunState
from pages.ui.data import plain
from pages.ui.experiments.choice import launch_words
from pages.ui.group_status import group_status
from pages.ui.live_chart import Panel, Series, live_chart
from pages.ui.runs import STATE_BADGES, watcher
from pages.ui.understand.result import evaluate
from pages.ui.words import duration

PERIOD_S = 1.0


def show_launch(key: str, group: str, progresses: Sequence[Progress]) -> None:
    """Show the launch, ticking while any of its Runs moves."""
    runs = sorted((one.run for one in progresses if one.run.spec.group == group), key=lambda run: run.id)
    st.caption(f"Trained on {plain(launch_words(group, progresses))}.")
    states = [watcher().progress(run).state for run in runs]
    moving = not all(state.is_over for state in states)
    st.fragment(_view, run_every=PERIOD_S if moving else None)(key, group, runs, states)


def _view(key: str, group: str, runs: list[Run], states_before: list[RunState]) -> None:
    progresses = [watcher().progress(run) for run in runs]
    if [progress.state for progress in progresses] != states_before:
        st.rerun()  # the whole page: the tick and the buttons depend on the states
    outcomes = [_outcome(key, progress) for progress in progresses]
    words = accuracy_text(outcomes, _pairing(outcomes, progresses))
    group_status(progresses, key="experiments", even_done=True)
    live_chart(
        _panels(outcomes, progresses), key=f"experiment.{group}", x_label="epoch", alt=words,
        empty="No epoch was finished" if all(one.state.is_over for one in progresses) else "No epoch is finished yet",
    )  # fmt: skip
    _table(outcomes, progresses, words)


def _outcome(key: str, progress: Progress) -> Outcome:
    spec = progress.run.spec
    member = member_of(key, spec)
    result = _result(progress.run) if progress.state == RunState.COMPLETED else {}
    comparable = member is not None and spec.dataset in (member.spec.dataset, OWN_FILES)
    return Outcome(
        member.label if member else spec.title,
        max((row.get("val_accuracy", 0.0) for row in progress.epochs), default=math.nan),
        result.get("test_accuracy"), result.get("test_images", 0), member.reported if comparable else None,
    )  # fmt: skip


def _pairing(outcomes: list[Outcome], progresses: list[Progress]) -> Pairing | None:
    """Return the best and the last of Runs that are all tested, image by image; None where that cannot be had."""
    tested = tested_order(outcomes)
    if len(tested) < max(2, len(outcomes)):
        return None
    runs = [progresses[outcomes.index(one)].run for one in (tested[0], tested[-1])]
    try:
        results = [read_result(run) for run in runs]
        if results[0]["sha256"] != results[1]["sha256"]:
            return None
        return Pairing(*(evaluate(run, result)[0] for run, result in zip(runs, results, strict=True)))
    except LabError:
        return None


def _result(run: Run) -> dict:
    try:
        return run.result or {}
    except LabError:
        return {}  # damaged: the Result page says so


def _panels(outcomes: list[Outcome], progresses: list[Progress]) -> list[Panel]:
    return [
        Panel(title, _series(outcomes, progresses, name, style), y_label="share right", y_format="percent")
        for title, name, style in (
            ("Validation accuracy", "val_accuracy", "dashed"),
            ("Training accuracy", "accuracy", "line"),
        )
    ]


def _series(outcomes: list[Outcome], progresses: list[Progress], name: str, style: str) -> tuple[Series, ...]:
    return tuple(
        Series(
            outcome.label,
            [row["epoch"] for row in progress.epochs],
            [row.get(name) for row in progress.epochs],
            colour=CLASS_COLOURS[place % len(CLASS_COLOURS)],
            style=style,
        )
        for place, (outcome, progress) in enumerate(zip(outcomes, progresses, strict=True))
    )


def _table(outcomes: list[Outcome], progresses: list[Progress], words: str) -> None:
    st.markdown(plain(words))
    rows = [_row(outcome, progress) for outcome, progress in zip(outcomes, progresses, strict=True)]
    chosen = st.dataframe(
        pd.DataFrame(rows), hide_index=True, height="content", placeholder="–", key="experiments.table",
        on_select="rerun", selection_mode="single-row",
    ).selection.rows  # fmt: skip
    if chosen:
        st.switch_page("pages/train/runs.py", query_params={"run": progresses[chosen[0]].run.id})
    st.caption("Select a row to open its Run.")


def _row(outcome: Outcome, progress: Progress) -> dict[str, str | None]:
    low, high = outcome.interval
    return {
        "Run": outcome.label,
        "State": STATE_BADGES[progress.state][0],
        "Best validation": None if math.isnan(outcome.validation) else f"{outcome.validation:.2%}",
        "Test": None if outcome.test is None else f"{outcome.test:.2%}",
        "95 % interval": None if math.isnan(low) else f"{low:.2%} to {high:.2%}",
        "Reported": None if outcome.reported is None else f"{outcome.reported:.2%}",
        "Time": duration(progress.elapsed_s) if progress.elapsed_s else None,
    }

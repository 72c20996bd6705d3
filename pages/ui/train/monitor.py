"""The live view of one Run: state, progress, curves, log. It ticks once a second while something moves."""

import streamlit as st

from fmnist_core import jobs
from fmnist_core.progress import Progress
from fmnist_core.runs import STOP_FILE, Run, RunState
from pages.ui.cluster.demand import demand_line
from pages.ui.data import plain
from pages.ui.live_chart import live_chart
from pages.ui.runs import act_on, state_badge, watcher
from pages.ui.train.curves import learning_panels, machine_panels, summary
from pages.ui.words import duration, moment

WORDS = {
    RunState.QUEUED: "Waits for its turn. It starts by itself when the Runs before it are done.",
    RunState.STOPPED: "",
    RunState.FAILED: "Its log says more.",
    RunState.INTERRUPTED: "Its process is gone without a farewell: killed, or the machine went down.",
}


def monitor(run: Run) -> None:
    """Show the Run, ticking while it is not over."""
    progress = watcher().progress(run)
    moving = not progress.state.is_over
    st.fragment(_view, run_every=1.0 if moving else None)(run, progress.state)


def _view(run: Run, state_before: RunState) -> None:
    progress = watcher().progress(run)
    if progress.state != state_before:
        st.rerun()  # the whole page: buttons, lists and the tick depend on the state
    _status(progress)
    live_chart(
        learning_panels(progress), key=f"learning.{run.id}", x_label="epoch", alt=summary(progress),
        empty=_waiting_words(progress),
    )  # fmt: skip
    with st.expander("Machine: learning rate, speed, processor, memory", key="machine", on_change="rerun") as machine:
        if machine.open:
            live_chart(
                machine_panels(progress), key=f"machine.{run.id}", x_label="epoch", height_px=180,
                empty=_waiting_words(progress),
            )  # fmt: skip
    with st.expander("Log of the process", key="log", on_change="rerun") as log:
        if log.open:
            st.code(run.log() or "Nothing printed yet.", language=None, height=260)


def _status(progress: Progress) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(horizontal=True, vertical_alignment="center"):
            state_badge(progress.state)
            st.markdown(f":gray[{_sentence(progress)}]", width="content")
        _action(progress)
    st.progress(progress.fraction)
    demand_line(progress.run, progress.state)


def _sentence(progress: Progress) -> str:
    if progress.state == RunState.RUNNING:
        total = progress.run.spec.total_epochs
        epoch = f"epoch {min(int(progress.epoch_done) + 1, total)} of {total}"
        if progress.phase != "training":
            return progress.phase or "starting"
        left = progress.remaining_s
        return epoch + (f", {duration(left)} left" if left is not None else "")
    if progress.state == RunState.COMPLETED:
        took = f" in {duration(progress.elapsed_s)}" if progress.elapsed_s else ""
        count = len(progress.epochs)
        return f"{count} epoch{'s' * (count != 1)}{took}, {moment(progress.ended_s)}"
    message = progress.message and plain(progress.message.rstrip(".") + ".")
    known = progress.state == RunState.INTERRUPTED and message  # then why is known better
    return " ".join(filter(None, (message, "" if known else WORDS[progress.state], _again(progress))))


def _again(progress: Progress) -> str:
    if not progress.state.is_resumable:
        return ""
    return f"It can go on after epoch {progress.epochs[-1]['epoch']:g}." if progress.epochs else "It can start anew."


def _action(progress: Progress) -> None:
    run, state = progress.run, progress.state
    if state == RunState.COMPLETED:
        st.page_link(
            "pages/understand/result.py", label="See the result", icon=":material/insights:",
            query_params={"run": run.id}, width="content",
        )  # fmt: skip
    elif state.is_resumable:
        if st.button("Resume", icon=":material/play_arrow:", type="primary", key="resume"):
            act_on(jobs.resume, run)
    elif (run.folder / STOP_FILE).exists():
        st.button("Stopping …", disabled=True, key="stopping")
    else:
        label = "Remove" if state == RunState.QUEUED else "Stop"
        if st.button(label, icon=":material/stop:", key="stop"):
            act_on(jobs.request_stop, run)


def _waiting_words(progress: Progress) -> str:
    if progress.state == RunState.QUEUED:
        return "Waits in the queue"
    return "Waiting for the first batch …" if progress.state == RunState.RUNNING else "Ended before its first batch"

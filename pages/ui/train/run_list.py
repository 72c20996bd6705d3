"""Lists of Runs: the queue with its order, the table of all, and the setting of how many run at once."""

import math

import pandas as pd
import streamlit as st

from fmnist_core import jobs
from fmnist_core.progress import Progress
from fmnist_core.run_notes import Notes
from fmnist_core.runs import Run
from pages.ui.data import plain
from pages.ui.parallel import parallel_setting
from pages.ui.runs import CHOOSE_BY_VALIDATION, STATE_BADGES, act_on, damaged_runs, readable_runs, run_title
from pages.ui.words import duration, moment


def damaged_notice() -> None:
    """Say which run folders cannot be read, and why; they are left as they are."""
    if damaged := damaged_runs():
        with st.expander(f"{len(damaged)} Run(s) cannot be read", icon=":material/warning:"):
            st.markdown("\n".join(f"- {plain(reason)}" for _, reason in damaged))


def archive_toggle() -> bool:
    """Show the switch for archived Runs where there are any, and return whether they are to be shown."""
    if not any(Notes.read(progress.run).archived for progress in readable_runs(archived=True)):
        return False
    return st.toggle("Show archived Runs", key="archived", bind="query-params")


def known_tags(progresses: list[Progress]) -> list[str]:
    """Return all tags in use, sorted."""
    return sorted({tag for progress in progresses for tag in Notes.read(progress.run).tags})


def lists(progresses: list[Progress]) -> None:
    """Show the queue and the table of all Runs, ticking while any Run moves."""
    moving = any(not progress.state.is_over for progress in progresses)
    st.fragment(_lists, run_every=3.0 if moving else 15.0)()


def _lists() -> None:
    if st.session_state.pop("runs.opened", False):
        st.rerun()  # the whole page: the Run is shown above these lists
    _queue_panel()
    _runs_table(readable_runs(archived=bool(st.session_state.get("archived"))))


def _queue_panel() -> None:
    waiting = jobs.queue()
    if not waiting:
        return
    st.subheader("Waiting", anchor=False)
    for place, run in enumerate(waiting):
        _queue_row(place, run)


def _runs_table(progresses: list[Progress]) -> None:
    st.subheader("All Runs", anchor=False)
    frame = pd.DataFrame([_row(progress) for progress in progresses])
    percent = st.column_config.NumberColumn(format="%.2f %%")
    st.dataframe(
        frame, hide_index=True, key="runs.table", on_select=lambda: _open(progresses), selection_mode="single-row",
        placeholder="–", column_config={
            "Time": st.column_config.TextColumn(width=92),  # up to "59 min 59 s"
            "Validation": percent, "Test": st.column_config.NumberColumn(format="%.2f %%", help=CHOOSE_BY_VALIDATION),
        },
    )  # fmt: skip


def settings_panel() -> None:
    """Let the user say how many Runs execute at once."""
    with st.expander("How many train at once"):
        parallel_setting("runs")


def _queue_row(place: int, run: Run) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"{place + 1}. {plain(run_title(run))}", width="stretch")
        if place and st.button(
            "Up", icon=":material/arrow_upward:", key=f"up.{run.id}", type="tertiary", help="One place up"
        ):
            act_on(jobs.move_up, run)
        if st.button(
            "Remove", icon=":material/close:", key=f"out.{run.id}", type="tertiary", help="Take it out of the queue"
        ):
            act_on(jobs.request_stop, run)


def _open(progresses: list[Progress]) -> None:
    rows = st.session_state["runs.table"]["selection"]["rows"]
    if rows:
        st.query_params["run"] = progresses[rows[0]].run.id
        st.session_state["runs.opened"] = True


def _row(progress: Progress) -> dict:
    best = max((row.get("val_accuracy", 0.0) for row in progress.epochs), default=math.nan)
    test = progress.last.logs.get("test_accuracy", math.nan) if progress.last else math.nan
    return {
        "Run": progress.run.spec.marked_title,
        "State": STATE_BADGES[progress.state][0],
        "Epochs": f"{int(progress.epoch_done)} of {progress.run.spec.total_epochs}",
        "Validation": 100 * best,
        "Test": 100 * test,
        "Time": duration(progress.elapsed_s) if progress.elapsed_s else "",
        "Started": moment(progress.started_s or progress.queued_s),
        "Tags": list(Notes.read(progress.run).tags),
        "Data": progress.run.spec.dataset,
    }

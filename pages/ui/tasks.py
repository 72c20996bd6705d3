"""A heavy computation on a page: started, watched and cancelled here, carried out by a process of its own."""

from typing import Any

import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.tasks import Status, Task
from pages.ui.data import current_folder, plain

PERIOD_S = 1.0


def task_for(dataset: Dataset, name: str, **parameters: Any) -> Task:
    """Return the task of a name in tasks.TASKS for the data set in use."""
    return Task(name, dataset.name, current_folder(), dataset.sha256, parameters)


def show_task(
    task: Task, *, title: str, note: str, autostart: bool = False, status: Status | None = None
) -> None:  # fmt: skip
    """Show where a page would show the result that is not there yet: a button to start, progress, or what failed.

    Call it only while the result is absent; once it is there, the page runs again.

    Args:
        title: what is computed, such as "Neighbours of 70,000 images".
        note: how long it takes, and how often.
        autostart: begin without being asked; for what takes less than a minute.
        status: as the caller has just read it.
    """
    status = status or task.status()
    if autostart and status.state in ("absent", "done"):
        status = task.start()
    with st.container(border=True):
        st.markdown(f"**{plain(title)}**")
        if status.is_active:
            st.fragment(_watch, run_every=PERIOD_S)(task)
        else:
            _offer(task, status)
        st.caption(plain(note))


def _watch(task: Task) -> None:
    status = task.status()
    if not status.is_active:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(status.fraction, plain(status.sentence))
        st.button("Cancel", icon=":material/close:", on_click=task.cancel, key=f"cancel-{task.place.name}")


def _offer(task: Task, status: Status) -> None:
    if status.state == "failed":
        st.error(plain(status.sentence), icon=":material/error:")
    word = "Start" if status.state in ("absent", "done") else "Start again"
    st.button(word, icon=":material/play_arrow:", type="primary", on_click=task.start, key=f"start-{task.place.name}")

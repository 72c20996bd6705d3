"""Runs on screen: one shared reader for all sessions, words and icons for states, and the choice of a Run."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

import streamlit as st

from fmnist_core.errors import LabError
from fmnist_core.progress import Progress, Watcher
from fmnist_core.ready_made import FOLDER as READY_MADE
from fmnist_core.ready_made import ready_made
from fmnist_core.run_notes import Notes
from fmnist_core.runs import Run, RunState, find_run, list_runs
from pages.ui.choice import choose_in_address
from pages.ui.data import plain

STATE_BADGES = {
    RunState.QUEUED: ("Queued", ":material/schedule:", "gray"),
    RunState.RUNNING: ("Running", ":material/play_arrow:", "blue"),
    RunState.COMPLETED: ("Completed", ":material/check:", "green"),
    RunState.STOPPED: ("Stopped", ":material/stop:", "orange"),
    RunState.FAILED: ("Failed", ":material/error:", "red"),
    RunState.INTERRUPTED: ("Interrupted", ":material/bolt:", "orange"),
}

CHOOSE_BY_VALIDATION = "Choose between Runs by validation accuracy: the best of many by test score is good by luck."


@st.cache_resource
def watcher() -> Watcher:
    """Return the process-wide reader of Runs."""
    return Watcher()


def readable_runs(states: tuple[RunState, ...] | None = None, *, archived: bool = False) -> list[Progress]:
    """Return the Progress of all Runs whose folder is whole, optionally only in some states.

    Those that train now come first, then the newest. Archived ones are left out, but for those in the address.

    Args:
        archived: return those in the archive, too.
    """
    asked = {st.query_params.get("run"), *st.query_params.get("runs", "").split(",")}
    progresses = [
        progress
        for progress in _all_runs()
        if not _damage(progress.run) and (archived or progress.run.id in asked or not Notes.read(progress.run).archived)
    ]
    progresses.sort(key=lambda progress: progress.state != RunState.RUNNING)  # stable: else the order stays
    return [progress for progress in progresses if states is None or progress.state in states]


def finished_models() -> list[Progress]:
    """Return what can be asked for answers: all completed Runs, then the model that comes with the product."""
    given = ready_made()
    return readable_runs((RunState.COMPLETED,)) + ([watcher().progress(given)] if given else [])


def damaged_runs() -> list[tuple[Run, str]]:
    """Return the Runs whose spec cannot be read, each with the reason."""
    return [(progress.run, reason) for progress in _all_runs() if (reason := _damage(progress.run))]


def run_title(run: Run) -> str:
    """Return the Run's title, or its id where its spec is damaged."""
    run = watcher().progress(run).run
    return run.id if _damage(run) else run.spec.marked_title


def run_label(progress: Progress) -> str:
    """Return title, date and, when completed, the accuracy to choose by of a Run in one line."""
    began = progress.queued_s or progress.started_s
    when = f"{datetime.fromtimestamp(began):%d %b %H:%M}" if began else progress.run.id[:15]
    parts = [progress.run.spec.marked_title, "" if progress.run.folder == READY_MADE else when]  # it began nowhere here
    return " · ".join(filter(None, [*parts, _score(progress)]))


def _score(progress: Progress) -> str:
    """Return a completed Run's best validation accuracy, or its test accuracy where it held out no images."""
    if progress.state != RunState.COMPLETED:
        return ""
    held_out = [row["val_accuracy"] for row in progress.epochs if "val_accuracy" in row]
    if held_out and progress.run.spec.split != "test":
        return f"validation {max(held_out):.1%}"
    test = progress.last.logs.get("test_accuracy")
    return "" if test is None else f"test {test:.1%}"


def run_labels(progresses: list[Progress]) -> dict[str, str]:
    """Return a label for each Run by its id, no two alike: Streamlit tells options of a choice apart by their words."""
    labels = {progress.run.id: run_label(progress) for progress in progresses}
    often = Counter(labels.values())
    return {run_id: f"{words} · {run_id[-4:]}" if often[words] > 1 else words for run_id, words in labels.items()}


def choose_run(progresses: list[Progress], *, label: str = "Run") -> Progress | None:
    """Let the user choose a Run; the choice stands in the address as `run`. None if there is nothing to choose."""
    if not progresses:
        return None
    by_id = {progress.run.id: progress for progress in progresses}
    asked = st.query_params.get("run")
    if asked and asked not in by_id:
        _explain_absence(asked)
    chosen = choose_in_address(
        label, list(by_id), parameter="run", key="run.choice", format_func=run_labels(progresses).__getitem__,
        even_one=True,
    )  # fmt: skip
    return by_id[chosen]


def act_on(act: Callable[[Run], object], *runs: Run) -> None:
    """Do something to Runs, one after the other, and draw the page anew, or say why it could not be done."""
    try:
        for run in runs:
            act(run)
    except (LabError, OSError) as error:
        st.error(plain(str(error)))
    else:
        st.rerun()


def state_badge(state: RunState) -> None:
    """Show a state as a coloured badge with an icon and a word."""
    word, icon, colour = STATE_BADGES[state]
    st.badge(word, icon=icon, color=colour)


def _explain_absence(run_id: str) -> None:
    try:
        state = watcher().progress(find_run(run_id)).state
        st.info(f"The Run in this address is {state}; this page needs another kind. Showing the newest that fits.")
    except LabError as error:
        st.warning(plain(str(error)))


def _all_runs() -> list[Progress]:
    """Return every Run's Progress. Its `run` stays the same between calls, so that its spec is read only once."""
    return [watcher().progress(run) for run in list_runs()]


def _damage(run: Run) -> str:
    try:
        _ = run.spec
        return ""
    except LabError as error:
        return str(error)

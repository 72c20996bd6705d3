"""The decisions about labels: read, made, undone, listed."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from fmnist_core import overlay
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.label_queue import take_back
from fmnist_core.overlay import Mark, Overlay
from fmnist_core.places import WORDS, Place
from pages.ui.data import plain
from pages.ui.export import table_download

_PROBLEM_KEY, _UNDO_KEY = "labels.problem", "labels.undo"
_MOST_UNDO = 200


def read_decisions(dataset: Dataset) -> Overlay:
    """Return the decisions so far; if their file is damaged, say so, offer to set it aside, and end the page."""
    if problem := st.session_state.pop(_PROBLEM_KEY, ""):
        st.warning(plain(problem), icon=":material/error:")
    try:
        decisions = Overlay.read(dataset.sha256)
        decisions.check(dataset)
        return decisions
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        file = plain(str(overlay.overlay_file(dataset.sha256)))
        st.markdown(f"Repair the file {file}, or set it aside under another name and start anew. Nothing is deleted.")
        st.button("Set the file aside", on_click=_set_aside, args=(dataset.sha256,), key="labels.aside")
        st.stop()


def _set_aside(sha256: str) -> None:
    st.session_state[_PROBLEM_KEY] = f"The damaged file is kept as {overlay.set_aside(sha256)}."


def decide(decisions: Overlay, place: Place, action: str, label: int | None) -> bool:
    """Before the page runs again: write a decision down, and what was said before, so that it can be undone.

    Returns whether it was saved; if not, the page will say why.
    """
    before = decisions.marks.get(place)
    if not _written(lambda: decisions.mark(place.split, place.index, action, label)):
        return False
    st.session_state[_UNDO_KEY] = [*_undoable(decisions), (decisions.sha256, place, before)][-_MOST_UNDO:]
    return True


def last_decided(decisions: Overlay) -> Place | None:
    """Return the image that this session decided about last on these data; None if there is nothing to undo."""
    stack = _undoable(decisions)
    return stack[-1][1] if stack else None


def undo(decisions: Overlay) -> Place | None:
    """Before the page runs again: take the last decision of this session back; return its image, None if it failed."""
    *rest, (_, place, before) = _undoable(decisions)
    if not _written(lambda: take_back(decisions, place, before)):
        return None
    st.session_state[_UNDO_KEY] = rest
    return place


def _undoable(decisions: Overlay) -> list[tuple[str, Place, Mark | None]]:
    return [entry for entry in st.session_state.get(_UNDO_KEY, []) if entry[0] == decisions.sha256]


def _written(write: Callable[[], object]) -> bool:
    try:
        write()
    except (LabError, OSError) as error:
        st.session_state[_PROBLEM_KEY] = f"The decision could not be saved: {error}"
        return False
    return True


def show_decisions(dataset: Dataset, decisions: Overlay) -> None:
    """Sum the decisions up and hand them out as a table; what training does with them."""
    st.subheader("Decisions", anchor=False)
    if not decisions.marks:
        st.caption("None yet. They are saved beside the data, which are never changed.")
        return
    counts = decisions.counts()
    st.markdown(
        f"{counts['keep']} kept, {counts['relabel']} relabelled, {counts['drop']} dropped. They are saved beside the "
        "data, which are never changed; decisions on test images are notes, the test set stays as it is."
    )
    frame = decisions_table(dataset, decisions)
    st.dataframe(frame, hide_index=True, alt="The decisions, latest first")
    table_download(frame, "label-decisions", index=False)


def decisions_table(dataset: Dataset, decisions: Overlay) -> pd.DataFrame:
    """Return the decisions, latest first: image, set, label, decision, new label, time."""
    names = dataset.class_names
    rows = [
        {
            "image": str(place), "set": WORDS[place.split], "label": names[place.label(dataset)],
            "decision": mark.action, "new label": "" if mark.label is None else names[mark.label],
            "decided": pd.Timestamp(mark.time_s, unit="s").round("s"),
        }
        for place, mark in decisions.marks.items()
    ]  # fmt: skip
    return pd.DataFrame(rows).sort_values("decided", ascending=False, kind="stable", ignore_index=True)


def mark_words(mark: Mark, classes: tuple[str, ...]) -> str:
    """Say a decision in a word or two."""
    return {"keep": "kept", "drop": "dropped"}.get(mark.action) or f"relabelled {classes[mark.label or 0]}"

"""The selection bar of the exploration pages: split, classes, and a condition on one pixel; all in the address."""

import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.figures.pixels import pixel_words
from fmnist_core.selection import Selection

SPLIT_WORDS = {"Training": "train", "Test": "test", "Both": "both"}


def open_on_both_splits() -> None:
    """Begin with training and test side by side, unless the address or the user says otherwise."""
    if "split" not in st.session_state and "split" not in st.query_params:
        st.query_params["split"] = "Both"
        st.rerun()


def selection_bar(dataset: Dataset) -> Selection:
    """Show the bar and return what is selected."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        split = st.segmented_control(
            "Set", list(SPLIT_WORDS), default="Training", required=True, key="split", bind="query-params",
            help="Networks learn from the training set; the test set is kept aside to judge them.",
        )  # fmt: skip
        names = st.multiselect(
            "Classes", list(dataset.class_names), key="classes", bind="query-params", placeholder="All classes",
        )  # fmt: skip
        condition = _pixel_condition()
    labels = tuple(sorted(dataset.class_names.index(name) for name in names))
    selection = Selection(split=SPLIT_WORDS[split], labels=labels, **condition)
    if selection.pixel is not None:  # a folded condition must not go unnoticed
        where = pixel_words(selection.pixel)
        st.caption(f":material/filter_alt: Only images in which {where} is {selection.minimum} to {selection.maximum}.")
    return selection


def _pixel_condition() -> dict[str, int]:
    with st.popover("Pixel condition", icon=":material/filter_alt:"):
        st.caption("Keep only images in which one pixel has a value in this range, 0 black to 255 white.")
        row = st.number_input("Row", 0, 27, 14, key="row", bind="query-params")
        column = st.number_input("Column", 0, 27, 14, key="column", bind="query-params")
        low, high = st.slider("Value", 0, 255, (0, 255), key="value", bind="query-params")
    if (low, high) == (0, 255):
        return {}
    return {"pixel": row * 28 + column, "minimum": low, "maximum": high}

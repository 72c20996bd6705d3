"""A's way as a lesson: what weights that are carried from fold to fold do to the figure."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from fmnist_core.crossval import Group, twin
from fmnist_core.crossval_scores import leak
from fmnist_core.figures.crossval import leak_text
from pages.ui.crossval.details import scores_of
from pages.ui.crossval.start import start
from pages.ui.data import plain

_WHAT = (
    "System A trained all of its ten folds with one network. From the second fold on, the validation images are images "
    "that this network has learned from in the folds before: they leak into the figure."
)


def show_leak(group: Group, known: Sequence[Group]) -> None:
    """Say above the figures of carried weights that they are no measurement, and how large the leak is."""
    if not group.cross.leaking:
        return
    st.warning(
        "**A lesson, not a measurement: weights are carried from fold to fold.** Every fold after the first is "
        "validated on images that its network has learned from.",
        icon=":material/warning:",
    )
    _compare(group, known, "Run the honest folds beside it")


def show_lesson(group: Group, known: Sequence[Group]) -> None:
    """Below honest folds: what carried weights would have made of the figure, or the offer to run that."""
    cross = group.cross
    if cross.leaking or cross.base.is_transfer or cross.repeats > 1:
        return
    with st.expander("A's way: weights carried from fold to fold"):
        st.markdown(_WHAT)
        _compare(group, known, "Run it with carried weights, as a lesson")


def _compare(group: Group, known: Sequence[Group], label: str) -> None:
    other = twin(group, known)
    if other is None:
        if st.button(label, icon=":material/play_arrow:", key="crossval.twin"):
            start(replace(group.cross, leaking=not group.cross.leaking))
        return
    carried, honest = (group, other) if group.cross.leaking else (other, group)
    found = leak(scores_of(carried), scores_of(honest))
    if found is None:
        st.markdown("The size of the leak can be told once a second fold is done in both.")
    else:
        st.markdown(plain(leak_text(*found, group.cross.folds)))
    st.page_link(
        "pages/train/crossval.py", label="Open the other one", icon=":material/compare_arrows:",
        query_params={"group": other.name},
    )  # fmt: skip

"""Behind a cross-validation's figure: the spread, each fold's curves, all numbers, and what to take along."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from fmnist_core.crossval import Group
from fmnist_core.crossval_probabilities import Calibration, OutOfFold, calibration, out_of_fold
from fmnist_core.crossval_scores import Score, score_of, summary
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.figures.calibration import reliability_figure, reliability_frame, reliability_text
from fmnist_core.figures.crossval import (
    curves_figure,
    curves_frame,
    folds_text,
    spread_figure,
    spread_frame,
    spread_text,
    summary_frame,
    summary_table,
    summary_text,
)
from fmnist_core.run_data import dataset_of
from fmnist_core.runs import RunState
from pages.ui.data import plain
from pages.ui.export import show_figure, table_download
from pages.ui.runs import watcher

_CAVEAT = """
The folds share most of their training images, so their figures are no independent measurements and the plain interval
is too narrow. The corrected one widens it by the ratio of validation to training images (Nadeau and Bengio, 2003; for
repeated k-fold Bouckaert and Frank, 2004). No estimate of this variance is without bias
([Bengio and Grandvalet, 2004](https://www.jmlr.org/papers/v5/grandvalet04a.html)): take it as a measure, not as a
proof."""


def scores_of(group: Group) -> list[Score]:
    """Return the figures of all folds as they stand now."""
    return [score_of(run, watcher().progress(run).state) for run in group.runs]


def show_spread(scores: Sequence[Score], reported: Mapping[str, Sequence[float]], *, leaking: bool) -> None:
    """Show the folds' figures with mean and interval, once there are two."""
    found = summary(scores, "validation")
    if found is None or len(found.values) < 2:
        return
    band = "" if leaking else ", the band its 95 % interval"
    text = spread_text(scores, leaking=leaking)
    hint = text.removeprefix(summary_text(scores, leaking=leaking)).strip()  # the rest stands above already
    st.caption(f"A dot is a fold, the line their mean{band}. {hint}")
    figure = spread_figure(scores, reported, leaking=leaking)
    show_figure(figure, "folds", alt=text, key="crossval.spread", frame=spread_frame(scores))


def show_curves(group: Group) -> None:
    """Show each fold's training and validation in a chart of its own, folded away."""
    with st.expander("Each fold by itself", key="crossval.curves", on_change="rerun") as folds:
        if not folds.open:
            return
        epochs = {run.spec.fold.words: watcher().progress(run).epochs for run in group.runs}
        frame = curves_frame({fold: rows for fold, rows in epochs.items() if rows})
        if frame.empty:
            st.markdown("No epoch is finished yet.")
            return
        name = st.segmented_control(
            "Curves", ("accuracy", "loss"), default="accuracy", required=True, key="crossval.curve",
            format_func=str.capitalize, label_visibility="collapsed",
        )  # fmt: skip
        text = folds_text(frame, name)
        show_figure(curves_figure(frame, name), f"folds-{name}", frame=frame.set_index("fold"), alt=text)
        st.caption(text)


def show_numbers(group: Group) -> None:
    """Show mean, spread and both intervals, folded away."""
    frame = summary_frame(scores_of(group))
    if frame.empty:
        return
    leaking = group.cross.leaking
    with st.expander("Mean and spread" if leaking else "Mean, spread and intervals"):
        table = summary_table(frame, leaking=leaking)
        st.dataframe(table, hide_index=True, height="content", placeholder="–")
        table_download(table if leaking else frame, f"{group.name}-summary", index=False)
        if not leaking:
            st.markdown(_CAVEAT)


def show_probabilities(group: Group) -> None:
    """Offer the out-of-fold probabilities, once all folds are done and none has seen another's images."""
    if group.cross.leaking or not group.is_whole:
        return
    if any(watcher().progress(run).state != RunState.COMPLETED for run in group.runs):
        return
    with st.expander("Out-of-fold probabilities", key="crossval.probabilities", on_change="rerun") as part:
        if not part.open:
            return
        st.markdown(
            "For every training image, what a network says that has not learned from it. Label suspects are found by "
            "them, and they tell whether the networks' confidence can be believed."
        )
        try:
            found = out_of_fold(group)
        except LabError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        _show_confidence(group)
        st.download_button(
            f"{len(found.index):,} images, NumPy", lambda: _npz(found), f"{group.name}.npz", key="crossval.npz",
            icon=":material/download:", on_click="ignore",
            help="index (m,), places among the training images; probabilities (m, classes) float32.",
        )  # fmt: skip


def _show_confidence(group: Group) -> None:
    try:
        found = _calibration(group.name, group, dataset_of(group.runs[0], exact=True))
    except LabError as error:
        st.caption(plain(f"Whether their confidence is right cannot be told. {error}"))
        return
    repeats = group.cross.repeats
    note = f"Each image has the mean of {repeats} networks, which is less sure than one alone." if repeats > 1 else ""
    text = reliability_text(found.before, found.after, found.temperature)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_figure(
            reliability_figure(found.before, found.after), f"{group.name}-reliability", alt=text,
            frame=reliability_frame(found.before, found.after),
        )  # fmt: skip
    with right:
        st.markdown(text)
        st.caption(f"A larger dot stands for more images. {note}")


@st.cache_resource(max_entries=20, show_spinner=False)
def _calibration(name: str, _group: Group, _dataset: Dataset) -> Calibration:
    return calibration(_group, _dataset)


def _npz(found: OutOfFold) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, index=found.index, probabilities=found.probabilities)
    return stream.getvalue()

"""A closer look at a finished Run: whether its confidence is right, and each class over all thresholds."""

from functools import partial

import numpy as np
import streamlit as st

from fmnist_core import datasets, neighbours
from fmnist_core.calibration import Reliability, reliability, with_temperature
from fmnist_core.confidence import temperature_of
from fmnist_core.curves import precision_recall, roc
from fmnist_core.datasets import Dataset
from fmnist_core.doubtful import NEAR, near_copies, scores_text, scores_without, suspect_labels
from fmnist_core.evaluation import Evaluation
from fmnist_core.figures.calibration import (
    curves_figure,
    curves_frame,
    curves_text,
    reliability_figure,
    reliability_frame,
    reliability_text,
)
from fmnist_core.places import all_labels
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec
from fmnist_core.tasks import Task
from pages.ui.data import plain
from pages.ui.export import show_figure
from pages.ui.tasks import show_task
from pages.ui.understand.answers import ALL_CLASSES, TRUE_KEY
from pages.ui.understand.robustness import robustness_view

CONFIDENCE, RECALL, ROC, CLEAN = "Is its confidence right?", "Precision and recall", "ROC", "Without doubtful images"
BROKEN = "Broken images"
KINDS = {RECALL: ("precision-recall", precision_recall), ROC: ("roc", roc)}


def closer_look(run: Run, evaluation: Evaluation) -> None:
    """Let the user choose one of the views and show it; none at first."""
    st.subheader("Look closer", anchor=False)
    view = st.segmented_control(
        "Look closer", [CONFIDENCE, RECALL, ROC, CLEAN, BROKEN], key="closer", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    if view == CONFIDENCE:
        _confidence(run, evaluation)
    elif view == BROKEN:
        robustness_view(run, evaluation)
    elif view == CLEAN:
        _without_doubtful(datasets.load(run.spec.dataset, run.spec.dataset_folder or None), run.spec, evaluation)
    elif view:
        _curves(evaluation, view)


def _confidence(run: Run, evaluation: Evaluation) -> None:
    temperature = temperature_of(run)
    before = reliability(evaluation.y_true, evaluation.probabilities)
    after: Reliability | None = None
    if temperature.is_fitted:
        after = reliability(evaluation.y_true, with_temperature(evaluation.probabilities, temperature.value))
    text = reliability_text(before, after, temperature.value if temperature.is_fitted else None)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        frame = reliability_frame(before, after)
        show_figure(reliability_figure(before, after), "reliability", alt=text, frame=frame)
    with right:
        st.markdown(text)
        st.caption("On the dotted line a model is right as often as it says. A larger dot stands for more images.")
        if temperature.reason:
            st.caption(plain(f"No temperature: {temperature.reason.removesuffix('.')}."))


def _curves(evaluation: Evaluation, view: str) -> None:
    kind, compute = KINDS[view]
    present = [label for label in range(len(evaluation.class_names)) if 0 < (evaluation.y_true == label).mean() < 1]
    if not present:
        st.info("The test set holds one class only: there is no rest to tell it from.", icon=":material/info:")
        return
    curves = [compute(evaluation.probabilities[:, label], evaluation.y_true == label) for label in present]
    names = tuple(evaluation.class_names[label] for label in present)
    chosen = st.session_state.get(TRUE_KEY, ALL_CLASSES)
    text = curves_text(curves, names, kind=kind)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        figure = curves_figure(curves, names, kind=kind, chosen=names.index(chosen) if chosen in names else None)
        show_figure(figure, kind, alt=text, frame=partial(curves_frame, curves, names, kind=kind))
    with right:
        st.markdown(text)
        st.caption(
            "Each curve asks about one class alone: from which probability on should an image count as of the class? "
            "The class chosen above is drawn thick."
        )
        st.dataframe(
            {"Class": names, "Area": [curve.area for curve in curves]}, hide_index=True, height="content",
            column_config={"Area": st.column_config.NumberColumn(format="%.4f")},
        )  # fmt: skip


def _without_doubtful(dataset: Dataset, spec: RunSpec, evaluation: Evaluation) -> None:
    """Show the accuracy without near-copies and suspect labels; the neighbours are searched for once per data set."""
    if not neighbours.is_ready(dataset):
        task = Task("neighbours", dataset.name, spec.dataset_folder, dataset.sha256, {})
        show_task(
            task, title="Neighbours of all images", note="About half a minute, once per data set.", autostart=True
        )
        return
    scores = scores_without(evaluation, *_doubtful(dataset.sha256, dataset))
    st.markdown(scores_text(scores))
    table = scores.assign(interval=[f"{row.low:.2%} to {row.high:.2%}" for row in scores.itertuples()])
    st.dataframe(
        table[["images", "accuracy", "interval"]], width=700, height="content",
        column_config={
            "_index": "Scored on", "images": st.column_config.NumberColumn("Images", format="localized"),
            "accuracy": st.column_config.NumberColumn("Accuracy", format="percent"),
            "interval": "95% interval (Wilson)",
        },
    )  # fmt: skip
    st.caption(
        f"Near: within {NEAR:g} grey levels (root mean square) of a training image. Suspect: the ten nearest images "
        "all bear one other label. Compare two Runs on the same row; the choice between them belongs to the "
        "validation images."
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _doubtful(sha256: str, _dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    n_train = len(_dataset.y_train)
    found = neighbours.neighbours(_dataset, min(neighbours.MAX_K, n_train + len(_dataset.y_test) - 1))
    suspect = suspect_labels(found, all_labels(_dataset), n_train, len(_dataset.class_names))
    return near_copies(found, n_train), suspect

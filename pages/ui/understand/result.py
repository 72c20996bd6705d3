"""Pieces of the Result page."""

from functools import partial
from math import log
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core import prediction
from fmnist_core.comparison import compare, hyperparameter_table
from fmnist_core.datasets import Dataset
from fmnist_core.evaluation import Evaluation, wilson_interval
from fmnist_core.figures.evaluation import (
    cell_labels,
    confusion_matrix_figure,
    confusion_matrix_text,
    per_class_figure,
    per_class_text,
)
from fmnist_core.progress import Progress
from fmnist_core.ready_made import FOLDER as READY_MADE
from fmnist_core.run_data import dataset_of
from fmnist_core.runs import PROBABILITIES_FILE, Run
from fmnist_core.spec import RunSpec
from pages.ui.data import plain
from pages.ui.export import show_figure
from pages.ui.runs import CHOOSE_BY_VALIDATION
from pages.ui.understand.answers import HITS, MISTAKES, SAID_KEY, SHOWN_KEY, TRUE_KEY
from pages.ui.words import duration

COUNTS, PERCENT = "Images", "Percent of class"  # on screen and in the address


def evaluate(run: Run, result: dict[str, Any]) -> tuple[Evaluation, np.ndarray]:
    """Return the Evaluation on the test set, and the test images (n, 28, 28) uint8.

    Raises:
        LabError: if the Run's folder is damaged, or the data at hand are not those it was tested on.
    """
    dataset = dataset_of(run, exact=True)
    file = run.folder / PROBABILITIES_FILE
    changed_ns = file.stat().st_mtime_ns if file.is_file() else 0
    return _evaluation(str(run.folder), changed_ns, run, dataset, tuple(result["class_names"])), dataset.x_test


@st.cache_resource(max_entries=20, show_spinner=False)
def _evaluation(
    folder: str, changed_ns: int, _run: Run, _dataset: Dataset, _class_names: tuple[str, ...]
) -> Evaluation:
    if _run.folder == READY_MADE:  # it comes without: a small network answers all test images within a second or two
        rows = prediction.load(_run).probabilities(np.asarray(_dataset.x_test))
    else:
        rows = _run.test_probabilities()
    return Evaluation(_dataset.y_test, rows, _class_names)


def cautions(spec: RunSpec, result: dict[str, Any]) -> None:
    """Say what makes the figures mean less than they seem to."""
    if result["synthetic"]:
        st.warning(
            f"This Run used a stand-in, {plain(result['source'])}, because the real data could not be had. "
            "Its figures say nothing about the real data.",
            icon=":material/warning:",
        )
    if spec.split == "test":
        automatic = spec.best_checkpoint != "none" or spec.early_stopping != "none"
        chosen = "Its best epoch was" if automatic else "Whatever was chosen by its curves was"
        st.warning(
            f"This Run validated on the test set. {chosen} chosen on the very images that score it here: "
            "its figures are optimistic.",
            icon=":material/warning:",
        )


def headline(progress: Progress, result: dict[str, Any], evaluation: Evaluation | None) -> None:
    """Show accuracy and loss with their intervals, parameters and training time."""
    low, high = wilson_interval(result["test_accuracy"], result["test_images"])
    training_s = sum(row.get("duration_s", 0.0) for row in progress.epochs)
    with st.container(horizontal=True, gap="medium"):
        st.metric(
            "Test accuracy", f"{result['test_accuracy']:.2%}", f"{low:.1%} to {high:.1%}", delta_color="off",
            delta_arrow="off", delta_description="95% interval", width="content",
            help=f"Share of {result['test_images']:,} test images put in the right class. The interval "
            "(Wilson score) covers the luck of which images are in the test set, not that of training: "
            "another seed gives another figure.",
        )  # fmt: skip
        _loss(result, evaluation)
        _top_two(evaluation)
        st.metric("Parameters", f"{result['parameters']:,}", width="content", help="Weights that the network has.")
        st.metric(
            "Training time", duration(training_s) if training_s else "unknown", width="content",
            help=f"Of {len(progress.epochs)} epochs, validation included. The Run took longer: it starts, passes images"
            " through a frozen backbone if it has one, scores the test set and saves its model.",
        )  # fmt: skip
    st.caption(CHOOSE_BY_VALIDATION)


def _loss(result: dict[str, Any], evaluation: Evaluation | None) -> None:
    interval, classes = {}, len(result["class_names"])
    if evaluation:
        low, high = evaluation.loss_interval()
        interval = {"delta": f"{low:.3f} to {high:.3f}"}
    st.metric(
        "Test loss", f"{result['test_loss']:.4f}", **interval, delta_color="off", delta_arrow="off",
        width="content",
        help=f"Mean cross-entropy in nats; 0 is certain and right, {log(classes):.2f} is guessing among {classes}. "
        "The 95% interval is the normal approximation of a mean.",
    )  # fmt: skip


def _top_two(evaluation: Evaluation | None) -> None:
    if evaluation is None or len(evaluation.class_names) < 3:
        return
    share = evaluation.top_accuracy(2)
    low, high = wilson_interval(share, len(evaluation.y_true))
    st.metric(
        "Top 2", f"{share:.2%}", f"{low:.1%} to {high:.1%}", delta_color="off", delta_arrow="off",
        width="content",
        help="Share of test images whose class is the Run's first or second choice. 95% interval: Wilson score.",
    )  # fmt: skip


def reference(spec: RunSpec, result: dict[str, Any]) -> None:
    """Show what the reference system reported for this preset, and how far the two can be compared."""
    interval = wilson_interval(result["test_accuracy"], result["test_images"])
    comparison = compare(spec, interval, synthetic=result["synthetic"])
    if comparison is None:
        return
    reported = comparison.reported
    with st.container(border=True):
        verdict, caveats = st.columns([2, 3], gap="medium")
        verdict.markdown(
            f"**Reference system {comparison.system}** reported **{reported.accuracy:.2%}** on its "
            f"{reported.measured_on} images. {comparison.sentence}"
        )
        caveats.caption("\n".join(f"- {caveat}" for caveat in comparison.caveats))
        if len(comparison.differences):
            with caveats.expander("What differs from the preset"):
                st.dataframe(comparison.differences, hide_index=True)


def confusions(evaluation: Evaluation) -> None:
    """Show the confusion matrix, in counts or in percent of the true class; a click on a cell shows its images."""
    st.subheader("What it mistakes for what", anchor=False)
    cells = st.segmented_control(
        "Cells", [COUNTS, PERCENT], default=COUNTS, required=True, key="cells", bind="query-params",
        help="Number of images, or percent of the true class.", label_visibility="collapsed",
    )  # fmt: skip
    matrix, names = evaluation.confusion_matrix(), evaluation.class_names
    text = confusion_matrix_text(matrix, evaluation.most_confused_pairs(3))
    figure = confusion_matrix_figure(matrix, names, by_rate=cells == PERCENT)
    show_figure(
        figure, "confusion-matrix", alt=text, frame=pd.DataFrame(matrix, names, names), key="confusions",
        on_select=partial(_cell_clicked, names), selection_mode="points",
    )  # fmt: skip
    st.caption(f"{plain(text)} Click a cell to see its images below.")


def _cell_clicked(names: tuple[str, ...]) -> None:
    """Before the page runs again: let the images below be those of the cell."""
    points = st.session_state["confusions"]["selection"]["points"]
    if not points:
        return
    true, said = (names[label] for label in cell_labels(points[0]["point_index"], len(names)))
    st.session_state[TRUE_KEY] = true
    if true == said:
        st.session_state[SHOWN_KEY] = HITS
    else:
        st.session_state[SHOWN_KEY], st.session_state[SAID_KEY] = MISTAKES, said


def per_class(evaluation: Evaluation) -> None:
    """Draw precision, recall and F1 of each class."""
    st.subheader(
        "Class by class", anchor=False,
        help="Precision: of the images given this class, the share that is of it. "
        "Recall: of its images, the share found. F1: their harmonic mean.",
    )  # fmt: skip
    report = evaluation.report()
    text = per_class_text(report)
    show_figure(per_class_figure(report), "class-by-class", alt=text, frame=report)
    st.caption(plain(text))


def class_table(evaluation: Evaluation) -> None:
    """Show precision, recall, F1 and support of each class and their averages in numbers; folded."""
    report = evaluation.report()
    with st.expander("Class by class, in numbers"):
        st.dataframe(
            report.style.format(dict.fromkeys(("precision", "recall", "f1"), "{:.1%}") | {"support": "{:,}"}),
            column_config={"f1": "F1", "support": st.column_config.Column(help="Test images of the class.")},
            height="content", alt=per_class_text(report),
        )  # fmt: skip


def files_and_hyperparameters(run: Run, evaluation: Evaluation | None) -> None:
    """Show what the Run was told to do, and hand out its tables; folded."""
    with st.expander("Hyperparameters"):
        st.dataframe(hyperparameter_table(run.spec), hide_index=True, height="content")
    with st.expander("Files"), st.container(horizontal=True):
        st.download_button(
            "history.csv", lambda: run.history().to_csv(index=False), f"{run.id}-history.csv", "text/csv",
            icon=":material/download:", on_click="ignore", help="A row per epoch.",
        )  # fmt: skip
        if evaluation:
            st.download_button(
                "report.csv", evaluation.report().to_csv(), f"{run.id}-report.csv", "text/csv",
                icon=":material/download:", on_click="ignore", help="A row per class.",
            )  # fmt: skip
    st.page_link(
        "pages/train/runs.py",
        label="Learning curves and log",
        icon=":material/timeline:",
        query_params={"run": run.id},
    )
    st.page_link(
        "pages/predict/take_away.py", label="Take it away: model files, script, card", icon=":material/download:",
        query_params={"run": run.id},
    )  # fmt: skip

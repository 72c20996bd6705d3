"""Explain all test images at once: a map of the last hidden layer, by class or by right and wrong."""

import numpy as np
import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.evaluation import Evaluation
from fmnist_core.explain_features import (
    MAP_METHODS,
    MAP_SAMPLE,
    Extent,
    LastHidden,
    flat,
    known_map,
    map_parameters,
)
from fmnist_core.figures.explain import RIGHT_COLOUR, WRONG_COLOUR
from fmnist_core.figures.palette import CLASS_COLOURS
from fmnist_core.projection import MAX_SAMPLE, stratified
from fmnist_core.runs import Run
from fmnist_core.tasks import Task
from pages.ui.data import plain
from pages.ui.image_grid import image_grid
from pages.ui.projection.scatter import scatter
from pages.ui.tasks import show_task
from pages.ui.understand.explain import open_place

BY_CLASS, BY_HIT = "Class", "Right or wrong"
SHOWN = 100
NO_UNIT = "The axes have no unit and no direction: what counts is who lies near whom."


def map_view(run: Run, dataset: Dataset, evaluation: Evaluation, kept: LastHidden) -> None:
    """Show the map and the images inside the lasso."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        method = st.segmented_control(
            "Method", ["PCA", *MAP_METHODS.values()], default="PCA", required=True, key="map", bind="query-params",
            help="PCA is there at once and keeps distances as well as a flat map can. t-SNE and UMAP keep neighbours "
            "together instead.",
        )  # fmt: skip
        colour = st.segmented_control(
            "Colour", [BY_CLASS, BY_HIT], default=BY_CLASS, required=True, key="colour", bind="query-params"
        )  # fmt: skip
    made = _points(run, dataset, kept, method)
    if made is None:
        return
    rows, points, axes = made
    counted = _counted(len(rows), len(dataset.y_test))
    index = kept.test_index[rows]
    truth, said = evaluation.y_true[index], evaluation.y_predicted[index]
    wrong = said != truth
    names = [_name(at, t, s, evaluation.class_names) for at, t, s in zip(index, truth, said, strict=True)]
    labels = wrong.astype(np.uint8) if colour == BY_HIT else truth.astype(np.uint8)

    def clicked(row: int) -> None:
        open_place(f"test-{index[row]}")

    chosen = scatter(
        points, labels, np.asarray(dataset.x_test[index]), names, key="explain-map",
        identity=f"explain-{kept.identity}-{method}-{colour}", axes=axes,
        class_names=("right", "wrong") if colour == BY_HIT else evaluation.class_names,
        colours=(RIGHT_COLOUR, WRONG_COLOUR) if colour == BY_HIT else CLASS_COLOURS,
        named=colour == BY_CLASS,
        alt=f"Map of {counted} by their last hidden layer, coloured by {colour.lower()}.",
        file="explain-map", on_click=clicked,
    )  # fmt: skip
    st.caption(
        f"{counted}, {int(wrong.sum()):,} of them wrong, laid out by what the last hidden layer makes "
        "of them. Good: each class is an island, with wrong ones only at its shore. Bad: classes run into each other. "
        "A click explains an image; with Lasso on, draw around dots to see their images."
    )
    if len(chosen):
        _lassoed(dataset, index[chosen], [names[at] for at in chosen], wrong[chosen])


def _counted(some: int, every: int) -> str:
    return f"{some:,} test images" if some == every else f"{some:,} of the {every:,} test images"


def _name(at: int, truth: int, said: int, names: tuple[str, ...]) -> str:
    return f"test-{at}" + ("" if truth == said else f": {names[truth]}, said to be {names[said]}")


def _points(
    run: Run, dataset: Dataset, kept: LastHidden, method: str
) -> tuple[np.ndarray, np.ndarray, tuple[str, str]] | None:
    if method == "PCA":
        points, shares = _flat(kept.identity, kept)
        rows = stratified(np.asarray(dataset.y_test)[kept.test_index], MAX_SAMPLE, seed=0)
        first, second = 100 * shares
        return rows, points[rows], (f"component 1, {first:.0f} % of the variance", f"component 2, {second:.0f} %")
    key = next(key for key, title in MAP_METHODS.items() if title == method)
    size = Extent(len(kept.train), len(kept.test), 0.0)
    try:
        if (made := known_map(run, dataset, size, key)) is not None:
            return *made, (NO_UNIT, "")
        task = Task(
            "run-map", dataset.name, run.spec.dataset_folder, dataset.sha256, map_parameters(run, size, key)
        )  # fmt: skip
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None
    show_task(
        task, title=f"{method} of the last hidden layer, "
        + _counted(min(MAP_SAMPLE, len(kept.test)), len(dataset.y_test)),
        note="In the background: you may leave. After that it is kept.",
    )  # fmt: skip
    return None


@st.cache_resource(max_entries=40, show_spinner=False)
def _flat(identity: str, _kept: LastHidden) -> tuple[np.ndarray, np.ndarray]:
    return flat(_kept.test)


def _lassoed(dataset: Dataset, index: np.ndarray, names: list[str], wrong: np.ndarray) -> None:
    st.subheader(f"{len(index):,} images inside the lasso", anchor=False)
    order = np.argsort(~wrong, kind="stable")[:SHOWN]
    st.markdown(
        f"{int(wrong.sum()):,} of them wrong, {'those first' if wrong.any() else 'so all are right'}."
        + (f" {SHOWN} are shown." if len(index) > SHOWN else "")
    )
    image_grid(
        np.asarray(dataset.x_test[index[order]]), key="explain-lasso", columns=20, size_px=56,
        alt="The images inside the lasso", tips=[names[at].replace(": ", "\n") for at in order],
        on_click=lambda at: open_place(f"test-{index[order[at]]}"),
    )  # fmt: skip

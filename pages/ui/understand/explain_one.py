"""Explain one image: the page's parts in their order. What needs TensorFlow comes last, in places kept free."""

import numpy as np
import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.evaluation import Evaluation
from fmnist_core.explain_client import Explanation
from fmnist_core.explain_features import LastHidden
from fmnist_core.places import Place
from fmnist_core.runs import Run
from pages.ui.data import plain
from pages.ui.predict.models import model_of
from pages.ui.understand.explain import (
    cam_panel,
    chosen_class,
    chosen_image,
    explanation_of,
    gradients_panel,
    occlusion_of,
    occlusion_panel,
    say,
)
from pages.ui.understand.explain_features import kept_features
from pages.ui.understand.explain_inside import filters_panel, layers_panel, neighbours_panel, row_of
from pages.ui.verdict import Model

WAITING = "Asking the inside of the network. The first question loads TensorFlow: some seconds."


def one_image(run: Run, dataset: Dataset | None, evaluation: Evaluation | None) -> None:
    """Explain an image that the user chooses. dataset, evaluation: of the Run; None where they are not to be had."""
    try:
        model = model_of(run)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    predictor = model.predictor
    left, right = st.columns([2, 3], gap="medium")
    with left:
        image, place = chosen_image(dataset, evaluation, predictor)
        if image is None:
            return
        say(model, image, dataset, place)
    with right:
        label, said = chosen_class(model, image)
        columns, nearest = st.columns(3, gap="small"), st.container()
    name = predictor.class_names[label]
    with columns[0]:
        occlusion_panel(occlusion_of(run, model, image, label), image, name)
    inside = st.container()
    with nearest:  # before anything is waited for
        kept, is_shown = _known_neighbours(run, dataset, place, said, predictor.class_names)
    found = _inside(run, model, image, label, columns)
    if found is None:
        return
    if kept is not None and not is_shown:
        with nearest:
            row = row_of(kept, place, found.arrays["features"])
            neighbours_panel(kept, dataset, row, place, said, predictor.class_names)
    with inside:
        st.caption(
            "Good: the three maps agree, and red lies where one sees what the item is. Bad: they disagree, or red lies "
            "on empty ground."
        )
        if found.mirrored:
            st.caption(
                "This Run averages its answers to the image and its mirror image; so do the maps. The layers are "
                "shown for the image as it is."
            )
        layers_panel(found, predictor.class_names)
        filters_panel(found)


def _known_neighbours(
    run: Run, dataset: Dataset | None, place: Place | None, said: int, class_names: tuple[str, ...]
) -> tuple[LastHidden | None, bool]:
    """Show the nearest training images as far as that needs no look inside: the kept features hold the image's own.

    Returns the kept features, None where there are none yet, and whether the images are shown.
    """
    if dataset is None:
        return None, False
    st.markdown("**Training images that look most alike to it**")
    kept = kept_features(run, dataset)
    if kept is None or (row := row_of(kept, place, None)) is None:
        return kept, False
    neighbours_panel(kept, dataset, row, place, said, class_names)
    return kept, True


def _inside(run: Run, model: Model, image: np.ndarray, label: int, columns: list) -> Explanation | None:
    """Fill the second and third place with what needs the network's inside, or say why it cannot be had."""
    try:
        with columns[1], st.spinner(WAITING):
            found = explanation_of(run, image, label)
    except LabError as error:
        columns[1].error(plain(str(error)), icon=":material/error:")
        return None
    name = model.predictor.class_names[label]
    with columns[1]:
        cam_panel(found, image, name)
    with columns[2]:
        gradients_panel(found, image, name, is_calibrated=model.temperature.is_fitted)
    return found

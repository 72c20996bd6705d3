"""Nearest training images: whether the input looks like the data at all."""

import numpy as np
import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.likeness import SAMPLE, USUAL, Likeness, likeness
from pages.ui.data import plain
from pages.ui.image_grid import image_grid
from pages.ui.predict.models import data_of
from pages.ui.verdict import Model


def nearest_view(model: Model, item: np.ndarray) -> None:
    """Show the training images nearest to the item and say whether one is as near as usual."""
    try:
        dataset = data_of(model)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    found = _likeness(dataset.sha256, item.tobytes(), dataset)
    labels = dataset.y_train[found.positions]
    st.markdown(sentence(found))
    image_grid(
        dataset.x_train[found.positions],
        [f"{dataset.class_names[label]}\n{apart:.1f}" for label, apart in zip(labels, found.distance, strict=True)],
        key="nearest-training", columns=10, size_px=84, file="nearest-training-images",
        tips=[f"train-{at}" for at in found.positions], alt="The training images nearest to the input",
    )  # fmt: skip
    st.caption(_explained(dataset, labels))


@st.cache_resource(max_entries=32, show_spinner=False)
def _likeness(sha256: str, pixels: bytes, _dataset: Dataset) -> Likeness:
    """Compare an item once, however often the page runs."""
    return likeness(_dataset, np.frombuffer(pixels, np.uint8).reshape(28, 28))


def sentence(found: Likeness) -> str:
    """Say whether the input looks like the data, and by which figure."""
    apart, farther = found.distance[0], found.nearer_share
    if found.is_usual:
        return (
            f"**It looks like the data.** The nearest training image is {apart:.1f} away; {USUAL:.0%} of the test "
            f"images have one within {found.usual_distance:.1f}."
        )
    share = "any test image looked at" if farther == 1 else f"{farther:.0%} of the test images"
    return (
        f"**It does not look like the data**, whatever the probabilities say. The nearest training image is "
        f"{apart:.1f} away, farther than for {share}; usual is up to {found.usual_distance:.1f}."
    )


def _explained(dataset: Dataset, labels: np.ndarray) -> str:
    most = int(np.bincount(labels).argmax())
    agree = f"{int((labels == most).sum())} of {len(labels)} are labelled {plain(dataset.class_names[most])}. "
    origin = "These are stand-ins, not what the model learned from. " if dataset.synthetic else ""
    return (
        f"{agree}{origin}The number is the Euclidean distance over all pixels, each 0 to 1: 0 is the same image. Usual "
        f"is measured on {SAMPLE} test images. It compares pixels, so an unusual cut or a shift is far away, too."
    )

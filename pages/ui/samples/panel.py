"""One image: large, with its pixel values, its label, and the images nearest to it."""

import numpy as np
import streamlit as st

from fmnist_core import neighbours
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.places import WORDS, Place, all_labels, images_at
from pages.ui.data import plain
from pages.ui.image_grid import image_grid
from pages.ui.pixel_image import pixel_image
from pages.ui.reveal import call_reveal, reveal

IMAGE_KEY = "image"  # of the text field, and the name in the address
SHOWN = 10
REVEAL_KEY = "panel"


def open_image(name: str) -> None:
    """Before the page runs again: put an image, such as train-123, into the address; an empty name closes it."""
    st.session_state[IMAGE_KEY] = name
    call_reveal(REVEAL_KEY)


def image_field() -> None:
    """Show the field that names the image looked at."""
    st.text_input(
        "Image", key=IMAGE_KEY, bind="query-params", placeholder="such as train-123", width=140,
        help="Opens one image: its set, and its place in it from 0. A click on an image does the same.",
    )  # fmt: skip


def opened(dataset: Dataset) -> Place | None:
    """Return the image in the field; None, with a sentence, if there is no such image."""
    name = st.session_state.get(IMAGE_KEY) or ""
    if not name.strip():
        return None
    try:
        return Place.parse(name, dataset)
    except LabError as error:
        st.warning(plain(str(error)), icon=":material/search_off:")
        return None


def large_view(dataset: Dataset, place: Place) -> None:
    """Show an image large, its name, label and set."""
    reveal(REVEAL_KEY)
    name = dataset.class_names[place.label(dataset)]
    st.markdown(f"**{plain(name)}** :gray[· {WORDS[place.split]} image {place.index:,} · {place}]")
    pixel_image(
        place.image(dataset), key="panel-image", bounds=(0, 255), width_px=340, file=str(place),
        alt=f"{name}, {WORDS[place.split].lower()} image {place.index}.",
    )  # fmt: skip


def image_panel(dataset: Dataset, place: Place) -> None:
    """Show an image large beside those nearest to it, and a button that closes it."""
    left, right = st.columns([2, 3], gap="medium")
    with left:
        large_view(dataset, place)
        st.button("Close", icon=":material/close:", on_click=open_image, args=("",), key="panel-close")
    with right:
        nearest_images(dataset, place)


def nearest_images(dataset: Dataset, place: Place, *, key: str = "panel-nearest") -> None:
    """Show the images nearest to one, with how many bear its label; a click opens one."""
    position = place.position(dataset)
    found, distance = _nearest(dataset, place)
    labels = all_labels(dataset)
    same = int((labels[found] == labels[position]).sum())
    name = dataset.class_names[labels[position]]
    st.markdown(f"**Nearest images** :gray[· {same} of {len(found)} are labelled {plain(name)}]")
    places = [Place.at(at, dataset) for at in found]
    names = [dataset.class_names[labels[at]] for at in found]
    image_grid(
        images_at(found, dataset), [f"{n}\n{d:.1f}" for n, d in zip(names, distance, strict=True)],
        key=key, columns=5, size_px=84, alt=f"Images nearest to {place}", file=f"nearest-to-{place}",
        tips=[f"{p}\n{n}\ndistance {d:.2f}" for p, n, d in zip(places, names, distance, strict=True)],
        on_click=lambda at: open_image(str(places[at])),
    )  # fmt: skip
    st.caption("The number is the Euclidean distance over all pixels, each 0 to 1: 0 is the same image.")


def _nearest(dataset: Dataset, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """From the index of all neighbours where there is one, else by comparing this image with all others."""
    position = place.position(dataset)
    count = min(SHOWN, len(dataset.y_train) + len(dataset.y_test) - 1)
    if neighbours.is_ready(dataset):
        known = neighbours.neighbours(dataset, count)
        return known.index[position], known.distance[position]
    return neighbours.nearest(dataset, place.image(dataset), count, leave_out=position)

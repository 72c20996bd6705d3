"""Test image: an item of the test set, which the Run has not trained on, from a gallery or by its place."""

import numpy as np
import streamlit as st

from fmnist_core import samples
from fmnist_core.datasets import Dataset
from fmnist_core.decoding import Picture
from fmnist_core.errors import LabError
from fmnist_core.xray import Kind
from pages.ui.data import plain
from pages.ui.grid import picture_grid
from pages.ui.image_grid import image_grid
from pages.ui.predict.given import Given
from pages.ui.predict.models import data_of
from pages.ui.verdict import Model

POSITION_KEY, CLASS_KEY = "n", "class"
ANY = "Any class"
SHOWN = 30
_LARGE_PX = 300
_SEED = "gallery.seed"


def test_image_panel(model: Model) -> Given:
    """Let the user take an image of the test set and return it."""
    try:
        dataset = data_of(model)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return Given(None, Kind.ITEM, "There is no test set to take an image from.")
    names = model.predictor.class_names
    position = _choose(dataset.y_test, names)
    image, name = np.array(dataset.x_test[position]), names[int(dataset.y_test[position])]
    with st.container(width=_LARGE_PX):
        sheet = samples.sheet(dataset.x_test, np.array([position]), 1, gap_px=0, zoom=16)
        picture_grid(samples.to_png(sheet), alt=f"Test image {position}: {name}")
    origin = "a stand-in for the real data" if dataset.synthetic else "the test set"
    st.markdown(f"Its label in {origin}: **{plain(name)}**.")
    _gallery(dataset, names, position)
    return Given(Picture(image), Kind.ITEM, caption="Exactly as in the test set.", truth=name)


def _choose(labels: np.ndarray, class_names: tuple[str, ...]) -> int:
    """Show the controls and return the position in the test set."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.number_input(
            "Test image", 0, len(labels) - 1, 0, key=POSITION_KEY, bind="query-params", width=150,
            help="Position in the test set, from 0.",
        )  # fmt: skip
        st.selectbox(
            "Class", [ANY, *class_names], key=CLASS_KEY, bind="query-params", width=170,
            on_change=_draw, args=(labels, class_names),
        )  # fmt: skip
        st.button(
            "Random", icon=":material/shuffle:", key="random", on_click=_draw, args=(labels, class_names),
            help="Another test image, of the chosen class",
        )  # fmt: skip
    return int(st.session_state[POSITION_KEY])


def _gallery(dataset: Dataset, class_names: tuple[str, ...], position: int) -> None:
    """Show test images of the chosen class to pick from."""
    seed = st.session_state.get(_SEED, 0)
    drawn = samples.sample(dataset.y_test, SHOWN, seed, _label(class_names))
    shown = drawn[drawn != samples.EMPTY]
    known = {int(at): place for place, at in enumerate(shown)}
    image_grid(
        dataset.x_test[shown], key="gallery", size_px=52, selected=known.get(position), file="test-images",
        tips=[f"test-{at}\n{class_names[dataset.y_test[at]]}" for at in shown], alt="Test images to pick from",
        on_click=lambda place: _pick(int(shown[place])),
    )  # fmt: skip
    st.button("Other images", icon=":material/refresh:", key="gallery-more", on_click=_other_images)


def _pick(position: int) -> None:
    st.session_state[POSITION_KEY] = position


def _other_images() -> None:
    st.session_state[_SEED] = st.session_state.get(_SEED, 0) + 1


def _label(class_names: tuple[str, ...]) -> int | None:
    chosen = st.session_state.get(CLASS_KEY)
    return class_names.index(chosen) if chosen in class_names else None


def _draw(labels: np.ndarray, class_names: tuple[str, ...]) -> None:
    """Go to a random image of the chosen class; stay where the class has none."""
    position = int(samples.sample(labels, 1, int(np.random.default_rng().integers(2**31)), _label(class_names))[0])
    if position != samples.EMPTY:
        st.session_state[POSITION_KEY] = position

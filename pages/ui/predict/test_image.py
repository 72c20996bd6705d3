"""Test image: an item of the test set, which the Run has not trained on."""

import numpy as np
import streamlit as st

from fmnist_core import datasets, samples
from fmnist_core.errors import LabError
from fmnist_core.prediction import Predictor
from pages.ui.data import plain
from pages.ui.grid import picture_grid
from pages.ui.verdict import verdict

POSITION_KEY, CLASS_KEY = "n", "class"
ANY = "Any class"


def test_image_panel(predictor: Predictor) -> None:
    """Let the user take an image of the test set and show it beside what the model makes of it."""
    spec = predictor.spec
    try:
        dataset = datasets.load(spec.dataset, spec.dataset_folder or None)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    left, right = st.columns([6, 5], gap="large")
    with left:
        position = _choose(dataset.y_test, predictor.class_names)
        image, name = dataset.x_test[position], predictor.class_names[int(dataset.y_test[position])]
        sheet = samples.sheet(dataset.x_test, np.array([position]), 1, gap_px=0, zoom=16)
        picture_grid(samples.to_png(sheet), alt=f"Test image {position}: {name}")
        origin = "a stand-in for the real data" if dataset.synthetic else "the test set"
        st.markdown(f"Its label in {origin}: **{plain(name)}**.")
    with right:
        verdict(predictor, image, key="test_verdict", hint="", caption="Exactly as in the test set.", truth=name)


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


def _draw(labels: np.ndarray, class_names: tuple[str, ...]) -> None:
    """Go to a random image of the chosen class; stay where the class has none."""
    chosen = st.session_state[CLASS_KEY]
    label = class_names.index(chosen) if chosen in class_names else None
    position = int(samples.sample(labels, 1, int(np.random.default_rng().integers(2**31)), label)[0])
    if position != samples.EMPTY:
        st.session_state[POSITION_KEY] = position

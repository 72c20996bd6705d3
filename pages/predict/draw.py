"""Predict: what a finished model, or two, see in a drawing, a picture or a test image."""

from collections.abc import Sequence

import streamlit as st

from fmnist_core.intake import Framing, framing_for
from pages.ui.header import empty_state, page_header
from pages.ui.predict.answer import Question, fill, look_closer
from pages.ui.predict.draw import draw_panel, given_by_board
from pages.ui.predict.given import Given
from pages.ui.predict.honest import Yardstick, allow_none
from pages.ui.predict.live import address_for
from pages.ui.predict.models import choose_models, load_models
from pages.ui.predict.test_image import POSITION_KEY, test_image_panel
from pages.ui.predict.upload import camera_panel, upload_panel
from pages.ui.runs import finished_models
from pages.ui.verdict import Model, show_verdict

DRAW, UPLOAD, CAMERA, TEST_IMAGE = "Draw", "Upload", "Camera", "Test image"


@st.fragment
def desk(models: Sequence[Model], mode: str) -> None:
    """Show the way in on the left, the answer on the right, a closer look below; only this runs again."""
    framing = framing_for(models[0].predictor.class_names)
    left, right = st.columns([6, 5], gap="medium")
    with right:
        place = st.container()
        yardsticks = allow_none(models)
    with left:
        given = _given(models[0], mode, framing, yardsticks)
    look = look_closer(given, framing)
    question = Question(models, framing, yardsticks, look.cards.recipe if look.cards else None)
    ask = address_for(question) if mode == DRAW else ""
    prepared = question.prepared(given)
    if ask:
        with left:
            draw_panel(models[0], ask)
    with place:
        show_verdict(question.shown(given, prepared, ask), key="verdict")
    fill(look, question, given, prepared)


def _given(model: Model, mode: str, framing: Framing, yardsticks: Sequence[Yardstick]) -> Given:
    if mode == UPLOAD:
        return upload_panel(model, framing, yardsticks[:1])
    if mode == CAMERA:
        return camera_panel(model)
    return test_image_panel(model) if mode == TEST_IMAGE else given_by_board(model)


page_header("Predict", "What does the model see in it?")
finished = finished_models()
if not finished:
    empty_state("No Run is completed yet. A first one takes a minute.", "pages/train/new.py", "Start a Run")
    st.stop()
# A link such as /predict?n=123 opens that test image. Decided once: the default of a choice must not change under it.
first = st.session_state.setdefault("predict.first", TEST_IMAGE if POSITION_KEY in st.query_params else DRAW)

with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    mode = st.segmented_control(
        "From",
        [DRAW, UPLOAD, CAMERA, TEST_IMAGE],
        default=first,
        required=True,
        key="mode",
        bind="query-params",
        width="content",
        label_visibility="collapsed",
    )
    chosen = choose_models(finished)
desk(load_models(chosen), mode)

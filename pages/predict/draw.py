"""Predict: what a finished model sees in a drawing, a picture or a test image."""

import streamlit as st

from fmnist_core import prediction
from fmnist_core.errors import LabError
from fmnist_core.intake import framing_for
from fmnist_core.ready_made import ready_made
from fmnist_core.runs import RunState
from pages.ui.data import plain
from pages.ui.header import empty_state, page_header
from pages.ui.predict.draw import draw_panel
from pages.ui.predict.test_image import test_image_panel
from pages.ui.predict.upload import upload_panel
from pages.ui.predict.words import hint_for, invite_for
from pages.ui.runs import choose_run, readable_runs, watcher

DRAW, UPLOAD, TEST_IMAGE = "Draw", "Upload", "Test image"

page_header("Predict", "What does the model see in it?")
finished = readable_runs((RunState.COMPLETED,))
if (given := ready_made()) is not None:
    finished.append(watcher().progress(given))
if not finished:
    empty_state("No Run is completed yet. A first one takes a minute.", "pages/train/new.py", "Start a Run")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    mode = st.segmented_control(
        "From",
        [DRAW, UPLOAD, TEST_IMAGE],
        default=DRAW,
        required=True,
        key="mode",
        bind="query-params",
        width="content",
        label_visibility="collapsed",
    )
    progress = choose_run(finished)

try:
    predictor = prediction.load(progress.run)
except LabError as error:
    st.error(plain(str(error)), icon=":material/error:")
    st.stop()

names = predictor.class_names
if mode == DRAW:
    draw_panel(predictor, framing_for(names), hint_for(names, "Draw"), invite_for(names))
elif mode == UPLOAD:
    upload_panel(predictor, framing_for(names), hint_for(names, "Upload a picture of"))
else:
    test_image_panel(predictor)

"""Draw: a sketch becomes an item, stroke by stroke."""

import streamlit as st

from fmnist_core.decoding import Picture
from fmnist_core.errors import LabError
from fmnist_core.templates import Template, templates
from fmnist_core.xray import Kind
from pages.ui.canvas import canvas
from pages.ui.predict.given import Given
from pages.ui.predict.models import data_of
from pages.ui.predict.words import hint_for, invite_for
from pages.ui.verdict import Model

_KEPT = "canvas.templates"


def draw_panel(model: Model) -> Given:
    """Show the board and return what is drawn on it."""
    names = model.predictor.class_names
    hint = hint_for(names, "Draw")
    try:
        drawing, stamp = canvas(key="canvas", invite=invite_for(names), templates=_templates(model))
        pixels = drawing.pixels()
    except LabError as error:
        return Given(None, Kind.DRAWING, str(error))
    picture = Picture(pixels) if pixels.any() else None
    return Given(picture, Kind.DRAWING, hint, "Trimmed and centred as the data were.", stamp=stamp)


def _templates(model: Model) -> tuple[Template, ...]:
    """Return the outlines of the model's classes; kept in the session, for this runs several times a second."""
    try:
        dataset = data_of(model)
        if _KEPT not in st.session_state or st.session_state[_KEPT][0] != dataset.sha256:
            st.session_state[_KEPT] = dataset.sha256, templates(dataset)
    except LabError:
        return ()  # the board does without: it needs no data
    return st.session_state[_KEPT][1]

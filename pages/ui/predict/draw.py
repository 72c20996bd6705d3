"""Draw: a sketch becomes an item, stroke by stroke."""

from typing import Any

import streamlit as st

from fmnist_core.decoding import Picture
from fmnist_core.errors import LabError
from fmnist_core.templates import Template, templates
from fmnist_core.xray import Kind
from pages.ui.canvas import canvas, kept_drawing, read_drawing
from pages.ui.predict.given import Given
from pages.ui.predict.models import data_of
from pages.ui.predict.words import hint_for, invite_for
from pages.ui.verdict import Model

_BOARD = "canvas"
_KEPT = f"{_BOARD}.templates"


def draw_panel(model: Model, ask: str) -> None:
    """Show the board. ask: address that answers strokes, see live.py."""
    canvas(key=_BOARD, invite=invite_for(model.predictor.class_names), templates=_templates(model), ask=ask)


def given_by_board(model: Model) -> Given:
    """Return what is drawn on the board, as far as the page knows."""
    return given_by(kept_drawing(_BOARD), model)


def given_by(values: Any, model: Model) -> Given:
    """Return what a board sent, or has yet to send: None."""
    hint = hint_for(model.predictor.class_names, "Draw")
    try:
        drawing, stamp = read_drawing(values)
        pixels = drawing.pixels()
    except LabError as error:
        return Given(None, Kind.DRAWING, str(error))
    picture = Picture(pixels) if pixels.any() else None
    return Given(picture, Kind.DRAWING, hint, "Trimmed and centred as the data were.", stamp=stamp)


def _templates(model: Model) -> tuple[Template, ...]:
    """Return the outlines of the model's classes; kept in the session."""
    try:
        dataset = data_of(model)
        if _KEPT not in st.session_state or st.session_state[_KEPT][0] != dataset.sha256:
            st.session_state[_KEPT] = dataset.sha256, templates(dataset)
    except LabError:
        return ()  # the board does without: it needs no data
    return st.session_state[_KEPT][1]

"""Draw: a sketch becomes an item, stroke by stroke."""

from fmnist_core.decoding import Picture
from fmnist_core.errors import LabError
from fmnist_core.templates import Template, templates
from fmnist_core.xray import Kind
from pages.ui.canvas import canvas
from pages.ui.predict.given import Given
from pages.ui.predict.models import data_of
from pages.ui.predict.words import hint_for, invite_for
from pages.ui.verdict import Model


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
    try:
        return templates(data_of(model))
    except LabError:
        return ()  # the board does without: it needs no data

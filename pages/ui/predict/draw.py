"""Draw: a sketch becomes an item, stroke by stroke."""

import streamlit as st

from fmnist_core.errors import LabError
from fmnist_core.intake import Framing
from fmnist_core.prediction import Predictor
from pages.ui.canvas import canvas
from pages.ui.verdict import verdict


@st.fragment
def draw_panel(predictor: Predictor, framing: Framing, hint: str, invite: str) -> None:
    """Show the board beside what the model makes of it; only this part runs again while a line grows."""
    left, right = st.columns([6, 5], gap="large")
    item, stamp = None, 0
    with left:
        try:
            drawing, stamp = canvas(key="canvas", invite=invite)
            item = drawing.to_item(framing)
        except LabError as error:
            hint = str(error)
    with right:
        caption = "Trimmed and centred as the data were."
        verdict(predictor, item, key="draw_verdict", hint=hint, caption=caption, stamp=stamp)

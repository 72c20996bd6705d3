"""From what was given to the answer: the steps, the probabilities, and a closer look below. All ways in meet here."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fmnist_core.errors import ImageError
from fmnist_core.xray import Framing, Trace, trace, usual
from pages.ui.predict import steps
from pages.ui.predict.break_it import break_it_view
from pages.ui.predict.given import Given
from pages.ui.predict.honest import allow_none, refusals
from pages.ui.predict.nearest import nearest_view
from pages.ui.verdict import Model, verdict

XRAY, NEAREST, BREAK = "Input X-ray", "Nearest training images", "Break it"
# What can be looked at below an answer, beside the X-ray: the first model and the item, (28, 28) uint8, go in.
VIEWS: dict[str, Callable[[Model, np.ndarray], None]] = {NEAREST: nearest_view, BREAK: break_it_view}

# The three likeliest stay in sight while the switches are used.
_STICKY = """<style>
.st-key-xray-answer { position: sticky; top: 3.4rem; z-index: 6; max-width: 34rem; }
</style>"""


def answer(
    models: Sequence[Model], given: Given, framing: Framing, right: DeltaGenerator, below: DeltaGenerator
) -> None:
    """Show what the models make of a picture on the right, and below it a closer look, if the user asks for one."""
    with below:
        view = st.segmented_control("Look closer", [XRAY, *VIEWS], key="look", bind="query-params")
        place = st.container()
    xray = view == XRAY and given.picture is not None
    with place:
        if view and given.picture is None:
            st.caption("There is nothing to look at yet.")
        strip = st.container(key="xray-answer") if xray else None
        cards = steps.cards(given, framing) if xray else None
    found, usual_item = _prepared(given, framing, cards)
    item = found.item if found else None
    with right:
        shown = st.container()
        yardsticks = allow_none(models)
    with shown:
        verdict(
            models, item, key="verdict", hint=given.hint, caption=_caption(given, usual_item, item),
            truth=given.truth, stamp=given.stamp, usual=usual_item, refusals=refusals(models, yardsticks, item),
        )  # fmt: skip
    with place:
        if cards and found:
            with strip:
                st.html(_STICKY)
                verdict(models, item, key="xray_verdict", hint="", usual=usual_item, compact=True)
            steps.fill(cards, models, given, found)
        elif view in VIEWS and item is not None:
            VIEWS[view](models[0], item)


def _prepared(given: Given, framing: Framing, cards: steps.Cards | None) -> tuple[Trace | None, np.ndarray | None]:
    """Take the steps as the switches say; return them, and the item as the usual steps make it."""
    if given.picture is None:
        return None, None
    first = usual(given.kind, framing)
    try:
        found = trace(given.picture, cards.recipe if cards else first)
        return found, trace(given.picture, first).item if cards and cards.recipe != first else found.item
    except ImageError:  # pictures were checked when they came
        return None, None


def _caption(given: Given, usual_item: np.ndarray | None, item: np.ndarray | None) -> str:
    same = item is None or usual_item is None or np.array_equal(item, usual_item)
    return given.caption if same else "As the switches below say."

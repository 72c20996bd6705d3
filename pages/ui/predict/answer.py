"""From what was given to the answer: the steps, the probabilities, and a closer look below. All ways in meet here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fmnist_core.errors import ImageError
from fmnist_core.xray import Framing, Recipe, Trace, trace, usual
from pages.ui.predict import steps
from pages.ui.predict.break_it import break_it_view
from pages.ui.predict.given import Given
from pages.ui.predict.honest import Yardstick, refusals
from pages.ui.predict.nearest import nearest_view
from pages.ui.verdict import Model, verdict, verdict_data

XRAY, NEAREST, BREAK = "Input X-ray", "Nearest training images", "Break it"
# What can be looked at below an answer, beside the X-ray: the first model and the item, (28, 28) uint8, go in.
VIEWS: dict[str, Callable[[Model, np.ndarray], None]] = {NEAREST: nearest_view, BREAK: break_it_view}

# The three likeliest stay in sight while the switches are used.
_STICKY = """<style>
.st-key-xray-answer { position: sticky; top: 3.4rem; z-index: 6; max-width: 34rem; }
</style>"""

Prepared = tuple[Trace | None, np.ndarray | None]  # the steps taken, and the item as the usual ones make it


@dataclass(frozen=True)
class Question:
    """All that an answer depends on, but for the picture.

    Attributes:
        models: one, or two of the same classes.
        framing: of the data they learned.
        yardsticks: one for each, for "none of these"; empty where every picture shall get a class.
        recipe: the steps as the X-ray's switches say; None for the usual ones.
    """

    models: Sequence[Model]
    framing: Framing
    yardsticks: Sequence[Yardstick]
    recipe: Recipe | None = None

    def prepared(self, given: Given) -> Prepared:
        """Take the steps; return them, and the item as the usual steps make it."""
        if given.picture is None:
            return None, None
        first = usual(given.kind, self.framing)
        try:
            found = trace(given.picture, self.recipe or first)
            moved = self.recipe is not None and self.recipe != first
            return found, trace(given.picture, first).item if moved else found.item
        except ImageError:  # pictures were checked when they came
            return None, None

    def shown(self, given: Given, prepared: Prepared, ask: str = "") -> dict[str, Any]:
        """Return what is shown of what the models make of a prepared picture; ask: as in `verdict_data`."""
        found, usual_item = prepared
        item = found.item if found else None
        same = item is None or usual_item is None or np.array_equal(item, usual_item)
        return verdict_data(
            self.models, item, hint=given.hint, truth=given.truth, stamp=given.stamp, ask=ask, usual=usual_item,
            caption=given.caption if same else "As the switches below say.",
            refusals=refusals(self.models, self.yardsticks, item),
        )  # fmt: skip


@dataclass(frozen=True)
class Look:
    """What is looked at more closely, and the places that it fills."""

    view: str | None
    place: DeltaGenerator
    strip: DeltaGenerator | None = None
    cards: steps.Cards | None = None


def look_closer(given: Given, framing: Framing) -> Look:
    """Show the choice of a closer look and, for the X-ray, its switches."""
    view = st.segmented_control("Look closer", [XRAY, *VIEWS], key="look", bind="query-params")
    place = st.container()
    if view and given.picture is None:
        place.caption("There is nothing to look at yet.")
    if view != XRAY or given.picture is None:
        return Look(view, place)
    with place:
        return Look(view, place, st.container(key="xray-answer"), steps.cards(given, framing))


def fill(look: Look, question: Question, given: Given, prepared: Prepared) -> None:
    """Show the closer look."""
    found, usual_item = prepared
    if found is None or not look.view:
        return
    with look.place:
        if look.cards:
            with look.strip:
                st.html(_STICKY)
                verdict(question.models, found.item, key="xray_verdict", hint="", usual=usual_item, compact=True)
            steps.fill(look.cards, question.models, given, found)
        elif found.item is not None:
            VIEWS[look.view](question.models[0], found.item)

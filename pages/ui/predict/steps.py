"""Input X-ray on screen: a card for each step, its switch, and the answer if that step were taken otherwise."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.delta_generator import DeltaGenerator

from fmnist_core.content import Polarity
from fmnist_core.xray import (
    MAX_MARGIN_PX,
    Centring,
    Framing,
    Grey,
    Ground,
    Recipe,
    Resize,
    Trace,
    switched,
    trace,
    usual,
)
from pages.ui.data import plain
from pages.ui.predict.given import Given
from pages.ui.verdict import Model

CARD_PX = 150
_PICTURE_PX = 144
_POLARITIES = {"Detect": None, "Light on dark": Polarity.LIGHT_ON_DARK, "Dark on light": Polarity.DARK_ON_LIGHT}
_HELP = {
    "Greyscale": "How red, green and blue become one brightness. The data are grey.",
    "Polarity": "The data are light on black. Photos and pencil drawings mostly are dark on light, so they are turned.",
    "Background": "The brightness of the picture's border, slanted as a shadow may be, is subtracted, and what stands "
    "out weakly is noise. Threshold makes the rest pure white.",
    "Outlines": "For line drawings: the data show filled shapes, not lines.",
    "Crop": "Cuts away what is black around the item.",
    "Resize": "How many pixels become few.",
    "Padding": "Black pixels left on each end of the longer side: 0 in Fashion-MNIST, 4 in MNIST.",
    "Centring": "What stands in the middle: the box around the item, as in Fashion-MNIST, or the mass of its light, "
    "as in MNIST.",
}


@dataclass
class Cards:
    """The cards on the page, to be filled once the steps were taken. `recipe`: what their switches say."""

    recipe: Recipe
    pictures: dict[str, DeltaGenerator]
    notes: dict[str, DeltaGenerator]


def cards(given: Given, framing: Framing) -> Cards:
    """Show the switches, each below a place for its picture, and return what they say."""
    first = usual(given.kind, framing)
    prefix = f"{given.kind}{'-digits' if framing.by_mass else ''}"
    keys = {field: f"{prefix}.{field}" for field in Recipe.__dataclass_fields__}
    coloured = given.picture is not None and given.picture.colours is not None
    pictures: dict[str, DeltaGenerator] = {}
    notes: dict[str, DeltaGenerator] = {}
    values: dict[str, Any] = {}
    st.caption("Below each step stands the answer if that step alone were taken the other way.")
    with st.container(horizontal=True, gap="medium", key="xray-cards"):
        for name in ("Original", *_HELP, "Tensor"):
            if name == "Greyscale" and not coloured:
                continue
            with st.container(width=CARD_PX, gap="xsmall"):
                pictures[name] = st.empty()
                if name in _HELP:
                    values |= _switch(name, first, keys)
                else:
                    st.markdown(f":small[{'Original' if name == 'Original' else 'To the model'}]")
                notes[name] = st.empty()
    recipe = Recipe(**values)
    st.button(
        "Back to the usual steps", icon=":material/undo:", key="xray-reset", disabled=recipe == first,
        on_click=_reset, args=(first, keys),
    )  # fmt: skip
    return Cards(recipe, pictures, notes)


def fill(places: Cards, models: Sequence[Model], given: Given, found: Trace) -> None:
    """Show each step's picture, what it did, and the answer if it alone were taken the other way."""
    steps = {step.name: step for step in found.steps}
    effects = _effects(models[0], given, places.recipe, found)
    for name, place in places.pictures.items():
        if name in steps:
            place.html(_picture(steps[name].pixels, name))
            lines = [steps[name].said, effects.get(name, "")]
            places.notes[name].caption("  \n".join(plain(line) for line in lines if line) or "&nbsp;")
    if found.item is not None:
        predictor = models[0].predictor
        seen = predictor.model_input(found.item[np.newaxis])[0]
        places.pictures["Tensor"].html(_picture(seen, "What the model gets"))
        side, scaling = predictor.spec.image_size_px, predictor.spec.scaling
        places.notes["Tensor"].caption(f"{side} × {side}, {_SCALED[scaling]}")


_SCALED = {
    "unit": "scaled to 0 to 1", "signed": "scaled to -1 to 1", "standard": "mean 0, deviation 1", "base": "0 to 255",
}  # fmt: skip


def _switch(name: str, first: Recipe, keys: dict[str, str]) -> dict[str, Any]:
    """Show the switch of one step; return the field of the recipe that it sets."""
    common: dict[str, Any] = {"bind": "query-params", "help": _HELP[name]}
    choices = {"Greyscale": ("grey", Grey), "Background": ("ground", Ground), "Resize": ("resize", Resize),
               "Centring": ("centring", Centring)}  # fmt: skip
    if name in choices:
        field, kind = choices[name]
        options = [str(option) for option in kind]
        at = options.index(getattr(first, field))
        return {field: kind(st.selectbox(name, options, at, key=keys[field], **common))}
    if name == "Polarity":
        at = list(_POLARITIES.values()).index(first.polarity)
        return {"polarity": _POLARITIES[st.selectbox(name, list(_POLARITIES), at, key=keys["polarity"], **common)]}
    if name == "Padding":
        return {"margin_px": st.slider(name, 0, MAX_MARGIN_PX, first.margin_px, key=keys["margin_px"], **common)}
    field, label = ("fill", "Fill outlines") if name == "Outlines" else ("crop", "Crop")
    return {field: st.toggle(label, getattr(first, field), key=keys[field], **common)}


def _effects(model: Model, given: Given, recipe: Recipe, found: Trace) -> dict[str, str]:
    """Return for each step what the model would answer if that step alone were taken the other way."""
    coloured = given.picture.colours is not None
    others = switched(recipe, found.polarity, coloured=coloured)
    items = {name: trace(given.picture, other).item for name, (_, other) in others.items()}
    shown = [name for name, item in items.items() if item is not None]
    rows = model.probabilities(np.stack([items[name] for name in shown])) if shown else []
    answers = {
        name: f"{model.predictor.class_names[row.argmax()]} {row.max():.1%}"
        for name, row in zip(shown, rows, strict=True)
    }
    return {name: f"{words}: {answers.get(name, 'blank')}" for name, (words, _) in others.items()}


def _picture(pixels: np.ndarray, name: str) -> str:
    """Return an image of at most _PICTURE_PX as HTML; small ones are enlarged by whole pixels."""
    image = Image.fromarray(pixels)
    if max(image.size) > _PICTURE_PX:
        image.thumbnail((_PICTURE_PX, _PICTURE_PX), Image.Resampling.BOX)
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=1)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    return (
        f'<img alt="{escape(name)}: the picture after this step" src="data:image/png;base64,{data}" '
        f'style="width:{_PICTURE_PX}px;height:{_PICTURE_PX}px;object-fit:contain;image-rendering:pixelated;display:block;'
        'border-radius:6px;background:rgba(128,128,128,0.14)">'
    )


def _reset(first: Recipe, keys: dict[str, str]) -> None:
    """Before the page runs again: set the switches as usual. A forgotten one would be read from the address again."""
    words = {polarity: word for word, polarity in _POLARITIES.items()}
    for field, key in keys.items():
        if key in st.session_state:
            value = getattr(first, field)
            value = words[value] if field == "polarity" else value
            st.session_state[key] = str(value) if isinstance(value, str) else value

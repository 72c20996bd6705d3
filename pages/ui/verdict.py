"""What a model makes of one item: the probabilities, sorted, and the pixels it sees.

A component of our own (verdict.html, .css, .js) because a chart that is rebuilt several times a second flickers;
here the same bars grow and slide to their place.
"""

import base64
from pathlib import Path

import numpy as np
import streamlit as st

from fmnist_core.figures.palette import CLASS_COLOURS
from fmnist_core.prediction import Predictor

_HERE = Path(__file__).parent

# At module level, so that it is registered once per process and never within a rerun.
_component = st.components.v2.component(
    "fmnist_lab_verdict",
    html=(_HERE / "verdict.html").read_text(encoding="utf-8"),
    css=(_HERE / "verdict.css").read_text(encoding="utf-8"),
    js=(_HERE / "verdict.js").read_text(encoding="utf-8"),
)


def verdict(
    predictor: Predictor,
    item: np.ndarray | None,
    *,
    key: str,
    hint: str,
    caption: str = "",
    truth: str | None = None,
    stamp: int = 0,
) -> None:
    """Show what the model makes of an item, (28, 28) uint8, or the hint in the same space if there is none.

    Args:
        key: name of the component.
        hint: what to do to get an item.
        caption: how the item came about, below its pixels.
        truth: the true class, where it is known; marked among the bars.
        stamp: number of the drawing that this answers; the page's speed is measured with it.
    """
    probabilities = pixels = None
    if item is not None:
        probabilities = predictor.probabilities(item[np.newaxis])[0]
        pixels = base64.b64encode(predictor.model_input(item[np.newaxis]).tobytes()).decode("ascii")
    colours = [CLASS_COLOURS[label % len(CLASS_COLOURS)] for label in range(len(predictor.class_names))]
    data = {
        "classes": [{"name": name, "colour": c} for name, c in zip(predictor.class_names, colours, strict=True)],
        "probabilities": None if probabilities is None else probabilities.round(5).tolist(),
        "pixels": pixels, "side": predictor.spec.image_size_px, "hint": hint, "caption": caption,
        "truth": truth, "stamp": stamp,
    }  # fmt: skip
    _component(key=key, data=data)

"""What a model, or two, make of one item: the probabilities, sorted, and the pixels they see.

A component of our own (verdict.html, .css, .js) because a chart that is rebuilt several times a second flickers;
here the same bars grow and slide to their place.
"""

import base64
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from fmnist_core.confidence import Temperature
from fmnist_core.figures.palette import coloured
from fmnist_core.prediction import Predictor
from fmnist_core.runs import Run

_HERE = Path(__file__).parent
_KEPT_IMAGES = 64  # of one question; more are asked again, for they are not drawn several times a second
_KEPT_QUESTIONS = 32  # of a model

# At module level, so that it is registered once per process and never within a rerun.
_component = st.components.v2.component(
    "fmnist_lab_verdict",
    html=(_HERE / "verdict.html").read_text(encoding="utf-8"),
    css=(_HERE / "verdict.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("parts.js", "verdict.js")),
)


class Model(NamedTuple):
    """A model that answers, what it is called where there are two, its Run and its probabilities' temperature."""

    title: str
    predictor: Predictor
    run: Run | None = None
    temperature: Temperature = Temperature(reason="this model belongs to no Run")

    def scores(self, images: np.ndarray) -> np.ndarray:
        """Return probabilities as they leave the model: (n, 28, 28) uint8 -> (n, classes) float32, read-only.

        The parts of a page ask for the same images, and so does every rerun: a few are kept.
        """
        if len(images) <= _KEPT_IMAGES:
            return _scores(self.predictor, images)
        return self.predictor.probabilities(images)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities: (n, 28, 28) uint8 -> (n, classes) float, rows sum to 1."""
        return self.temperature.mended(self.scores(images))


# Weak, so that a model that is evicted from memory takes its answers along.
_kept: "weakref.WeakKeyDictionary[Predictor, OrderedDict[bytes, np.ndarray]]" = weakref.WeakKeyDictionary()


def _scores(predictor: Predictor, images: np.ndarray) -> np.ndarray:
    kept, pixels = _kept.setdefault(predictor, OrderedDict()), images.tobytes()
    rows = kept.get(pixels)
    if rows is None:
        rows = predictor.probabilities(images)
        rows.flags.writeable = False
        kept[pixels] = rows
        if len(kept) > _KEPT_QUESTIONS:
            kept.popitem(last=False)
    return rows


def verdict(models: Sequence[Model], item: np.ndarray | None, *, key: str, **facts: Any) -> None:
    """Show what one model or two make of an item, or the hint in the same space if there is none; see verdict_data."""
    show_verdict(verdict_data(models, item, **facts), key=key)


def show_verdict(data: dict[str, Any], *, key: str) -> None:
    """Show what `verdict_data` returned; key: name of the component."""
    _component(key=key, data=data)


def verdict_data(
    models: Sequence[Model],
    item: np.ndarray | None,
    *,
    hint: str,
    caption: str = "",
    truth: str | None = None,
    stamp: int = 0,
    usual: np.ndarray | None = None,
    compact: bool = False,
    refusals: Sequence[str] = (),
    ask: str = "",
) -> dict[str, Any]:
    """Return what verdict.js shows.

    Args:
        models: one, or two of the same classes; the first one orders the bars.
        item: (28, 28) uint8.
        hint: what to do to get an item.
        caption: how the item came about, below its pixels.
        truth: the true class, where it is known; marked among the bars.
        stamp: number of the drawing that this answers; the page's speed is measured with it.
        usual: the item as the usual steps make it; where it differs, lines mark the first model's answer to it.
        compact: only the three likeliest classes.
        refusals: for each model why the item is none of the classes; an empty one where it may be one.
        ask: where the board asks for answers to strokes that this page has not seen; they are shown as well.
    """
    moved = item is not None and usual is not None and not np.array_equal(item, usual)
    return {
        "classes": coloured(models[0].predictor.class_names),
        **_answer(models[0], item, refusals[:1]),
        "second": _answer(models[1], item, refusals[1:2]) if len(models) > 1 else None,
        "before": _probabilities(models[0], usual) if moved else None,
        "hint": hint, "caption": caption, "truth": truth, "stamp": stamp, "compact": compact, "ask": ask,
    }  # fmt: skip


def _answer(model: Model, item: np.ndarray | None, refusal: Sequence[str]) -> dict[str, Any]:
    """Return what the browser shows of one model: its title, probabilities, and the pixels it sees, in base64."""
    answer = {
        "title": model.title, "probabilities": None, "pixels": None, "side": model.predictor.spec.image_size_px,
        "refusal": "".join(refusal),
    }  # fmt: skip
    if item is not None:
        answer["probabilities"] = _probabilities(model, item)
        seen = model.predictor.model_input(item[np.newaxis])
        answer["pixels"] = base64.b64encode(seen.tobytes()).decode("ascii")
    return answer


def _probabilities(model: Model, item: np.ndarray) -> list[float]:
    return model.probabilities(item[np.newaxis])[0].round(5).tolist()

"""A Run's epochs under a slider: confusion matrix, map of answers and surest mistakes, moved in place by the browser.

All epochs travel once, as bytes, so that the slider asks the server nothing and nothing is drawn anew by it. The
browser part is time_machine.js and time_machine_map.js.
"""

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fmnist_core.epoch_history import EpochHistory
from fmnist_core.figures.palette import CLASS_COLOURS, NEUTRAL_COLOUR, VALIDATION_COLOUR
from pages.ui.save_picture import picture_component

MOST_FRAMES = 100  # epochs on the slider
# At module level, so that it is registered once per process and never within a rerun.
_component = picture_component("fmnist_lab_time_machine", Path(__file__).with_suffix(".js"), "time_machine_map.js")


@dataclass(frozen=True)
class Look:
    """What is looked at beside the epoch.

    Attributes:
        cell: true and predicted label of the chosen cell; None for all mistakes.
        by_right: whether dots have the colour of right or wrong, not that of their class.
    """

    cell: tuple[int, int] | None = None
    by_right: bool = False


def look_words(look: Look) -> tuple[str, str]:
    """Return a look as two words for the address, empty where nothing was chosen: "6-0", "right"."""
    return "-".join(map(str, look.cell or ())), "right" if look.by_right else ""


def asked_look(cell: str, dots: str, n_classes: int) -> Look:
    """Return the look that two words of the address ask for; what is no cell of so many classes is passed over."""
    labels = {f"{true}-{said}": (true, said) for true in range(n_classes) for said in range(n_classes)}
    return Look(labels.get(cell), dots == "right")


@dataclass(frozen=True, eq=False)
class Film:
    """What the browser is given.

    Attributes:
        identity: equal for equal content.
        epochs: on the slider.
        n_classes: of the images.
        data: bytes; see `film`.
    """

    identity: str
    epochs: tuple[int, ...]
    n_classes: int
    data: bytes


def film(
    identity: str,
    history: EpochHistory,
    pictures: bytes,
    class_names: Sequence[str],
    val_accuracy: dict[int, float],
    *,
    start: int,
    best: int | None,
    file: str,
    look: Look = Look(),
) -> Film:
    """Pack epochs behind images.

    Args:
        identity: equal for equal content.
        pictures: the images that were answered, as grey_levels packs them.
        val_accuracy: by epoch, 0..1, where known.
        start: the epoch on show at first.
        best: the epoch that validation chose; None where nothing did.
        file: name of saved pictures, without ending.
        look: what is looked at, at first.
    """
    chosen = history.frames(MOST_FRAMES)
    epochs = tuple(history.epochs[at] for at in chosen)
    head = {
        "identity": identity, "file": file, "count": len(history.y_true), "epochs": epochs,
        "accuracy": [round(float(history.right[at].mean()), 6) for at in chosen],
        "validation": [val_accuracy.get(epoch) for epoch in epochs],
        "start": min(range(len(epochs)), key=lambda at: abs(epochs[at] - start)),
        "best": epochs.index(best) if best in epochs else None,
        "cell": look.cell, "byRight": look.by_right, "names": list(class_names),
        "colours": [CLASS_COLOURS[at % len(CLASS_COLOURS)] for at in range(len(class_names))],
        "inks": {"validation": VALIDATION_COLOUR, "test": NEUTRAL_COLOUR},
        "anchors": np.round(history.anchors, 5).tolist(),
    }  # fmt: skip
    head["picturesBytes"] = len(pictures)
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    frames = zlib.compress(_frames(history, chosen), 1)
    return Film(identity, epochs, len(class_names), struct.pack("<I", len(text)) + text + pictures + frames)


def time_machine(shown: Film, *, key: str) -> tuple[int | None, Look | None]:
    """Show the film; return the epoch at which the user left the slider, and the look; None for what is as at first."""
    state = _component(key=key, data=shown.data, on_epoch_change=_nothing, on_look_change=_nothing)
    return _sent(state, shown), _looked(state, shown)


def _nothing() -> None:
    """Streamlit lists a component's values by the callbacks given; the page needs none."""


def _sent(state: Any, shown: Film) -> int | None:
    sent = state.get("epoch") if hasattr(state, "get") else None
    if not hasattr(sent, "get") or sent.get("identity") != shown.identity or sent.get("epoch") not in shown.epochs:
        return None
    return int(sent["epoch"])


def _looked(state: Any, shown: Film) -> Look | None:
    sent = state.get("look") if hasattr(state, "get") else None
    if not hasattr(sent, "get") or sent.get("identity") != shown.identity:
        return None
    return asked_look(str(sent.get("cell") or ""), "right" if sent.get("byRight") else "", shown.n_classes)


def _frames(history: EpochHistory, chosen: list[int]) -> bytes:
    """Labels (n), then of each frame predicted (n), confidence (n), x (n), y (n), less the one before, modulo 256."""
    x, y = history.places[chosen, :, 0], history.places[chosen, :, 1]
    frames = np.concatenate([history.predicted[chosen], history.confidence[chosen], x, y], axis=1)
    changes = np.vstack([frames[:1], np.diff(frames, axis=0)])  # uint8 wraps around
    return history.y_true.astype(np.uint8).tobytes() + changes.tobytes()

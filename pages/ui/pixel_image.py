"""A picture of 28x28 numbers to read and to click: a pixel under the pointer says its value, a click chooses it.

The browser part is pixel_image.js and pixel_image.css. Arrow keys move the choice, and on a touch screen four small
buttons do, because a pixel is smaller than a fingertip there.
"""

import json
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import streamlit as st

from fmnist_core.errors import LabError
from fmnist_core.figures.pixels import DIVERGING, GRAY, SEQUENTIAL, SEQUENTIAL_DARK, limits
from fmnist_core.pixels import PIXELS, SIDE
from pages.ui.save_picture import file_name, picture_component

SCALES = {"gray": (GRAY, GRAY), "sequential": (SEQUENTIAL, SEQUENTIAL_DARK), "diverging": (DIVERGING, DIVERGING)}
# At module level, so that it is registered once per process and never within a rerun.
_component = picture_component("fmnist_lab_pixel_image", Path(__file__).with_suffix(".js"))


def pixel_image(
    values: np.ndarray,
    *,
    key: str,
    scale: Literal["gray", "sequential", "diverging"] = "gray",
    selected: int | None = None,
    marks: Sequence[int] = (),
    bounds: tuple[float, float] | None = None,
    labels: Sequence[str] | None = None,
    unit: str = "",
    alt: str = "",
    blank: str = "no value",
    decimals: int | None = None,
    width_px: int = 440,
    file: str = "",
    on_select: Callable[[int], None] | None = None,
) -> int | None:
    """Show a picture and return the chosen pixel, row * 28 + column: the one just clicked, else `selected`.

    Args:
        values: (28, 28) numbers; NaN stays blank.
        key: name of the component.
        scale: gray is black to white as the data are, sequential one hue from little to much, diverging blue below
            0, white at 0, red above.
        selected: the pixel with the ring.
        marks: further pixels with a thinner ring.
        bounds: values at the ends of the scale; without it 0 to the largest value, for diverging symmetric about 0.
        labels: 784 phrases that replace "row 3, column 4" under the pointer.
        unit: written after a value and at the ends of the scale, such as "%".
        alt: what the picture shows, for those who cannot see it.
        blank: what is said of a pixel without a value.
        decimals: of the values; without it, as many as tell them apart.
        width_px: largest side; on narrow screens it shrinks.
        file: name of saved files, without ending; without it the key.
        on_select: called with the pixel before the page runs again, so that all of it sees the new choice.

    Raises:
        LabError: values are not (28, 28), the scale is unknown, or a pixel is not one of 0..783.
    """
    if np.shape(values) != (SIDE, SIDE):
        raise LabError(f"Expected values of shape (28, 28). Received shape {np.shape(values)}.")
    if scale not in SCALES:
        raise LabError(f"Expected a scale of {', '.join(SCALES)}. Received {scale!r}.")
    low, high = bounds or limits(values, scale)
    head = {
        "stops": SCALES[scale], "low": float(low), "high": float(high), "selected": _pixel(selected),
        "marks": [_pixel(mark) for mark in marks], "labels": None if labels is None else list(labels), "unit": unit,
        "alt": alt, "blank": blank, "width": width_px, "diverging": scale == "diverging",
        "file": file_name(file or key), "idle": "Choose a pixel" if on_select else "Point at a pixel to read its value",
        "decimals": _decimals(low, high) if decimals is None else decimals,
    }  # fmt: skip

    def tell() -> None:
        clicked = _clicked(st.session_state.get(key))
        if on_select and clicked is not None:
            on_select(clicked)

    clicked = _clicked(_component(key=key, data=_pack(head, values), on_pixel_change=tell))
    return selected if clicked is None else clicked


def chosen_pixel(default: int | None = None, name: str = "pixel") -> int | None:
    """Return the pixel that stands in the address under a name, else the default."""
    text = st.query_params.get(name, "")
    return int(text) if text.isdecimal() and int(text) < PIXELS else default


def choose_pixel(pixel: int | None, name: str = "pixel") -> None:
    """Put a pixel into the address, or take it out with None."""
    if pixel is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = str(pixel)


def _clicked(state: object) -> int | None:
    """The pixel in what the browser sent; None if it is anything else."""
    pixel = state.get("pixel") if hasattr(state, "get") else None
    return int(pixel) if isinstance(pixel, int | float) and 0 <= pixel < PIXELS else None


def _pixel(pixel: int | None) -> int | None:
    if pixel is not None and not 0 <= pixel < PIXELS:
        raise LabError(f"Expected a pixel from 0 to 783. Received {pixel}.")
    return None if pixel is None else int(pixel)


def _decimals(low: float, high: float) -> int:
    """Three significant digits over the range: 0 for 0..255, 3 for -1..1."""
    span = max(abs(low), abs(high))
    return int(np.clip(3 - np.ceil(np.log10(span)), 0, 6)) if span > 0 else 0


def _pack(head: dict, values: np.ndarray) -> bytes:
    """Length of the head (uint32), the head as JSON, padding to whole words, then 784 float32."""
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<I", len(text)) + text + np.ascontiguousarray(values, dtype="<f4").tobytes()

"""Pictures from outside become items like those of the data: 28x28, light on black, filling the frame.

Two steps. `from_file` reads bytes that nobody has checked (decoding.py). `to_item` frames the picture by the usual
steps (xray.py, where each can be looked at and switched).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fmnist_core.content import Polarity, check_grey, detect_polarity, fill_closed
from fmnist_core.decoding import MAX_BYTES, Picture, from_file
from fmnist_core.xray import DIGITS, FASHION, Framing, kind_of, trace, usual

__all__ = [
    "DIGITS", "FASHION", "MAX_BYTES", "Framing", "Picture", "Polarity", "detect_polarity", "fill_closed", "framing_for",
    "from_file", "to_item",
]  # fmt: skip


def framing_for(class_names: Sequence[str]) -> Framing:
    """Return MNIST's framing if the classes are digits, Fashion-MNIST's otherwise."""
    return DIGITS if all(name.isdigit() for name in class_names) else FASHION


def to_item(
    pixels: np.ndarray, *, polarity: Polarity | None = None, framing: Framing = FASHION, fill: bool = False
) -> np.ndarray | None:
    """Turn a picture into an item like those of the data, or None if it is blank.

    A picture of 28x28 pixels is taken as an item already: only its polarity may be turned.

    Args:
        pixels: (h, w) uint8, any size.
        polarity: None detects it.
        framing: where the content goes.
        fill: fill closed outlines, for line drawings.

    Returns:
        (28, 28) uint8, light on black.

    Raises:
        ImageError: if `pixels` has another dtype or shape.
    """
    check_grey(pixels)
    picture = Picture(np.array(pixels))
    recipe = usual(kind_of(picture), framing)
    return trace(picture, replace(recipe, polarity=polarity, fill=fill)).item

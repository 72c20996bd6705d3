"""Pictures from outside become items like those of the data: 28x28, light on black, filling the frame.

Two steps. `from_file` reads bytes that nobody has checked and returns grey pixels. `to_item` frames them as the
authors of the data framed theirs: Fashion-MNIST (Xiao et al., 2017, section 2) trims the background, brings the
longer side to 28 px and centres the box; MNIST (LeCun et al., 1998, section III.A) fits digits into 20x20 px and
centres their mass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image
from scipy import ndimage

from fmnist_core.decoding import MAX_BYTES, Picture, from_file
from fmnist_core.errors import ImageError

__all__ = [
    "DIGITS", "FASHION", "MAX_BYTES", "Framing", "Picture", "Polarity", "detect_polarity", "fill_closed", "frame",
    "framing_for", "from_file", "to_item",
]  # fmt: skip

ITEM_PX = 28
_WORK_PX = 256  # pictures are reduced to this side first: enough for 28 px, and noise averages out
_FAINTEST = 16.0  # of 255: content weaker than this is noise
_SPECK_FRACTION = 0.02  # of the largest part: smaller parts are dust


class Polarity(StrEnum):
    """Which way round a picture is."""

    LIGHT_ON_DARK = "light on dark"
    DARK_ON_LIGHT = "dark on light"


@dataclass(frozen=True)
class Framing:
    """Where the content stands in the 28x28 frame.

    Attributes:
        longer_side_px: length of the content's longer side.
        by_mass: centre the mass of the light; else centre the bounding box.
    """

    longer_side_px: int
    by_mass: bool


# Measured on Fashion-MNIST's 10,000 test images: the longer side has a median of 28 px in every class and its box
# is centred to 0.3 px.
FASHION = Framing(28, by_mass=False)
DIGITS = Framing(20, by_mass=True)


def framing_for(class_names: Sequence[str]) -> Framing:
    """Return MNIST's framing if the classes are digits, Fashion-MNIST's otherwise."""
    return DIGITS if all(name.isdigit() for name in class_names) else FASHION


def detect_polarity(pixels: np.ndarray) -> Polarity:
    """Say whether a picture's content is lighter or darker than its surroundings.

    The border tells the surroundings (a plane through its brightness, so that a shadow across the page does no
    harm); if the picture as a whole is lighter than that, its content is light.

    Args:
        pixels: (h, w) uint8.
    """
    grey = _reduce(pixels)
    return _polarity(grey - _background(grey))


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
    _check(pixels)
    if pixels.shape == (ITEM_PX, ITEM_PX):
        dark = (polarity or detect_polarity(pixels)) == Polarity.DARK_ON_LIGHT
        item = 255 - pixels if dark else pixels
        return item if int(item.max()) - int(item.min()) >= _FAINTEST else None
    light = _light(pixels, polarity)
    content = _content(light)
    if not content.any():
        return None
    light = np.where(content, light, 0) * (255 / np.percentile(light[content], 99))
    light = light.clip(0, 255).astype(np.uint8)
    return frame(fill_closed(light) if fill else light, framing)


def frame(light: np.ndarray, framing: Framing = FASHION) -> np.ndarray:
    """Crop to what is not black, bring its longer side to the framing's and centre it.

    Args:
        light: (h, w) uint8, light on pure black, not blank.

    Returns:
        (28, 28) uint8.
    """
    rows, columns = np.nonzero(light.any(axis=1))[0], np.nonzero(light.any(axis=0))[0]
    box = light[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = framing.longer_side_px / max(box.shape)
    height, width = (max(1, round(side * scale)) for side in box.shape)
    small = np.asarray(Image.fromarray(box).resize((width, height), Image.Resampling.LANCZOS))
    item = np.zeros((ITEM_PX, ITEM_PX), np.uint8)
    top, left = (
        (ITEM_PX - height + 1) // 2,
        (ITEM_PX - width + 1) // 2,
    )  # odd remainders go above, as in the data
    if framing.by_mass and small.any():
        y, x = ndimage.center_of_mass(small)
        top = int(np.clip(round(ITEM_PX / 2 - 0.5 - y), 0, ITEM_PX - height))
        left = int(np.clip(round(ITEM_PX / 2 - 0.5 - x), 0, ITEM_PX - width))
    item[top : top + height, left : left + width] = small
    return item


def fill_closed(pixels: np.ndarray) -> np.ndarray:
    """Fill what light outlines enclose: (h, w) uint8, light on black -> the same.

    What is at least half as light as the lightest counts as outline. The picture's edge closes nothing.
    """
    outline = pixels >= max(1, int(pixels.max()) // 2)
    # One ring of black around, so that all of the outside is one region: the one of the corner.
    regions, _ = ndimage.label(np.pad(~outline, 1, constant_values=True))
    inside = (regions[1:-1, 1:-1] != regions[0, 0]) & ~outline
    return np.where(inside, np.uint8(255), pixels)


def _check(pixels: np.ndarray) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or min(pixels.shape) < 8:
        raise ImageError(
            f"Expected grey pixels (h, w) uint8 of at least 8x8. Received {pixels.dtype} of shape {pixels.shape}."
        )


def _reduce(pixels: np.ndarray) -> np.ndarray:
    """Bring the longer side to at most _WORK_PX by averaging: (h, w) uint8 -> (h', w') float32."""
    _check(pixels)
    scale = _WORK_PX / max(pixels.shape)
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in pixels.shape)
        pixels = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))
    return pixels.astype(np.float32)


def _border(grey: np.ndarray) -> np.ndarray:
    """Mark the outermost ring, a thirtieth of the shorter side thick: (h, w) bool."""
    thick = max(1, min(grey.shape) // 30)
    ring = np.ones(grey.shape, bool)
    ring[thick:-thick, thick:-thick] = False
    return ring


def _background(grey: np.ndarray) -> np.ndarray:
    """Return the brightness of the surroundings everywhere: a plane through the border, or its median if the
    border is no plane (an item cut off by the frame, a cluttered table)."""
    ring = _border(grey)
    y, x = np.nonzero(ring)
    values = grey[ring]
    median = np.median(values)
    near = np.abs(values - median) <= max(40.0, 2.5 * np.median(np.abs(values - median)))
    terms = np.column_stack([np.ones_like(values), x / grey.shape[1], y / grey.shape[0]])
    for _ in range(3):
        plane, *_ = np.linalg.lstsq(terms[near], values[near], rcond=None)
        residual = np.abs(values - terms @ plane)
        near = residual <= max(8.0, 2.5 * np.median(residual[near]))
        if near.mean() < 0.6:
            return np.full_like(grey, median)
    height, width = grey.shape
    return (plane[0] + plane[1] * np.arange(width) / width)[None, :] + (plane[2] * np.arange(height) / height)[:, None]


def _polarity(above_background: np.ndarray) -> Polarity:
    return Polarity.LIGHT_ON_DARK if above_background.mean() >= 0 else Polarity.DARK_ON_LIGHT


def _light(pixels: np.ndarray, polarity: Polarity | None) -> np.ndarray:
    """Return how far each pixel stands off its surroundings in the content's direction: (h', w') float32 from 0."""
    grey = _reduce(pixels)
    above = grey - _background(grey)
    sign = 1 if (polarity or _polarity(above)) == Polarity.LIGHT_ON_DARK else -1
    return (sign * above).clip(0, None)


def _content(light: np.ndarray) -> np.ndarray:
    """Mark what stands out from noise and is no dust: (h, w) bool."""
    soft = ndimage.gaussian_filter(light, max(light.shape) / _WORK_PX)
    noise = np.median(soft[_border(soft)])
    content = soft > max(_FAINTEST, 4 * noise, 0.12 * np.percentile(soft, 99.5))
    parts, n_parts = ndimage.label(content, structure=np.ones((3, 3)))
    if not n_parts:
        return content
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= max(2, _SPECK_FRACTION * sizes.max()))[parts]

"""A histogram of every pixel on one sheet, each at its pixel's place; and a sentence that says the same."""

import io

import numpy as np
from PIL import Image

from fmnist_core.figures.palette import NEUTRAL_COLOUR, TRAIN_COLOUR
from fmnist_core.pixels import LEVELS, PIXELS, SIDE

BAR_LEVELS = 8  # values to a bar
DECADES = 3  # the height is logarithmic, from a thousandth of the images to all of them
HEIGHT_PX, GAP_PX = 22, 4
MOSTLY = 0.99  # from this share of zeros on a pixel is called nearly always black
_BARS = LEVELS // BAR_LEVELS


def sheet_heights(counts: np.ndarray) -> np.ndarray:
    """Return how high each bar stands, (784, 256) counts of one number of images -> (784, 32) int64, 0..HEIGHT_PX.

    A bar that holds any image stands at least a pixel high.
    """
    bars = counts.reshape(PIXELS, _BARS, BAR_LEVELS).sum(axis=2, dtype=np.int64)
    shares = bars / max(counts[0].sum(), 1)
    with np.errstate(divide="ignore"):
        heights = HEIGHT_PX * (1 + np.log10(shares) / DECADES)
    return np.where(bars > 0, heights.clip(1, HEIGHT_PX).round(), 0).astype(np.int64)


def sheet_png(counts: np.ndarray) -> bytes:
    """Draw the 28 x 28 histograms, a bar a pixel wide, on grounds that stand off light pages and dark ones."""
    filled = np.arange(HEIGHT_PX, 0, -1)[:, np.newaxis] <= sheet_heights(counts)[:, np.newaxis]  # (784, height, bars)
    cells = np.zeros((SIDE, SIDE, HEIGHT_PX + GAP_PX, _BARS + GAP_PX), np.uint8)
    cells[:, :, :HEIGHT_PX, :_BARS] = 1 + filled.reshape(SIDE, SIDE, HEIGHT_PX, _BARS)
    sheet = cells.transpose(0, 2, 1, 3).reshape(SIDE * (HEIGHT_PX + GAP_PX), -1)[:-GAP_PX, :-GAP_PX]
    picture = Image.fromarray(sheet, mode="P")
    picture.putpalette([0, 0, 0, 0, *_rgb(NEUTRAL_COLOUR), 40, *_rgb(TRAIN_COLOUR), 255], "RGBA")
    stream = io.BytesIO()
    picture.save(stream, format="PNG", transparency=bytes([0, 40, 255]))
    return stream.getvalue()


def sheet_text(counts: np.ndarray) -> str:
    """Say what the sheet shows, and how many pixels tell little; counts (784, 256) of one number of images."""
    dark = int((counts[:, 0] >= MOSTLY * max(counts[0].sum(), 1)).sum())
    return (
        f"784 histograms, each at its pixel's place in the image: {dark} pixels are exactly 0 in {MOSTLY:.0%} of the "
        "images or more and tell a network little."
    )


def _rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]

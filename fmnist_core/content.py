"""What stands out in a picture: its surroundings, which way round it is, and where its content lies.

Arrays in, arrays out. xray.py makes the steps of a picture's preparation of these.
"""

from enum import StrEnum

import numpy as np
from PIL import Image
from scipy import ndimage

from fmnist_core.errors import ImageError

WORK_PX = 256  # pictures are reduced to this side first: enough for 28 px, and noise averages out
FAINTEST = 16.0  # of 255: content weaker than this is noise
_SPECK_FRACTION = 0.02  # of the largest part: smaller parts are dust


class Polarity(StrEnum):
    """Which way round a picture is."""

    LIGHT_ON_DARK = "light on dark"
    DARK_ON_LIGHT = "dark on light"


def detect_polarity(pixels: np.ndarray) -> Polarity:
    """Say whether a picture's content is lighter or darker than its surroundings.

    The border tells the surroundings (a plane through its brightness, so that a shadow across the page does no
    harm); if the picture as a whole is lighter than that, its content is light.

    Args:
        pixels: (h, w) uint8.
    """
    grey = reduce(pixels)
    return _polarity(grey - background(grey))


def fill_closed(pixels: np.ndarray) -> np.ndarray:
    """Fill what light outlines enclose: (h, w) uint8, light on black -> the same.

    What is at least half as light as the lightest counts as outline. The picture's edge closes nothing.
    """
    outline = pixels >= max(1, int(pixels.max()) // 2)
    # One ring of black around, so that all of the outside is one region: the one of the corner.
    regions, _ = ndimage.label(np.pad(~outline, 1, constant_values=True))
    inside = (regions[1:-1, 1:-1] != regions[0, 0]) & ~outline
    return np.where(inside, np.uint8(255), pixels)


def check_grey(pixels: np.ndarray) -> None:
    """Refuse what is no grey picture.

    Raises:
        ImageError: if `pixels` is not (h, w) uint8 of at least 8x8.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 2 or min(pixels.shape) < 8:
        raise ImageError(
            f"Expected grey pixels (h, w) uint8 of at least 8x8. Received {pixels.dtype} of shape {pixels.shape}."
        )


def reduce(pixels: np.ndarray) -> np.ndarray:
    """Bring the longer side to at most WORK_PX by averaging: (h, w) uint8 -> (h', w') float32."""
    check_grey(pixels)
    scale = WORK_PX / max(pixels.shape)
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


def background(grey: np.ndarray) -> np.ndarray:
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


def content_mask(light: np.ndarray) -> np.ndarray:
    """Mark what stands out from noise and is no dust: (h, w) bool."""
    soft = ndimage.gaussian_filter(light, max(light.shape) / WORK_PX)
    noise = np.median(soft[_border(soft)])
    content = soft > max(FAINTEST, 4 * noise, 0.12 * np.percentile(soft, 99.5))
    parts, n_parts = ndimage.label(content, structure=np.ones((3, 3)))
    if not n_parts:
        return content
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= max(2, _SPECK_FRACTION * sizes.max()))[parts]


def otsu_threshold(pixels: np.ndarray) -> int:
    """Return the value that divides an image into two most unlike parts: above it and not. (h, w) uint8, not uniform.

    Method: Otsu, A threshold selection method from gray-level histograms, 1979: the largest variance between classes.
    """
    counts = np.bincount(pixels.ravel(), minlength=256).astype(np.float64)
    below, first = counts.cumsum(), (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (first / below - (first[-1] - first) / above) ** 2
    return int(np.nanargmax(np.where(np.isfinite(between), between, -1.0)))

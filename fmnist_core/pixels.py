"""Statistics of pixels and of images: arrays in, numbers out.

Nearly all of it comes from one table: how often each value occurs at each pixel in each class. Tables add up, so any
choice of classes and sets is a sum, and mean, median and quantiles are exact, not sampled.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from PIL import Image

SIDE, PIXELS, LEVELS = 28, 784, 256
_values = np.arange(LEVELS, dtype=np.float64)
_powers = np.stack([_values, _values**2], axis=1)
BRIGHT = 128  # from here on a pixel is called bright: the upper half of the values
_BLOCK = 4096  # images at a time: the work of a block stays in the processor's cache
_COLUMNS = 56  # pixels at a time, for the same reason


def value_counts(images: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Count how often each value occurs at each pixel in each class.

    images: (n, 28, 28) uint8; labels: (n,) integers below n_classes. Returns (n_classes, 784, 256) uint32.
    """
    counts = np.empty((n_classes, PIXELS, LEVELS), dtype=np.uint32)
    flat = images.reshape(len(images), PIXELS)
    # All classes in one call, each in a range of its own: ten times as many calls take longer than counting.
    first = labels.astype(np.int64) * LEVELS
    for start in range(0, PIXELS, _COLUMNS):
        columns = np.ascontiguousarray(flat[:, start : start + _COLUMNS].T)
        for pixel, column in enumerate(columns, start):
            row = np.bincount(first + column, minlength=n_classes * LEVELS)
            counts[:, pixel] = row.reshape(n_classes, LEVELS)
    return counts


def total_counts(images: np.ndarray) -> np.ndarray:
    """Count how often each value occurs at each pixel, images (n, 28, 28) uint8: -> (784, 256) uint32.

    A third of the work of value_counts: Pillow counts the bands of an image, here four pixels side by side, as bytes.
    """
    words = np.ascontiguousarray(images.reshape(len(images), PIXELS).view(np.uint32).T)
    if not len(images):
        return np.zeros((PIXELS, LEVELS), np.uint32)
    strips = (Image.frombuffer("RGBA", (len(images), 1), four, "raw", "RGBA", 0, 1) for four in words)
    return np.array([array("I", strip.histogram()) for strip in strips], np.uint32).reshape(PIXELS, LEVELS)


def level_counts(images: np.ndarray) -> np.ndarray:
    """Count how often each value occurs in images, (n, 28, 28) uint8, all pixels together: -> (256,) int64."""
    if not len(images):
        return np.zeros(LEVELS, np.int64)
    # As in total_counts: four bands, for a counter that was just raised is waited for, and most pixels are 0.
    rows = np.ascontiguousarray(images)
    strip = Image.frombuffer("RGBA", (PIXELS // 4, len(rows)), rows, "raw", "RGBA", 0, 1)
    return np.array(strip.histogram(), np.int64).reshape(4, LEVELS).sum(axis=0)


def value_sums(images: np.ndarray, labels: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Count the images of each class and sum their pixels.

    images: (n, 28, 28) uint8; labels: (n,) integers below n_classes.
    Returns sizes (n_classes,) int64 and sums (n_classes, 784) float64 of whole numbers.
    """
    flat = images.reshape(len(images), PIXELS)
    sums = [flat[labels == label].sum(axis=0, dtype=np.uint64) for label in range(n_classes)]
    return np.bincount(labels, minlength=n_classes), np.array(sums, dtype=np.float64)


def means(counts: np.ndarray) -> np.ndarray:
    """Return the mean of each row of counts: (..., 256) -> (...) float64; NaN where nothing was counted."""
    return _divide(counts @ _values, counts.sum(axis=-1))


def deviations(counts: np.ndarray) -> np.ndarray:
    """Return the sample standard deviation (n - 1, as pandas) of each row of counts: (..., 256) -> (...) float64."""
    n = counts.sum(axis=-1, dtype=np.float64)
    totals, squares = np.moveaxis(counts @ _powers, -1, 0)
    # Whole numbers, in double precision exact up to 300,000 images: nothing is lost in the difference.
    return np.sqrt(_divide(n * squares - totals**2, n * np.maximum(n - 1, 0)))


def zero_shares(counts: np.ndarray) -> np.ndarray:
    """Return the share of zeros of each row of counts: (..., 256) -> (...) float64 in 0..1."""
    return _divide(counts[..., 0], counts.sum(axis=-1))


def quantiles(counts: np.ndarray, share: float) -> np.ndarray:
    """Return a quantile of each row of counts, (..., 256) -> (...) float64, with numpy's linear interpolation."""
    running = counts.cumsum(axis=-1, dtype=np.uint32)  # half as wide as usual, and compared five times as fast
    n = running[..., -1].astype(np.int64)
    last = np.maximum(n - 1, 0)
    place = last * share
    low = place.astype(np.uint32)
    high = np.minimum(low + 1, last).astype(np.uint32)
    first, second = (np.count_nonzero(running <= rank[..., np.newaxis], axis=-1) for rank in (low, high))
    return np.where(n > 0, first + (second - first) * (place - low), np.nan)


def describe(counts: np.ndarray, names: tuple[str, ...]) -> pd.DataFrame:
    """Describe each row of counts, (k, 256), as pandas' describe does, with the share of zeros."""
    seen = counts > 0
    smallest, largest = seen.argmax(axis=-1).astype(float), (LEVELS - 1.0 - seen[:, ::-1].argmax(axis=-1))
    empty = ~seen.any(axis=-1)
    columns = {
        "count": counts.sum(axis=-1), "mean": means(counts), "std": deviations(counts),
        "min": np.where(empty, np.nan, smallest), "25%": quantiles(counts, 0.25), "50%": quantiles(counts, 0.5),
        "75%": quantiles(counts, 0.75), "max": np.where(empty, np.nan, largest), "zeros": zero_shares(counts),
    }  # fmt: skip
    return pd.DataFrame(columns, index=list(names))


PICTURES = MappingProxyType(
    {
        "mean": means,
        "median": lambda counts: quantiles(counts, 0.5),
        "std": deviations,
        "zeros": lambda counts: 100 * zero_shares(counts),
    }
)


def picture(counts: np.ndarray, statistic: str) -> np.ndarray:
    """Return a statistic of each pixel: (784, 256) counts -> (28, 28) float64; zeros is in percent."""
    return PICTURES[statistic](counts).reshape(SIDE, SIDE)


@dataclass(frozen=True)
class Measure:
    """One number per image: its title, its unit, and what exactly it is."""

    title: str
    unit: str
    definition: str


MEASURES = MappingProxyType(
    {
        "ink": Measure("Ink", "mean value, 0 to 255", "Mean of all 784 pixels: how much of the picture is filled."),
        "nonzero_mean": Measure(
            "Brightness of what is drawn", "mean value, 1 to 255", "Mean of the pixels above 0. A blank image has none."
        ),
        "symmetry": Measure(
            "Left-right symmetry", "share, 0 to 1",
            "1 - sum |pixel - mirrored pixel| / (2 x sum of pixels): 1 is its own mirror image, 0 has nothing in "
            "common with it. The mirror stands in the middle of the picture. A blank image has none.",
        ),
        "height": Measure("Height", "pixels, 0 to 28", "Rows of the smallest box that holds every pixel above 0."),
        "width": Measure("Width", "pixels, 0 to 28", "Columns of the smallest box that holds every pixel above 0."),
        "area": Measure("Area of the box", "pixels, 0 to 784", "Height times width of the smallest box."),
    }
)  # fmt: skip


def measure(images: np.ndarray) -> dict[str, np.ndarray]:
    """Measure each image: (n, 28, 28) uint8 -> the names in MEASURES, each (n,) float32."""
    blocks = [_measure_block(images[start : start + _BLOCK]) for start in range(0, len(images), _BLOCK)]
    return {name: np.concatenate([block[name] for block in blocks]) if blocks else np.zeros(0, np.float32)
            for name in MEASURES}  # fmt: skip


def _measure_block(images: np.ndarray) -> dict[str, np.ndarray]:
    on = images > 0
    total = images.sum(axis=(1, 2), dtype=np.float64)
    left, mirrored = images[:, :, : SIDE // 2], images[:, :, : SIDE // 2 - 1 : -1]
    apart = (np.maximum(left, mirrored) - np.minimum(left, mirrored)).sum(axis=(1, 2), dtype=np.float64)
    height, width = _extent(on.any(axis=2)), _extent(on.any(axis=1))
    values = {
        "ink": total / PIXELS, "nonzero_mean": _divide(total, on.sum(axis=(1, 2))),
        # Both halves differ from their mirror alike, so the factors of 2 cancel.
        "symmetry": 1 - _divide(apart, total), "height": height, "width": width, "area": height * width,
    }  # fmt: skip
    return {name: value.astype(np.float32) for name, value in values.items()}


def _extent(lines: np.ndarray) -> np.ndarray:
    """Count lines from the first to the last that is set: (n, 28) bool -> (n,) int64."""
    extent = SIDE - lines.argmax(axis=1) - lines[:, ::-1].argmax(axis=1)
    return np.where(lines.any(axis=1), extent, 0)


@dataclass(frozen=True, eq=False)
class Boxes:
    """What a box plot shows, one row per group.

    frame: q1, median, q3, low and high (the last values within 1.5 times the box of its ends), count, below and above
        (numbers of outliers), indexed by group name.
    outliers: one (m,) int64 array of positions per group, in ascending order of value.
    """

    frame: pd.DataFrame
    outliers: Mapping[str, np.ndarray]

    @property
    def outlier_count(self) -> int:
        """Outliers of all groups."""
        return int(self.frame[["below", "above"]].to_numpy().sum())


def boxes(values: np.ndarray, labels: np.ndarray, names: Mapping[int, str]) -> Boxes:
    """Compute Tukey's box plot of each named label; values that are NaN count nowhere.

    values: (n,) float; labels: (n,) integers. Quartiles by linear interpolation, fences 1.5 box lengths away.
    """
    rows, outliers = {}, {}
    for label, name in names.items():
        positions = np.flatnonzero((labels == label) & ~np.isnan(values))
        order = positions[np.argsort(values[positions], kind="stable")]
        rows[name], outliers[name] = _box(values[order].astype(np.float64), order)
    return Boxes(pd.DataFrame.from_dict(rows, orient="index", columns=list(_BOX_COLUMNS)), outliers)


_BOX_COLUMNS = ("q1", "median", "q3", "low", "high", "count", "below", "above")


def _box(ordered: np.ndarray, positions: np.ndarray) -> tuple[tuple, np.ndarray]:
    if not len(ordered):
        return (np.nan,) * 5 + (0, 0, 0), positions
    q1, median, q3 = np.quantile(ordered, (0.25, 0.5, 0.75))
    reach = 1.5 * (q3 - q1)
    start, end = np.searchsorted(ordered, q1 - reach), np.searchsorted(ordered, q3 + reach, side="right")
    row = (q1, median, q3, ordered[start], ordered[end - 1], len(ordered), start, len(ordered) - end)
    return row, np.concatenate([positions[:start], positions[end:]])


def count_boxes(counts: np.ndarray, names: tuple[str, ...]) -> pd.DataFrame:
    """Compute the frame of Boxes from counts, (k, 256): one row per name."""
    q1, median, q3 = (quantiles(counts, share) for share in (0.25, 0.5, 0.75))
    reach = 1.5 * (q3 - q1)
    inside = (q1 - reach)[:, np.newaxis] <= _values
    inside &= (q3 + reach)[:, np.newaxis] >= _values
    kept = inside & (counts > 0)
    below = (counts * (_values < (q1 - reach)[:, np.newaxis])).sum(axis=1)
    above = (counts * (_values > (q3 + reach)[:, np.newaxis])).sum(axis=1)
    empty = ~kept.any(axis=1)
    low = np.where(empty, np.nan, kept.argmax(axis=1))
    high = np.where(empty, np.nan, LEVELS - 1.0 - kept[:, ::-1].argmax(axis=1))
    columns = (q1, median, q3, low, high, counts.sum(axis=1), below, above)
    return pd.DataFrame(dict(zip(_BOX_COLUMNS, columns, strict=True)), index=list(names))


def extremes(picture_values: np.ndarray, count: int = 5) -> pd.DataFrame:
    """List the pixels furthest from 0: (28, 28) -> frame with row, column and value, the furthest first."""
    flat = np.nan_to_num(picture_values.ravel())
    order = np.argsort(-np.abs(flat), kind="stable")[:count]
    return pd.DataFrame({"row": order // SIDE, "column": order % SIDE, "value": flat[order]})


def draw(mask: np.ndarray, seed: int, count: int) -> np.ndarray:
    """Draw at most count positions where mask, (n,) bool, is set; the same seed draws the same ones."""
    positions = np.flatnonzero(mask)
    if len(positions) > count:
        positions = np.random.default_rng(seed).choice(positions, count, replace=False)
    return positions


def nearest(values: np.ndarray, labels: np.ndarray, label: int, value: float, count: int) -> np.ndarray:
    """Return the positions of one class whose values lie nearest to a value, in ascending order of values.

    values: (n,) float, NaN never taken; labels: (n,) integers. Returns at most count, int64.
    """
    positions = np.flatnonzero((labels == label) & ~np.isnan(values))
    order = np.argsort(np.abs(values[positions] - value), kind="stable")[:count]
    taken = positions[order]
    return taken[np.argsort(values[taken], kind="stable")]


def composition(labels: np.ndarray, names: tuple[str, ...], count: int = 3) -> str:
    """Name the commonest classes of some images with their shares: "Coat 31%, Pullover 28%, Shirt 15%"."""
    sizes = np.bincount(labels, minlength=len(names))
    order = np.argsort(-sizes, kind="stable")[:count]
    return ", ".join(f"{names[label]} {sizes[label] / sizes.sum():.0%}" for label in order if sizes[label])


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide; NaN where the denominator is 0."""
    result = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=result, where=np.asarray(denominator) > 0)

"""Sums over the images of a selection: what correlations, principal components and counts are made of.

Sums add up. Those of each class and set are computed once and lie on disk, so a choice of classes adds some of them.
A condition on a pixel is not known beforehand; sums are then made over the images that fulfil it, or a sample of them,
or, by `conditioned`, over those that do not, where these are fewer.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fmnist_core.correlation import Sums
from fmnist_core.datasets import Dataset
from fmnist_core.memory import remembered
from fmnist_core.pixels import LEVELS, level_counts, total_counts, value_counts, value_sums
from fmnist_core.products import product_sums, products_of
from fmnist_core.selection import Selection, Subset

# One array, or a few that are added one by one.
Arrays = tuple[np.ndarray, ...]


def splits_of(selection: Selection) -> tuple[str, ...]:
    """Return train, test or both, as a tuple."""
    return ("train", "test") if selection.split == "both" else (selection.split,)


def part(dataset: Dataset, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels of one set."""
    return (dataset.x_test, dataset.y_test) if split == "test" else (dataset.x_train, dataset.y_train)


def sums_of(dataset: Dataset, selection: Selection, most: int | None = None) -> Sums:
    """Return what correlations and principal components of the selected images are computed from.

    most: with a condition on a pixel, no more images than that, drawn at random, always the same; None for all. Sums of
    classes and sets lie on disk and are always of all.
    """
    if selection.pixel is None:
        return Sums(*_stored_sums(dataset, selection))
    subset = selection.take(dataset)
    rows = subset.drawn(most)
    images = subset.pick(rows)
    return Sums(*value_sums(images, subset.labels[rows], len(dataset.class_names)), products_of(images))


def counts_of(dataset: Dataset, selection: Selection, most: int | None = None) -> np.ndarray:
    """Return how often each value occurs at each pixel in each class, (classes, 784, 256) integers.

    Classes that are not selected are 0. most: as in sums_of.
    """
    if most is not None and selection.pixel is not None:
        subset = selection.take(dataset)
        if len(subset) > most:
            rows = subset.drawn(most)
            return value_counts(subset.pick(rows), subset.labels[rows], len(dataset.class_names))
    (counts,) = conditioned(
        dataset,
        selection,
        whole=lambda classes: (_stored_counts(dataset, classes),),
        over=lambda subset: (value_counts(subset.images, subset.labels, len(dataset.class_names)),),
    )
    return counts


def totals_of(dataset: Dataset, selection: Selection) -> np.ndarray:
    """Return counts_of summed over the classes, (784, 256) integers, for less work under a condition on a pixel."""
    (counts,) = conditioned(
        dataset,
        selection,
        whole=lambda classes: (_stored_counts(dataset, classes).sum(axis=0, dtype=np.uint32),),
        over=lambda subset: (sum(map(total_counts, subset.blocks())),),
    )
    return counts


def class_totals_of(dataset: Dataset, selection: Selection) -> np.ndarray:
    """Return counts_of summed over the pixels, (classes, 256) int64, for less work under a condition on a pixel."""
    classes = range(len(dataset.class_names))
    (counts,) = conditioned(
        dataset,
        selection,
        whole=lambda chosen: (_stored_counts(dataset, chosen).sum(axis=1, dtype=np.int64),),
        over=lambda subset: (
            np.stack([level_counts(subset.pick(np.flatnonzero(subset.labels == label))) for label in classes]),
        ),
    )
    return counts


def counts_at(dataset: Dataset, selection: Selection, pixel: int) -> np.ndarray:
    """Return counts_of at one pixel, row * 28 + column: (classes, 256) int64."""
    subset, classes = selection.take(dataset), len(dataset.class_names)
    places = subset.labels.astype(np.int64) * LEVELS + subset.pixel(pixel)
    return np.bincount(places, minlength=classes * LEVELS).reshape(classes, LEVELS)


def conditioned(
    dataset: Dataset, selection: Selection, *, whole: Callable[[Selection], Arrays], over: Callable[[Subset], Arrays]
) -> Arrays:
    """Return arrays that add up, for a selection that may have a condition on a pixel, at the least expense.

    whole: the arrays of a selection without a condition, which is cheap. over: of some images, which is not; these are
    its own, for the result may be put in their place.
    """
    if selection.pixel is None:
        return whole(selection)
    everything = replace(selection, pixel=None, minimum=0, maximum=255)
    if 2 * selection.count(dataset) <= everything.count(dataset):
        return over(selection.take(dataset))
    result = whole(everything)
    for rest in selection.left_out():
        parts = zip(result, over(rest.take(dataset)), strict=True)
        result = tuple(np.subtract(all_, some, out=some) for all_, some in parts)
    return result


def _stored_counts(dataset: Dataset, selection: Selection) -> np.ndarray:
    parts = [_split_counts(dataset, split) for split in splits_of(selection)]
    counts = parts[0] if len(parts) == 1 else parts[0] + parts[1]
    if not selection.labels:
        return counts
    kept = np.zeros(counts.shape, counts.dtype)
    labels = list(selection.labels)
    kept[labels] = counts[labels]
    return kept


def _split_counts(dataset: Dataset, split: str) -> np.ndarray:
    images, labels = part(dataset, split)
    return remembered(
        dataset.sha256, "pixel-values", 1,
        lambda: {"counts": value_counts(images, labels, len(dataset.class_names))}, split=split,
    )["counts"]  # fmt: skip


def _stored_sums(dataset: Dataset, selection: Selection) -> Arrays:
    kept = np.zeros(len(dataset.class_names), bool)
    kept[list(selection.labels) or slice(None)] = True
    sizes, sums, products = 0, 0.0, 0.0
    for split in splits_of(selection):
        stored = _stored(dataset, split)
        sizes = sizes + np.where(kept, stored["sizes"], 0)
        sums = sums + np.where(kept[:, np.newaxis], stored["sums"], 0.0)
        products = products + (stored["total"] if kept.all() else stored["products"][kept].sum(axis=0, dtype=float))
    return sizes, sums, products


def _stored(dataset: Dataset, split: str) -> dict[str, np.ndarray]:
    images, labels = part(dataset, split)

    def compute() -> dict[str, np.ndarray]:
        if split == "train":  # whoever looks at it looks at the other next, which has a sixth of the images
            _stored(dataset, "test")
        sizes, sums = value_sums(images, labels, len(dataset.class_names))
        products = product_sums(images, labels, len(dataset.class_names))
        total = products.sum(axis=0, dtype=np.float64)
        return {"sizes": sizes, "sums": sums, "products": products, "total": total}

    return remembered(dataset.sha256, "pixel-products", 4, compute, split=split)

"""Quality: can these data be trusted? All follows from what is computed once per data set and kept on disk."""

from dataclasses import replace

import numpy as np

from fmnist_core import correlation
from fmnist_core.datasets import Dataset
from fmnist_core.memory import remembered
from fmnist_core.places import WORDS, all_labels
from fmnist_core.quality import columns, outliers
from fmnist_core.quality.copies import Pairs, find_copies, pairs_of_copies
from fmnist_core.selection import Selection
from fmnist_core.sums import splits_of, sums_of, totals_of

__all__ = ["column_counts", "exact_copies", "outlier_measures", "pixel_correlations"]


def column_counts(dataset: Dataset, selection: Selection) -> dict[str, np.ndarray]:
    """Return columns.table_counts, (785, 256) int64, of the selected images: by set, of those that have any."""
    counts = {}
    for word, one in _by_set(selection).items():
        sizes = np.bincount(one.take(dataset).labels, minlength=len(dataset.class_names))
        if sizes.any():
            counts[word] = columns.table_counts(sizes, totals_of(dataset, one))
    return counts


def pixel_correlations(dataset: Dataset, selection: Selection, most: int | None = None) -> dict[str, np.ndarray]:
    """Return the correlation of every two pixels, (784, 784) float64, NaN if constant, by set; most: see sums_of."""
    sums = {word: sums_of(dataset, one, most) for word, one in _by_set(selection).items()}
    return {word: correlation.correlations(one) for word, one in sums.items() if one.count}


def _by_set(selection: Selection) -> dict[str, Selection]:
    return {WORDS[split].lower(): replace(selection, split=split) for split in splits_of(selection)}


def exact_copies(dataset: Dataset) -> Pairs:
    """Return the pairs of images that agree in every pixel, over both splits."""
    copies = remembered(dataset.sha256, "quality-copies", 1, lambda: find_copies(dataset.x_train, dataset.x_test))
    return pairs_of_copies(copies, all_labels(dataset), len(dataset.y_train))


def outlier_measures(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return outliers.measure of all images, training first."""
    return remembered(
        dataset.sha256, "quality-outliers", 1,
        lambda: outliers.measure(*dataset.arrays, len(dataset.class_names)),
    )  # fmt: skip

"""Quality: can these data be trusted? Everything computed once per data set and kept on disk by its hash."""

import numpy as np

from fmnist_core import correlation
from fmnist_core.datasets import Dataset
from fmnist_core.memory import remembered
from fmnist_core.places import all_labels
from fmnist_core.quality import outliers
from fmnist_core.quality.columns import count_values
from fmnist_core.quality.copies import Pairs, find_copies, pairs_of_copies
from fmnist_core.selection import Selection
from fmnist_core.sums import sums_of

__all__ = ["column_counts", "exact_copies", "outlier_measures", "pixel_correlation"]


def column_counts(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return columns.count_values of each split: train and test, (785, 256) int64."""
    return remembered(
        dataset.sha256, "quality-columns", 1,
        lambda: {
            "train": count_values(dataset.x_train, dataset.y_train),
            "test": count_values(dataset.x_test, dataset.y_test),
        },
    )  # fmt: skip


def exact_copies(dataset: Dataset) -> Pairs:
    """Return the pairs of images that agree in every pixel, over both splits."""
    copies = remembered(dataset.sha256, "quality-copies", 1, lambda: find_copies(dataset.x_train, dataset.x_test))
    return pairs_of_copies(copies, all_labels(dataset), len(dataset.y_train))


def pixel_correlation(dataset: Dataset) -> np.ndarray:
    """Return the correlation of every two pixels over the training set: (784, 784) float64, NaN if constant."""

    def compute() -> dict[str, np.ndarray]:
        return {"matrix": correlation.correlations(sums_of(dataset, Selection("train")))}

    return remembered(dataset.sha256, "quality-correlation", 1, compute)["matrix"]


def outlier_measures(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return outliers.measure of all images, training first."""
    return remembered(
        dataset.sha256, "quality-outliers", 1,
        lambda: outliers.measure(*dataset.arrays, len(dataset.class_names)),
    )  # fmt: skip

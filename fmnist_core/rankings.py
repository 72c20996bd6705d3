"""Rankings: in which order images are shown, and how many of each class."""

import numpy as np

from fmnist_core.datasets import Dataset
from fmnist_core.memory import remembered
from fmnist_core.neighbours import distances


def typicality(dataset: Dataset) -> np.ndarray:
    """Return the distance of each image to the mean training image of its class: (n,) float32, training before test.

    Euclidean, pixels in 0..1. A small one is typical of its class, a large one unusual. Remembered on disk.
    """

    def compute() -> dict[str, np.ndarray]:
        out = np.empty(len(dataset.y_train) + len(dataset.y_test), np.float32)
        labels = np.concatenate([dataset.y_train, dataset.y_test])
        for label in np.unique(labels):
            own = dataset.x_train[dataset.y_train == label]
            centre = own.mean(axis=0) if len(own) else dataset.x_test[dataset.y_test == label].mean(axis=0)
            parts = [distances(own, centre)] if len(own) else []
            parts.append(distances(dataset.x_test[dataset.y_test == label], centre))
            out[labels == label] = np.concatenate(parts)
        return {"distance": out}

    return remembered(dataset.sha256, "typicality", 1, compute)["distance"]


def shuffled(count: int, seed: int) -> np.ndarray:
    """Return the positions 0..count-1 in a random order, the same for the same seed."""
    return np.random.default_rng(seed).permutation(count)


def first_of_each(order: np.ndarray, labels: np.ndarray, per_class: int, n_classes: int) -> list[np.ndarray]:
    """Return for each class the first positions of an order that bear its label; none where there is no such image."""
    ordered = labels[order]
    return [order[ordered == label][:per_class] for label in range(n_classes)]

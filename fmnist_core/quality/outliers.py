"""Images unlike the rest of their class, by two stated measures and a robust z-score.

distance: root mean square difference to the mean training image of its class, in grey levels; only far counts.
ink: mean of all pixels, in grey levels; too much and too little both count.

z = (value - median) / (1.4826 * MAD), median and MAD (median absolute deviation) over the training images of the
class. Above 3.5 is the usual mark: Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993.
"""

import numpy as np
import pandas as pd

THRESHOLD = 3.5
# Makes the MAD of normal data equal to its standard deviation.
_MAD_TO_STD = 1.4826
_BLOCK = 1024


def measure(
    x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, n_classes: int
) -> dict[str, np.ndarray]:
    """Measure every image, training first: images (n, 28, 28) uint8, labels (n,) uint8.

    Returns distance, ink, distance_z, ink_z: (n_train + n_test,) float32 each.
    """
    means = class_means(x_train, y_train, n_classes)
    parts = [_measure(x_train, y_train, means), _measure(x_test, y_test, means)]
    distance, ink = np.concatenate(parts, axis=1)
    labels = np.concatenate([y_train, y_test])
    return {
        "distance": distance, "ink": ink,
        "distance_z": _robust_z(distance, labels, len(y_train), n_classes),
        "ink_z": _robust_z(ink, labels, len(y_train), n_classes),
    }  # fmt: skip


def class_means(images: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return the mean image of each class as a row: (n_classes, 784) float64, zeros for an empty class."""
    rows = images.reshape(len(images), -1)
    sums = np.stack([rows[labels == label].sum(axis=0, dtype=np.uint64) for label in range(n_classes)])
    return sums / np.maximum(np.bincount(labels, minlength=n_classes), 1)[:, np.newaxis]


def _measure(images: np.ndarray, labels: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Return distance to the own class's mean and ink: (2, n) float32."""
    rows = images.reshape(len(images), -1)
    result = np.empty((2, len(rows)), np.float32)
    # One buffer for all blocks: new memory for each would cost most of the time.
    buffer = np.empty((_BLOCK, rows.shape[1]), np.float32)
    for label, mean in enumerate(means.astype(np.float32)):
        own = np.flatnonzero(labels == label)
        for start in range(0, len(own), _BLOCK):
            places = own[start : start + _BLOCK]
            block = np.subtract(rows[places], mean, out=buffer[: len(places)])
            result[0, places] = np.sqrt(np.einsum("ij,ij->i", block, block) / rows.shape[1])
            result[1, places] = block.mean(axis=1) + mean.mean()
    return result


def _robust_z(values: np.ndarray, labels: np.ndarray, n_train: int, n_classes: int) -> np.ndarray:
    scores = np.zeros(len(values), np.float32)
    for label in range(n_classes):
        own = labels == label
        reference = values[:n_train][own[:n_train]]
        if len(reference):
            middle = np.median(reference)
            spread = _MAD_TO_STD * np.median(np.abs(reference - middle))
            scores[own] = (values[own] - middle) / spread if spread else 0.0
    return scores


def outlier_table(measures: dict[str, np.ndarray], labels: np.ndarray, n_train: int, threshold: float) -> pd.DataFrame:
    """List images beyond a robust z-score in either measure, strongest first.

    Returns place, split, index, label, measure (distance or ink), z, distance, ink.
    """
    far, inked = measures["distance_z"], measures["ink_z"]
    places = np.flatnonzero((far > threshold) | (np.abs(inked) > threshold))
    by_ink = np.abs(inked[places]) > far[places]
    z = np.where(by_ink, inked[places], far[places])
    order = np.argsort(-np.abs(z), kind="stable")
    places, by_ink, z = places[order], by_ink[order], z[order]
    of_test = places >= n_train
    return pd.DataFrame({
        "place": places, "split": np.where(of_test, "test", "training"), "index": places - of_test * n_train,
        "label": labels[places], "measure": np.where(by_ink, "ink", "distance"), "z": z,
        "distance": measures["distance"][places], "ink": measures["ink"][places],
    })  # fmt: skip

"""Test images that say little about skill: near-copies of training images, and labels that are probably wrong."""

import numpy as np
import pandas as pd

from fmnist_core.evaluation import Evaluation
from fmnist_core.neighbours import Neighbours
from fmnist_core.suspects import suspects

GREY_LEVELS = 255 / 28  # from Euclidean distance of pixels in 0..1 to root mean square difference in grey levels
NEAR = 10.0  # grey levels, the threshold of the Quality page
K = 10  # neighbours that must all bear one other label


def near_copies(found: Neighbours, n_train: int, threshold: float = NEAR) -> np.ndarray:
    """Say of each test image whether a training image lies within a distance in grey levels: -> (n_test,) bool."""
    close = (found.distance * np.float32(GREY_LEVELS) <= threshold) & (found.index < n_train)
    return close[n_train:].any(axis=1)


def suspect_labels(found: Neighbours, labels: np.ndarray, n_train: int, n_classes: int) -> np.ndarray:
    """Say of each test image whether its ten nearest images all bear one other label: -> (n_test,) bool.

    labels: (n,) integers of training, then test images.
    """
    nearest = Neighbours(found.index[:, :K], found.distance[:, :K])
    return suspects(labels, nearest, n_classes).doubt[n_train:] > 1 - 1e-6


def scores_without(evaluation: Evaluation, near: np.ndarray, suspect: np.ndarray) -> pd.DataFrame:
    """Return the accuracy on all test images and without some: images, accuracy, low, high (95 %, Wilson), 0..1.

    near, suspect: (n,) bool. A row is left out where nothing would remain.
    """
    kept = {
        "All test images": np.ones(len(near), bool), "Without near-copies of training images": ~near,
        "Without suspect labels": ~suspect, "Without both": ~near & ~suspect,
    }  # fmt: skip
    rows = {}
    for name, mask in kept.items():
        if mask.any():
            part = evaluation.subset(mask)
            rows[name] = (int(mask.sum()), part.accuracy, *part.accuracy_interval())
    return pd.DataFrame.from_dict(rows, orient="index", columns=["images", "accuracy", "low", "high"])


def scores_text(scores: pd.DataFrame) -> str:
    """Say what the near-copies and the suspect labels do to the accuracy; scores: of scores_without."""
    whole = scores.iloc[0]
    words = []
    for name in ("Without near-copies of training images", "Without suspect labels"):
        if name in scores.index:
            row, what = scores.loc[name], name.split(maxsplit=1)[1].capitalize()
            gone = int(whole["images"] - row["images"])
            gift = 100 * (whole["accuracy"] - row["accuracy"])  # what these images add to the score, in points
            words.append(
                f"{what} {'flatter' if gift > 0 else 'lower'} the score by {abs(gift):.2f} points "
                f"({gone:,} of {int(whole['images']):,} images)."
                if gone
                else f"{what}: none among the test images."
            )
    return " ".join(words)

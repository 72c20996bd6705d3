"""Label suspects: images whose nearest neighbours bear another label.

Method: the ten nearest images of both splits vote for their own labels, with weight 1 / squared distance. Doubt is the
share of the vote for the strongest other class less the share for the image's own label: 1 if all neighbours agree on
one other class, 0 for a draw, negative if the label is confirmed. This is the weighted k nearest neighbour rule used as
an editing rule (Wilson 1972, Dudani 1976).

A shirt among T-shirts is no surprise, a sandal among bags is. So doubt is multiplied by the surprise: -log2 of the
share, among all images whose neighbours favour that class, of those that bear this label. With 50 of 5,000 labels
flipped at random, half of the first 50 suspects are flipped ones, and 70 % of them are among the first 100; by doubt
alone a third and half (tests/test_suspects.py). What is found are wrong labels, and images between two classes; a
person tells them apart.
"""

from dataclasses import dataclass

import numpy as np

from fmnist_core.neighbours import Neighbours

_NEAREST = 1e-3  # an equal image votes with a large weight, not an infinite one


@dataclass(frozen=True, eq=False)
class Suspects:
    """All images, judged by their neighbours.

    doubt: (n,) float32, -1 to 1.
    suspicion: (n,) float32, doubt times surprise in bits; where there is no doubt, doubt.
    suggestion: (n,) uint8, the strongest class other than the label.
    votes: (n, classes) float32, rows sum to 1: share of the vote for each class.
    order: (n,) int64, positions, most suspect first; of equal ones, those with nearer neighbours.
    """

    doubt: np.ndarray
    suspicion: np.ndarray
    suggestion: np.ndarray
    votes: np.ndarray
    order: np.ndarray


def suspects(labels: np.ndarray, found: Neighbours, n_classes: int) -> Suspects:
    """Judge every label, (n,) integers, by the neighbours of its image; all arrays in the order of the labels."""
    rows = np.arange(len(labels))
    weight = 1 / np.maximum(found.distance, _NEAREST).astype(np.float64) ** 2
    cells = rows[:, np.newaxis] * n_classes + labels[found.index]
    votes = np.bincount(cells.ravel(), weight.ravel(), len(labels) * n_classes).reshape(-1, n_classes)
    votes /= votes.sum(axis=1, keepdims=True)
    own = votes[rows, labels]
    suggestion = strongest_other(votes, labels)
    doubt = votes[rows, suggestion] - own
    favoured = np.where(doubt > 0, suggestion, labels)
    suspicion = doubt * np.where(doubt > 0, _surprise(favoured, labels, n_classes), 1)
    # Rounded, so that equal votes are equal and not ordered by the last bit.
    order = np.lexsort((found.distance.mean(axis=1), -suspicion.round(6)))
    return Suspects(
        doubt.astype(np.float32), suspicion.astype(np.float32), suggestion.astype(np.uint8),
        votes.astype(np.float32), order,
    )  # fmt: skip


def strongest_other(shares: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the class other than the label with the largest share: (n,) int64, of (n, classes) floats >= 0."""
    others = shares.copy()
    others[np.arange(len(labels)), labels] = -1
    return others.argmax(axis=1)


def _surprise(favoured: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return -log2 of the share of images with this favoured class that bear this label, one added to each count."""
    counts = np.bincount(favoured * n_classes + labels, minlength=n_classes**2).reshape(n_classes, n_classes) + 1.0
    return -np.log2(counts / counts.sum(axis=1, keepdims=True))[favoured, labels]

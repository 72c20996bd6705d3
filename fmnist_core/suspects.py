"""Label suspects: images whose nearest neighbours bear another label.

Method: the ten nearest images of both splits vote for their own labels, with weight 1 / squared distance. Suspicion is
the share of the vote for the strongest other class less the share for the image's own label: 1 if all neighbours agree
on one other class, 0 for a draw, negative if the label is confirmed. Equal suspicions, such as unanimous votes, are
ordered by the mean distance of the neighbours: the nearer they are, the more they know. This is the weighted k nearest
neighbour rule used as an editing rule (Wilson 1972, Dudani 1976). It finds labels that are wrong, and images that lie
on the border of two classes; a person tells the two apart.
"""

from dataclasses import dataclass

import numpy as np

from fmnist_core.neighbours import Neighbours

_NEAREST = 1e-3  # an equal image votes with a large weight, not an infinite one


@dataclass(frozen=True, eq=False)
class Suspects:
    """All images, judged by their neighbours.

    suspicion: (n,) float32, -1 to 1.
    suggestion: (n,) uint8, the strongest class other than the label.
    support: (n,) float32, share of the vote for the suggestion, 0..1.
    order: (n,) int64, positions, most suspect first.
    """

    suspicion: np.ndarray
    suggestion: np.ndarray
    support: np.ndarray
    order: np.ndarray


def suspects(labels: np.ndarray, found: Neighbours, n_classes: int) -> Suspects:
    """Judge every label, (n,) integers, by the neighbours of its image; all arrays in the order of the labels."""
    rows = np.arange(len(labels))
    weight = 1 / np.maximum(found.distance, _NEAREST).astype(np.float64) ** 2
    cells = rows[:, np.newaxis] * n_classes + labels[found.index]
    votes = np.bincount(cells.ravel(), weight.ravel(), len(labels) * n_classes).reshape(-1, n_classes)
    votes /= votes.sum(axis=1, keepdims=True)
    own = votes[rows, labels].copy()
    votes[rows, labels] = -1
    suggestion = votes.argmax(axis=1)
    support = votes[rows, suggestion]
    suspicion = (support - own).astype(np.float32)
    # Rounded, so that unanimous votes are equal and not ordered by the last bit.
    order = np.lexsort((found.distance.mean(axis=1), -suspicion.round(6)))
    return Suspects(suspicion, suggestion.astype(np.uint8), support.astype(np.float32), order)

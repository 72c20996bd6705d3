"""The map of answers: every image at the mean of the classes' places, weighted by its probabilities.

The classes stand around a circle and stay there, so all that moves through training is what the network answers. An
image at a class' place is sure of it, one between two places hesitates between them, and one in the middle knows
nothing. Classes that are taken for each other stand side by side, so that hesitation shows at the rim and not across.

A projection of the pixels would stand still: it knows nothing of the network. One of the last hidden layer would turn
and stretch from epoch to epoch, because its axes mean nothing; and it would need features of every epoch.
"""

import numpy as np

LEVELS = 255  # a place is kept in a byte: half a pixel on a map of 500


def overlap(probabilities: np.ndarray) -> np.ndarray:
    """Return how much classes are probable at once: (n, classes) -> (classes, classes) float64, 0 on the diagonal."""
    alike = (probabilities.T @ probabilities).astype(np.float64)
    np.fill_diagonal(alike, 0)
    return alike


def circle_order(alike: np.ndarray) -> list[int]:
    """Return an order of the classes around a circle in which neighbours overlap much.

    From the greedy order on, a stretch is turned round as long as that helps (2-opt; Croes, 1958). Class 0 is first.
    """
    rest, order = set(range(1, len(alike))), [0]
    while rest:
        order.append(max(rest, key=lambda label: (alike[order[-1], label], -label)))
        rest.remove(order[-1])
    best, improved = _score(order, alike), True
    while improved:
        improved = False
        for start in range(1, len(order) - 1):
            for end in range(start + 2, len(order) + 1):
                turned = [*order[:start], *order[start:end][::-1], *order[end:]]
                if (score := _score(turned, alike)) > best + 1e-9:
                    order, best, improved = turned, score, True
    return order


def anchors_of(alike: np.ndarray) -> np.ndarray:
    """Return the place of each class on the unit circle, the first on top, clockwise: (classes, 2) float64."""
    angles = np.empty(len(alike))
    angles[circle_order(alike)] = 2 * np.pi * np.arange(len(alike)) / len(alike)
    return np.stack([np.sin(angles), np.cos(angles)], axis=1)


def places(probabilities: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Return each image's place: probabilities (n, classes), rows of sum 1 -> (n, 2) uint8, -1..1 as 0..255."""
    return np.rint((probabilities @ anchors + 1) / 2 * LEVELS).clip(0, LEVELS).astype(np.uint8)


def _score(order: list[int], alike: np.ndarray) -> float:
    return float(alike[order, order[1:] + order[:1]].sum())

"""Curves of one class against the rest, over all thresholds: ROC, and precision against recall.

numpy's alone, for the reason given in evaluation.py; the tests hold each against scikit-learn.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Curve:
    """A line and the one number that sums it up.

    Attributes:
        x, y: (m,) float64, 0..1.
        area: below the line, 0..1; of precision against recall it is the average precision.
    """

    x: np.ndarray
    y: np.ndarray
    area: float


def roc(scores: np.ndarray, positive: np.ndarray) -> Curve:
    """Return the share of others let in (x) against the share of the class found (y), threshold by threshold.

    scores: (n,) float, the probability of the class; positive: (n,) bool, some True and some False.
    """
    hits, false = _counts(scores, positive)
    x, y = np.append(0, false / false[-1]), np.append(0, hits / hits[-1])
    return Curve(x, y, float(np.trapezoid(y, x)))


def precision_recall(scores: np.ndarray, positive: np.ndarray) -> Curve:
    """Return recall (x) against precision (y), from recall 0, where precision is called 1; arguments as of roc.

    The area is the average precision: Σ (recall now - recall before) · precision, without interpolation.
    """
    hits, false = _counts(scores, positive)
    recall, precision = hits / hits[-1], hits / (hits + false)
    area = float(np.sum(np.diff(np.append(0, recall)) * precision))
    return Curve(np.append(0, recall), np.append(1, precision), area)


def thinned(curve: Curve, count: int = 200) -> Curve:
    """Return at most so many points of the curve, evenly along x and y together, for drawing; the area stays."""
    if len(curve.x) <= count:
        return curve
    way = np.append(0, np.cumsum(np.abs(np.diff(curve.x)) + np.abs(np.diff(curve.y))))
    chosen = np.unique(np.searchsorted(way, np.linspace(0, way[-1], count)).clip(max=len(way) - 1))
    return Curve(curve.x[chosen], curve.y[chosen], curve.area)


def _counts(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many of the class and of the others score at least each score that occurs, from the highest down."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(positive[order])[last].astype(np.float64)
    return hits, last + 1 - hits

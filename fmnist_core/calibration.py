"""Calibration: whether probabilities mean what they say, and the temperature that mends them. Arrays in, numbers out.

Source: Guo, Pleiss, Sun, Weinberger: On calibration of modern neural networks, ICML 2017.
"""

from dataclasses import dataclass

import numpy as np

from fmnist_core.evaluation import SMALLEST_PROBABILITY

BINS = 15  # as in the paper
LOWEST, HIGHEST = 0.05, 20.0  # temperatures looked at


@dataclass(frozen=True, eq=False)
class Reliability:
    """Images sorted by how sure the model was of its answer, in bins of equal width from 0 to 1.

    Attributes:
        counts: (bins,) int64, images in the bin.
        confidence: (bins,) float64, mean probability of the answer; NaN in an empty bin.
        accuracy: (bins,) float64, share of right answers; NaN in an empty bin.
    """

    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def expected_error(self) -> float:
        """Expected calibration error, 0..1: the mean gap between confidence and accuracy, weighted by images."""
        filled = self.counts > 0
        gaps = np.abs(self.confidence[filled] - self.accuracy[filled])
        return float(np.average(gaps, weights=self.counts[filled]))

    @property
    def excess(self) -> float:
        """Mean confidence less accuracy over all images: above 0 the model is too sure, below too modest."""
        filled = self.counts > 0
        return float(np.average(self.confidence[filled] - self.accuracy[filled], weights=self.counts[filled]))


def reliability(y_true: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> Reliability:
    """Sort answers by their confidence; y_true: (n,) integers, n > 0; probabilities: (n, classes) float."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == y_true
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)  # bins are open on the left
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        return Reliability(
            counts,
            np.bincount(place, confidence, bins) / counts,
            np.bincount(place, right.astype(np.float64), bins) / counts,
        )


def with_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Soften (above 1) or sharpen probabilities: softmax(log p / T), (n, classes) float64. No answer changes."""
    return softmax(np.log(np.clip(probabilities.astype(np.float64), SMALLEST_PROBABILITY, 1)) / temperature)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return raw scores (n, classes) as probabilities, of the same kind of numbers."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def fit_temperature(y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the temperature that makes the labels of held-out images likeliest, 0.05 to 20.

    y_true: (n,) integers; probabilities: (n, classes) float. The mean cross-entropy is convex in 1/T, so there is one
    best value.
    """
    from scipy.optimize import minimize_scalar  # a quarter of a second to load, and only where somebody asks

    rows = np.arange(len(y_true))

    def loss(log_temperature: float) -> float:
        likelihood = with_temperature(probabilities, np.exp(log_temperature))[rows, y_true]
        return float(-np.log(np.clip(likelihood, SMALLEST_PROBABILITY, 1)).mean())

    found = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(np.exp(found.x))

"""Evaluation: how good probabilities are, given the true labels. Arrays in, numbers out; it loads nothing.

The counting is numpy's alone: scikit-learn computes the same numbers but takes seconds to import, and the
first visitor of a page would wait for it. The tests hold each number against scikit-learn or SciPy.
"""

from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
import pandas as pd

from fmnist_core.errors import LabError

# A probability of zero for the true class would make the loss infinite; Keras clips at the same value.
SMALLEST_PROBABILITY = 1e-7
MACRO, WEIGHTED = "macro average", "weighted average"


class EvaluationError(LabError):
    """Labels and probabilities do not fit each other, or are none."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """True labels and predicted probabilities of the same images.

    Attributes:
        y_true: (n,) integers, the labels, in 0..classes-1.
        probabilities: (n, classes) float, each row sums to 1 (within 0.001).
        class_names: one word per class.

    Raises:
        EvaluationError: at construction, if one of these does not hold.
    """

    y_true: np.ndarray
    probabilities: np.ndarray
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_names", tuple(self.class_names))
        _check_shapes(self.y_true, self.probabilities, len(self.class_names))
        _check_values(self.y_true, self.probabilities)
        for name in ("y_true", "probabilities"):
            view = getattr(self, name).view()
            view.setflags(write=False)  # shared by all sessions of the app
            object.__setattr__(self, name, view)

    @property
    def accuracy(self) -> float:
        """Share of images whose most probable class is the true one, 0..1."""
        return float((self.y_predicted == self.y_true).mean())

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats."""
        return float(self.losses.mean())

    @cached_property
    def y_predicted(self) -> np.ndarray:
        """Most probable class of each image: (n,) int64; the lower label where two are equal."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def losses(self) -> np.ndarray:
        """Cross-entropy of each image in nats: (n,) float64, at most 16.1 (a probability of 1e-7)."""
        likelihood = self.probabilities[np.arange(len(self.y_true)), self.y_true].astype(np.float64)
        return -np.log(np.clip(likelihood, SMALLEST_PROBABILITY, 1.0))

    def top_accuracy(self, k: int = 2) -> float:
        """Return the share of images whose true class is among the k most probable, 0..1; ties count against."""
        own = self.probabilities[np.arange(len(self.y_true)), self.y_true]
        return float(((self.probabilities >= own[:, np.newaxis]).sum(axis=1) <= k).mean())

    def subset(self, mask: np.ndarray) -> "Evaluation":
        """Return the evaluation of some of the images; mask: (n,) bool, at least one True."""
        return Evaluation(self.y_true[mask], self.probabilities[mask], self.class_names)

    def accuracy_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the Wilson score interval of the accuracy; see wilson_interval."""
        return wilson_interval(self.accuracy, len(self.y_true), level)

    def loss_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of the mean loss by its normal approximation: mean ± z · s / √n, not below 0.

        The loss of single images is far from normal, but by the central limit theorem its mean over thousands
        is close to it. For one image the interval is (loss, loss).
        """
        if len(self.losses) < 2:
            return self.loss, self.loss
        reach = _z(level) * self.losses.std(ddof=1) / np.sqrt(len(self.losses))
        return max(0.0, float(self.loss - reach)), float(self.loss + reach)

    def confusion_matrix(self) -> np.ndarray:
        """Return counts: (classes, classes) int64, row = true class, column = predicted class."""
        classes = len(self.class_names)
        cells = self.y_true.astype(np.int64) * classes + self.y_predicted
        return np.bincount(cells, minlength=classes**2).reshape(classes, classes)

    def report(self) -> pd.DataFrame:
        """Return precision, recall, f1 (0..1) and support (images), a row per class and two of averages.

        A ratio over no images counts as 0, as in scikit-learn: the precision of a class never predicted, the
        recall of a class without images.
        """
        matrix = self.confusion_matrix()
        hits, predicted, support = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
        f1 = _ratio(2 * hits, predicted + support)
        ratios = np.stack([_ratio(hits, predicted), _ratio(hits, support), f1], axis=1)
        averages = np.stack([ratios.mean(axis=0), np.average(ratios, axis=0, weights=support)])
        frame = pd.DataFrame(np.concatenate([ratios, averages]), columns=["precision", "recall", "f1"])
        frame.index = pd.Index([*self.class_names, MACRO, WEIGHTED], name="class")
        frame["support"] = [*support, support.sum(), support.sum()]
        return frame

    def most_confused_pairs(self, n: int = 5) -> pd.DataFrame:
        """Return the n most frequent mistakes: true, predicted (names), count, rate (of the true class).

        Pairs that never happened are left out, so fewer than n rows may come.
        """
        matrix = self.confusion_matrix()
        support = matrix.sum(axis=1)
        np.fill_diagonal(matrix, 0)
        order = np.argsort(-matrix, axis=None, kind="stable")[:n]
        true, predicted = np.unravel_index(order, matrix.shape)
        counts = matrix[true, predicted]
        names = np.array(self.class_names, dtype=object)
        frame = pd.DataFrame({"true": names[true], "predicted": names[predicted], "count": counts})
        frame["rate"] = _ratio(counts, support[true])
        return frame[frame["count"] > 0]

    def mistakes(self, n: int | None = None, true: int | None = None, predicted: int | None = None) -> pd.DataFrame:
        """Return wrongly classified images, the most confident first.

        Args:
            n: how many at most; None for all.
            true: only images of this label; None for all.
            predicted: only images given this label; None for all.

        Returns:
            A row per image: image (index into y_true), true, predicted (class names), confidence (probability
            of the predicted class, 0..1), true_probability (that of the true class).
        """
        return self._answers(self.y_predicted != self.y_true, n, true, predicted, surest_first=True)

    def hits(self, n: int | None = None, true: int | None = None) -> pd.DataFrame:
        """Return rightly classified images, the least confident first; the columns are those of mistakes."""
        return self._answers(self.y_predicted == self.y_true, n, true, None, surest_first=False)

    def _answers(
        self, kept: np.ndarray, n: int | None, true: int | None, predicted: int | None, *, surest_first: bool
    ) -> pd.DataFrame:
        for labels, wanted in ((self.y_true, true), (self.y_predicted, predicted)):
            kept = kept if wanted is None else kept & (labels == wanted)
        images = np.flatnonzero(kept)
        confidence = self.probabilities[images, self.y_predicted[images]]
        order = np.argsort(-confidence if surest_first else confidence, kind="stable")[:n]
        images, confidence = images[order], confidence[order]
        names = np.array(self.class_names, dtype=object)
        return pd.DataFrame(
            {
                "image": images,
                "true": names[self.y_true[images]],
                "predicted": names[self.y_predicted[images]],
                "confidence": confidence,
                "true_probability": self.probabilities[images, self.y_true[images]],
            }
        )


def wilson_interval(fraction: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a fraction seen on n images: (low, high), within 0..1.

    It holds its level near 0 and 1 and for few images, where the textbook interval does not. It covers the
    choice of test images only, not the chance in training: another seed gives another model.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22,
    209-212; recommended by Brown, Cai, DasGupta (2001), Interval estimation for a binomial proportion,
    Statistical Science 16, 101-133.

    Raises:
        EvaluationError: if n < 1, or fraction or level are outside 0..1.
    """
    if n < 1 or not 0 <= fraction <= 1:
        raise EvaluationError(f"Expected a fraction in 0..1, of 1 image or more. Received {fraction!r} of {n!r}.")
    z = _z(level)
    centre = (fraction + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * (fraction * (1 - fraction) / n + z**2 / (4 * n**2)) ** 0.5
    return max(0.0, centre - reach), min(1.0, centre + reach)


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise EvaluationError(f"Expected a level between 0 and 1, as 0.95. Received {level!r}.")
    return NormalDist().inv_cdf((1 + level) / 2)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide counts; nothing over nothing is 0."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _check_shapes(y_true: np.ndarray, probabilities: np.ndarray, classes: int) -> None:
    if y_true.ndim != 1 or len(y_true) == 0 or not np.issubdtype(y_true.dtype, np.integer):
        raise EvaluationError(f"Expected integer labels (n,), n > 0. Received {y_true.shape} of {y_true.dtype}.")
    if classes < 2:
        raise EvaluationError(f"Expected at least two class names. Received {classes}.")
    if probabilities.shape != (len(y_true), classes) or not np.issubdtype(probabilities.dtype, np.floating):
        raise EvaluationError(
            f"Expected probabilities of {len(y_true):,} images by {classes} classes as floats. "
            f"Received {probabilities.shape} of {probabilities.dtype}."
        )


def _check_values(y_true: np.ndarray, probabilities: np.ndarray) -> None:
    classes = probabilities.shape[1]
    low, high = y_true.min(), y_true.max()
    if low < 0 or high >= classes:
        raise EvaluationError(f"Expected labels in 0..{classes - 1}. Received {low}..{high}.")
    # Written so that NaN, which compares false with everything, fails too.
    bad = ~((probabilities >= 0) & (probabilities <= 1 + 1e-3)).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        values = ", ".join(f"{value:.3g}" for value in probabilities[row, :10])
        raise EvaluationError(f"Expected probabilities in 0..1. Received in row {row}: {values}.")
    sums = probabilities.sum(axis=1, dtype=np.float64)
    if (off := np.abs(sums - 1) > 1e-3).any():
        row = int(off.argmax())
        raise EvaluationError(f"Expected rows of probabilities that sum to 1. Received {sums[row]:.4g} in row {row}.")

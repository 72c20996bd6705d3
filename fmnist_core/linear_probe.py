"""Linear probes: what a multinomial logistic regression gets out of features, several of them at once.

How strongly each is regularised is chosen on held-out training rows: blocks of a network have 16 to 2,048 numbers per
image, and one strength for all would favour some of them (after MobileNet's block 7, C = 1 gave 0.872, C = 0.03 0.898).
scikit-learn is imported where it is used; it takes seconds.
"""

import os
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from fmnist_core.evaluation import SMALLEST_PROBABILITY

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

# C from strong to weak, the share held out to choose among them, when to stop.
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)
HELD_OUT = 1 / 6
MAX_ITERATIONS, TOLERANCE = 300, 1e-3
MOST_FITS_AT_ONCE = 4


def fit_all(
    features: list[np.ndarray], labels: np.ndarray, split: int, seed: int, tell: Callable[[int], None]
) -> tuple[list[np.ndarray], list[float]]:
    """Fit a probe on the first `split` rows of each matrix; the other rows test it.

    Args:
        features: matrices (n, any number) float32.
        labels: (n,) integers.
        split: how many rows are for training.
        seed: see linear_hits.
        tell: told after each fit how many are done.

    Returns hits (n - split,) bool of each matrix, and the seconds that each fit took.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    def fit(columns: np.ndarray) -> tuple[np.ndarray, float]:
        began = time.perf_counter()
        hits = linear_hits(columns[:split], labels[:split], columns[split:], labels[split:], seed)
        return hits, time.perf_counter() - began

    workers = min(os.cpu_count() or 1, MOST_FITS_AT_ONCE)
    found = []
    # A thread per fit with one BLAS thread each, as for the correlations; products release Python's lock.
    with warnings.catch_warnings(), threadpool_limits(1, "blas"), ThreadPoolExecutor(workers) as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last decimals of weights change no answer
        for number, result in enumerate(pool.map(fit, features), start=1):
            found.append(result)
            tell(number)
    hits, fit_s = zip(*found, strict=True)
    return list(hits), list(fit_s)


def linear_hits(
    train: np.ndarray, y_train: np.ndarray, test: np.ndarray, y_test: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Fit a multinomial logistic regression on standardised features and return which test rows it gets right.

    Args:
        train, test: (n, features) float32, (m, features) float32.
        y_train, y_test: their integer labels.
        seed: of the drawing of the held-out rows, on which the regularisation is chosen.

    Returns (m,) bool.
    """
    from sklearn.linear_model import LogisticRegression

    mean, deviation = train.mean(axis=0, dtype=np.float64), train.std(axis=0, dtype=np.float64)
    # Of a column that is always the same, as far as float32 can say. Small is not the same: random bases shrink.
    deviation[deviation <= 1e-6 * np.abs(mean)] = 1.0
    rows, tests = (((part - mean) / deviation).astype(np.float32) for part in (train, test))
    # Each fit starts where the last one ended.
    model = LogisticRegression(warm_start=True, max_iter=MAX_ITERATIONS, tol=TOLERANCE)
    order = np.random.default_rng(seed).permutation(len(rows))
    held, kept = np.split(order, [round(HELD_OUT * len(rows))])
    best, lowest = STRENGTHS[0], np.inf
    for strength in STRENGTHS:
        model.set_params(C=strength).fit(rows[kept], y_train[kept])
        if (loss := _loss(model, rows[held], y_train[held])) > lowest:
            break  # it only becomes worse from here
        best, lowest = strength, loss
    model.set_params(C=best).fit(rows, y_train)
    return model.predict(tests) == y_test


def _loss(model: "LogisticRegression", rows: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy; a class that the model has never seen has the smallest probability."""
    probabilities = model.predict_proba(rows)
    places = np.searchsorted(model.classes_, labels).clip(max=len(model.classes_) - 1)
    known = model.classes_[places] == labels
    own = np.where(known, probabilities[np.arange(len(labels)), places], 0)
    return float(-np.log(np.maximum(own, SMALLEST_PROBABILITY)).mean())


def paired_difference(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Return by how much the first is right more often, and the 95 % interval (normal, of paired differences).

    Args:
        first, second: (n,) bool, hits on the same images.
    """
    difference = first.astype(np.float64) - second
    reach = 1.96 * difference.std() / np.sqrt(len(difference))
    return float(difference.mean()), float(difference.mean() - reach), float(difference.mean() + reach)

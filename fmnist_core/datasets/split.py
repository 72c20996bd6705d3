"""Cut a hold-out from labelled data, the same one every time."""

import numpy as np


def split_stratified(labels: np.ndarray, test_count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw test_count positions so that every class keeps its share, to the nearest image.

    labels: (n,) integers. Returns (train, test): sorted positions, int64, disjoint, together 0..n-1.
    """
    rng = np.random.default_rng(seed)
    classes, counts = np.unique(labels, return_counts=True)
    exact = counts * test_count / len(labels)
    take = np.floor(exact).astype(int)
    # Largest remainders first, so that the total is exact.
    missing = test_count - take.sum()
    take[np.argsort(take - exact, kind="stable")[:missing]] += 1
    drawn = [rng.permutation(np.flatnonzero(labels == c))[:k] for c, k in zip(classes, take, strict=True)]
    test = np.sort(np.concatenate(drawn))
    return np.setdiff1d(np.arange(len(labels)), test), test

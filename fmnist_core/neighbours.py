"""Nearest neighbours of every image among all images, training and test, by Euclidean distance of the pixels.

Method: an inverted-file index in numpy. The images are projected on their first 128 principal components (93 % of
Fashion-MNIST's variance) and divided into 256 cells by k-means; each image is compared with those in the 32 cells
nearest to its own by one matrix product per block, and the best 48 are ranked anew by their exact distance on all 784
pixels. Up to 6,000 images every pair is compared. `python -m benchmarks.pages` prints the seconds and the share of the
ten nearest that are the true ones; comparing every pair took scikit-learn and Faiss a minute on two cores, and
approximate indices cost as much as this for 88 to 92 %.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError
from fmnist_core.memory import is_remembered, remembered
from fmnist_core.pca import PIXELS, pca
from fmnist_core.places import images_at
from fmnist_core.selection import Selection

NAME, VERSION = "neighbours", 1
MAX_K = 20
DIMENSIONS, CELLS, PROBED, CANDIDATES = 128, 256, 32, 48
EXACT_LIMIT = 6000
_KMEANS_DIMENSIONS, _KMEANS_STEPS = 32, 5
_ROWS, _RANKED = 512, 16  # rows of a block: the first bounds the memory, the second fits into the processor's cache

Report = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest images of each image, nearest first, itself left out.

    index: (n, k) int32, positions among all images, training before test.
    distance: (n, k) float32, Euclidean, of pixels in 0..1: from 0 to 28.
    """

    index: np.ndarray
    distance: np.ndarray


def neighbours(dataset: Dataset, k: int = 10, report: Report | None = None) -> Neighbours:
    """Return the k nearest images of every image: from disk in milliseconds, else computed in about 15 s.

    Pages that must not wait ask `is_ready` first and start the task of this name (fmnist_core/tasks.py).

    Raises:
        DataError: k is not from 1 to MAX_K, or the data set has too few images.
    """
    most = min(MAX_K, len(dataset.y_train) + len(dataset.y_test) - 1)
    if not 1 <= k <= most:
        raise DataError(f"Expected from 1 to {most} neighbours. Received {k}.")
    arrays = remembered(dataset.sha256, NAME, VERSION, lambda: _compute(dataset, most, report or _silent))
    return Neighbours(arrays["index"][:, :k], arrays["distance"][:, :k])


def is_ready(dataset: Dataset) -> bool:
    """Whether `neighbours` returns at once."""
    return is_remembered(dataset.sha256, NAME, VERSION)


def remember(dataset: Dataset, report: Report) -> None:
    """Compute the neighbours, so that they are on disk (a task, see fmnist_core/tasks.py)."""
    neighbours(dataset, 1, report)


def distances(images: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Return the Euclidean distance of each image, (n, 28, 28) uint8, to one: (n,) float32, pixels in 0..1."""
    flat, query = images.reshape(len(images), -1), image.reshape(-1).astype(np.float32)
    out = np.empty(len(flat), np.float32)
    for at in range(0, len(flat), 1024):
        block = flat[at : at + 1024].astype(np.float32)
        block -= query
        out[at : at + 1024] = np.einsum("ij,ij->i", block, block)
    return np.sqrt(out) / np.float32(255)


def nearest(
    dataset: Dataset, image: np.ndarray, k: int = 10, *, leave_out: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions (k,) int64 among all images nearest to one image (28, 28) uint8, and their distances.

    Exact, without an index.

    leave_out: a position that does not count, such as that of the image itself.
    """
    found = np.concatenate([distances(dataset.x_train, image), distances(dataset.x_test, image)])
    if leave_out is not None:
        found[leave_out] = np.inf
    best = k_nearest(found, min(k, len(found) - (leave_out is not None)))
    return best, found[best]


def k_nearest(apart: np.ndarray, k: int) -> np.ndarray:
    """Return the positions of the k smallest of distances (n,), or of all: (k,) int64, nearest first."""
    k = min(k, len(apart))
    best = np.argpartition(apart, k - 1)[:k]
    return best[np.argsort(apart[best], kind="stable")]


def _silent(sentence: str, fraction: float) -> None:
    pass


def _compute(dataset: Dataset, k: int, report: Report) -> dict[str, np.ndarray]:
    report("Projecting the images", 0.0)
    count = len(dataset.y_train) + len(dataset.y_test)
    axes = pca(dataset, Selection("both"))
    points = np.concatenate([axes.coordinates(images, DIMENSIONS) for images in (dataset.x_train, dataset.x_test)])
    if count <= EXACT_LIMIT:
        cells, near = [np.arange(count)], np.zeros((1, 1), int)
    else:
        cells, near = _cells(points)
    index = np.empty((count, k), np.int32)
    distance = np.empty((count, k), np.float32)
    squares = np.einsum("ij,ij->i", points, points)
    done = 0
    for members, around in zip(cells, near, strict=True):
        others = np.concatenate([cells[cell] for cell in around])
        for block in np.array_split(members, -(-len(members) // _ROWS) or 1):
            if len(block):
                candidates = _candidates(points, squares, block, others, k)
                index[block], distance[block] = _rank(dataset, block, candidates, k)
        done += len(members)
        report(f"Comparing images: {done:,} of {count:,}", 0.1 + 0.9 * done / count)
    return {"index": index, "distance": distance}


def _cells(points: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Divide points (n, d) by k-means; return the members of each cell, and for each the cells to look into.

    Where those hold too few points, as among many equal images, all cells are looked into.
    """
    low = np.ascontiguousarray(points[:, :_KMEANS_DIMENSIONS])
    centres = low[np.random.default_rng(0).choice(len(low), CELLS, replace=False)]
    for step in range(_KMEANS_STEPS + 1):
        half = np.einsum("ij,ij->i", centres, centres) / 2
        cell = np.concatenate([(half - part @ centres.T).argmin(axis=1) for part in np.array_split(low, 32)])
        order = np.argsort(cell, kind="stable")
        members = np.split(order, np.cumsum(np.bincount(cell, minlength=CELLS))[:-1])
        if step < _KMEANS_STEPS:
            means = [low[some].mean(axis=0) if len(some) else centres[at] for at, some in enumerate(members)]
            centres = np.stack(means)
    between = ((centres[:, np.newaxis] - centres) ** 2).sum(axis=2)
    np.fill_diagonal(between, -1)
    near = np.argsort(between, axis=1)[:, :PROBED]
    sizes = np.array([len(some) for some in members])
    if (sizes[near].sum(axis=1) <= CANDIDATES).any():
        near = np.argsort(between, axis=1)
    return members, near


def _candidates(points: np.ndarray, squares: np.ndarray, block: np.ndarray, others: np.ndarray, k: int) -> np.ndarray:
    """Return for each of a block the others that seem nearest, itself left out: (len(block), c) positions."""
    apart = points[block] @ points[others].T
    apart *= -2
    apart += squares[others]
    apart[block[:, np.newaxis] == others] = np.inf
    count = min(max(CANDIDATES, k), len(others) - 1)
    return others[np.argpartition(apart, count - 1, axis=1)[:, :count]]


def _rank(dataset: Dataset, block: np.ndarray, candidates: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Order candidates by their exact distance on all pixels; of equally near ones the first comes first."""
    exact = np.empty(candidates.shape, np.float32)
    for at in range(0, len(block), _RANKED):
        rows = slice(at, at + _RANKED)
        own = images_at(block[rows], dataset).reshape(-1, 1, PIXELS)
        there = images_at(candidates[rows].ravel(), dataset).reshape(len(own), -1, PIXELS)
        apart = np.subtract(there, own, dtype=np.float32)
        exact[rows] = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart)) / np.float32(255)
    order = np.lexsort((candidates, exact))[:, :k]
    return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(exact, order, axis=1)

"""Sums of the products of every two pixels, from which correlations and principal components follow.

They are whole numbers and computed exactly, at the speed of single precision.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from fmnist_core.pixels import PIXELS, SIDE

# float32 holds whole numbers up to 2**24. Values less 128 have products of at most 2**14, so a block of 2**10 images
# stays exact in whatever order the processor adds.
_SHIFT, _BLOCK = 128, 1024
_MUCH_FEWER = 0.8  # so large a share of the pixels in use is no reason to begin anew


def product_sums(images: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Sum the products of every two pixels over the images of each class, exactly.

    images: (n, 28, 28) uint8; labels: (n,) integers below n_classes.
    Returns (n_classes, 784, 784), uint32 where that is enough, else uint64.
    """
    flat = images.reshape(len(images), PIXELS)
    most = max(np.bincount(labels, minlength=1).max(initial=0), 1)
    sums = np.empty((n_classes, PIXELS, PIXELS), dtype=np.uint32 if most * 255**2 < 2**32 else np.uint64)

    def fill(label: int) -> None:
        sums[label] = _products(flat, np.flatnonzero(labels == label))

    # One thread per class, and one in the linear algebra below it: on small blocks OpenBLAS' own threads spend more
    # time waiting for each other than adding, above all on a busy machine (twice to ten times slower, measured).
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
        list(pool.map(fill, range(n_classes)))
    return sums


def _products(flat: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Sum x_i x_j over some rows of flat, (n, 784) uint8: -> (784, 784) float64 of whole numbers."""
    shifted, total = np.zeros((PIXELS, PIXELS)), np.zeros(PIXELS)
    for start in range(0, len(rows), _BLOCK):
        block = np.subtract(flat[rows[start : start + _BLOCK]], _SHIFT, dtype=np.float32)
        shifted += block.T @ block
        total += block.sum(axis=0)
    # (x - s)(y - s) summed, and sums of x - s: undo the shift.
    return shifted + _SHIFT * (total[:, np.newaxis] + total) + len(rows) * _SHIFT**2


def sums_and_products(
    pick: Callable[[np.ndarray], np.ndarray], order: np.ndarray, labels: np.ndarray, n_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sum the pixels of each class and the products of every two pixels over all images, exactly.

    pick: returns the images of some rows, (m,) -> (m, 28, 28) uint8. order: all rows, (n,) int64, best by extents.
    labels: (n,) integers below n_classes. Returns (n_classes, 784) and (784, 784), both float64.
    """
    workers = min(os.cpu_count() or 1, 4)
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers) as pool:
        shares = list(
            pool.map(lambda first: _sums_and_products(pick, order, labels, n_classes, first, workers), range(workers))
        )
    return sum(share[0] for share in shares), sum(share[1] for share in shares)


def extents(images: np.ndarray) -> np.ndarray:
    """Guess height and width of what each image shows, as one number: (n, 28, 28) uint8 -> (n,) uint16.

    Sorted by it, neighbours leave about the same edges black, of which no products need be summed. A third of the
    pixels is looked at: height is that of the middle columns, width that of every third row.
    """
    words = images.reshape(len(images), SIDE, SIDE).view(np.uint32)  # four pixels each
    rows = words[:, :, 2] | words[:, :, 3] | words[:, :, 4]
    columns = words[:, 0].copy()
    for row in range(3, SIDE, 3):
        columns |= words[:, row]
    height, width = _extent(rows > 0), _extent(columns.view(np.uint8) > 0)
    return (height * (SIDE + 1) + width).astype(np.uint16)


def _extent(used: np.ndarray) -> np.ndarray:
    """Return how many places lie from the first used one to the last: (n, 28) bool -> (n,) int64; 0 if none is."""
    return np.where(used.any(axis=1), SIDE - used.argmax(axis=1) - used[:, ::-1].argmax(axis=1), 0)


def _sums_and_products(
    pick: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, labels: np.ndarray, n_classes: int, first: int = 0,
    step: int = 1,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Sum over every step-th block of rows; see sums_and_products.

    The work grows with the square of the number of pixels in use.
    """
    found = _Collected(n_classes)
    buffer = np.empty(PIXELS * PIXELS, np.float32)
    one_hot = np.eye(n_classes, dtype=np.float32)
    for start in range(first * _BLOCK, len(rows), step * _BLOCK):
        chosen = rows[start : start + _BLOCK]
        images = pick(chosen).reshape(-1, PIXELS)
        found.use(np.flatnonzero(images.max(axis=0)))
        count = len(found.seen)
        block = np.subtract(np.take(images, found.seen, axis=1), _SHIFT, dtype=np.float32)
        of_class = one_hot[labels[chosen]].T
        squares = np.matmul(block.T, block, out=buffer[: count * count].reshape(count, count))
        found.add(of_class @ block, squares, of_class.sum(axis=1).astype(np.float64))
    return found.total()


class _Collected:
    """Sums over pixels in the order in which they came up, so that those in use lie together: adding is then fast."""

    def __init__(self, n_classes: int) -> None:
        self._class_sums, self._products = np.zeros((n_classes, PIXELS)), np.zeros((PIXELS, PIXELS))
        self._begin(np.empty(0, np.int64))

    def _begin(self, seen: np.ndarray) -> None:
        self.seen = seen
        self._squares = np.zeros((PIXELS, PIXELS))
        self._renew()

    def _renew(self) -> None:
        self._sums = np.zeros((len(self._class_sums), len(self.seen)))
        self._sizes = np.zeros(len(self._class_sums))

    def use(self, used: np.ndarray) -> None:
        """Make room for more pixels, or begin anew where a block uses far fewer."""
        if len(used) < _MUCH_FEWER * len(self.seen):
            self._flush()
            self._begin(used)
        elif len(fresh := np.setdiff1d(used, self.seen, assume_unique=True)):
            self._settle()
            self.seen = np.concatenate([self.seen, fresh])
            self._renew()

    def add(self, sums: np.ndarray, squares: np.ndarray, sizes: np.ndarray) -> None:
        """Add a block's sums of x - s by class, sums of (x - s)(y - s), and images by class."""
        self._sums += sums
        self._squares[: len(squares), : len(squares)] += squares
        self._sizes += sizes

    def _settle(self) -> None:
        """Undo the shift of what was added since the pixels last changed."""
        self._class_sums[:, self.seen] += self._sums + _SHIFT * self._sizes[:, np.newaxis]
        half = _SHIFT * self._sums.sum(axis=0) + self._sizes.sum() * _SHIFT**2 / 2
        self._squares[: len(half), : len(half)] += half[:, np.newaxis] + half

    def total(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the sums by class, (k, 784), and the products, (784, 784), of all that was added; call it once."""
        self._flush()
        return self._class_sums, self._products

    def _flush(self) -> None:
        self._settle()
        self._products[np.ix_(self.seen, self.seen)] += self._squares[: len(self.seen), : len(self.seen)]

"""Sums of the products of every two pixels, from which correlations and principal components follow.

They are whole numbers and computed exactly, at the speed of single precision.
"""

import numpy as np

from fmnist_core.pixels import PIXELS
from fmnist_core.threads import THREADS, in_threads

# float32 holds whole numbers up to 2**24. Values less 128 have products of at most 2**14, so a block of 2**10 images
# stays exact in whatever order the processor adds.
_SHIFT, _BLOCK = 128, 1024


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

    in_threads(fill, range(n_classes))
    return sums


def products_of(images: np.ndarray) -> np.ndarray:
    """Sum the products of every two pixels over all images, (n, 28, 28) uint8, exactly: -> (784, 784) float64."""
    flat = images.reshape(len(images), PIXELS)
    return sum(in_threads(lambda rows: _products(flat, rows), np.array_split(np.arange(len(flat)), THREADS)))


def _products(flat: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Sum x_i x_j over some rows of flat, (n, 784) uint8: -> (784, 784) float64 of whole numbers."""
    shifted, total = np.zeros((PIXELS, PIXELS)), np.zeros(PIXELS)
    for start in range(0, len(rows), _BLOCK):
        block = np.subtract(flat[rows[start : start + _BLOCK]], _SHIFT, dtype=np.float32)
        shifted += block.T @ block
        total += block.sum(axis=0)
    # (x - s)(y - s) summed, and sums of x - s: undo the shift.
    total *= _SHIFT
    shifted += total[:, np.newaxis] + (total + len(rows) * _SHIFT**2)
    return shifted

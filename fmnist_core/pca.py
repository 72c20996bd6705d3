"""Principal components of images, by the eigenvectors of the 784x784 covariance: exact, and under a second."""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from fmnist_core.correlation import Sums
from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError
from fmnist_core.memory import remembered
from fmnist_core.pixels import value_sums
from fmnist_core.selection import Selection
from fmnist_core.sums import sums_of

PIXELS = 784
MOST = 5_000  # images
KEPT = 300  # axes
_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Pca:
    """Axes of largest variance of images with pixels in 0..1.

    mean: (784,) float32.
    axes: (784, 784) float32, one axis a row, largest variance first; its largest entry in size is positive.
    variance: (784,) float64 along the axes, in squared pixel units; divided by n - 1, as scikit-learn's.
    count: images that it was made of.
    """

    mean: np.ndarray
    axes: np.ndarray
    variance: np.ndarray
    count: int

    @property
    def explained(self) -> np.ndarray:
        """Share of the whole variance along each axis: (784,) float64, sum 1 (0 if all images are equal)."""
        total = self.variance.sum()
        return self.variance / total if total > 0 else np.zeros_like(self.variance)

    def coordinates(self, images: np.ndarray, count: int) -> np.ndarray:
        """Return images (n, 28, 28) uint8 along the first axes: (n, count) float32."""
        axes = np.ascontiguousarray(self.axes[:count].T) / np.float32(255)
        shift = self.mean @ self.axes[:count].T
        flat = images.reshape(len(images), -1)
        blocks = [flat[at : at + _BLOCK].astype(np.float32) @ axes for at in range(0, len(flat), _BLOCK)]
        return np.concatenate(blocks) - shift if blocks else np.empty((0, count), np.float32)

    def reconstruct(self, image: np.ndarray, count: int) -> np.ndarray:
        """Return one image (28, 28) uint8 as its first components say: (28, 28) float32, about 0..1, not clipped."""
        weights = self.coordinates(image[np.newaxis], count)[0] if count else np.empty(0, np.float32)
        return (self.mean + weights @ self.axes[:count]).reshape(28, 28)


def pca_of(images: np.ndarray) -> Pca:
    """Compute the components of images, (n, 28, 28) uint8.

    Raises:
        DataError: for fewer than two images.
    """
    _require_two(len(images))
    with threadpool_limits(1, "blas"):
        mean, covariance = _moments(images)
    return _of_covariance(mean, covariance, len(images))


def pca_of_sums(sums: Sums) -> Pca:
    """Compute the components from sums of pixels and of their products; raises DataError for fewer than two images."""
    _require_two(sums.count)
    n, total = sums.count, sums.class_sums.sum(axis=0)
    # Whole numbers, exact in float64: what never changes has a variance of exactly 0.
    covariance = (n * sums.products - np.outer(total, total)) / (n * (n - 1) * 255.0**2)
    return _of_covariance(total / (n * 255.0), covariance, n)


def _require_two(count: int) -> None:
    if count < 2:
        raise DataError(f"Expected at least 2 images for principal components. Received {count}.")


def _of_covariance(mean: np.ndarray, covariance: np.ndarray, count: int) -> Pca:
    # One thread: on busy cores the threads of OpenBLAS wait for each other, and eigh took 7 s instead of 0.1 s. Single
    # precision is exact to a millionth of the largest variance. SciPy's eigh is hardly faster and yet to be loaded.
    with threadpool_limits(1, "blas"):
        variance, axes = np.linalg.eigh(covariance.astype(np.float32))
    return Pca(
        mean.astype(np.float32), _signed(axes[:, ::-1].T), np.maximum(variance[::-1].astype(np.float64), 0), count
    )


def _signed(axes: np.ndarray) -> np.ndarray:
    """Turn axes, one a row, such that the largest entry of each in size is positive: -> float32."""
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, np.newaxis], axis=1)
    return (axes * np.sign(largest)).astype(np.float32)


def _moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (784,) and covariance (784, 784) of images (n, 28, 28) uint8 with pixels in 0..1, float64."""
    total, products = np.zeros(PIXELS), np.zeros((PIXELS, PIXELS))
    flat = images.reshape(len(images), -1)
    # A covariance does not care where zero is; about here little is lost to rounding, and nothing if all are equal.
    zero = np.rint(flat[:_BLOCK].mean(axis=0)).astype(np.float32)
    for at in range(0, len(flat), _BLOCK):
        block = (flat[at : at + _BLOCK] - zero) / np.float32(255)
        total += block.sum(axis=0, dtype=np.float64)
        products += block.T @ block  # numpy computes one half of a matrix times its own transpose
    mean = total / len(flat)
    covariance = (products - len(flat) * np.outer(mean, mean)) / (len(flat) - 1)
    return mean + zero / 255, covariance


def pca_within(base: Pca, images: np.ndarray) -> Pca:
    """Compute the components of images, (n, 28, 28) uint8, as combinations of the base's first KEPT axes.

    Less work than pca_of, and the same to the eye where the base was made of images of the same kind: the best
    that these axes allow (Rayleigh-Ritz). The other axes are the base's; what variance is left is shared among them as
    in the base.
    """
    _require_two(len(images))
    moved = base.coordinates(images, KEPT)
    centre = moved.mean(axis=0)
    with threadpool_limits(1, "blas"):
        values, turn = np.linalg.eigh((moved - centre).T @ (moved - centre) / np.float32(len(images) - 1))
    axes = np.concatenate([turn[:, ::-1].T @ base.axes[:KEPT], base.axes[KEPT:]])
    _, pixels = value_sums(images, np.zeros(len(images), np.uint8), 1)
    mean = pixels[0] / (255 * len(images))
    squares = np.square(images.reshape(len(images), -1), dtype=np.uint16).sum(dtype=np.int64) / 255**2
    total = (squares - len(images) * np.square(mean).sum()) / (len(images) - 1)
    first = np.maximum(values[::-1].astype(np.float64), 0)
    rest = base.variance[KEPT:] * max(0.0, total - first.sum()) / (base.variance[KEPT:].sum() or 1.0)
    return Pca(mean.astype(np.float32), _signed(axes), np.concatenate([first, rest]), len(images))


def pca(dataset: Dataset, selection: Selection) -> Pca:
    """Return the components of the selected images, remembered on disk.

    Under a condition on a pixel they are those of at most MOST of them, drawn at random, within axes of the whole set:
    a change of the slider is then answered at once, and the first fifty components look the same.
    """

    def compute() -> dict[str, np.ndarray]:
        if selection.pixel is None:
            made = pca_of_sums(sums_of(dataset, selection))
        else:
            subset = selection.take(dataset)
            made = pca_within(pca(dataset, Selection(selection.split)), subset.pick(subset.drawn(MOST)))
        return {"mean": made.mean, "axes": made.axes, "variance": made.variance, "count": np.int64(made.count)}

    arrays = remembered(dataset.sha256, "pca", 4, compute, selection=selection.key)
    return Pca(arrays["mean"], arrays["axes"], arrays["variance"], int(arrays["count"]))

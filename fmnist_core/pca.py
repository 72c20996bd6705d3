"""Principal components of images, by the eigenvectors of the 784x784 covariance: exact, and under a second."""

from dataclasses import dataclass

import numpy as np

from fmnist_core.correlation import Sums
from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError
from fmnist_core.memory import remembered
from fmnist_core.selection import Selection
from fmnist_core.sums import sums_of
from fmnist_core.threads import in_threads, one_thread

PIXELS = 784
MOST = 5_000  # images
KEPT = 300  # axes
_BLOCK = 1024


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
        blocks = in_threads(lambda at: flat[at : at + _BLOCK].astype(np.float32) @ axes, range(0, len(flat), _BLOCK))
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
    with one_thread():
        mean, covariance = _moments(images)
    return _of_covariance(mean, covariance, len(images))


def pca_of_sums(sums: Sums) -> Pca:
    """Compute the components from sums of pixels and of their products; raises DataError for fewer than two images."""
    return _of_covariance(*_mean_and_covariance(sums), sums.count)


def pca_within(base: Pca, sums: Sums) -> Pca:
    """Compute the components from sums, as combinations of the base's first KEPT axes; the others stay as they are.

    Less work than pca_of_sums, and the same to the eye where the base was made of images of the same kind: the best
    that these axes allow (Rayleigh-Ritz). Raises DataError for fewer than two images.
    """
    mean, covariance = _mean_and_covariance(sums)
    with one_thread():
        turned = base.axes @ covariance.astype(np.float32)
        values, turn = np.linalg.eigh(turned[:KEPT] @ base.axes[:KEPT].T)
        axes = np.concatenate([turn[:, ::-1].T @ base.axes[:KEPT], base.axes[KEPT:]])
    along_others = np.einsum("ij,ij->i", turned[KEPT:], base.axes[KEPT:])
    variance = np.maximum(np.concatenate([values[::-1], along_others]), 0).astype(np.float64)
    order = np.argsort(-variance, kind="stable")
    return Pca(mean.astype(np.float32), _signed(axes[order]), variance[order], sums.count)


def _mean_and_covariance(sums: Sums) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (784,) and covariance (784, 784) of images with pixels in 0..1, float64."""
    _require_two(sums.count)
    n, total = sums.count, sums.class_sums.sum(axis=0)
    # Whole numbers, exact in float64: what never changes has a variance of exactly 0.
    return total / (n * 255.0), (n * sums.products - np.outer(total, total)) / (n * (n - 1) * 255.0**2)


def _require_two(count: int) -> None:
    if count < 2:
        raise DataError(f"Expected at least 2 images for principal components. Received {count}.")


def _of_covariance(mean: np.ndarray, covariance: np.ndarray, count: int) -> Pca:
    # Single precision is exact to a millionth of the largest variance. SciPy's eigh is hardly faster, and a second to
    # load.
    with one_thread():
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


def pca(dataset: Dataset, selection: Selection) -> Pca:
    """Return the components of the selected images, remembered on disk.

    Under a condition on a pixel they are those of at most MOST of them, drawn at random, within axes of the whole set:
    a change of the slider is then answered at once, and the first fifty components look the same.
    """

    def compute() -> dict[str, np.ndarray]:
        if selection.pixel is None:
            made = pca_of_sums(sums_of(dataset, selection))
        else:
            made = pca_within(pca(dataset, Selection(selection.split)), sums_of(dataset, selection, MOST))
        return {"mean": made.mean, "axes": made.axes, "variance": made.variance, "count": np.int64(made.count)}

    arrays = remembered(dataset.sha256, "pca", 5, compute, selection=selection.key)
    return Pca(arrays["mean"], arrays["axes"], arrays["variance"], int(arrays["count"]))

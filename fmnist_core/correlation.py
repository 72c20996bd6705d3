"""Which pixels move together: correlations of pixels with pixels, with classes, and of classes with each other.

All of it comes from sums that add up: of values and of products of two pixels, in each class; see products.py.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from fmnist_core.pixels import BRIGHT, SIDE

# Grey levels. Of a pixel that varies less, a handful of images decides: at the edge of Fashion-MNIST correlations of
# two sets drawn alike differ by up to 0.5, and above this by no more than chance_difference says.
LEAST_DEVIATION = 40.0


@dataclass(frozen=True, eq=False)
class Sums:
    """What correlations are computed from.

    class_sizes: (k,) images of each class. class_sums: (k, 784) float64. products: (784, 784) float64, all classes.
    """

    class_sizes: np.ndarray
    class_sums: np.ndarray
    products: np.ndarray

    @property
    def count(self) -> int:
        """Number of images."""
        return int(self.class_sizes.sum())


def correlations(sums: Sums) -> np.ndarray:
    """Correlate every two pixels (Pearson): -> (784, 784) float64; NaN in rows and columns of constant pixels."""
    n, total = sums.count, sums.class_sums.sum(axis=0)
    # n times products: whole numbers up to 2**53 stay exact, so a constant pixel has a variance of exactly 0.
    covariance = n * sums.products
    covariance -= np.outer(total, total)
    return _normalised(covariance)


def _normalised(covariance: np.ndarray) -> np.ndarray:
    """Turn covariances into correlations, in their place: fresh memory takes longer than the arithmetic."""
    scale = np.sqrt(np.where(np.diag(covariance) > 0, np.diag(covariance), np.nan))
    covariance /= scale
    covariance /= scale[:, np.newaxis]
    np.clip(covariance, -1, 1, out=covariance)
    np.fill_diagonal(covariance, np.where(np.isnan(scale), np.nan, 1.0))
    return covariance


def constant_pixels(matrix: np.ndarray) -> np.ndarray:
    """Return the pixels without correlation, (m,) int64: they have the same value in every image."""
    return np.flatnonzero(np.isnan(np.diag(matrix)))


def with_label(sums: Sums) -> np.ndarray:
    """Correlate each pixel with the class number, as a table that holds the label as a column does: -> (784,)."""
    classes = np.arange(len(sums.class_sizes), dtype=np.float64)
    n, total = sums.count, sums.class_sums.sum(axis=0)
    label_sum, label_squares = classes @ sums.class_sizes, classes**2 @ sums.class_sizes
    covariance = n * (classes @ sums.class_sums) - label_sum * total
    return _ratio(covariance, (n * label_squares - label_sum**2) * (n * np.diag(sums.products) - total**2))


def first_columns(sums: Sums, matrix: np.ndarray, count: int = 50) -> pd.DataFrame:
    """Correlate the first columns of the table (label, pixel1, pixel2, ...): -> (count, count) frame."""
    pixels = count - 1
    values = np.empty((count, count))
    values[1:, 1:] = matrix[:pixels, :pixels]
    values[0, 1:] = values[1:, 0] = with_label(sums)[:pixels]
    values[0, 0] = 1.0 if np.count_nonzero(sums.class_sizes) > 1 else np.nan
    names = ["label", *(f"pixel{number}" for number in range(1, count))]
    return pd.DataFrame(values, names, names)


def with_classes(sums: Sums) -> np.ndarray:
    """Correlate each pixel with each class against the rest (point-biserial): -> (k, 784) float64.

    NaN for constant pixels, and for a class that holds none or all of the images.
    """
    n, sizes, total = sums.count, sums.class_sizes.astype(np.float64), sums.class_sums.sum(axis=0)
    covariance = n * sums.class_sums - sizes[:, np.newaxis] * total
    pixel_variance = n * np.diag(sums.products) - total**2
    return _ratio(covariance, (sizes * (n - sizes))[:, np.newaxis] * pixel_variance)


def class_similarity(sums: Sums, method: str) -> np.ndarray:
    """Compare the mean images of the classes: -> (k, k) float64, 1 for equal pictures; NaN for an empty class.

    method: "pearson" compares patterns, whatever their brightness; "cosine" the pictures as directions.
    """
    sizes = np.where(sums.class_sizes > 0, sums.class_sizes, np.nan)[:, np.newaxis]
    pictures = sums.class_sums / sizes
    if method == "pearson":
        pictures = pictures - pictures.mean(axis=1, keepdims=True)
    return _normalised(pictures @ pictures.T)


def partners(matrix: np.ndarray, pixel: int, count: int = 5) -> pd.DataFrame:
    """List the pixels that move most with a pixel, and those that move most against it.

    Returns a frame with pixel, row, column, correlation: at most count positive ones from the strongest, then at most
    count negative ones from the strongest; without the pixel itself and constant ones.
    """
    row = matrix[pixel].copy()
    row[pixel] = np.nan
    order = np.argsort(-row, kind="stable")  # NaN last
    order = order[~np.isnan(row[order])]
    together = [index for index in order[:count] if row[index] > 0]
    against = [index for index in order[::-1][:count] if row[index] < 0]
    chosen = np.array([*together, *against], dtype=np.int64)
    return pd.DataFrame({"pixel": chosen, "row": chosen // SIDE, "column": chosen % SIDE, "correlation": row[chosen]})


def strongest_pairs(matrix: np.ndarray, count: int = 10) -> pd.DataFrame:
    """List the pairs of different pixels with the largest |correlation|: first, second, correlation."""
    upper = np.abs(np.where(np.triu(np.ones(matrix.shape, bool), 1), matrix, np.nan)).ravel()
    upper = np.nan_to_num(upper, nan=-1.0)
    best = np.argpartition(-upper, count)[:count]
    best = best[np.argsort(-upper[best], kind="stable")]
    best = best[upper[best] >= 0]
    first, second = np.divmod(best, len(matrix))
    return pd.DataFrame({"first": first, "second": second, "correlation": matrix[first, second]})


def comparable(*sets: Sums) -> np.ndarray:
    """Return which pixels vary enough in each of the sets for their correlations to be compared: (784,) bool."""

    def deviation(sums: Sums) -> np.ndarray:
        mean = sums.class_sums.sum(axis=0) / sums.count
        return np.sqrt(np.maximum(np.diag(sums.products) / sums.count - mean**2, 0))

    return np.min([deviation(sums) for sums in sets], axis=0) >= LEAST_DEVIATION


def largest_differences(difference: np.ndarray, count: int = 10) -> pd.DataFrame:
    """List where two tables of correlations differ most: first (row), second (column), difference.

    difference: (n, m), NaN where nothing is to be compared; these and zeros are not listed.
    """
    size = np.nan_to_num(np.abs(difference)).ravel()
    best = np.argpartition(-size, min(count, size.size) - 1)[:count]
    best = best[np.argsort(-size[best], kind="stable")]
    first, second = np.divmod(best[size[best] > 0], difference.shape[1])
    return pd.DataFrame({"first": first, "second": second, "difference": difference[first, second]})


def chance_difference(first: int, second: int, comparisons: int) -> float:
    """Return how much the largest of so many differences of correlations may be by chance, in 19 of 20 cases.

    first, second: numbers of images. Rule of thumb: of weak correlations of normal data, where the standard error is
    1 / sqrt(n), with Bonferroni's correction. It holds for pixels that are comparable.
    """
    return NormalDist().inv_cdf(1 - 0.025 / comparisons) * (1 / first + 1 / second) ** 0.5


def count_above(matrix: np.ndarray, threshold: float) -> int:
    """Count the pairs of different pixels whose |correlation| exceeds a threshold."""
    strong = np.abs(np.nan_to_num(matrix)) > threshold
    return int(np.triu(strong, 1).sum())


def closest_classes(similarity: np.ndarray) -> tuple[int, int] | None:
    """Return the two different classes with the largest similarity, or None if there are no two."""
    upper = np.where(np.triu(np.ones(similarity.shape, bool), 1), similarity, np.nan)
    if np.isnan(upper).all():
        return None
    first, second = np.unravel_index(np.nanargmax(upper), upper.shape)
    return int(first), int(second)


def pair_groups(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Sort images by whether two pixels are bright, from their values, (n,) uint8 each: -> (n,) int64.

    0: neither is, 1: only the first, 2: only the second, 3: both.
    """
    return (first >= BRIGHT) + 2 * (second >= BRIGHT)


def _ratio(covariance: np.ndarray, product: np.ndarray) -> np.ndarray:
    result = np.full(covariance.shape, np.nan)
    return np.divide(covariance, np.sqrt(np.maximum(product, 0)), out=result, where=product > 0)

"""Whether an input looks like the data at all: how near its nearest training image lies, beside test images.

The yardstick is the same distance of test images drawn at random: what 95 of 100 of them stay below is usual. It is
about pixels alone: a garment of an unusual cut is far away, too, and a grey blur may be near.
"""

from dataclasses import dataclass

import numpy as np

from fmnist_core.datasets import Dataset
from fmnist_core.memory import remembered
from fmnist_core.neighbours import distances, k_nearest

NAME, VERSION = "nearest-training", 1
SAMPLE = 300  # test images: the share that lie nearer is known to about one in a hundred at its end
USUAL = 0.95
_ROWS = 4096


@dataclass(frozen=True, eq=False)
class Likeness:
    """What is nearest to an input.

    Attributes:
        positions: (k,) int64, places in the training set, nearest first.
        distance: (k,) float32, Euclidean over the pixels, each 0 to 1.
        nearer_share: share of test images whose nearest training image lies nearer than this input's, 0..1.
        usual_distance: what USUAL of the test images stay below.
    """

    positions: np.ndarray
    distance: np.ndarray
    nearer_share: float
    usual_distance: float

    @property
    def is_usual(self) -> bool:
        """Whether its nearest training image is as near as those of USUAL of the test images."""
        return bool(self.distance[0] <= self.usual_distance)


def likeness(dataset: Dataset, image: np.ndarray, k: int = 10) -> Likeness:
    """Compare an image, (28, 28) uint8, with all training images; the first time on these data takes longer."""
    apart = distances(dataset.x_train, image)
    nearest = k_nearest(apart, k)
    yardstick = np.asarray(usual_distances(dataset))
    share = float(np.searchsorted(yardstick, apart[nearest[0]]) / len(yardstick))
    return Likeness(nearest, apart[nearest], share, float(np.quantile(yardstick, USUAL)))


def usual_distances(dataset: Dataset) -> np.ndarray:
    """Return how far the nearest training image lies from each of SAMPLE test images: (n,) float32, ascending."""

    def compute() -> dict[str, np.ndarray]:
        count = min(SAMPLE, len(dataset.x_test))
        chosen = np.random.default_rng(0).permutation(len(dataset.x_test))[:count]
        return {"distance": np.sort(_nearest(dataset.x_train, dataset.x_test[np.sort(chosen)]))}

    return remembered(dataset.sha256, NAME, VERSION, compute)["distance"]


def _nearest(images: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return the distance of each query, (m, 28, 28) uint8, to the nearest of images (n, 28, 28): (m,) float32.

    |a - b|^2 = |a|^2 - 2ab + |b|^2, by one matrix product a block; float32 keeps squares of 784 bytes to 1e-3.
    """
    points = queries.reshape(len(queries), -1).astype(np.float32)
    least = np.full(len(points), np.inf, np.float32)
    for at in range(0, len(images), _ROWS):
        block = images[at : at + _ROWS].reshape(-1, points.shape[1]).astype(np.float32)
        apart = np.einsum("ij,ij->i", block, block) - 2 * (points @ block.T)
        least = np.minimum(least, apart.min(axis=1))
    squares = np.einsum("ij,ij->i", points, points)
    return np.sqrt(np.maximum(least + squares, 0)) / np.float32(255)

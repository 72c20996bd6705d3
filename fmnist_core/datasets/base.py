"""What a data set is, and the small types that its sources share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fmnist_core.datasets.gaps import Gaps
from fmnist_core.errors import DataError

IMAGE_SHAPE = (28, 28)
CLASS_COUNT = 10
# One file may hold this many images: three times what the published editions hold, 157 MB of pixels.
MAX_IMAGES = 200_000

# Called with a sentence in the present tense and a fraction 0..1.
Progress = Callable[[str, float], None]


class Arrays(NamedTuple):
    """The four arrays of a data set: images (n, 28, 28) uint8 in 0..255 and labels (n,) uint8."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class Attempt:
    """A source that was tried and left: its name and the reason, both as the user reads them."""

    source: str
    reason: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels of 2 to 10 classes, with proof of where they come from.

    name: key in DATASETS.
    x_train, x_test: (n, 28, 28) uint8, 0 is background, read-only (memory-mapped if from the cache).
    y_train, y_test: (n,) uint8, positions in class_names, read-only.
    source: readable phrase that completes "from ...".
    sha256: of the content (store.content_hash): equal content, equal hash, whatever files it came in. The number of
        classes goes into it where it is not ten.
    synthetic: a stand-in was used because no source gave the data that `name` promises.
    verified: the content equals the published one by SHA-256.
    attempts: the sources that were tried before the one used, in order.
    gaps: the files of which rows were left out because they lack a value, and what was missing.
    Raises DataError if shapes, dtypes or labels do not fit.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    source: str
    sha256: str
    synthetic: bool = False
    verified: bool = False
    attempts: tuple[Attempt, ...] = ()
    gaps: tuple[Gaps, ...] = ()

    def __post_init__(self) -> None:
        for part, images, labels in (
            ("training", self.x_train, self.y_train),
            ("test", self.x_test, self.y_test),
        ):
            check_images_and_labels(images, labels, len(self.class_names), f"{self.name}, {part} set")
            images.flags.writeable = False
            labels.flags.writeable = False

    @property
    def arrays(self) -> Arrays:
        """The four arrays in their usual order."""
        return Arrays(self.x_train, self.y_train, self.x_test, self.y_test)


def check_images_and_labels(images: np.ndarray, labels: np.ndarray, n_classes: int, where: str) -> None:
    """Raise DataError unless images are (n, 28, 28) uint8 and labels (n,) uint8 below n_classes, n >= 1."""
    if images.dtype != np.uint8 or images.shape[1:] != IMAGE_SHAPE:
        raise DataError(
            f"{where}: Expected images of shape (n, 28, 28) and type uint8. "
            f"Received shape {images.shape} and type {images.dtype}."
        )
    if labels.dtype != np.uint8 or labels.ndim != 1:
        raise DataError(
            f"{where}: Expected labels of shape (n,) and type uint8. "
            f"Received shape {labels.shape} and type {labels.dtype}."
        )
    if len(images) != len(labels):
        raise DataError(
            f"{where}: Expected as many labels as images. Received {len(images):,} images and {len(labels):,} labels."
        )
    if not len(labels):
        raise DataError(f"{where}: Expected at least one image. Received none.")
    if labels.max() >= n_classes:
        position = int(np.argmax(labels >= n_classes))
        raise DataError(
            f"{where}: Expected labels from 0 to {n_classes - 1}. "
            f"Received {labels[position]} for image {position + 1:,}."
        )

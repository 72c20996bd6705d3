"""Places: the name of one image, such as train-123, and its position among all images, training before test."""

import re
from dataclasses import dataclass

import numpy as np

from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError

_FORM = re.compile(r"(train|test)-(\d{1,9})")
WORDS = {"train": "Training", "test": "Test"}


@dataclass(frozen=True)
class Place:
    """One image of a data set: split, train or test, and index within the split, from 0."""

    split: str
    index: int

    @classmethod
    def parse(cls, text: str, dataset: Dataset) -> "Place":
        """Read a name such as train-123; raises DataError if it is none, or the data set has no such image."""
        found = _FORM.fullmatch(text.strip().lower())
        if not found:
            raise DataError(f"Expected an image such as train-123 or test-45. Received {text!r}.")
        place = cls(found[1], int(found[2]))
        count = len(place._labels(dataset))
        if place.index >= count:
            raise DataError(f"Expected an image from {place.split}-0 to {place.split}-{count - 1}. Received {text!r}.")
        return place

    @classmethod
    def at(cls, position: int, dataset: Dataset) -> "Place":
        """Return the place of a position among all images, training before test."""
        count = len(dataset.y_train)
        return cls("train", int(position)) if position < count else cls("test", int(position) - count)

    def position(self, dataset: Dataset) -> int:
        """Return the position among all images, training before test."""
        return self.index + (len(dataset.y_train) if self.split == "test" else 0)

    def image(self, dataset: Dataset) -> np.ndarray:
        """Return the image, (28, 28) uint8."""
        return (dataset.x_train if self.split == "train" else dataset.x_test)[self.index]

    def label(self, dataset: Dataset) -> int:
        """Return its label, a position in class_names."""
        return int(self._labels(dataset)[self.index])

    def _labels(self, dataset: Dataset) -> np.ndarray:
        return dataset.y_train if self.split == "train" else dataset.y_test

    def __str__(self) -> str:
        return f"{self.split}-{self.index}"


def images_at(positions: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Return the images (n, 28, 28) uint8 at positions among all images, without joining the splits."""
    positions = np.asarray(positions)
    count = len(dataset.y_train)
    images = np.empty((len(positions), 28, 28), np.uint8)
    is_test = positions >= count
    images[~is_test] = dataset.x_train[positions[~is_test]]
    images[is_test] = dataset.x_test[positions[is_test] - count]
    return images


def all_labels(dataset: Dataset) -> np.ndarray:
    """Return the labels of all images, (n,) uint8, training before test."""
    return np.concatenate([dataset.y_train, dataset.y_test])

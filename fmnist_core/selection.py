"""Selection: which images a page is about. It is small, has a key for caches, and fits into an address."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError

SPLITS = ("train", "test", "both")


@dataclass(frozen=True)
class Subset:
    """The selected images.

    Attributes:
        images: (n, 28, 28) uint8; a view where nothing was filtered out.
        labels: (n,) uint8.
        index: (n,) int64, place within the image's own split.
        is_test: (n,) bool.
    """

    images: np.ndarray
    labels: np.ndarray
    index: np.ndarray
    is_test: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Selection:
    """A split, classes, and a condition on one pixel.

    Attributes:
        split: train, test or both.
        labels: the classes taken; none named means all.
        pixel: row * 28 + column of the pixel that must lie in minimum..maximum; None for no condition.
        minimum, maximum: 0..255, inclusive.
    """

    split: Literal["train", "test", "both"] = "train"
    labels: tuple[int, ...] = ()
    pixel: int | None = None
    minimum: int = 0
    maximum: int = 255

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise DataError(f"Expected split: one of {', '.join(SPLITS)}. Received: {self.split!r}.")
        if self.pixel is not None and not 0 <= self.pixel < 784:
            raise DataError(f"Expected a pixel from 0 to 783. Received: {self.pixel}.")
        if not 0 <= self.minimum <= self.maximum <= 255:
            raise DataError(f"Expected 0 <= minimum <= maximum <= 255. Received: {self.minimum} and {self.maximum}.")

    @cached_property
    def key(self) -> str:
        """A short name, equal for equal selections; fits into file names."""
        labels = "all" if not self.labels else "-".join(map(str, sorted(set(self.labels))))
        pixel = "" if self.pixel is None else f".p{self.pixel}.{self.minimum}-{self.maximum}"
        return f"{self.split}.{labels}{pixel}"

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the split is filtered out."""
        return not self.labels and self.pixel is None

    def left_out(self) -> "list[Selection]":
        """Return the selections that together hold what the condition on the pixel leaves out."""
        if self.pixel is None:
            return []
        below = [replace(self, minimum=0, maximum=self.minimum - 1)] if self.minimum > 0 else []
        above = [replace(self, minimum=self.maximum + 1, maximum=255)] if self.maximum < 255 else []
        return below + above

    def count(self, dataset: Dataset) -> int:
        """Return how many images are selected, without taking them."""
        train = 0 if self.split == "test" else self._kept(dataset.x_train, dataset.y_train).sum()
        test = 0 if self.split == "train" else self._kept(dataset.x_test, dataset.y_test).sum()
        return int(train + test)

    def take(self, dataset: Dataset) -> Subset:
        """Return the selected images of a data set."""
        parts = []
        if self.split in ("train", "both"):
            parts.append(self._part(dataset.x_train, dataset.y_train, is_test=False))
        if self.split in ("test", "both"):
            parts.append(self._part(dataset.x_test, dataset.y_test, is_test=True))
        if len(parts) == 1:
            return parts[0]
        first, second = parts
        return Subset(*(np.concatenate([getattr(first, name), getattr(second, name)]) for name in vars(first)))

    def _part(self, images: np.ndarray, labels: np.ndarray, *, is_test: bool) -> Subset:
        if self.is_whole:
            index = np.arange(len(labels))
            return Subset(images, labels, index, np.full(len(index), is_test))
        index = np.flatnonzero(self._kept(images, labels))
        return Subset(images[index], labels[index], index, np.full(len(index), is_test))

    def _kept(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        kept = np.isin(labels, self.labels) if self.labels else np.ones(len(labels), bool)
        if self.pixel is not None:
            values = images.reshape(len(images), -1)[:, self.pixel]
            kept &= (values >= self.minimum) & (values <= self.maximum)
        return kept

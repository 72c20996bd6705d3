"""Selection: which images a page is about. It is small, has a key for caches, and fits into an address."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError

SPLITS = ("train", "test", "both")


class Subset:
    """The selected images. None is copied before it is asked for.

    Attributes:
        labels: (n,) uint8.
        index: (n,) int64, place within the image's own split.
        is_test: (n,) bool; training images come first.
    """

    def __init__(self, dataset: Dataset, train: np.ndarray, test: np.ndarray) -> None:
        """Select by places in the training set, (n,) int64, and in the test set, (m,) int64, both ascending."""
        self._sources = ((dataset.x_train, train), (dataset.x_test, test))
        self.index = np.concatenate([train, test])
        self.labels = np.concatenate([dataset.y_train[train], dataset.y_test[test]])
        self.is_test = np.arange(len(self.index)) >= len(train)

    def __len__(self) -> int:
        return len(self.index)

    @cached_property
    def images(self) -> np.ndarray:
        """All of them, (n, 28, 28) uint8; a view where they are the whole of a split."""
        parts = [
            images if len(places) == len(images) else images[places] for images, places in self._sources if len(places)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty((0, 28, 28), np.uint8), *parts])

    def pick(self, rows: np.ndarray) -> np.ndarray:
        """Return some of them, rows (m,) below n in any order: -> (m, 28, 28) uint8."""
        (x_train, train), (x_test, _) = self._sources
        if not len(train):
            return x_test[self.index[rows]]
        if len(train) == len(self):
            return x_train[self.index[rows]]
        picked = np.empty((len(rows), 28, 28), np.uint8)
        is_test = self.is_test[rows]
        picked[~is_test] = x_train[self.index[rows[~is_test]]]
        picked[is_test] = x_test[self.index[rows[is_test]]]
        return picked

    def blocks(self, most: int = 16_384) -> Iterator[np.ndarray]:
        """Yield all of them in order, (m, 28, 28) uint8 each; one empty block if there are none.

        Tens of megabytes at once take longer to get from the system than to fill.
        """
        for start in range(0, max(len(self), 1), most):
            yield self.pick(np.arange(start, min(start + most, len(self))))

    def drawn(self, most: int | None) -> np.ndarray:
        """Return rows of at most so many of them, drawn at random, always the same; all in order if these do: int64."""
        if most is None or len(self) <= most:
            return np.arange(len(self))
        return np.random.default_rng(0).permutation(len(self))[:most]

    def pixel(self, pixel: int) -> np.ndarray:
        """Return the values of one pixel, row * 28 + column: -> (n,) uint8."""
        row, column = divmod(pixel, 28)
        return np.concatenate([images[places, row, column] for images, places in self._sources])


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
        return sum(int(mask.sum()) for mask in self._masks(dataset))

    def mask(self, dataset: Dataset) -> np.ndarray:
        """Return which images are selected: (n,) bool, training before test."""
        return np.concatenate(self._masks(dataset))

    def take(self, dataset: Dataset) -> Subset:
        """Return the selected images of a data set."""
        return Subset(dataset, *(np.flatnonzero(mask) for mask in self._masks(dataset)))

    def _masks(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
        return (
            self._kept("train", dataset.x_train, dataset.y_train), self._kept("test", dataset.x_test, dataset.y_test)
        )  # fmt: skip

    def _kept(self, split: str, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        if self.split not in (split, "both"):
            return np.zeros(len(labels), bool)
        kept = np.isin(labels, self.labels) if self.labels else np.ones(len(labels), bool)
        if self.pixel is not None:
            values = images.reshape(len(images), -1)[:, self.pixel]
            kept &= (values >= self.minimum) & (values <= self.maximum)
        return kept

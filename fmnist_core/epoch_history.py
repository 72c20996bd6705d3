"""A Run's epochs side by side: what was answered when, what was learned, what was forgotten. Arrays in, numbers out.

Forgetting events: Toneva et al., An empirical study of example forgetting during deep neural network learning, 2019.
They count on training images, at each step at which an image is seen; here it is the test images, once per kept epoch.
So an image may have been forgotten and learned again in between, and none of it was ever learned from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from fmnist_core.errors import DataError, RunError


@dataclass(frozen=True, eq=False)
class EpochHistory:
    """The answers of all kept epochs on the same images.

    Attributes:
        epochs: those that could be read, ascending, from 1.
        y_true: (n,) labels.
        predicted: (epochs, n) uint8, the most probable class.
        confidence: (epochs, n) uint8, its probability times 255.
        places: (epochs, n, 2) uint8, the image's place on the map of answers; see epoch_map.
        anchors: (classes, 2) float64, where a class that is certain lies, -1..1.
    """

    epochs: tuple[int, ...]
    y_true: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray
    places: np.ndarray
    anchors: np.ndarray

    @cached_property
    def right(self) -> np.ndarray:
        """Whether each image was recognised after each epoch: (epochs, n) bool."""
        return self.predicted == self.y_true

    @cached_property
    def forgettings(self) -> np.ndarray:
        """How often each image was right and, one kept epoch later, wrong: (n,) int64."""
        return (self.right[:-1] & ~self.right[1:]).sum(axis=0)

    def table(self, val_accuracy: dict[int, float] | None = None) -> pd.DataFrame:
        """Return a row per kept epoch.

        Args:
            val_accuracy: of epochs, 0..1, where known.

        Returns:
            epoch, val_accuracy (NaN where unknown), test_accuracy, both 0..1, and learned and forgotten: images that
            became right and wrong since the kept epoch before. In the first, all that is right was learned.
        """
        before = np.vstack([np.zeros_like(self.right[:1]), self.right[:-1]])
        known = val_accuracy or {}
        return pd.DataFrame(
            {
                "epoch": self.epochs,
                "val_accuracy": [known.get(epoch, np.nan) for epoch in self.epochs],
                "test_accuracy": self.right.mean(axis=1),
                "learned": (self.right & ~before).sum(axis=1),
                "forgotten": (before & ~self.right).sum(axis=1),
            }
        )

    def kinds(self) -> dict[str, int]:
        """Count images by what became of them.

        "always": right from the first kept epoch to the last. "learned": wrong at first, then right for good.
        "regained": forgotten at least once, right in the end. "lost": right once, wrong in the end. "never": not once.
        """
        ever, last, forgotten = self.right.any(axis=0), self.right[-1], self.forgettings > 0
        counts = {
            "always": last & ~forgotten & self.right[0],
            "learned": last & ~forgotten & ~self.right[0],
            "regained": last & forgotten,
            "lost": ever & ~last,
            "never": ~ever,
        }
        return {name: int(mask.sum()) for name, mask in counts.items()}

    def forgotten(self, class_names: Sequence[str], *, lost_only: bool = False) -> pd.DataFrame:
        """Return the images that were right and then wrong, those forgotten most often first, then the surest lost.

        Args:
            lost_only: leave out those that are right in the end.

        Returns:
            image (index into y_true), true (class name), times, last_right (the last epoch that was right), said (what
            the last wrong kept epoch answered), confidence (how sure it was, 0..1), in_the_end ("right" or "wrong").
        """
        images = np.flatnonzero((self.forgettings > 0) & (~self.right[-1] if lost_only else True))
        right = self.right[:, images]
        wrong = len(self.epochs) - 1 - (~right)[::-1].argmax(axis=0)  # every one of them was wrong at least once
        last_right = len(self.epochs) - 1 - right[::-1].argmax(axis=0)
        names = np.array(class_names, dtype=object)
        frame = pd.DataFrame(
            {
                "image": images, "true": names[self.y_true[images]], "times": self.forgettings[images],
                "last_right": np.array(self.epochs)[last_right], "said": names[self.predicted[wrong, images]],
                "confidence": self.confidence[wrong, images] / 255,
                "in_the_end": np.where(right[-1], "right", "wrong") if len(images) else [],
            }
        )  # fmt: skip
        return frame.sort_values(["times", "confidence"], ascending=False, kind="stable").reset_index(drop=True)

    def frames(self, most: int) -> list[int]:
        """Return positions of at most so many kept epochs, first and last among them, evenly spread."""
        if len(self.epochs) <= most:
            return list(range(len(self.epochs)))
        return sorted(set(np.rint(np.linspace(0, len(self.epochs) - 1, most)).astype(int).tolist()))


def history_of(epochs: Sequence[int], answers: Callable[[int], np.ndarray], y_true: np.ndarray) -> EpochHistory:
    """Gather the answers of epochs.

    Args:
        epochs: ascending.
        answers: returns those of an epoch: (n, classes) uint8; see EpochRecord.answers. Epochs for which it raises
            RunError are damaged and left out.
        y_true: (n,) labels.

    Raises:
        DataError: if there is no epoch that can be read, or answers and labels are not of the same images.
    """
    from fmnist_core.epoch_map import anchors_of, overlap, places

    whole, predicted, confidence = [], [], []
    alike: np.ndarray | float = 0.0
    for epoch in epochs:
        try:
            made = answers(epoch)
        except RunError:
            continue
        if len(made) != len(y_true):
            raise DataError(f"Expected answers on {len(y_true):,} images. Received {len(made):,}.")
        whole.append(epoch)
        predicted.append(made.argmax(axis=1).astype(np.uint8))
        confidence.append(made.max(axis=1))
        alike = alike + overlap(_shares(made))
    if not whole:
        raise DataError(f"Expected at least one kept epoch that can be read. Received {len(epochs)} that cannot.")
    anchors = anchors_of(np.asarray(alike))
    # Read once more, and not held meanwhile: 1,000 epochs would be 400 MB of floats.
    located = np.stack([places(_shares(answers(epoch)), anchors) for epoch in whole])
    return EpochHistory(tuple(whole), np.asarray(y_true), np.stack(predicted), np.stack(confidence), located, anchors)


def _shares(answers: np.ndarray) -> np.ndarray:
    """Return answers (n, classes) uint8 as float32 with rows of sum 1: rounding left them at about 255."""
    return answers / np.maximum(answers.sum(axis=1, keepdims=True, dtype=np.float32), 1)

"""What a model says about a batch: which rows to show, in which order, and tables of them. Arrays in, numbers out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
import pandas as pd

from fmnist_core.batch.rows import NO_LABEL, Problem
from fmnist_core.evaluation import Evaluation
from fmnist_core.rejection import Refusal


class Order(StrEnum):
    """Orders of the rows, as they stand on screen and in the address."""

    UNSURE = "Least sure first"
    SURE = "Surest first"
    WRONG = "Wrong first"
    FILE = "As in the file"


ORDERS = tuple(Order)


@dataclass(frozen=True, eq=False)
class Answers:
    """A batch and what one model says about it.

    Attributes:
        names: (n) names of members or lines.
        images: (n, 28, 28) uint8, as the model gets them.
        labels: (n,) int16 in 0..classes-1, NO_LABEL (-1) where none was given.
        probabilities: (n, classes) float, rows sum to 1.
        class_names: one per column.
        problems: what was left out, and why.
        unknown: words in the place of labels that name no class, and how often.
        skipped: files of the operating system that were passed over.
        seconds: that the model took, without reading.
        refusals: (n,) uint8, each a rejection.Refusal: why the image is none of the classes; None where that could not
            be told.
        untold: why it could not be told.
    """

    names: Sequence[str]
    images: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    class_names: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    unknown: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    seconds: float = 0.0
    refusals: np.ndarray | None = None
    untold: str = ""

    @cached_property
    def predicted(self) -> np.ndarray:
        """The likeliest class of each row: (n,) int64."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def confidence(self) -> np.ndarray:
        """Its probability: (n,) float."""
        return self.probabilities.max(axis=1)

    @cached_property
    def none(self) -> np.ndarray:
        """Which rows are none of the classes, as far as that is known: (n,) bool."""
        return np.zeros(len(self.labels), bool) if self.refusals is None else self.refusals != Refusal.NO

    @cached_property
    def labelled(self) -> np.ndarray:
        """Which rows have a label: (n,) bool."""
        return self.labels != NO_LABEL

    @cached_property
    def wrong(self) -> np.ndarray:
        """Which rows have a label that is not the likeliest class: (n,) bool."""
        return self.labelled & (self.predicted != self.labels)

    @cached_property
    def evaluation(self) -> Evaluation | None:
        """The rows with a label as an Evaluation; None if there are none."""
        rows = self.labelled
        if not rows.any():
            return None
        return Evaluation(self.labels[rows].astype(np.int64), self.probabilities[rows], self.class_names)

    def listed(
        self, order: Order, classes: Sequence[int] = (), confidence: tuple[float, float] = (0.0, 1.0),
        true: Sequence[int] = (), none: bool = False,
    ) -> np.ndarray:  # fmt: skip
        """Return the rows to show, in order: (m,) int64.

        Args:
            classes: only rows given one of these classes, and not taken for none; all if empty.
            confidence: only rows whose confidence lies within, both ends included.
            true: only rows that have one of these labels; all if empty.
            none: only rows that are none of the classes; beside `classes`, those as well.
        """
        low, high = confidence
        kept = (self.confidence >= low - 1e-6) & (self.confidence <= high + 1e-6)
        if len(classes) or none:
            kept &= np.where(self.none, none, np.isin(self.predicted, classes))
        if len(true):
            kept &= np.isin(self.labels, true)
        rows = np.flatnonzero(kept)
        keys = {
            Order.UNSURE: self.confidence[rows], Order.SURE: -self.confidence[rows], Order.FILE: rows,
            # Wrong ones first, the surest of them on top: those are the ones to look at.
            Order.WRONG: np.where(self.wrong[rows], -1.0, 1.0) - self.confidence[rows],
        }  # fmt: skip
        return rows[np.argsort(keys[order], kind="stable")]

    def by_class(self) -> pd.DataFrame:
        """Return a row per class: how often it was said, how sure on average (NaN if never), how often right."""
        classes = len(self.class_names)
        said = np.bincount(self.predicted, minlength=classes)
        sums = np.bincount(self.predicted, weights=self.confidence, minlength=classes)
        frame = pd.DataFrame({"Class": list(self.class_names), "Said of": said})
        frame["Mean confidence"] = np.divide(sums, said, out=np.full(classes, np.nan), where=said > 0)
        if self.labelled.any():
            frame["Labels"] = np.bincount(self.labels[self.labelled], minlength=classes)
            hits = np.bincount(self.labels[self.labelled & ~self.wrong], minlength=classes)
            frame["Found"] = np.divide(hits, frame["Labels"], out=np.full(classes, np.nan), where=frame["Labels"] > 0)
        return frame

    def table(self) -> pd.DataFrame:
        """Return a row per image: its name, the likeliest class, confidence, whether it is none of the classes (where
        that could be told), its label if any was given, all probabilities."""
        names = np.array(self.class_names, dtype=object)
        frame = pd.DataFrame({"name": list(self.names), "predicted": names[self.predicted]})
        frame["confidence"] = self.confidence.round(6)
        if self.refusals is not None:
            frame["none of these"] = np.where(self.none, "yes", "no")
        if self.labelled.any():
            frame["label"] = np.where(self.labelled, names[self.labels], "")
        columns = [f"probability of {name}" for name in self.class_names]
        return pd.concat([frame, pd.DataFrame(self.probabilities.round(6), columns=columns)], axis=1)

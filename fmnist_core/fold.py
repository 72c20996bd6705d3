"""Fold: which part of a cross-validation a Run is."""

from dataclasses import dataclass

from fmnist_core.errors import SpecError
from fmnist_core.hyperparameters import whole

KINDS: dict[str, str] = {"stratified": "Stratified by class", "kfold": "At random"}
MOST_FOLDS, MOST_REPEATS = 50, 20


@dataclass(frozen=True)
class Fold:
    """One of the parts into which the training images are cut: its Run validates on it and learns from the others.

    Attributes:
        number: of the part, from 1 to count.
        count: parts in all, the k of k-fold.
        kind: "stratified" keeps the share of each class in every part, "kfold" does not look at classes.
        repeat: from 1 to repeats; each repeat cuts the images in another way.
        repeats: how often they are cut.
        seed: of the cut; all Runs of a cross-validation have the same, while each has weights of its own seed.

    Raises:
        SpecError: at construction, if one of these is out of its range.
    """

    number: int
    count: int
    kind: str = "stratified"
    repeat: int = 1
    repeats: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        whole("the number of folds", self.count, 2, MOST_FOLDS)
        whole("the number of a fold", self.number, 1, self.count)
        whole("repeats of a cross-validation", self.repeats, 1, MOST_REPEATS)
        whole("the number of a repeat", self.repeat, 1, self.repeats)
        whole("the seed of the folds", self.seed, 0, 2**31 - 1)
        if self.kind not in KINDS:
            raise SpecError(f"Expected the kind of folds: one of {', '.join(KINDS)}. Received: {self.kind!r}.")

    @property
    def words(self) -> str:
        """What a reader calls it: fold 2 of 5, and which repeat if there are several."""
        repeat = f"repeat {self.repeat}, " if self.repeats > 1 else ""
        return f"{repeat}fold {self.number} of {self.count}"

    @property
    def place(self) -> int:
        """Its place among all Runs of the cross-validation, from 0."""
        return (self.repeat - 1) * self.count + self.number - 1

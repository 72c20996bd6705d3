"""What the Runs of an experiment came to, in words: only differences that the test images support."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

from fmnist_core.evaluation import wilson_interval


@dataclass(frozen=True)
class Outcome:
    """A Run of an experiment.

    Attributes:
        label: what sets it apart.
        validation: best validation accuracy so far, 0..1; NaN before the first epoch.
        test: test accuracy, 0..1; None before the end.
        test_images: on how many images.
        reported: what the reference system reported, 0..1; None where it cannot be compared.
    """

    label: str
    validation: float
    test: float | None = None
    test_images: int = 0
    reported: float | None = None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the test accuracy; NaN where there is none."""
        if self.test is None or self.test_images < 1:
            return nan, nan
        return wilson_interval(self.test, self.test_images)


def accuracy_text(outcomes: Sequence[Outcome]) -> str:
    """Say which Run is ahead, and once all are tested whether the test images tell the first from the last."""
    tested = sorted((one for one in outcomes if one.test is not None), key=lambda one: one.test, reverse=True)
    if len(tested) == len(outcomes) > 1:
        return _final_text(tested[0], tested[-1])
    begun = [one for one in outcomes if not isnan(one.validation)]
    if not begun:
        return "No epoch is finished yet."
    parts = ", ".join(f"{one.label}: {one.validation:.2%}" for one in begun)
    return f"Best validation accuracy so far. {parts}."


def _final_text(best: Outcome, last: Outcome) -> str:
    words = f"Ahead on the test images: {best.label}, {best.test:.2%}. Last: {last.label}, {last.test:.2%}."
    if best.test == last.test:
        return f"All Runs have the same test accuracy, {best.test:.2%}."
    if best.interval[0] <= last.interval[1]:
        return f"{words} Their 95 % intervals overlap: these images do not settle which is better."
    return f"{words} Their 95 % intervals do not overlap; another seed would still move both a little."

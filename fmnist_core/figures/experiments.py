"""What the Runs of an experiment came to, in words, and whether the test images tell the best from the last."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

from fmnist_core.evaluation import wilson_interval
from fmnist_core.paired import LEVEL, Pairing


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


def accuracy_text(outcomes: Sequence[Outcome], pairing: Pairing | None = None) -> str:
    """Say how the Runs stand, and once all are tested what the test images say of the best and the last.

    pairing: of these two, the best first; None where it cannot be had.
    """
    tested = tested_order(outcomes)
    if len(tested) == len(outcomes) > 1:
        return _final_text(tested[0], tested[-1], len(tested), pairing)
    begun = [one for one in outcomes if not isnan(one.validation)]
    if not begun:
        return "No epoch is finished yet."
    parts = ", ".join(f"{one.label}: {one.validation:.2%}" for one in begun)
    return f"Best validation accuracy so far. {parts}."


def tested_order(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return those that are tested, the best first."""
    return sorted((one for one in outcomes if one.test is not None), key=lambda one: one.test, reverse=True)


def _final_text(best: Outcome, last: Outcome, count: int, pairing: Pairing | None) -> str:
    if best.test == last.test:
        return f"All Runs have the same test accuracy, {best.test:.2%}."
    words = f"Ahead on the test images: {best.label}, {best.test:.2%}. Last: {last.label}, {last.test:.2%}."
    if pairing is None:
        return f"{words} Whether that is more than luck, Compare says: it asks each image of both."
    alone = (
        f"{best.label} alone has {len(pairing.only_first):,} right, {last.label} alone {len(pairing.only_second):,}."
    )
    # The two were picked by these very figures: of all pairs, one of the most uneven (Bonferroni).
    pairs = count * (count - 1) // 2
    p = min(1.0, pairs * pairing.p_value)
    share = f"{p:.1%}" if p >= 0.001 else "less than 0.1%"
    if pairs > 1:
        odds = f"If all were equally good, one of {pairs} pairs would be split as unevenly in at most {share}"
    else:
        odds = f"If neither were better, a split as uneven would come up in {share}"
    settled = (
        f"the images settle that {best.label} is the better of these two networks; another seed gives others."
        if p < LEVEL
        else "the images do not settle which is better."
    )
    return f"{words} {alone} {odds} of test sets (McNemar's exact test): {settled}"

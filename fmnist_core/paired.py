"""Two models on the same images: where they disagree, and whether that could be luck. Arrays in, numbers out.

Source: McNemar (1947), Note on the sampling error of the difference between correlated proportions or percentages,
Psychometrika 12, 153-157; the exact form. Recommended for two classifiers on one test set by Dietterich (1998).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fmnist_core.evaluation import Evaluation, EvaluationError

LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Pairing:
    """Two evaluations of the same images in the same order.

    Raises:
        EvaluationError: at construction, if their labels differ.
    """

    first: Evaluation
    second: Evaluation

    def __post_init__(self) -> None:
        if not np.array_equal(self.first.y_true, self.second.y_true):
            raise EvaluationError(
                f"Expected two Runs that were scored on the same images. Received {len(self.first.y_true):,} and "
                f"{len(self.second.y_true):,} images, whose labels differ."
            )

    @cached_property
    def only_first(self) -> np.ndarray:
        """Images that the first alone has right: (m,) int64, where it is surest first."""
        return self._only(self.first, self.second)

    @cached_property
    def only_second(self) -> np.ndarray:
        """Images that the second alone has right: (m,) int64, where it is surest first."""
        return self._only(self.second, self.first)

    @property
    def p_value(self) -> float:
        """McNemar's exact p: how often a split at least as uneven comes up where neither is better; 1 if they agree."""
        from scipy.special import bdtr  # a tenth of a second to load, and only where two Runs are chosen

        fewer, disagreed = (
            min(len(self.only_first), len(self.only_second)),
            len(self.only_first) + len(self.only_second),
        )
        return min(1.0, 2 * float(bdtr(fewer, disagreed, 0.5))) if disagreed else 1.0

    @property
    def is_settled(self) -> bool:
        """Whether p is below 5 %."""
        return self.p_value < LEVEL

    @staticmethod
    def _only(right: Evaluation, wrong: Evaluation) -> np.ndarray:
        images = np.flatnonzero((right.y_predicted == right.y_true) & (wrong.y_predicted != wrong.y_true))
        return images[np.argsort(-right.probabilities[images, right.y_true[images]], kind="stable")]


def pairing_text(pairing: Pairing, first: str, second: str) -> str:
    """Say in a few sentences which is better and whether the images settle it."""
    a, b = len(pairing.only_first), len(pairing.only_second)
    if a + b == 0:
        return f"{first} and {second} are right and wrong on the very same images."
    words = (
        f"Of {len(pairing.first.y_true):,} test images, {first} alone has {a:,} right and {second} alone {b:,}; on all "
        "others both are right or both are wrong."
    )
    share = f"{pairing.p_value:.1%}" if pairing.p_value >= 0.001 else "less than 0.1%"
    if a == b:
        return f"{words} Neither is ahead."
    odds = f"If neither were better, a split as uneven would come up in {share} of test sets"
    if pairing.is_settled:
        return f"{words} {odds}: **{first if a > b else second} is better on these images**, and hardly by luck."
    return f"{words} {odds}: **these images do not settle which is better.**"

"""The queue of label suspects: what a judge says of every label, which images are to be looked at, and in which order.

There are two judges, nearest images (suspects.py) and networks that never saw the image (label_issues.py). Both become
a `Judgement`, so that the review need not know which it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fmnist_core.datasets import Dataset
from fmnist_core.label_issues import LabelIssues
from fmnist_core.overlay import Mark, Overlay
from fmnist_core.places import Place
from fmnist_core.suspects import Suspects, strongest_other

Shown = Literal["open", "decided", "all"]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What one judge says of all labels, training before test.

    Attributes:
        order: (m,) int64, positions of what was judged, most suspect first.
        suspect: (n,) bool, whose label is doubted.
        suggestion: (n,) uint8, the strongest class other than the label.
        shares: (n, classes) float32, what each class gets of the vote or of the probability; NaN where not judged.
    """

    order: np.ndarray
    suspect: np.ndarray
    suggestion: np.ndarray
    shares: np.ndarray

    @property
    def judged(self) -> np.ndarray:
        """Which images were judged: (n,) bool."""
        return ~np.isnan(self.shares[:, 0])


def by_neighbours(found: Suspects) -> Judgement:
    """Return the judgement of nearest images: a label is doubted where the vote favours another class."""
    return Judgement(found.order, found.doubt > 0, found.suggestion, found.votes)


def by_networks(issues: LabelIssues, labels: np.ndarray) -> Judgement:
    """Return the judgement of networks on the training images that they had not seen; test images are not judged.

    Those taken for wrong come first, as cleanlab ranks them, then all others, the least sure label first.

    labels: (n,) integers of training, then test images.
    """
    rest = np.setdiff1d(np.arange(len(issues.index)), issues.issues)
    confidence = issues.probabilities[rest, labels[issues.index[rest]]]
    rest = rest[np.argsort(confidence, kind="stable")]
    shares = np.full((len(labels), issues.probabilities.shape[1]), np.nan, np.float32)
    shares[issues.index] = issues.probabilities
    suspect = np.zeros(len(labels), bool)
    suspect[issues.index[issues.issues]] = True
    suggestion = strongest_other(np.nan_to_num(shares), labels).astype(np.uint8)
    return Judgement(issues.index[np.concatenate([issues.issues, rest])], suspect, suggestion, shares)


def listed(
    judgement: Judgement, selected: np.ndarray, marks: Mapping[Place, Mark], data: Dataset, shown: Shown
) -> np.ndarray:
    """Return the positions to list, most suspect first.

    What was decided is listed whatever the judge says of it, after what he ranks.

    selected: (n,) bool.
    """
    decided = decided_mask(marks, data, len(selected))
    wanted = {
        "open": judgement.suspect & ~decided, "decided": decided, "all": judgement.suspect | decided,
    }[shown] & selected  # fmt: skip
    ranked = judgement.order[wanted[judgement.order]]
    unranked = np.setdiff1d(np.flatnonzero(wanted), ranked)
    return np.concatenate([ranked, unranked])


def decided_mask(marks: Mapping[Place, Mark], data: Dataset, count: int) -> np.ndarray:
    """Say of `count` images, training before test, which somebody has decided about: (count,) bool."""
    decided = np.zeros(count, bool)
    known = [place.position(data) for place in marks]
    decided[[position for position in known if position < count]] = True
    return decided


def beside(positions: np.ndarray, position: int, step: int) -> int | None:
    """Return the position that stands `step` places after this one in the list; None beyond its ends.

    From an image that is not listed one comes to the first.
    """
    at = np.flatnonzero(positions == position)
    if not len(at):
        return int(positions[0]) if len(positions) else None
    there = int(at[0]) + step
    return int(positions[there]) if 0 <= there < len(positions) else None


def take_back(overlay: Overlay, place: Place, before: Mark | None) -> Overlay:
    """Write down what was said of an image before the last decision about it, or that nothing was."""
    if before is None:
        return overlay.mark(place.split, place.index, "clear")
    return overlay.mark(place.split, place.index, before.action, before.label)

"""Why a model says what it says, as far as it can be asked from outside: arrays in, numbers out, no TensorFlow.

Occlusion asks the model again and again, with part of the image covered; it needs predictions alone, so that a page
answers at once. Pairs, odds and words work on features and probabilities that were computed elsewhere. What needs the
inside of the network is in explain_anatomy.py.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fmnist_core.errors import LabError
from fmnist_core.evaluation import SMALLEST_PROBABILITY, Evaluation

SIDE = 28
# Covering squares, fine to coarse: side and step in pixels. The coarser ones are for models that take long.
PATCHES = ((6, 2), (7, 3), (8, 5))
WORK_LIMIT = 10e9  # multiplications with addition that an occlusion map may take: about a second on two cores
PRODUCTS_AT_ONCE = 4_000_000  # of two rows each: 16 MB

Probabilities = Callable[[np.ndarray], np.ndarray]  # (n, 28, 28) uint8 -> (n, classes) float32


@dataclass(frozen=True, eq=False)
class Occlusion:
    """How much each part of an image counts for one class.

    Attributes:
        drop: (28, 28) float32: by how much the probability falls, on average, when a square that covers the pixel is
            blacked out; negative where it rises.
        probability: of the class, for the whole image, 0..1.
        patch_px, step_px: side of the square, and how far it moves each time.
        asked: how often the model was asked.
    """

    drop: np.ndarray
    probability: float
    patch_px: int
    step_px: int
    asked: int


def patch_for(multiply_adds: int) -> tuple[int, int]:
    """Return side and step of the covering square, in pixels, for a model that does so much for one image."""
    fitting = (patch for patch in PATCHES if len(_starts(*patch)) ** 2 * multiply_adds <= WORK_LIMIT)
    return next(fitting, PATCHES[-1])


def occlusion(
    probabilities: Probabilities, image: np.ndarray, label: int, patch_px: int = 6, step_px: int = 2
) -> Occlusion:
    """Black out a square at every place of an image, and note how far the probability of a class falls.

    image: (28, 28) uint8. label: the class. Squares under which the image is black already are not asked about: nothing
    would change. Source: Zeiler and Fergus, 2013, https://arxiv.org/abs/1311.2901.

    Raises:
        LabError: the image has another shape or dtype, or the square does not fit.
    """
    if image.shape != (SIDE, SIDE) or image.dtype != np.uint8:
        raise LabError(f"Expected an image (28, 28) uint8. Received {image.dtype} of shape {image.shape}.")
    if not (1 <= patch_px <= SIDE and step_px >= 1):
        raise LabError(f"Expected a square of 1 to 28 px and a step of 1 or more. Received {patch_px} and {step_px}.")
    starts = _starts(patch_px, step_px)
    places = [
        (top, left)
        for top in starts
        for left in starts
        if image[top : top + patch_px, left : left + patch_px].any()
    ]  # fmt: skip
    covered = np.repeat(image[np.newaxis], len(places) + 1, axis=0)
    for row, (top, left) in enumerate(places):
        covered[row, top : top + patch_px, left : left + patch_px] = 0
    answers = probabilities(covered)[:, label]
    drops, counts = np.zeros((SIDE, SIDE), np.float32), np.zeros((SIDE, SIDE), np.float32)
    for (top, left), answer in zip(places, answers, strict=False):  # the last answer is the whole image's
        drops[top : top + patch_px, left : left + patch_px] += answers[-1] - answer
    for top in starts:
        for left in starts:
            counts[top : top + patch_px, left : left + patch_px] += 1
    return Occlusion(drops / np.maximum(counts, 1), float(answers[-1]), patch_px, step_px, len(covered))


def _starts(patch_px: int, step_px: int) -> list[int]:
    """Return the first rows (or columns) of the squares: every step, and the last that fits."""
    last = SIDE - patch_px
    return sorted({*range(0, last + 1, step_px), last})


@dataclass(frozen=True)
class Region:
    """A part of the frame, and its share of all that counts, 0..1."""

    name: str
    share: float


_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "middle", "right")


def regions(saliency: np.ndarray) -> list[Region]:
    """Return each ninth of the frame with its share of the absolute saliency, (28, 28): largest first, both sides as
    one, since garments look alike from both. An empty list where nothing counts."""
    total = float(np.abs(saliency).sum())
    if not total > 0:
        return []
    bounds = np.array([0, 9, 19, 28])
    shares: dict[str, float] = {}
    for i, row in enumerate(_ROWS):
        for j, column in enumerate(_COLUMNS):
            part = saliency[bounds[i] : bounds[i + 1], bounds[j] : bounds[j + 1]]
            name = _region_name(row, column)
            shares[name] = shares.get(name, 0.0) + float(np.abs(part).sum()) / total
    return sorted((Region(name, share) for name, share in shares.items()), key=lambda region: -region.share)


def _region_name(row: str, column: str) -> str:
    if column == "middle":
        return "the centre" if row == "middle" else f"the {row} middle"
    return "the two sides" if row == "middle" else f"the two {row} corners"


def where_it_looks(saliency: np.ndarray) -> str:
    """Say in words in which parts of the frame most of the saliency lies: "the centre (41 %) and ..."."""
    found = regions(saliency)[:2]
    return " and ".join(f"{region.name} ({region.share:.0%})" for region in found) if found else "nowhere in particular"


def unit(rows: np.ndarray) -> np.ndarray:
    """Bring rows (n, d) to length 1, float32; rows of zeros stay."""
    rows = np.asarray(rows, np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def nearest_rows(
    rows: np.ndarray, row: np.ndarray, count: int, *, leave_out: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that point most nearly the same way: positions (k,) int64 and cosines (k,), best first.

    rows: (n, d) of length 1, any float; row: (d,) of length 1. leave_out: a position that does not count.
    """
    cosines = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), 8192):  # float16 on disk: converted block by block
        cosines[start : start + 8192] = np.asarray(rows[start : start + 8192], np.float32) @ row
    if leave_out is not None:
        cosines[leave_out] = -np.inf
    count = min(count, len(rows) - (leave_out is not None))
    best = np.argpartition(-cosines, count - 1)[:count] if count else np.empty(0, np.int64)
    best = best[np.argsort(-cosines[best], kind="stable")]
    return best, cosines[best]


def nearest_pairs(first: np.ndarray, second: np.ndarray, count: int) -> list[tuple[int, int, float]]:
    """Return pairs of one row of each, nearest first, no row twice: (position, position, cosine).

    first, second: (n, d), (m, d) of length 1, any float.
    """
    count = min(count, len(first), len(second))
    if not count:
        return []
    # A row's partner is among the `count` nearest to it: fewer are taken before its turn.
    partners, cosines = np.empty((len(first), count), np.int64), np.empty((len(first), count), np.float32)
    columns, at_once = np.asarray(second, np.float32).T, max(1, PRODUCTS_AT_ONCE // len(second))
    for start in range(0, len(first), at_once):
        chunk = slice(start, start + at_once)
        products = np.asarray(first[chunk], np.float32) @ columns
        partners[chunk] = np.argpartition(-products, count - 1, axis=1)[:, :count]
        cosines[chunk] = np.take_along_axis(products, partners[chunk], axis=1)
    pairs = []
    for _ in range(count):
        i, at = np.unravel_index(cosines.argmax(), cosines.shape)
        pairs.append((int(i), int(partners[i, at]), float(cosines[i, at])))
        cosines[i], cosines[partners == partners[i, at]] = -np.inf, -np.inf
    return pairs


def log_odds(probabilities: np.ndarray, first: int, second: int) -> np.ndarray:
    """Return ln(p_second / p_first) of each row: (n, classes) -> (n,) float64; above 0 leans to the second."""
    rows = np.clip(probabilities.astype(np.float64), SMALLEST_PROBABILITY, None)
    return np.log(rows[:, second]) - np.log(rows[:, first])


@dataclass(frozen=True, eq=False)
class Confusion:
    """Two classes and what a model makes of their test images.

    Attributes:
        first, second: the labels.
        first_as_second, second_as_first: (n,), (m,) int64, test images taken for the other class, surest first.
        first_images, second_images: how many test images each class has.
        mistakes: of the model in all, on all classes.
    """

    first: int
    second: int
    first_as_second: np.ndarray
    second_as_first: np.ndarray
    first_images: int
    second_images: int
    mistakes: int

    @property
    def count(self) -> int:
        """Mistakes between the two."""
        return len(self.first_as_second) + len(self.second_as_first)


def confusion(evaluation: Evaluation, first: int, second: int) -> Confusion:
    """Count and find the test images of two classes that are taken for each other.

    Raises LabError if both are the same class.
    """
    if first == second:
        raise LabError("Expected two different classes. Received the same one twice.")
    matrix = evaluation.confusion_matrix()
    taken = [
        evaluation.mistakes(None, true, other)["image"].to_numpy()
        for true, other in ((first, second), (second, first))
    ]  # fmt: skip
    support = matrix.sum(axis=1)
    return Confusion(
        first, second, *taken, int(support[first]), int(support[second]), int(matrix.sum() - matrix.trace())
    )  # fmt: skip


def most_confused(evaluation: Evaluation) -> tuple[int, int]:
    """Return the two classes that are most often taken for each other, both ways counted, the lower label first."""
    matrix = evaluation.confusion_matrix()
    both = np.triu(matrix + matrix.T, 1)
    first, second = np.unravel_index(both.argmax(), both.shape)
    return (int(first), int(second)) if first != second else (0, 1)


def confusion_words(found: Confusion, class_names: tuple[str, ...]) -> str:
    """Say how often two classes are taken for each other, and how much of all mistakes that is."""
    one, other = class_names[found.first], class_names[found.second]
    if not found.count:
        return f"No {one} of the test set was taken for a {other}, nor the reverse: this model keeps the two apart."
    share = found.count / max(found.mistakes, 1)
    return (
        f"Of {found.first_images:,} test images of {one}, {len(found.first_as_second):,} were taken for {other}; of "
        f"{found.second_images:,} of {other}, {len(found.second_as_first):,} for {one}. These two alone make "
        f"{share:.0%} of the model's {found.mistakes:,} mistakes."
    )


def overlap_words(odds_first: np.ndarray, odds_second: np.ndarray, class_names: tuple[str, str]) -> str:
    """Say how far the two classes lie apart on the line between them: medians, and how many are nearly undecided."""
    near = np.concatenate([np.abs(odds_first) < math.log(3), np.abs(odds_second) < math.log(3)])
    return (
        f"{near.mean():.0%} of these images are nearly undecided: neither class has three times the probability of the "
        f"other. The logarithm of the ratio is 0 where both are equally likely and ±2.3 where one has ten times as "
        f"much. Good: two hills far apart, {class_names[0]} left of 0 and {class_names[1]} right. Bad: one hill."
    )

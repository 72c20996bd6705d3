"""None of these: whether an input is so unlike the training data that no class should be named.

Two things are added, each on a scale on which an ordinary image has 0 and the strangest twentieth begins at 1:

- how far the nearest training image of the class that the model names lies, by pixels: a digit that is called a bag
  looks like no bag. Of 6,000 training images, along their first 64 principal components, and what those leave out;
- how undecided the model is: the entropy of its probabilities, which counts half. Alone it is worth little: a network
  may be sure of noise. With full weight more is caught of some models and less of others.

The threshold is the sum that one in twenty of the images that validated the Run exceeds; neither the model nor the
reference images know those. So 5 % of images like the data are turned away by design; benchmarks/rejection.py measures
that on the test images, and what is caught of digits, noise and photographs, beside other methods. An image without any
contrast has no content and is turned away at once. No TensorFlow; a third of a millisecond for one image.

What it cannot do: a garment drawn in flat white, turned or moved aside is far from the data as well.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from fmnist_core.content import FAINTEST
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.fingerprints import file_fingerprint
from fmnist_core.memory import remembered
from fmnist_core.pca import PIXELS, pca_of
from fmnist_core.prediction import Predictor
from fmnist_core.runs import LITERT_FILE, VALIDATION_FILE, Run
from fmnist_core.splits import draw_split
from fmnist_core.training_data import marked

NAME, VERSION = "rejection", 1
FALSE_REJECTS = 0.05
REFERENCES, AXES, HELD_OUT = 6000, 64, 3000
DOUBT_WEIGHT = 0.5
LEAST_HELD_OUT = 100  # fewer tell nothing of one in twenty
_ROWS = 512


class Refusal(IntEnum):
    """Why an image is none of the classes."""

    NO = 0  # it may be one
    UNLIKE = 1  # unlike the training images
    BLANK = 2  # next to nothing in it


@dataclass(frozen=True, eq=False)
class Judgement:
    """What is found of n images.

    Attributes:
        strangeness: (n,) float64; above the threshold of its detector it is none of the classes.
        distance: (n,) float64, to the nearest reference image of the class named, Euclidean, pixels 0 to 1.
        is_none: (n,) bool.
        is_blank: (n,) bool, no content at all.
    """

    strangeness: np.ndarray
    distance: np.ndarray
    is_none: np.ndarray
    is_blank: np.ndarray

    @property
    def refusals(self) -> np.ndarray:
        """The same as (n,) uint8, each a Refusal."""
        return np.where(self.is_blank, Refusal.BLANK, self.is_none * Refusal.UNLIKE).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Detector:
    """What an ordinary image is like, for one model and the data that it learned.

    Attributes:
        mean: (784,) float32; axes: (784, k) float32: principal components of the reference images, pixels 0 to 1.
        points: (m, k) float32, the reference images along them; labels: (m,) int64, their classes.
        distances, entropies: median and 95 % quantile of held-out images, each (2,) float64; an entropy quantile of NaN
            leaves entropy out, for there is no image that the model did not learn from.
        threshold: of the sum.
    """

    mean: np.ndarray
    axes: np.ndarray
    points: np.ndarray
    labels: np.ndarray
    distances: np.ndarray
    entropies: np.ndarray
    threshold: float

    @property
    def uses_entropy(self) -> bool:
        """Whether the model's own doubt counts."""
        return bool(np.isfinite(self.entropies).all())

    def judge(self, images: np.ndarray, probabilities: np.ndarray) -> Judgement:
        """Judge images (n, 28, 28) uint8 with the model's probabilities, (n, classes), as they leave the model."""
        distance = self.distance(images, probabilities.argmax(axis=1))
        strangeness = _scaled(distance, self.distances)
        if self.uses_entropy:
            strangeness = strangeness + DOUBT_WEIGHT * _scaled(entropy(probabilities), self.entropies)
        flat = images.reshape(len(images), -1)
        is_blank = np.ptp(flat, axis=1) < FAINTEST
        return Judgement(strangeness, distance, (strangeness > self.threshold) | is_blank, is_blank)

    def distance(self, images: np.ndarray, said: np.ndarray) -> np.ndarray:
        """Return how far the nearest reference image of the class said, (n,), lies: (n,) float64."""
        squares = np.einsum("ij,ij->i", self.points, self.points)
        found = np.empty(len(images), np.float64)
        for start in range(0, len(images), _ROWS):
            chunk = slice(start, start + _ROWS)
            rows = images[chunk].reshape(-1, PIXELS).astype(np.float32) / 255 - self.mean
            along = rows @ self.axes
            left_out = np.einsum("ij,ij->i", rows, rows) - np.einsum("ij,ij->i", along, along)
            for label in np.unique(said[chunk]):
                mine, own = said[chunk] == label, self.labels == label
                own = own if own.any() else np.ones_like(own)  # a class that has no reference image
                apart = squares[own] - 2 * (along[mine] @ self.points[own].T)
                nearest = apart.min(axis=1) + np.einsum("ij,ij->i", along[mine], along[mine]) + left_out[mine]
                found[chunk][mine] = np.sqrt(np.maximum(nearest, 0))
        return found


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """Return the entropy of each row in nats: (n, classes) -> (n,) float64; 0 is certain, 2.3 is guessing among ten."""
    rows = probabilities.astype(np.float64)
    return -(rows * np.log(np.maximum(rows, 1e-12))).sum(axis=1)


def fit(
    references: tuple[np.ndarray, np.ndarray], images: np.ndarray, probabilities: np.ndarray, *, doubt: bool = True
) -> Detector:
    """Learn what is ordinary.

    references: training images (m, 28, 28) uint8 and labels (m,). images: (n, 28, 28) uint8, held out: not among the
    references; probabilities: (n, classes), the model's on them. doubt: whether the model did not learn from them, so
    that its entropy means something.

    Raises:
        LabError: there are fewer than 100 images held out.
    """
    if len(images) < LEAST_HELD_OUT:
        raise LabError(f"Expected at least {LEAST_HELD_OUT} images that were held out. Received {len(images)}.")
    found = pca_of(references[0])
    axes = np.ascontiguousarray(found.axes[: min(AXES, len(references[0]) - 1)].T)
    rows = references[0].reshape(-1, PIXELS).astype(np.float32) / 255 - found.mean
    bare = Detector(
        found.mean, axes, rows @ axes, references[1].astype(np.int64), np.array([0.0, 1.0]), np.full(2, np.nan), 0.0
    )
    apart = bare.distance(images, probabilities.argmax(axis=1))
    distances, sums = _scale(apart), _scaled(apart, _scale(apart))
    entropies = np.full(2, np.nan)
    if doubt:
        entropies = _scale(entropy(probabilities))
        sums = sums + DOUBT_WEIGHT * _scaled(entropy(probabilities), entropies)
    threshold = float(np.quantile(sums, 1 - FALSE_REJECTS))
    return Detector(bare.mean, axes, bare.points, bare.labels, distances, entropies, threshold)


def detector_of(run: Run, predictor: Predictor, dataset: Dataset) -> Detector:
    """Return the detector of a Run: from disk, else fitted.

    Raises:
        LabError: the data are not those that the Run learned, or too few.
    """
    trained_on = (run.result or {}).get("sha256")
    if trained_on is not None and trained_on != dataset.sha256:
        raise LabError("Expected the data that this Run learned. Received others.")
    if tuple(dataset.class_names) != predictor.class_names:
        raise LabError("Expected the classes that this Run learned. Received others.")

    def compute() -> dict[str, np.ndarray]:
        made = _fitted(run, predictor, dataset)
        return {name: np.asarray(getattr(made, name)) for name in _PARTS}

    kept = remembered(dataset.sha256, NAME, VERSION, compute, model=file_fingerprint(run.folder / LITERT_FILE))
    parts: dict[str, Any] = {name: np.asarray(kept[name]) for name in _PARTS}
    return Detector(**{**parts, "threshold": float(parts["threshold"])})


_PARTS = ("mean", "axes", "points", "labels", "distances", "entropies", "threshold")


def _fitted(run: Run, predictor: Predictor, dataset: Dataset) -> Detector:
    order = np.random.default_rng(0).permutation(len(dataset.y_train))
    index, probabilities = held_out(run, dataset)
    doubt = index is not None
    if index is None:
        index = order[: min(HELD_OUT, len(order) // 5)]
    rest = order[~np.isin(order, index)][:REFERENCES]
    images = np.asarray(dataset.x_train[index])
    if probabilities is None:
        probabilities = predictor.probabilities(images)
    references = np.asarray(dataset.x_train[rest]), np.asarray(dataset.y_train[rest])
    return fit(references, images, probabilities, doubt=doubt)


def held_out(run: Run, dataset: Dataset) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return which training images validated the Run, at most HELD_OUT, and the model's probabilities on them; None for
    what is not known. The folder of the model that comes along lacks both, but its split can be drawn again."""
    if (run.folder / VALIDATION_FILE).is_file():
        index, probabilities = run.validation_probabilities()
        return index[:HELD_OUT], probabilities[:HELD_OUT]
    if "validation_images" in (run.result or {}):
        images, labels, places = marked(dataset, run.spec)
        drawn = draw_split(images, labels, run.spec).validation
        return (None if drawn is None else places[drawn][:HELD_OUT]), None
    return None, None


def _scale(values: np.ndarray) -> np.ndarray:
    """Return median and 95 % quantile, (2,); where both are equal, one apart, so that nothing is divided by 0."""
    low, high = np.quantile(values, [0.5, 1 - FALSE_REJECTS])
    return np.array([low, high if high > low else low + 1.0])


def _scaled(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return (values - scale[0]) / (scale[1] - scale[0])

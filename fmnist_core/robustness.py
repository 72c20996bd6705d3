"""How well a Run does on the whole test set once the images are broken (corruptions.py), each way at five strengths.

It is a task (fmnist_core/tasks.py): predictions go through LiteRT in batches; only the attack needs TensorFlow, for
gradients, and only in this process. A heavy network is scored on a stratified sample of the test images.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fmnist_core import prediction
from fmnist_core.corruptions import CORRUPTIONS, FGSM, Corruption, apply
from fmnist_core.datasets import Dataset
from fmnist_core.errors import ModelError
from fmnist_core.estimates import GUESSED_S_PER_GIGA_MULTIPLY_ADDS
from fmnist_core.evaluation import wilson_interval
from fmnist_core.explain_features import work_per_image
from fmnist_core.fingerprints import file_fingerprint
from fmnist_core.memory import is_remembered, remembered
from fmnist_core.projection import stratified
from fmnist_core.runs import KERAS_FILE, LITERT_FILE, Run

NAME, VERSION = "robustness", 1
STRENGTHS = 5
PASSES = 1 + STRENGTHS * len(CORRUPTIONS) + 3  # through the network for each image; a gradient counts as three
WORK_LIMIT = 4e12  # multiplications with addition: some minutes on two cores
LEAST_IMAGES = 500
S_PER_IMAGE = 8e-5  # of breaking it: a rough guess, only to say beforehand about how long it takes

Report = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Robustness:
    """How many test images are still answered rightly.

    Attributes:
        keys: of the corruptions, in the order of CORRUPTIONS; the attack is absent where it could not be made.
        support: (classes,) int64, images looked at of each class.
        clean: (classes,) int64, of them right as they are.
        right: (corruptions, 5, classes) int64, right at each strength, mildest first.
        kept: (corruptions, 5) int64, images whose answer is what it was, right or wrong.
    """

    keys: tuple[str, ...]
    support: np.ndarray
    clean: np.ndarray
    right: np.ndarray
    kept: np.ndarray

    @property
    def images(self) -> int:
        """How many were looked at."""
        return int(self.support.sum())

    @property
    def corruptions(self) -> tuple[Corruption, ...]:
        """Those that were tried."""
        return tuple(corruption for corruption in CORRUPTIONS if corruption.key in self.keys)

    @property
    def clean_accuracy(self) -> float:
        """Accuracy on the same images as they are, 0..1."""
        return float(self.clean.sum() / self.images)

    @property
    def accuracy(self) -> np.ndarray:
        """Accuracy at each strength: (corruptions, 5) float64, 0..1."""
        return self.right.sum(axis=2) / self.images

    @property
    def mean_accuracy(self) -> np.ndarray:
        """Mean over the five strengths of each corruption: (corruptions,) float64."""
        return self.accuracy.mean(axis=1)

    def table(self) -> pd.DataFrame:
        """Return one row per corruption and strength: amount, accuracy with its 95 % interval, answers kept."""
        rows = []
        for at, corruption in enumerate(self.corruptions):
            for strength, amount in enumerate(corruption.levels):
                accuracy = float(self.accuracy[at, strength])
                low, high = wilson_interval(accuracy, self.images)
                rows.append({
                    "corruption": corruption.title, "strength": strength + 1, "amount": corruption.say(amount),
                    "images": self.images, "accuracy": accuracy, "low": low, "high": high,
                    "kept": float(self.kept[at, strength] / self.images),
                })  # fmt: skip
        return pd.DataFrame(rows)

    def weakest_class(self, at: int, strength: int) -> int:
        """Return the class that loses the largest share of its images to a corruption at a strength, 0 to 4."""
        lost = (self.clean - self.right[at, strength]) / np.maximum(self.support, 1)
        return int(lost.argmax())


def images_of(run: Run, dataset: Dataset) -> int:
    """Return how many test images are looked at: all, or for a heavy network a sample."""
    most = len(dataset.y_test)
    return most if _work(run) * most <= WORK_LIMIT else min(most, max(LEAST_IMAGES, int(WORK_LIMIT / _work(run))))


def about_s(run: Run, dataset: Dataset) -> float:
    """Return about how many seconds it takes."""
    count = images_of(run, dataset)
    return 10 + count * PASSES * S_PER_IMAGE + _work(run) * count / 1e9 * GUESSED_S_PER_GIGA_MULTIPLY_ADDS


def can_attack(run: Run) -> bool:
    """Whether there is a model to take gradients of; LiteRT gives none."""
    return (run.folder / KERAS_FILE).is_file()


def known(run: Run, dataset: Dataset) -> Robustness | None:
    """Return what was computed before, from disk; else None. Nothing is ever computed."""
    key = _key(run, images_of(run, dataset))
    if not is_remembered(dataset.sha256, NAME, VERSION, **key):
        return None
    arrays = remembered(dataset.sha256, NAME, VERSION, dict, **key)
    keys = tuple(c.key for c in CORRUPTIONS if c.change is not None or key["attack"])
    return Robustness(keys, *(np.asarray(arrays[name]) for name in ("support", "clean", "right", "kept")))


def parameters(run: Run, dataset: Dataset) -> dict[str, Any]:
    """Return the parameters of the task "robustness": JSON types."""
    return {"folder": str(run.folder), **_key(run, images_of(run, dataset))}


def remember(dataset: Dataset, report: Report, *, folder: str, model: str, images: int, attack: bool) -> None:
    """Compute it, so that it is on disk (a task, see fmnist_core/tasks.py)."""
    run = Run(Path(folder))
    if file_fingerprint(run.folder / LITERT_FILE) != model or can_attack(run) != attack:
        raise ModelError("Expected the model that the page showed. Received another: it was trained anew meanwhile.")
    key = _key(run, images)
    remembered(dataset.sha256, NAME, VERSION, lambda: _compute(run, dataset, images, report), **key)


def _compute(run: Run, dataset: Dataset, count: int, report: Report) -> dict[str, np.ndarray]:
    predictor = prediction.load(run)
    chosen = stratified(np.asarray(dataset.y_test), count, seed=0)
    images, labels = np.asarray(dataset.x_test[chosen]), np.asarray(dataset.y_test[chosen]).astype(np.int64)
    classes = len(predictor.class_names)
    said = predictor.probabilities(images).argmax(axis=1)
    tried = [corruption for corruption in CORRUPTIONS if corruption is not FGSM or can_attack(run)]
    right = np.zeros((len(tried), STRENGTHS, classes), np.int64)
    kept = np.zeros((len(tried), STRENGTHS), np.int64)
    for at, corruption in enumerate(tried):
        slope = _slopes(run, images, labels, report) if corruption is FGSM else None
        for strength, amount in enumerate(corruption.levels):
            done = (at * STRENGTHS + strength) / (len(tried) * STRENGTHS)
            report(f"{corruption.title}, {corruption.say(amount)}", 0.02 + 0.98 * done)
            now = predictor.probabilities(apply(corruption, images, amount, slope)).argmax(axis=1)
            right[at, strength] = np.bincount(labels[now == labels], minlength=classes)
            kept[at, strength] = (now == said).sum()
    return {
        "support": np.bincount(labels, minlength=classes), "right": right, "kept": kept,
        "clean": np.bincount(labels[said == labels], minlength=classes),
    }  # fmt: skip


def _slopes(run: Run, images: np.ndarray, labels: np.ndarray, report: Report) -> np.ndarray:
    """Return which way each pixel raises the loss of each image: (n, 28, 28) float32."""
    report("Loading TensorFlow for the attack's gradients", 0.86)
    from fmnist_core.explain_anatomy import Anatomy

    anatomy, parts, step = Anatomy.of(run), [], 500
    for start in range(0, len(images), step):
        report(f"Gradients: {start:,} of {len(images):,} images", 0.86)
        parts.append(anatomy.slope(images[start : start + step], labels[start : start + step]))
    return np.concatenate(parts)


def _work(run: Run) -> int:
    return PASSES * work_per_image(run)


def _key(run: Run, count: int) -> dict[str, Any]:
    return {"model": file_fingerprint(run.folder / LITERT_FILE), "images": count, "attack": can_attack(run)}

"""What a Run trains and validates on: its data set, label marks and split applied."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fmnist_core import datasets
from fmnist_core.files import write_atomically
from fmnist_core.overlay import Overlay, overlay_file
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec
from fmnist_core.splits import draw_split

MARKS_FILE = "label_marks.jsonl"


@dataclass(frozen=True)
class TrainingData:
    """What a Run trains on: images (n, 28, 28) uint8, labels (n, classes) float32, one-hot.

    `validation_index`, (v,) int64, says which of the data set's training images validate; None where the test set does.
    """

    dataset: datasets.Dataset
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    validation_index: np.ndarray | None = None


def load_data(spec: RunSpec, marks_file: Path | None = None) -> TrainingData:
    """Load the spec's data set, apply label marks (of a file, by default the present ones) and draw the split."""
    dataset = datasets.load(spec.dataset, spec.dataset_folder or None)
    images, labels, places = marked(dataset, spec, marks_file)
    split = draw_split(images, labels, spec)
    one_hot = np.eye(len(dataset.class_names), dtype=np.float32)
    train = images[split.train], one_hot[labels[split.train]]
    if split.validation is None:
        return TrainingData(dataset, train, (dataset.x_test, one_hot[dataset.y_test]))
    validation = images[split.validation], one_hot[labels[split.validation]]
    return TrainingData(dataset, train, validation, places[split.validation])


def marked(
    dataset: datasets.Dataset, spec: RunSpec, marks_file: Path | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what label marks make of the training images, if the spec applies them; else the images as they are.

    Returns images (m, 28, 28) uint8, labels (m,) uint8, and where in the data set's training images each stands, (m,)
    int64.
    """
    if not spec.label_marks:
        return dataset.x_train, dataset.y_train, np.arange(len(dataset.y_train))
    overlay = Overlay.read(dataset.sha256, marks_file)
    return *overlay.apply(dataset), overlay.kept(len(dataset.y_train))


def kept_marks(run: Run) -> Path | None:
    """Copy the label marks into the run folder at its first start: a resumed Run must not see later ones."""
    if not run.spec.label_marks:
        return None
    kept = run.folder / MARKS_FILE
    if not kept.exists():
        present = overlay_file(datasets.load(run.spec.dataset, run.spec.dataset_folder or None).sha256)
        write_atomically(kept, present.read_bytes() if present.exists() else b"")
    return kept

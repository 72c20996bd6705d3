"""Data sets: real, verified, and never a dead end.

    dataset = datasets.load("fashion-mnist")
    dataset.x_train     # (60000, 28, 28) uint8, memory-mapped
    dataset.source      # "the Debian package's folder /usr/share/datasets/fashion-mnist"

A new data set is one file with a `load` function and one line in DATASETS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fmnist_core.datasets import fashion_mnist, mnist, own
from fmnist_core.datasets.base import IMAGE_SHAPE, Arrays, Attempt, Dataset, Progress
from fmnist_core.datasets.idx import read_idx
from fmnist_core.datasets.kaggle_csv import read_csv
from fmnist_core.datasets.uploads import MAX_UPLOAD_BYTES, save_upload
from fmnist_core.errors import DataError

__all__ = [
    "DATASETS", "MAX_UPLOAD_BYTES", "Arrays", "Attempt", "Dataset", "Entry",
    "Progress", "load", "read_csv", "read_idx", "save_upload",
]  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A data set that can be chosen.

    loader(folder, *, refresh, progress) -> Dataset.
    needs_folder: it exists only in files that the user names.
    """

    title: str
    description: str
    class_names: tuple[str, ...]
    loader: Callable[..., Dataset]
    image_shape: tuple[int, int] = IMAGE_SHAPE
    needs_folder: bool = False


DATASETS: dict[str, Entry] = {
    fashion_mnist.NAME: Entry(
        "Fashion-MNIST", "70,000 garments in 10 classes", fashion_mnist.CLASS_NAMES, fashion_mnist.load
    ),
    mnist.NAME: Entry("MNIST", "70,000 handwritten digits", mnist.CLASS_NAMES, mnist.load),
    own.NAME: Entry(
        "Your own files",
        "IDX or CSV files of the same form",
        own.DEFAULT_CLASS_NAMES,
        own.load,
        needs_folder=True,
    ),
}


def load(
    name: str,
    folder: str | Path | None = None,
    *,
    refresh: bool = False,
    progress: Progress | None = None,
) -> Dataset:
    """Return a data set by its key in DATASETS.

    folder: where to look first (Fashion-MNIST, MNIST), or the user's own files ("own"; one CSV file will do).
    refresh: ask sources again that failed a moment ago, and read own files again.
    progress: called with a sentence and a fraction 0..1 while something takes time.
    Raises DataError for an unknown name and for own files that are not of the form. Published data sets never
    fail: their last source is a stand-in, marked as synthetic.
    """
    if name not in DATASETS:
        raise DataError(f"Expected a data set out of {', '.join(DATASETS)}. Received {name!r}.")
    return DATASETS[name].loader(folder, refresh=refresh, progress=progress)

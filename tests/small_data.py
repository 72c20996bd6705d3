"""A part of the real data as files of the user's own: what is trained or scored on them is done in a second."""

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from fmnist_core import datasets
from fmnist_core.datasets.idx import header

TRAIN, TEST = 1500, 1100  # enough to learn from, and more than the 1,000 that proofs ask about


@functools.cache
def small_folder(train: int = TRAIN, test: int = TEST) -> Path:
    """Return a folder with the first images of Fashion-MNIST, as IDX files."""

    def write(place: Path) -> None:
        data = datasets.load("fashion-mnist")
        for part, n, images, labels in (
            ("train", train, data.x_train, data.y_train),
            ("t10k", test, data.x_test, data.y_test),
        ):
            for kind, array in (("images-idx3", images[:n]), ("labels-idx1", labels[:n])):
                (place / f"{part}-{kind}-ubyte").write_bytes(header(array) + array.tobytes())

    return made_once(f"small-{train}-{test}", write)


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that is made by the first process of a test session that asks for it; the others find it."""
    place = Path(os.environ["FMNIST_LAB_TESTS"]) / name
    with FileLock(f"{place}.lock"):
        if not place.exists():
            making = place.with_name(f"{name}-being-made")
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            make(making)
            making.rename(place)
    return place


def small_data() -> datasets.Dataset:
    """Return these images as a data set."""
    return datasets.load("own", small_folder())

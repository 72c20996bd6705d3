"""A part of the real data as files of the user's own: what is trained or scored on them is done in a second."""

import functools
import os
import tempfile
from pathlib import Path

from fmnist_core import datasets
from fmnist_core.datasets.idx import header

TRAIN, TEST = 1500, 1100  # enough to learn from, and more than the 1,000 that proofs ask about


@functools.cache
def small_folder(train: int = TRAIN, test: int = TEST) -> Path:
    """Return a folder with the first images of Fashion-MNIST, as IDX files."""
    data, place = datasets.load("fashion-mnist"), Path(tempfile.mkdtemp(dir=os.environ["FMNIST_LAB_TESTS"]))
    for part, n, images, labels in (
        ("train", train, data.x_train, data.y_train),
        ("t10k", test, data.x_test, data.y_test),
    ):
        for kind, array in (("images-idx3", images[:n]), ("labels-idx1", labels[:n])):
            (place / f"{part}-{kind}-ubyte").write_bytes(header(array) + array.tobytes())
    return place


def small_data() -> datasets.Dataset:
    """Return these images as a data set."""
    return datasets.load("own", small_folder())

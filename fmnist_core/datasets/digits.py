"""The digits' offline stand-in: scikit-learn's 1,797 handwritten digits of 8x8 pixels, enlarged to 28x28.

Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI (1998), CC BY 4.0, as shipped
in sklearn.datasets.load_digits.
"""

import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

from fmnist_core.datasets import store
from fmnist_core.datasets.base import IMAGE_SHAPE, Arrays, Progress
from fmnist_core.datasets.split import split_stratified

PHRASE = "scikit-learn's 1,797 digits of 8x8 pixels, enlarged, instead of MNIST"
_KEY = "mnist-digits-8x8-v1"
# MNIST's own layout: the digit in 20x20 pixels, amid a margin of 4.
_DIGIT_PX, _MARGIN_PX = 20, 4
_TEST_COUNT = 360


def load(report: Progress | None = None) -> store.Entry:
    """Return 1,437 training and 360 test digits (stratified, seed 0) from the cache, made if absent."""
    entry = store.find(_KEY)
    if entry is None:
        if report:
            report("Enlarging scikit-learn's digits", 0.5)
        images, labels = enlarge_digits()
        train, test = split_stratified(labels, _TEST_COUNT)
        arrays = Arrays(images[train], labels[train], images[test], labels[test])
        sha256 = store.content_hash(store.file_hash(a) for a in arrays)
        entry = store.keep(_KEY, arrays, sha256, "scikit-learn")
    return entry


def enlarge_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return images (1797, 28, 28) uint8 in 0..255 and labels (1797,) uint8."""
    small, labels = _read_digits()
    images = np.zeros((len(small), *IMAGE_SHAPE), dtype=np.uint8)
    inner = slice(_MARGIN_PX, _MARGIN_PX + _DIGIT_PX)
    for image, digit in zip(images, small, strict=True):
        picture = Image.fromarray(np.round(digit * (255 / 16)).astype(np.uint8))
        image[inner, inner] = picture.resize((_DIGIT_PX, _DIGIT_PX), Image.Resampling.BICUBIC)
    return images, labels.astype(np.uint8)


def _read_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return images (1797, 8, 8) in 0..16 and labels, out of scikit-learn's own file.

    Importing scikit-learn for it takes seconds on a busy machine; find_spec only says where it lies.
    """
    spec = importlib.util.find_spec("sklearn")
    file = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz" if spec and spec.origin else None
    if file is None or not file.is_file():
        from sklearn.datasets import load_digits

        return load_digits().images, load_digits().target
    table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    return table[:, :-1].reshape(-1, 8, 8), table[:, -1]

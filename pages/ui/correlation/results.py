"""What the Correlation page shows: sums on disk per data set, from which every choice of classes follows."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from fmnist_core.correlation import Sums, correlations, product_sums
from fmnist_core.datasets import Dataset
from fmnist_core.memory import remembered
from fmnist_core.pixels import value_sums
from fmnist_core.selection import Selection
from pages.ui.correlation.matrix import packed
from pages.ui.distributions.results import part, splits_of


class Correlated(NamedTuple):
    """Sums over the selected images, their correlations (784, 784) float64, and these packed for the browser."""

    sums: Sums
    matrix: np.ndarray
    numbers: bytes


# Eleven megabytes each, shared by all sessions.
@st.cache_resource(max_entries=4, show_spinner="Correlating 784 pixels with each other")
def _correlated(sha256: str, key: str, _dataset: Dataset, _selection: Selection) -> Correlated:
    sums = _conditioned(_dataset, _selection) if _selection.pixel is not None else _summed(_dataset, _selection)
    matrix = correlations(sums)
    matrix.flags.writeable = False
    return Correlated(sums, matrix, packed(matrix))


def correlated(dataset: Dataset, selection: Selection) -> Correlated:
    """Return the correlations of the selected images."""
    return _correlated(dataset.sha256, selection.key, dataset, selection)


def _summed(dataset: Dataset, selection: Selection) -> Sums:
    """Add up what is on disk for the sets and classes selected."""
    kept = np.zeros(len(dataset.class_names), bool)
    kept[list(selection.labels) or slice(None)] = True
    sizes, sums, products = 0, 0.0, 0.0
    for split in splits_of(selection):
        stored = _stored(dataset, split)
        sizes = sizes + np.where(kept, stored["sizes"], 0)
        sums = sums + np.where(kept[:, np.newaxis], stored["sums"], 0.0)
        products = products + stored["products"][kept].sum(axis=0, dtype=np.float64)
    return Sums(sizes, sums, products)


def _stored(dataset: Dataset, split: str) -> dict[str, np.ndarray]:
    images, labels = part(dataset, split)

    def compute() -> dict[str, np.ndarray]:
        sizes, sums = value_sums(images, labels, len(dataset.class_names))
        return {"sizes": sizes, "sums": sums, "products": product_sums(images, labels, len(dataset.class_names))}

    return remembered(dataset.sha256, "pixel-products", 1, compute, split=split)


def _conditioned(dataset: Dataset, selection: Selection) -> Sums:
    """Sum over the images that fulfil a condition on a pixel, which are not known beforehand."""
    subset = selection.take(dataset)
    sizes, sums = value_sums(subset.images, subset.labels, len(dataset.class_names))
    products = product_sums(subset.images, np.zeros(len(subset), np.uint8), 1)[0]
    return Sums(sizes, sums, products.astype(np.float64))

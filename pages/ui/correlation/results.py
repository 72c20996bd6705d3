"""What the Correlation page shows: sums on disk per data set, from which every choice of classes follows."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import streamlit as st

from fmnist_core.correlation import Sums, correlations
from fmnist_core.datasets import Dataset
from fmnist_core.places import WORDS
from fmnist_core.selection import Selection
from fmnist_core.sums import sums_of

MOST = 5000  # images under a condition on a pixel: a correlation is then off by 0.014, and the slider answers at once


class Correlated(NamedTuple):
    """Sums over the selected images, and their correlations (784, 784) float64."""

    sums: Sums
    matrix: np.ndarray


# Ten megabytes each, shared by all sessions.
@st.cache_resource(max_entries=4, show_spinner="Correlating 784 pixels with each other")
def _correlated(sha256: str, key: str, _dataset: Dataset, _selection: Selection) -> Correlated:
    sums = sums_of(_dataset, _selection, MOST)
    matrix = correlations(sums)
    matrix.flags.writeable = False
    return Correlated(sums, matrix)


def correlated(dataset: Dataset, selection: Selection) -> Correlated:
    """Return the correlations of the selected images."""
    return _correlated(dataset.sha256, selection.key, dataset, selection)


def correlated_sets(dataset: Dataset, selection: Selection) -> tuple[Correlated, Correlated]:
    """Return the correlations of the selected training images and of the selected test images."""
    train, test = (correlated(dataset, replace(selection, split=split)) for split in ("train", "test"))
    return train, test


def choose_compared(dataset: Dataset, selection: Selection) -> bool:
    """Where both sets are selected, let the user choose whether they are compared or taken together."""
    if selection.split != "both":
        return False
    compared = st.toggle(
        "Compare training and test", True, key="compared", bind="query-params",
        help="Off: the images of both sets are taken together.",
    )  # fmt: skip
    if compared:
        for split, word in WORDS.items():
            if not replace(selection, split=split).count(dataset):
                st.info(
                    f"The {word.lower()} set has no image of what is selected: nothing to compare.",
                    icon=":material/info:",
                )
                return False
    return compared


def sample_note(dataset: Dataset, selection: Selection, result: Correlated) -> None:
    """Say of how many images the correlations are, where they are not of all that are selected."""
    if selection.pixel is not None and result.sums.count < (selected := selection.count(dataset)):
        st.caption(
            f"Of {result.sums.count:,} of the {selected:,} selected images, a random sample: numbers may be off by "
            f"about {result.sums.count**-0.5:.2f}."
        )

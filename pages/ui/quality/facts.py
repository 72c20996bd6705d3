"""What the Quality page knows about a data set: computed once, kept small, shared by all sessions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core import quality
from fmnist_core.datasets import Dataset
from fmnist_core.quality import columns
from fmnist_core.quality.copies import Pairs
from fmnist_core.selection import Selection

# What the slider of |r| offers.
LEAST_CORRELATION, LARGEST_CORRELATION = 0.7, 0.99
MOST = 2000  # images under a condition on a pixel, of each set: a correlation is then off by 0.02


@dataclass(frozen=True, eq=False)
class Whole:
    """What holds for all images: pairs of exact copies, and quality.outlier_measures."""

    copies: Pairs
    outliers: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Facts:
    """What holds for the selected images; by set is by its word, training or test, of those with a selected image.

    selected: (n,) bool, training before test.
    numbers: columns.describe by set. constant: by set, the columns without a second value, 0 is the label.
    redundant: pairs of pixels above LEAST_CORRELATION. largest_correlation: |r| by set, 0 if none.
    """

    whole: Whole
    selected: np.ndarray
    numbers: dict[str, pd.DataFrame]
    constant: dict[str, np.ndarray]
    redundant: pd.DataFrame
    largest_correlation: dict[str, float]

    @property
    def count(self) -> int:
        """Number of images selected."""
        return int(self.selected.sum())


def facts_of(dataset: Dataset, selection: Selection) -> Facts:
    """Return the facts; the first visit computes them in a second or two, and the next start finds them on disk."""
    whole = _whole(dataset.sha256, dataset)
    return Facts(whole, selection.mask(dataset), *_columns(dataset.sha256, selection.key, dataset, selection))


@st.cache_resource(max_entries=4, show_spinner="Looking at every pixel")
def _whole(sha256: str, _dataset: Dataset) -> Whole:
    return Whole(quality.exact_copies(_dataset), quality.outlier_measures(_dataset))


@st.cache_resource(max_entries=16, show_spinner="Looking at every pixel")
def _columns(sha256: str, key: str, _dataset: Dataset, _selection: Selection) -> tuple:
    counts = quality.column_counts(_dataset, _selection)
    matrices = quality.pixel_correlations(_dataset, _selection, MOST)
    first = int(len(_selection.labels) == 1)  # of one class alone, the label says nothing by being always the same
    return (
        {word: columns.describe(one) for word, one in counts.items()},
        {word: columns.constant_columns(one[first:]) + first for word, one in counts.items()},
        columns.redundant_columns(matrices, LEAST_CORRELATION),
        {word: float(np.nanmax(np.abs(np.triu(one, 1)))) for word, one in matrices.items()},
    )


def setting(name: str, default: float, least: float, largest: float) -> float:
    """Return the value of a slider that may be folded away: of this session, of the address, or its default.

    What the slider does not offer counts for nothing in an address, as it does where the slider is shown.
    """
    try:
        value = float(st.session_state[name] if name in st.session_state else st.query_params[name])
    except (KeyError, ValueError):
        return default
    return value if least <= value <= largest else default

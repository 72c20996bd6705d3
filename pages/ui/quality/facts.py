"""What the Quality page knows about a data set: computed once, kept small, shared by all sessions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core import quality
from fmnist_core.datasets import Dataset
from fmnist_core.quality import columns
from fmnist_core.quality.copies import Pairs

# The lowest |r| that the slider offers.
LEAST_CORRELATION = 0.7


@dataclass(frozen=True, eq=False)
class Facts:
    """train, test: columns.describe of each split. redundant: pairs of pixels above LEAST_CORRELATION.

    constant: columns without a second value in training, 0 is the label. largest_correlation: |r|, 0 if none.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    copies: Pairs
    constant: np.ndarray
    redundant: pd.DataFrame
    largest_correlation: float
    outliers: dict[str, np.ndarray]


def facts_of(dataset: Dataset) -> Facts:
    """Return the facts; the first visit computes them in a second or two, and the next start finds them on disk."""
    return _facts(dataset.sha256, dataset)


@st.cache_resource(max_entries=4, show_spinner="Looking at every pixel")
def _facts(sha256: str, _dataset: Dataset) -> Facts:
    counts = quality.column_counts(_dataset)
    matrix = quality.pixel_correlation(_dataset)
    upper = np.abs(matrix[np.triu_indices(len(matrix), k=1)])
    return Facts(
        train=columns.describe(counts["train"]),
        test=columns.describe(counts["test"]),
        copies=quality.exact_copies(_dataset),
        constant=columns.constant_columns(counts["train"]),
        redundant=columns.redundant_columns(matrix, LEAST_CORRELATION),
        largest_correlation=float(np.nanmax(upper, initial=0.0)),
        outliers=quality.outlier_measures(_dataset),
    )


def setting(name: str, default: Any) -> Any:
    """Return the value of a widget that may be folded away: of this session, of the address, or its default."""
    if name in st.session_state:
        return st.session_state[name]
    try:
        return type(default)(st.query_params[name])
    except (KeyError, ValueError):
        return default

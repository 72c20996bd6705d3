"""Near-duplicates: found in the background, shown side by side."""

import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.quality.copies import Pairs
from pages.ui.quality.facts import setting

KEY, DEFAULT, LARGEST = "near.distance", 10.0, 20.0


def threshold() -> float:
    """Return the distance up to which images count as near-duplicates, in grey levels."""
    return setting(KEY, DEFAULT)


def pairs(dataset: Dataset) -> Pairs | None:
    """Return the pairs up to the threshold, or None while they are not known."""
    return None


def show(dataset: Dataset, pairs: Pairs | None) -> None:
    """Show them."""
    st.write("soon")

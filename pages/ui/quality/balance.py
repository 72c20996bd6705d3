"""Pieces of the Balance page."""

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core.balance import Balance, chance_sentence, counts_table, measures_table, verdict
from fmnist_core.datasets import Dataset
from fmnist_core.figures.quality import balance_figure, balance_text
from fmnist_core.selection import Selection
from pages.ui.data import plain
from pages.ui.export import show_figure, table_download

DEFINITIONS = """
- **Largest / smallest**: images of the largest class over those of the smallest. 1 is even.
- **Normalised entropy**: −Σ p log p over the log of the number of classes, p the share of a class. 1 is even, 0 is
  all in one class.
- **Chi-square**: Σ (count − mean)² / mean, Pearson's test against equal classes.
- **p-value**: how often classes drawn equally at random would be at least this uneven.
"""


def count_classes(dataset: Dataset, selection: Selection) -> pd.DataFrame:
    """Return balance.counts_table of a selection; ends the page where nothing is selected."""
    labels, is_test = _labels(dataset.sha256, selection.key, dataset, selection)
    if not len(labels):
        st.info("No image meets this selection. Widen the pixel condition or the classes.")
        st.stop()
    classes = selection.labels or tuple(range(len(dataset.class_names)))
    return counts_table(labels, is_test, classes, dataset.class_names)


@st.cache_resource(max_entries=50, show_spinner=False)
def _labels(sha256: str, key: str, _dataset: Dataset, _selection: Selection) -> tuple[np.ndarray, np.ndarray]:
    """Keep labels and splits only (2 bytes an image), not the selected images."""
    if not _selection.is_whole:
        subset = _selection.take(_dataset)
        return subset.labels, subset.is_test
    train = _dataset.y_train if _selection.split != "test" else _dataset.y_train[:0]
    test = _dataset.y_test if _selection.split != "train" else _dataset.y_test[:0]
    return np.concatenate([train, test]), np.repeat([False, True], [len(train), len(test)])


def _balances(counts: pd.DataFrame) -> dict[str, Balance]:
    return {split: Balance(tuple(counts[split])) for split in ("training", "test") if counts[split].sum()}


def verdicts(counts: pd.DataFrame) -> None:
    """Say for each split how even its classes are, and whether chance explains it; once, if both are alike."""
    sentences: dict[str, list[str]] = {}
    for split, balance in _balances(counts).items():
        sentences.setdefault(f"{verdict(balance)} :gray[{chance_sentence(balance)}]", []).append(split)
    for sentence, splits in sentences.items():
        st.markdown(f"**{' and '.join(splits).capitalize()} set.** {sentence}")


def chart(counts: pd.DataFrame) -> None:
    """Draw the counts."""
    show_figure(balance_figure(counts), "images-per-class", alt=balance_text(counts), frame=counts.set_index("label"))


def measures(counts: pd.DataFrame) -> None:
    """Show the measures in numbers with their definitions."""
    table = measures_table(_balances(counts)).rename(columns=str.capitalize)
    st.dataframe(table, height="content", alt=plain(table.to_string()))
    table_download(table, "balance")
    st.caption(DEFINITIONS)

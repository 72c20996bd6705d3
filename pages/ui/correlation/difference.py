"""Correlation of both sets compared: training, test and their difference, for each of the three views."""

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core.correlation import (
    LEAST_DEVIATION,
    chance_difference,
    class_similarity,
    comparable,
    largest_differences,
    with_classes,
)
from fmnist_core.datasets import Dataset
from fmnist_core.figures.correlation import class_map_png, class_map_text, difference_text
from fmnist_core.figures.pixels import limits, pixel_words
from fmnist_core.pixels import PIXELS, SIDE
from fmnist_core.selection import Selection
from pages.ui.correlation.matrix import correlation_matrix, packed
from pages.ui.correlation.one import map_of
from pages.ui.correlation.pair import choose_first, choose_pair, current_pair, current_pixel, pair_images
from pages.ui.correlation.results import Correlated, correlated_sets
from pages.ui.data import plain
from pages.ui.distributions.behind import bright_and_dark, chooser_table
from pages.ui.distributions.results import shown_classes
from pages.ui.export import table_download
from pages.ui.pictures import Picture, pictures

_LEAST_TOP = 0.1  # the scale reaches at least so far, lest a difference of 0.01 looked like a strong one
_NAMES = ("training", "test")
_FORMATS = dict.fromkeys((*_NAMES, "difference"), "{:.3f}")
_BLANK = "varies too little to compare"
_LEFT_BLANK = (
    f"Left blank: pixels with a standard deviation below {LEAST_DEVIATION:g} in either set, where a few images decide."
)


@st.fragment
def one_compared(dataset: Dataset, selection: Selection) -> None:
    """Show how every pixel moves with the chosen one in training, in test, and what the two differ by."""
    train, test = correlated_sets(dataset, selection)
    pixel = current_pixel()
    rows = [one.matrix[pixel] for one in (train, test)]
    difference = _difference(train, test)[pixel]
    apart = np.where(np.arange(PIXELS) == pixel, np.nan, difference)[np.newaxis]
    table = _values(largest_differences(apart), *(row[np.newaxis] for row in rows)).assign(first=pixel)
    st.markdown(_verdict(train, test, apart, table))
    for column, values, words in zip(
        st.columns(3, gap="medium"),
        (*rows, difference),
        ("Training set", "Test set", "Training less test"),
        strict=True,
    ):
        with column:
            st.markdown(f"**{words}**")
            if values is difference:
                about = {"top": _top(values), "meaning": "red is higher in training, blue in test", "blank": _BLANK}
            else:
                about = {}
            map_of(values, pixel, f"{words.lower()}, correlation", on_select=choose_first, **about)
    st.caption(
        f"Correlation with {pixel_words(pixel)}; click another pixel for its own. In the difference red is higher in "
        f"training, blue in test. {_LEFT_BLANK}"
    )
    with st.expander("Largest differences in numbers"):
        places = pd.DataFrame({"row": table["second"] // SIDE, "column": table["second"] % SIDE})
        _table(places.join(table[[*_NAMES, "difference"]]), f"differences-at-pixel-{pixel + 1}")
    bright_and_dark(dataset, selection.take(dataset), pixel)


@st.fragment
def all_compared(dataset: Dataset, selection: Selection) -> None:
    """Show what the two matrices differ by, beside the pairs that differ most."""
    train, test = correlated_sets(dataset, selection)
    difference = _difference(train, test)
    apart = _upper(difference)
    table = _values(largest_differences(apart), train.matrix, test.matrix)
    text = _verdict(train, test, apart, table)
    st.markdown(text)
    left, right = st.columns([3, 2], gap="medium")
    pair, top = current_pair(), _top(difference)
    with left:
        correlation_matrix(
            packed(difference / top), key="difference_matrix", pair=pair, on_select=choose_pair, top=top,
            alt=f"Correlations of 784 pixels in training less those in test. {text}",
        )  # fmt: skip
    with right:
        st.subheader("Largest differences", anchor=False)
        st.caption(
            f"Columns of the table pixel1 to pixel784. {_LEFT_BLANK} Click the matrix, or tick a row, to see images "
            "behind a pair."
        )
        chosen = list(zip(table["first"].tolist(), table["second"].tolist(), strict=True))
        columns = table.assign(first=table["first"] + 1, second=table["second"] + 1)
        chooser_table(
            columns.style.format(_FORMATS), lambda row: choose_pair(*chosen[row]),
            key=f"differences-{selection.key}", alt="Largest differences",
        )  # fmt: skip
        table_download(columns, "largest-differences", index=False)
    if pair:
        pair_images(dataset, selection, *pair, columns=2)


@st.fragment
def classes_compared(dataset: Dataset, selection: Selection) -> None:
    """Show what each pixel says about each class more in one set than in the other, and of which classes that is so."""
    train, test = correlated_sets(dataset, selection)
    shown = shown_classes(dataset, selection)
    maps = with_classes(train.sums) - with_classes(test.sums)
    maps[:, ~comparable(train.sums, test.sums)] = np.nan
    top = _top(maps)
    st.subheader("Each pixel with each class, training less test", anchor=False)
    st.caption(
        f"Red: it speaks more for the class in training; blue: more in test. Pale is good: the scale ends at "
        f"{top:.2f}. {_LEFT_BLANK}"
    )
    items = [
        Picture(name, class_map_png(maps[label], top), class_map_text(f"{name}, training less test", maps[label]))
        for label, name in zip(*shown, strict=True)
    ]
    pictures(items, key="class-map-differences", alt="Correlation of each pixel with each class, training less test.")
    st.subheader("Which classes look alike", anchor=False)
    similarity = [class_similarity(one.sums, "pearson") for one in (train, test)]
    table = _values(largest_differences(_upper(similarity[0] - similarity[1])), *similarity)
    if table.empty:
        st.info("Select two classes or more above to compare them.")
        return
    names = np.array(dataset.class_names)
    table = table.assign(first=names[table["first"]], second=names[table["second"]])
    row = table.iloc[0]
    st.markdown(
        plain(
            f"The mean images of {row['first']} and {row['second']} differ most between the sets: alike by "
            f"{row['training']:.3f} in training, {row['test']:.3f} in test."
        )
    )
    _table(table, "similarity-differences")


def _upper(matrix: np.ndarray) -> np.ndarray:
    """Return a symmetric matrix with each pair standing once, NaN elsewhere."""
    return np.where(np.tri(len(matrix), dtype=bool), np.nan, matrix)


def _values(pairs: pd.DataFrame, train: np.ndarray, test: np.ndarray) -> pd.DataFrame:
    """Set both values beside the difference of pairs; train and test: the matrices that the pairs are places in."""
    at = (pairs["first"].to_numpy(), pairs["second"].to_numpy())
    columns = {name: values[at] for name, values in zip(_NAMES, (train, test), strict=True)}
    return pairs[["first", "second"]].assign(**columns, difference=pairs["difference"])


def _difference(train: Correlated, test: Correlated) -> np.ndarray:
    """Return training less test, (784, 784), NaN for pixels that vary too little to be compared."""
    kept = comparable(train.sums, test.sums)
    return np.where(np.outer(kept, kept), train.matrix - test.matrix, np.nan)


def _verdict(train: Correlated, test: Correlated, apart: np.ndarray, table: pd.DataFrame) -> str:
    """Judge the largest of the differences apart, NaN where none is; table: the largest."""
    comparisons = max(int(np.isfinite(apart).sum()), 1)
    return difference_text(table, chance_difference(train.sums.count, test.sums.count, comparisons), comparisons)


def _top(values: np.ndarray) -> float:
    return max(limits(values, "diverging")[1], _LEAST_TOP) if np.isfinite(values).any() else 1.0


def _table(frame: pd.DataFrame, name: str) -> None:
    st.dataframe(frame.style.format(_FORMATS), hide_index=True, height="content", width="content", alt=name)
    table_download(frame, name, index=False)

"""Correlation, second view: every pixel with every other, and the first 50 columns of the table."""

import streamlit as st

from fmnist_core.correlation import constant_pixels, count_above, first_columns, strongest_pairs
from fmnist_core.datasets import Dataset
from fmnist_core.figures.correlation import REDUNDANT, columns_figure, columns_text, matrix_text, signed
from fmnist_core.figures.pixels import pixel_words
from fmnist_core.selection import Selection
from pages.ui.correlation.matrix import correlation_matrix, packed
from pages.ui.correlation.pair import choose_pair, current_pair, pair_images
from pages.ui.correlation.results import Correlated, correlated, sample_note
from pages.ui.distributions.behind import chooser_table
from pages.ui.export import show_figure, table_download


@st.fragment
def all_view(dataset: Dataset, selection: Selection) -> None:
    """Show the whole matrix beside the images of a pair, then the strongest pairs and the first columns."""
    result = correlated(dataset, selection)
    sample_note(dataset, selection, result)
    pairs = strongest_pairs(result.matrix)
    text = matrix_text(pairs, count_above(result.matrix, REDUNDANT), len(constant_pixels(result.matrix)))
    st.markdown(text)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _matrix(result, text)
    with right:
        _pair(dataset, selection, result)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.subheader("Strongest pairs", anchor=False)
        st.caption("Columns are counted from 1 with the label as 0, as in the table pixel1 to pixel784.")
        table = pairs.assign(first=pairs["first"] + 1, second=pairs["second"] + 1)
        chosen = list(zip(pairs["first"].tolist(), pairs["second"].tolist(), strict=True))
        chooser_table(
            table.style.format({"correlation": "{:.3f}"}), lambda row: choose_pair(*chosen[row]),
            key=f"pairs-{selection.key}", alt=text,
        )  # fmt: skip
        table_download(table, "strongest-pairs", index=False)
    with right:
        st.subheader("The first 50 columns", anchor=False)
        frame = first_columns(result.sums, result.matrix)
        words = columns_text(frame)
        show_figure(columns_figure(frame), "first-50-columns", alt=words, frame=frame)
        st.caption(words)


def _matrix(result: Correlated, text: str) -> None:
    correlation_matrix(
        packed(result.matrix), key="correlation_matrix", pair=current_pair(), on_select=choose_pair,
        alt=f"Correlations of 784 pixels with each other. {text}",
    )  # fmt: skip


def _pair(dataset: Dataset, selection: Selection, result: Correlated) -> None:
    pair = current_pair()
    if pair is None:
        st.info("Click the matrix, or tick a row below, to see images behind a pair.", icon=":material/touch_app:")
        st.caption(
            "The pixels stand in the order of the table, row after row of the image. Hence the pattern: each small "
            "square is a row of the image against another one; near the diagonal are neighbours."
        )
        return
    value = result.matrix[pair]
    st.metric(
        " with ".join(map(pixel_words, pair)).capitalize(),
        "none" if value != value else signed(value), help="Pearson correlation over the selected images.",
    )  # fmt: skip
    pair_images(dataset, selection, *pair, columns=1)

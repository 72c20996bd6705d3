"""Correlation, first view: click a pixel and see how every other one moves with it."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from fmnist_core.correlation import partners
from fmnist_core.datasets import Dataset
from fmnist_core.figures.correlation import partners_text
from fmnist_core.figures.pixels import pixel_words
from fmnist_core.pixels import SIDE
from fmnist_core.selection import Selection
from pages.ui.correlation.pair import choose_first, choose_partner, current_partner, current_pixel, pair_images
from pages.ui.correlation.results import Correlated, correlated, sample_note
from pages.ui.distributions.behind import bright_and_dark, chooser_table
from pages.ui.export import table_download
from pages.ui.pixel_image import pixel_image


@st.fragment
def one_view(dataset: Dataset, selection: Selection) -> None:
    """Show the mean image to choose from, the correlations of the chosen pixel, its partners, and images."""
    result = correlated(dataset, selection)
    sample_note(dataset, selection, result)
    pixel, partner = current_pixel(), current_partner()
    strongest = partners(result.matrix, pixel)
    with st.container(key="one-pixel"):
        left, middle, right = st.columns([5, 5, 4], gap="medium")
    with left:
        _mean(result, pixel)
    with middle:
        _map(result, pixel, partner, strongest["pixel"].tolist())
    with right:
        st.markdown("**Strongest partners**")
        st.markdown(partners_text(pixel, strongest))
        table, others = strongest.drop(columns="pixel"), strongest["pixel"].tolist()
        chooser_table(
            table.style.format({"correlation": "{:.3f}"}), lambda row: choose_partner(others[row]),
            key=f"partners-{pixel}-{others}", alt=f"Strongest partners of {pixel_words(pixel)}",
        )  # fmt: skip
        table_download(table, f"partners-of-pixel-{pixel + 1}", index=False)
    if partner is None:
        bright_and_dark(dataset, selection.take(dataset), pixel)
    else:
        pair_images(dataset, selection, pixel, partner, columns=2)


def _mean(result: Correlated, pixel: int) -> None:
    st.markdown("**Mean image**")
    mean = (result.sums.class_sums.sum(axis=0) / result.sums.count).reshape(SIDE, SIDE)
    pixel_image(
        mean, key="correlation_mean", selected=pixel, bounds=(0, 255), decimals=1, on_select=choose_first,
        file="mean-image", alt="Mean of the selected images. Choose a pixel to correlate.",
    )  # fmt: skip
    st.caption("Click a pixel to correlate it with all others.")


def _map(result: Correlated, pixel: int, partner: int | None, strongest: list[int]) -> None:
    st.markdown(f"**Correlation with {pixel_words(pixel)}**")
    row = result.matrix[pixel]
    constant = np.isnan(row).all()
    map_of(
        row, pixel if partner is None else partner, "correlation", of=pixel, on_select=choose_partner,
        marks=strongest if partner is None else [pixel],
    )  # fmt: skip
    if constant:
        st.caption("This pixel is the same in every image: blank, because nothing can move with it.")
    else:
        st.caption("Red moves with it, blue against it. Small rings: the strongest partners. Click one to compare.")


def map_of(
    row: np.ndarray,
    selected: int,
    what: str,
    *,
    on_select: Callable[[int], None],
    of: int | None = None,
    marks: Sequence[int] = (),
    top: float = 1.0,
    meaning: str = "red moves with it, blue against it",
    blank: str = "constant, no correlation",
) -> None:
    """Show the correlations of all pixels with one, (784,), from -top to top, as a picture to click on.

    of: that pixel, if it is not the selected one. what: such as "test set, correlation"; one map of each on a page.
    """
    pixel = selected if of is None else of
    pixel_image(
        row.reshape(SIDE, SIDE), key=f"{what.split(',')[0].replace(' ', '_')}_map", scale="diverging",
        bounds=(-top, top), decimals=3, selected=selected, marks=marks, blank=blank,
        on_select=on_select, file=f"{what}-with-pixel-{pixel + 1}",
        alt=f"{what.capitalize()} of every pixel with {pixel_words(pixel)}: {meaning}.",
    )  # fmt: skip

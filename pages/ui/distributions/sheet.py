"""Distributions, folded away in the first view: the histogram of every pixel, as system D drew them, on one sheet."""

import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.figures.pixel_sheet import sheet_png, sheet_text
from fmnist_core.selection import Selection
from pages.ui.distributions.results import totals_of
from pages.ui.pictures import Picture, pictures

OPEN_KEY = "distributions.sheet"
NARROWEST_PX, WIDEST_PX = 280, 1004


def every_pixel(dataset: Dataset, selection: Selection) -> None:
    """Show the sheet once it is asked for."""
    with st.expander("A histogram of every pixel", icon=":material/grid_on:", key=OPEN_KEY, on_change="rerun") as sheet:
        if not sheet.open:
            return
        counts = totals_of(dataset, selection)
        text = sheet_text(counts)
        st.caption(
            f"{text} In each, from left to right: value 0 (black) to 255 (white); height: share of the images, "
            "logarithmic, 0.1 % to 100 %. A bar on the left alone is a pixel that is always black; a broad hill is "
            "one that differs from image to image."
        )
        pictures(
            [Picture("Selected images", sheet_png(counts), text)], key="pixel-histograms", alt=text,
            narrowest_px=NARROWEST_PX, widest_px=WIDEST_PX,
        )  # fmt: skip

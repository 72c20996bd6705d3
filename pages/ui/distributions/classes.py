"""Distributions, third view: mean, median and standard deviation image of each class, and two classes compared."""

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core import pixels, samples
from fmnist_core.datasets import Dataset
from fmnist_core.figures.pixels import difference_text, pixel_words
from fmnist_core.pixels import SIDE
from fmnist_core.selection import Selection
from pages.ui.data import plain
from pages.ui.distributions.behind import bright_and_dark
from pages.ui.distributions.results import Shown, counts_of, shown_classes
from pages.ui.export import table_download
from pages.ui.pictures import Picture, pictures
from pages.ui.pixel_image import choose_pixel, chosen_pixel, pixel_image


@st.fragment
def classes_view(dataset: Dataset, selection: Selection) -> None:
    """Show the statistics of each class as pictures, and the difference of two classes."""
    counts, shown = counts_of(dataset, selection), shown_classes(dataset, selection)
    st.caption(
        "Of each class, from top to bottom: mean, median and standard deviation of each pixel "
        "(the last drawn from 0 to 128). A sharp median with little deviation is a class whose images look alike."
    )
    items = [_sheet(counts[label], name) for label, name in zip(*shown, strict=True)]
    pictures(items, key="class-images", alt="Mean, median and standard deviation image of each class.")
    st.subheader("Two classes compared", anchor=False)
    if len(shown.names) < 2:
        st.info("Select two classes or more above to compare them.")
        return
    _difference(counts, dataset, selection, shown)


def _sheet(counts: np.ndarray, name: str) -> Picture:
    stack = np.stack([pixels.picture(counts, "mean"), pixels.picture(counts, "median"),
                      2 * pixels.picture(counts, "std")])  # fmt: skip
    images = np.nan_to_num(stack).clip(0, 255).round().astype(np.uint8)
    png = samples.to_png(samples.sheet(images, np.arange(3), 1))
    return Picture(name, png, f"Mean, median and standard deviation of {name}")


def _difference(counts: np.ndarray, dataset: Dataset, selection: Selection, shown: Shown) -> None:
    with st.container(horizontal=True, gap="small"):
        first = st.selectbox("Mean of", shown.names, key="a", bind="query-params", width=220)
        second = st.selectbox("minus mean of", shown.names, 1, key="b", bind="query-params", width=220)
    means = [pixels.picture(counts[dataset.class_names.index(name)], "mean") for name in (first, second)]
    difference = means[0] - means[1]
    largest = pixels.extremes(difference)
    top = int(largest.iloc[0]["row"] * SIDE + largest.iloc[0]["column"])
    pixel = chosen_pixel(top)
    left, right = st.columns([2, 3], gap="large")
    with left:
        pixel_image(
            difference, key="class_difference", scale="diverging", selected=pixel, decimals=1, on_select=choose_pixel,
            file=f"{first}-less-{second}",
            alt=f"Mean image of {first} minus that of {second}. Red: {first} is brighter; blue: {second} is.",
        )  # fmt: skip
    with right:
        sentence = difference_text(first, second, largest, *(mean.ravel()[top] for mean in means))
        st.markdown(plain(sentence))
        st.caption(plain(f"Red: {first} is brighter on average. Blue: {second} is. White: no difference."))
        table = largest.rename(columns={"value": "difference"}).assign(
            **{first: means[0].ravel()[_places(largest)], second: means[1].ravel()[_places(largest)]}
        )
        formats = dict.fromkeys(table.columns[2:], "{:.1f}")
        st.dataframe(table.style.format(formats), hide_index=True, height="content", alt=sentence)
        table_download(
            lambda: _all_pixels(means, (first, second)), "class-difference", index=False, label="All 784 as CSV"
        )
    chosen = tuple(sorted(dataset.class_names.index(name) for name in {first, second}))
    subset = Selection(selection.split, chosen, selection.pixel, selection.minimum, selection.maximum).take(dataset)
    st.caption(f"Below, images of these two classes at {pixel_words(pixel)}; click another pixel to see others.")
    bright_and_dark(dataset, subset, pixel)


def _places(table: pd.DataFrame) -> np.ndarray:
    return (table["row"] * SIDE + table["column"]).to_numpy()


def _all_pixels(means: list[np.ndarray], names: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame({"pixel": np.arange(SIDE * SIDE), names[0]: means[0].ravel(), names[1]: means[1].ravel()})

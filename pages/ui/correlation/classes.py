"""Correlation, third view: what each pixel says about a class, and which classes look alike."""

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core.correlation import Sums, class_similarity, with_classes
from fmnist_core.datasets import Dataset
from fmnist_core.figures.correlation import class_map_png, class_map_text, similarity_figure, similarity_text
from fmnist_core.figures.pixels import limits
from fmnist_core.pixels import SIDE
from fmnist_core.selection import Selection
from pages.ui.correlation.pair import choose_first
from pages.ui.correlation.results import correlated, sample_note
from pages.ui.data import plain
from pages.ui.distributions.behind import bright_and_dark
from pages.ui.distributions.results import Shown, shown_classes
from pages.ui.export import show_figure, table_download
from pages.ui.pictures import Picture, pictures
from pages.ui.pixel_image import chosen_pixel, pixel_image

METHODS = {"Pearson": "pearson", "Cosine": "cosine"}


@st.fragment
def classes_view(dataset: Dataset, selection: Selection) -> None:
    """Show the map of each class, one of them large, and the similarity of the mean images."""
    result = correlated(dataset, selection)
    sample_note(dataset, selection, result)
    sums, shown = result.sums, shown_classes(dataset, selection)
    maps = with_classes(sums)
    top = limits(maps, "diverging")[1]
    st.subheader("Each pixel with each class", anchor=False)
    st.caption(
        "Red: brightness here speaks for the class. Blue: against it. White: it says nothing. "
        "Point-biserial correlation: the class against the rest of the images selected."
    )
    items = [
        Picture(name, class_map_png(maps[label], top), class_map_text(name, maps[label]))
        for label, name in zip(*shown, strict=True)
    ]
    pictures(items, key="class-maps", alt="Correlation of each pixel with each class: red for it, blue against it.")
    _one_class(dataset, selection, maps, shown, top)
    _similarity(sums, shown)


def _one_class(dataset: Dataset, selection: Selection, maps: np.ndarray, shown: Shown, top: float) -> None:
    left, right = st.columns([2, 3], gap="medium")
    with left:
        name = st.selectbox("Class", shown.names, key="class", bind="query-params", width=240)
        values = maps[dataset.class_names.index(name)]
        pixel = chosen_pixel(int(np.nan_to_num(np.abs(values)).argmax()))
        pixel_image(
            values.reshape(SIDE, SIDE), key="class_map", scale="diverging", bounds=(-top, top), decimals=3,
            selected=pixel, blank="no correlation", on_select=choose_first, file=f"pixels-with-{name}",
            alt=class_map_text(name, values),
        )  # fmt: skip
    with right:
        st.markdown(plain(class_map_text(name, values)))
        table_download(
            lambda: pd.DataFrame({one: maps[label] for label, one in zip(*shown, strict=True)}).rename_axis("pixel"),
            "pixels-with-classes", label="All 784 pixels as CSV",
        )  # fmt: skip
        bright_and_dark(dataset, selection.take(dataset), pixel, columns=1)


def _similarity(sums: Sums, shown: Shown) -> None:
    st.subheader("Which classes look alike", anchor=False)
    method = st.segmented_control(
        "Similarity of the mean images", list(METHODS), default="Pearson", required=True, key="similarity",
        bind="query-params", help="Pearson compares patterns, whatever their brightness. Cosine compares the pictures "
        "as they are; as no pixel is below 0, it never is.",
    )  # fmt: skip
    labels = list(shown.labels)
    similarity = class_similarity(sums, METHODS[method])[np.ix_(labels, labels)]
    text = similarity_text(similarity, shown.names)
    st.markdown(plain(text))
    frame = pd.DataFrame(similarity, shown.names, shown.names)
    show_figure(similarity_figure(similarity, shown.names, METHODS[method]), "class-similarity", alt=text, frame=frame)

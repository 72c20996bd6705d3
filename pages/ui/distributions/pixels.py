"""Distributions, first view: a picture of a statistic to click on, and the histogram of all pixels or of that one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core import pixels
from fmnist_core.datasets import Dataset
from fmnist_core.figures.palette import TRAIN_COLOUR
from fmnist_core.figures.pixels import (
    SET_COLOURS,
    class_colours,
    class_histograms_figure,
    histogram_figure,
    histogram_text,
    pixel_boxes_figure,
    pixel_boxes_text,
    pixel_words,
)
from fmnist_core.places import WORDS
from fmnist_core.selection import Selection
from fmnist_core.sums import counts_at, splits_of
from pages.ui.data import plain
from pages.ui.distributions.behind import bright_and_dark
from pages.ui.distributions.results import Shown, class_totals_of, prefixed, shown_classes, totals_of
from pages.ui.distributions.sheet import every_pixel
from pages.ui.export import show_figure, table_download
from pages.ui.pixel_image import choose_pixel, chosen_pixel, pixel_image

STATISTICS = {"Mean": "mean", "Median": "median", "Std deviation": "std", "Zeros": "zeros"}
ALL_CLASSES = "All classes"
ALL_PIXELS, ONE_PIXEL = "All pixels", "Chosen pixel"
TOGETHER, BY_CLASS, BY_SET = "Together", "By class", "Training and test"
_BIN_WIDTH = {ALL_PIXELS: 1, ONE_PIXEL: 8}


@st.fragment
def pixels_view(dataset: Dataset, selection: Selection) -> None:
    """Show the picture, the histogram, and for a chosen pixel its boxes and its images."""
    shown = shown_classes(dataset, selection)
    left, right = st.columns([6, 7], gap="medium")
    with left:
        pixel = _picture(dataset, selection, shown)
    with right:
        _histogram(pixel, dataset, selection, shown)
    every_pixel(dataset, selection)
    if pixel is not None:
        _boxes(dataset, selection, pixel, shown)
        bright_and_dark(dataset, selection.take(dataset), pixel)


def _picture(dataset: Dataset, selection: Selection, shown: Shown) -> int | None:
    statistic = st.segmented_control(
        "Picture of the", list(STATISTICS), default="Mean", required=True, key="picture", bind="query-params",
        help="Of each pixel, over the images: mean, median, standard deviation (n - 1), or the share that is 0.",
    )  # fmt: skip
    name = st.selectbox("Images of", [ALL_CLASSES, *shown.names], key="of", bind="query-params")
    of = selection if name == ALL_CLASSES else replace(selection, labels=(dataset.class_names.index(name),))
    values = pixels.picture(totals_of(dataset, of), STATISTICS[statistic])
    zeros = statistic == "Zeros"
    return pixel_image(
        values, key="distribution_pixels", selected=chosen_pixel(), on_select=_choose, file=f"{statistic}-{name}",
        scale="sequential" if zeros else "gray", unit="%" if zeros else "", decimals=1,
        bounds=(0, 100) if zeros else (0, 128) if statistic == "Std deviation" else (0, 255),
        alt=f"{statistic} of each pixel, {name.lower() if name == ALL_CLASSES else name}.",
    )  # fmt: skip


def _choose(pixel: int) -> None:
    choose_pixel(pixel)
    st.session_state["values"] = ONE_PIXEL


def _histogram(pixel: int | None, dataset: Dataset, selection: Selection, shown: Shown) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        of = st.segmented_control(
            "Values of", [ALL_PIXELS, ONE_PIXEL], default=ALL_PIXELS, required=True, key="values", bind="query-params"
        )
        by = st.segmented_control(
            "Show", [TOGETHER, BY_CLASS, BY_SET], default=TOGETHER, required=True, key="histograms", bind="query-params"
        )
        log = st.toggle(
            "Logarithmic", True, key="log", bind="query-params",
            help="Most pixels are 0. On a linear axis their bar hides all others.",
        )  # fmt: skip
    if of == ONE_PIXEL and pixel is None:
        st.info("Click a pixel of the picture.", icon=":material/touch_app:")
        return
    chosen = pixel if of == ONE_PIXEL else None
    what = "pixels" if chosen is None else f"images, {pixel_words(chosen)}"
    rows, names, colours = _rows(chosen, by, dataset, selection, shown)
    options = {"what": "pixels" if chosen is None else "images", "log": log, "bin_width": _BIN_WIDTH[of]}
    draw = class_histograms_figure if by == BY_CLASS else histogram_figure
    figure = draw(rows, names, colours, **options)
    text = histogram_text(rows, names, what)
    table = pixels.describe(rows, names)
    show_figure(figure, "histogram", alt=text, frame=table, key="histogram")
    grey = " Grey line: all classes shown, together." if by == BY_CLASS else ""
    meaning = _meaning(rows.sum(axis=0), chosen)
    if chosen is None and by != BY_SET and selection.split == "train" and selection.is_whole:
        meaning += " These two are the numbers to standardise inputs with."
    st.caption(plain(meaning + grey))
    with st.expander("In numbers"):
        formats = dict.fromkeys(table.columns, "{:.1f}") | {"count": "{:,}", "zeros": "{:.1%}"}
        st.dataframe(table.style.format(formats), height="content", alt=text)
        table_download(table, "pixel-values")


def _rows(
    pixel: int | None, by: str, dataset: Dataset, selection: Selection, shown: Shown
) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """Return histograms, (k, 256), with their names and colours."""

    def together(one: Selection) -> np.ndarray:
        if pixel is not None:
            return counts_at(dataset, one, pixel).sum(axis=0)
        return totals_of(dataset, one).sum(axis=0, dtype=np.int64)

    if by == BY_CLASS:
        labels = list(shown.labels)
        if pixel is not None:
            rows = counts_at(dataset, selection, pixel)[labels]
        else:
            rows = class_totals_of(dataset, selection)[labels]
        return rows, shown.names, class_colours(shown.labels)
    if by == BY_SET:
        rows = np.stack([together(replace(selection, split=split)) for split in WORDS])
        return rows, tuple(SET_COLOURS), tuple(SET_COLOURS.values())
    return together(selection)[np.newaxis], ("Selected images",), (TRAIN_COLOUR,)


def _meaning(row: np.ndarray, pixel: int | None) -> str:
    mean, std, zeros = (function(row).item() for function in (pixels.means, pixels.deviations, pixels.zero_shares))
    if pixel is not None:
        return (
            f"{pixel_words(pixel).capitalize()} is exactly 0 in {zeros:.1%} of the images; mean {mean:.1f}, "
            f"standard deviation {std:.1f}. A pixel that is nearly always 0 tells a network little."
        )
    return (
        f"{zeros:.1%} of all pixels are exactly 0; mean {mean:.2f}, standard deviation {std:.2f}, that is "
        f"{mean / 255:.5f} and {std / 255:.5f} of 255."
    )


def _boxes(dataset: Dataset, selection: Selection, pixel: int, shown: Shown) -> None:
    st.subheader(f"The chosen pixel by class: {pixel_words(pixel)}", anchor=False)
    sets = {WORDS[split]: counts_at(dataset, replace(selection, split=split), pixel) for split in splits_of(selection)}
    frames = {
        name: pixels.count_boxes(counts[list(shown.labels)], shown.names)
        for name, counts in sets.items() if counts.any()
    }  # fmt: skip
    text = prefixed([pixel_boxes_text(frame) for frame in frames.values()], tuple(frames))
    st.caption(plain(text) + " Box: the middle half; whiskers: the last values within 1.5 box lengths.")
    show_figure(
        pixel_boxes_figure(frames, class_colours(shown.labels)), "pixel-by-class", alt=text,
        frame=pd.concat(frames, names=["set", "class"]),
    )  # fmt: skip

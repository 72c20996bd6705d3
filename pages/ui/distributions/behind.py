"""From a number to the images behind it: rows of small pictures, each with a sentence; a click opens one."""

from collections.abc import Callable

import numpy as np
import streamlit as st
from pandas.io.formats.style import Styler

from fmnist_core.datasets import Dataset
from fmnist_core.figures.pixels import pixel_words
from fmnist_core.pixels import BRIGHT, composition, draw
from fmnist_core.places import Place
from fmnist_core.selection import Subset
from pages.ui.data import plain
from pages.ui.image_grid import image_grid
from pages.ui.samples.panel import image_field, image_panel, open_image, opened

COLUMNS, SHOWN, SEED = 10, 20, 0


def images_heading(hint: str) -> None:
    """Show the heading of the images behind a number, how they were chosen, and the field that names one."""
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.subheader("Images behind it", anchor=False, width="content")
        image_field()
    st.caption(f"{hint} Click an image to see it large, with the images nearest to it.")


def opened_image(dataset: Dataset) -> None:
    """Show the image that was clicked, if one was."""
    if place := opened(dataset):
        image_panel(dataset, place)


def chooser_table(table: Styler, on_row: Callable[[int], None], *, key: str, alt: str) -> None:
    """Show a table; a tick before a row calls on_row with its place before the page runs again.

    key: another one for other rows, lest the tick stayed where it no longer belongs.
    """

    def ticked() -> None:
        if rows := st.session_state[key]["selection"]["rows"]:
            on_row(rows[0])

    st.dataframe(
        table, hide_index=True, height="content", key=key, on_select=ticked, selection_mode="single-row", alt=alt
    )  # fmt: skip


def image_rows(
    dataset: Dataset, images: np.ndarray, places: list[Place], title: str, *, alt: str, key: str
) -> None:  # fmt: skip
    """Show images, (m, 28, 28) uint8, ten in a row, below a title in Markdown."""
    st.markdown(title)
    if not len(images):
        return
    names = [str(place) for place in places]
    now = st.session_state.get("image")
    image_grid(
        images, key=key, columns=COLUMNS, size_px=72, alt=alt, file=alt.split(":")[0],
        tips=[f"{place}\n{dataset.class_names[place.label(dataset)]}" for place in places],
        selected=names.index(now) if now in names else None, on_click=lambda at: open_image(names[at]),
    )  # fmt: skip


def group_rows(dataset: Dataset, subset: Subset, mask: np.ndarray, title: str, *, alt: str, key: str) -> None:
    """Show some of the images where mask, (n,) bool, is set, with their number and commonest classes."""
    found = int(mask.sum())
    words = f"**{title}**: {found:,} of {len(subset):,} images"
    if found:
        words += f", most of all {plain(composition(subset.labels[mask], dataset.class_names))}"
    rows = draw(mask, SEED, SHOWN)
    places = [Place("test" if subset.is_test[row] else "train", int(subset.index[row])) for row in rows]
    about = f"{alt}: {min(found, SHOWN)} of {found:,} images"
    image_rows(dataset, subset.pick(rows), places, f"{words}.", alt=about, key=key)


def bright_and_dark(dataset: Dataset, subset: Subset, pixel: int, columns: int = 2) -> None:
    """Show images in which a pixel is bright and others in which it is dark, in one column or two."""
    images_heading(f"Bright: {pixel_words(pixel)} is {BRIGHT} or more. Dark: less. Drawn at random, always the same.")
    bright = subset.pixel(pixel) >= BRIGHT
    places = st.columns(columns, gap="medium")
    for place, mask, word in zip((places[0], places[-1]), (bright, ~bright), ("Bright", "Dark"), strict=True):
        with place:
            about = f"Images in which {pixel_words(pixel)} is {word.lower()}"
            group_rows(dataset, subset, mask, f"{word} here", alt=about, key=f"behind-{word.lower()}")
    opened_image(dataset)

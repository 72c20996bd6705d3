"""From a number to the images behind it: rows of small pictures, each with a sentence."""

import numpy as np
import streamlit as st

from fmnist_core import samples
from fmnist_core.figures.pixels import pixel_words
from fmnist_core.pixels import BRIGHT, composition, draw, is_bright
from fmnist_core.selection import Subset
from pages.ui.data import plain
from pages.ui.grid import picture_grid

COLUMNS, SHOWN, SEED = 10, 20, 0


def image_rows(images: np.ndarray, title: str, alt: str) -> None:
    """Show pictures, (m, 28, 28) uint8, ten in a row, below a title in Markdown."""
    st.markdown(title)
    if len(images):
        picture_grid(samples.to_png(samples.sheet(images, np.arange(len(images)), COLUMNS)), alt=alt)


def group_rows(subset: Subset, mask: np.ndarray, names: tuple[str, ...], title: str, alt: str) -> None:
    """Show some of the images where mask, (n,) bool, is set, with their number and commonest classes."""
    found = int(mask.sum())
    words = f"**{title}**: {found:,} of {len(subset):,} images"
    if found:
        words += f", most of all {plain(composition(subset.labels[mask], names))}"
    image_rows(subset.images[draw(mask, SEED, SHOWN)], f"{words}.", f"{alt}: {min(found, SHOWN)} of {found:,} images")


def bright_and_dark(subset: Subset, pixel: int, names: tuple[str, ...], columns: int = 2) -> None:
    """Show images in which a pixel is bright and others in which it is dark, in one column or two."""
    st.subheader("Images behind it", anchor=False)
    st.caption(f"Bright: {pixel_words(pixel)} is {BRIGHT} or more. Dark: less. Drawn at random, always the same ones.")
    bright = is_bright(subset.images, pixel)
    places = st.columns(columns, gap="large")
    for place, mask, word in zip((places[0], places[-1]), (bright, ~bright), ("Bright", "Dark"), strict=True):
        with place:
            group_rows(subset, mask, names, f"{word} here", f"Images in which {pixel_words(pixel)} is {word.lower()}")

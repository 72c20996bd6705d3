"""The pixel and its partner: kept in the address, and the images in which they agree and in which they do not."""

import streamlit as st

from fmnist_core.correlation import pair_groups
from fmnist_core.datasets import Dataset
from fmnist_core.figures.pixels import pixel_words
from fmnist_core.pixels import BRIGHT, SIDE
from fmnist_core.selection import Selection
from pages.ui.distributions.behind import group_rows, images_heading, opened_image
from pages.ui.pixel_image import choose_pixel, chosen_pixel

MIDDLE = SIDE // 2 * SIDE + SIDE // 2
PARTNER = "with"


def current_pixel() -> int:
    """Return the chosen pixel; before a choice the one in the middle."""
    return chosen_pixel(MIDDLE)


def current_partner() -> int | None:
    """Return the chosen partner, if there is one."""
    partner = chosen_pixel(name=PARTNER)
    return None if partner == current_pixel() else partner


def current_pair() -> tuple[int, int] | None:
    """Return the chosen pixel and its partner, if it has one."""
    partner = current_partner()
    return None if partner is None else (current_pixel(), partner)


def choose_first(pixel: int) -> None:
    """Choose a pixel; its old partner goes."""
    choose_pixel(pixel)
    choose_pixel(None, PARTNER)


def choose_partner(pixel: int) -> None:
    """Choose what the pixel is compared with; the pixel itself, or the same again, ends the comparison."""
    choose_pixel(current_pixel())
    choose_pixel(None if pixel in (current_pixel(), current_partner()) else pixel, PARTNER)


def choose_pair(first: int, second: int) -> None:
    """Choose both."""
    choose_pixel(first)
    choose_pixel(second, PARTNER)


def pair_images(dataset: Dataset, selection: Selection, pixel: int, partner: int, columns: int) -> None:
    """Show images by whether both pixels are bright, one of them, or neither; below them the one clicked."""
    subset = selection.take(dataset)
    groups = pair_groups(subset.pixel(pixel), subset.pixel(partner))
    first, second = pixel_words(pixel), pixel_words(partner)
    images_heading(f"Bright: the pixel is {BRIGHT} or more. First pixel: {first}. Second: {second}.")
    kinds = ((3, "Both bright"), (0, "Both dark"), (1, "Only the first bright"), (2, "Only the second bright"))
    places = st.columns(columns, gap="medium")
    for number, (kind, words) in enumerate(kinds):
        with places[number % columns]:
            about = f"{words}, {first} and {second}"
            group_rows(dataset, subset, groups == kind, words, alt=about, key=f"behind-{kind}")
    opened_image(dataset)

"""The grid of the Samples page: in which order, in which layout, and what can be taken from it."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from fmnist_core import rankings
from fmnist_core.datasets import Dataset
from fmnist_core.neighbours import distances
from fmnist_core.places import Place
from fmnist_core.selection import Selection, Subset
from fmnist_core.takeaway import arrays_npz, sheet_png, table_csv
from pages.ui.image_grid import image_grid
from pages.ui.samples.panel import image_field, open_image

COLUMNS = 10
# Words on screen and in the address.
RANDOM, FILE, TYPICAL, UNUSUAL = "Random", "As in the file", "Most typical", "Most unusual"
NEAREST = "Nearest to the image"
BY_CLASS, MIXED = "A row for each class", "All classes mixed"
EXPLAINED = {
    RANDOM: "Drawn at random; another seed draws others.",
    FILE: "The first ones, in the order of the file; of both sets the training images before the test images.",
    TYPICAL: "Nearest to the mean training image of their own class, by Euclidean distance of the pixels.",
    UNUSUAL: "Farthest from the mean training image of their own class, by Euclidean distance of the pixels.",
    NEAREST: "By Euclidean distance of the pixels to the image named above, itself first.",
}


@dataclass(frozen=True)
class View:
    """What the user asks of the grid."""

    order: str
    layout: str
    seed: int
    several: bool


def choose_view() -> View:
    """Show the controls of the grid and return what they say."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        layout = st.selectbox("Show", [BY_CLASS, MIXED], key="layout", bind="query-params", width=190)
        order = st.selectbox("Order", list(EXPLAINED), key="order", bind="query-params", width=190)
        seed = 0
        if order == RANDOM:
            seed = st.number_input(
                "Seed", 0, 9999, 0, key="seed", bind="query-params", width=130,
                help="Each number draws other images; the same number always draws the same ones.",
            )  # fmt: skip
        # Both on the next line, or neither.
        with st.container(horizontal=True, vertical_alignment="bottom", width="content", gap="small"):
            image_field()
            several = st.toggle(
                "Select several", key="several", bind="query-params",
                help="A click then chooses an image for the download instead of opening it.",
            )  # fmt: skip
    return View(order, layout, seed, several)


def order_by_image() -> None:
    """Before the page runs again: order the grid by distance to the image that is open."""
    st.session_state["order"] = NEAREST


def sample_grid(dataset: Dataset, selection: Selection, subset: Subset, view: View, place: Place | None) -> None:
    """Show up to a hundred images and hand them, or the chosen ones, out as files."""
    if view.order == NEAREST and place is None:
        st.info("Name an image above, or click one in another order first.", icon=":material/near_me:")
        return
    order = _order(dataset, subset, view, place)
    rows, shown = _layout(dataset, selection, subset, order, view)
    places = [_place(subset, at) for at in shown]
    known = {str(one): at for at, one in enumerate(places)}
    chosen = image_grid(
        subset.pick(shown), [] if rows else _captions(dataset, subset, shown),
        key=f"samples-{'several' if view.several else 'one'}", columns=COLUMNS,
        selectable=view.several, selected=known.get(str(place)), rows=rows, size_px=72,
        file="samples",
        tips=[f"{one}\n{dataset.class_names[subset.labels[at]]}" for one, at in zip(places, shown, strict=True)],
        alt=f"{len(shown)} images, {view.layout.lower()}, {view.order.lower()}",
        on_click=None if view.several else lambda at: open_image(str(places[at])),
    )  # fmt: skip
    st.caption(EXPLAINED[view.order])
    picked = shown[list(chosen)] if view.several and chosen else shown
    _downloads(subset, picked, view.several and bool(chosen))


def _order(dataset: Dataset, subset: Subset, view: View, place: Place | None) -> np.ndarray:
    """Return all positions in the subset, in the order asked for."""
    if view.order == RANDOM:
        return rankings.shuffled(len(subset), view.seed)
    if view.order == FILE:
        return np.arange(len(subset))
    if view.order == NEAREST:
        return np.argsort(distances(subset.images, place.image(dataset)), kind="stable")
    values = rankings.typicality(dataset)[subset.index + subset.is_test * len(dataset.y_train)]
    return np.argsort(-values if view.order == UNUSUAL else values, kind="stable")


def _layout(
    dataset: Dataset, selection: Selection, subset: Subset, order: np.ndarray, view: View
) -> tuple[list[tuple[str, int]], np.ndarray]:
    """Return the rows of the grid, none if mixed, and the positions to show."""
    if view.layout == MIXED:
        return [], order[: COLUMNS * COLUMNS]
    lines = rankings.first_of_each(order, subset.labels, COLUMNS, len(dataset.class_names))
    labels = selection.labels or range(len(dataset.class_names))
    rows = [(dataset.class_names[label], len(lines[label])) for label in labels]
    return rows, np.concatenate([lines[label] for label in labels])


def _captions(dataset: Dataset, subset: Subset, shown: np.ndarray) -> list[str]:
    """Name the class of each image shown, and where both sets are mixed also what is of the test set."""
    marked = subset.is_test[shown] & ~subset.is_test.all()
    pairs = zip(subset.labels[shown], marked, strict=True)
    return [dataset.class_names[label] + "\ntest set" * bool(test) for label, test in pairs]


def _place(subset: Subset, at: int) -> Place:
    return Place("test" if subset.is_test[at] else "train", int(subset.index[at]))


def _downloads(subset: Subset, picked: np.ndarray, is_chosen: bool) -> None:
    """Offer images as files; each is made when it is asked for."""
    words = f"Download {len(picked)} {'chosen' if is_chosen else 'shown'}"
    with (
        st.popover(words, icon=":material/download:", type="tertiary"),
        st.container(horizontal=True, gap="small"),
    ):
        images, labels = subset.pick(picked), subset.labels[picked]
        names = [str(_place(subset, at)) for at in picked]
        for kind, mime, make, about in (
            ("png", "image/png", partial(sheet_png, images), "One picture, ten images in a row."),
            ("csv", "text/csv", partial(table_csv, images, labels), "A row each: label, pixel1 to pixel784."),
            ("npz", "application/zip", partial(arrays_npz, images, labels, names), "images, labels, places"),
        ):  # fmt: skip
            st.download_button(
                kind.upper() if kind != "npz" else kind, make, f"samples.{kind}", mime, on_click="ignore", help=about,
                key=f"samples-{kind}",
            )  # fmt: skip

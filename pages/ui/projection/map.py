"""A map with what was taken out of it, shared by all three methods."""

from collections import Counter

import numpy as np
import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.places import Place
from fmnist_core.projection import Sample
from fmnist_core.selection import Subset
from pages.ui.data import plain
from pages.ui.image_grid import image_grid
from pages.ui.projection.scatter import scatter
from pages.ui.reveal import call_reveal, reveal
from pages.ui.samples.panel import image_panel, open_image, opened

SHOWN = 200
LASSO_KEY = "lasso"


def show_map(
    dataset: Dataset, subset: Subset, sample: Sample, *, identity: str, axes: tuple[str, str], what: str
) -> None:
    """Show a map, below it the images inside the lasso, and beside them the one that was clicked.

    identity: equal for equal maps. what: how it was made, for those who cannot see it.
    """
    rows = sample.rows
    labels, names = subset.labels[rows], _names(subset, rows)
    chosen = scatter(
        sample.points, labels, subset.pick(rows), names, key="map", identity=identity,
        class_names=dataset.class_names, axes=axes,
        alt=f"Map of {len(rows)} images, {what}. Arrow keys go from image to image, Enter opens one.",
        file=f"{identity.split('-')[0]}-map",
        on_click=lambda row: open_image(names[row]), on_lasso=lambda: call_reveal(LASSO_KEY),
    )  # fmt: skip
    st.caption(
        "With **Lasso** on, draw around dots to see their images below. A click or tap on a dot opens its image. With "
        "**Move** on, drag the map and zoom with the wheel."
    )
    place = opened(dataset)
    if len(chosen):
        reveal(LASSO_KEY)
        _lassoed(dataset, subset.pick(rows[chosen]), labels[chosen], [names[row] for row in chosen], place)
    if place:
        image_panel(dataset, place)


def _names(subset: Subset, rows: np.ndarray) -> list[str]:
    pairs = zip(subset.is_test[rows], subset.index[rows], strict=True)
    return [f"{'test' if is_test else 'train'}-{index}" for is_test, index in pairs]


def _lassoed(dataset: Dataset, images: np.ndarray, labels: np.ndarray, names: list[str], place: Place | None) -> None:
    """Show the images inside the lasso, the commonest class first, and how many of each there are."""
    counts = Counter(labels.tolist()).most_common()
    rank = {label: at for at, (label, _) in enumerate(counts)}
    words = ", ".join(f"{count} {plain(dataset.class_names[label])}" for label, count in counts)
    st.subheader(f"{len(labels):,} images inside the lasso", anchor=False)
    st.markdown(f"{words}." + (f" The first {SHOWN} are shown." if len(labels) > SHOWN else ""))
    order = np.argsort([rank[label] for label in labels.tolist()], kind="stable")[:SHOWN]
    shown = [names[at] for at in order]
    image_grid(
        images[order], key="lasso-grid", columns=20, size_px=56, alt="The images inside the lasso",
        tips=[f"{names[at]}\n{dataset.class_names[labels[at]]}" for at in order],
        selected=shown.index(str(place)) if str(place) in shown else None, on_click=lambda at: open_image(shown[at]),
    )  # fmt: skip

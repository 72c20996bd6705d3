"""Principal components: the map of the first two, what each holds, how they look, and what they can rebuild."""

import numpy as np
import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.figures.projection import axis_png, variance_figure, variance_text
from fmnist_core.pca import Pca, pca
from fmnist_core.places import Place
from fmnist_core.projection import pca_map
from fmnist_core.selection import Selection, Subset
from pages.ui.data import plain
from pages.ui.export import show_figure
from pages.ui.pictures import Picture, pictures
from pages.ui.pixel_image import pixel_image
from pages.ui.projection.map import show_map
from pages.ui.samples.panel import opened

STEPS = (0, 1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 300, 450, 600, 784)
AXES_SHOWN = 24
SIDE_PX = 260


def pca_view(dataset: Dataset, selection: Selection, subset: Subset, sample: int, seed: int) -> None:
    """Show everything about the principal components of the selected images."""
    if len(subset) < 2:
        st.info(
            "One image is selected, and components say how images differ. Widen the classes or the values above.",
            icon=":material/filter_alt_off:",
        )
        return
    components = pca(dataset, selection)
    first, second = 100 * components.explained[:2]
    made = pca_map(dataset, selection, subset, sample, seed)
    drawn = f"{len(made.rows):,} are drawn, seed {seed}."
    if components.count < len(subset):
        st.markdown(f"**PCA** of {components.count:,} of the {len(subset):,} selected images, a random sample; {drawn}")
    else:
        st.markdown(f"**PCA** of all {components.count:,} selected images; {drawn}")
    show_map(
        dataset, subset, made, identity=f"pca-{dataset.sha256[:16]}-{selection.key}-{sample}-{seed}",
        axes=(f"component 1, {first:.1f} % of the variance", f"component 2, {second:.1f} %"),
        what="along their first two principal components",
    )  # fmt: skip
    left, right = st.columns(2, gap="medium")
    with left:
        _variance(components.explained)
    with right:
        _axes(components)
    _rebuild(dataset, components, Place("test" if subset.is_test[0] else "train", int(subset.index[0])))


def _variance(explained: np.ndarray) -> None:
    st.subheader("How much each component holds", anchor=False)
    text = variance_text(explained)
    show_figure(variance_figure(explained), "pca-variance", alt=text)
    st.caption(text)


def _axes(components: Pca) -> None:
    st.subheader("How the components look", anchor=False)
    items = [
        Picture(str(number), axis_png(axis), f"Component {number}, {share:.1%} of the variance")
        for number, axis, share in zip(range(1, AXES_SHOWN + 1), components.axes, components.explained, strict=False)
    ]
    pictures(
        items, key="pca-components", narrowest_px=54, widest_px=84,
        alt=f"The first {AXES_SHOWN} principal components as images: red for more, blue for less.",
    )  # fmt: skip
    st.caption(
        "Every image is the mean image plus some of each of these: red pixels then become brighter and blue ones "
        "darker, or the reverse."
    )


@st.fragment
def _rebuild(dataset: Dataset, components: Pca, first: Place) -> None:
    """Show an image beside what its first components make of it.

    A fragment keeps its arguments for the session: these are memory-mapped, a subset might not be.
    """
    st.subheader("An image out of a few components", anchor=False)
    place = opened(dataset) or first
    image = place.image(dataset)
    count = st.select_slider("Components used", STEPS, 50, key="k", bind="query-params")
    rebuilt = 255 * components.reconstruct(image, count)
    error = float(np.sqrt(np.mean((rebuilt - image) ** 2)))
    columns = st.columns(3, gap="medium")
    for column, title, values, scale, key in (
        (columns[0], f"{place}, {dataset.class_names[place.label(dataset)]}", image, "gray", "rebuild-image"),
        (columns[1], f"Rebuilt from {count}", np.clip(rebuilt, 0, 255), "gray", "rebuild-rebuilt"),
        (columns[2], "Rebuilt less original", rebuilt - image, "diverging", "rebuild-difference"),
    ):
        with column:
            st.markdown(f"**{plain(title)}**")
            bounds = (0, 255) if scale == "gray" else (-255, 255)
            pixel_image(
                values, key=key, scale=scale, bounds=bounds, width_px=SIDE_PX, alt=title, decimals=0, file=title
            )
    share = components.explained[:count].sum()
    st.caption(
        f"{count} numbers instead of 784 hold {share:.1%} of the variance of the selection. This image is rebuilt with "
        f"an error of {error:.1f} grey levels (root mean square). Name another in the field Image, or click one."
    )

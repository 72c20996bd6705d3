"""Near-duplicates: searched in the background, shown side by side."""

import numpy as np
import streamlit as st

from fmnist_core import neighbours
from fmnist_core.datasets import Dataset
from fmnist_core.doubtful import GREY_LEVELS, NEAR
from fmnist_core.figures.quality import distances_end, distances_figure
from fmnist_core.places import all_labels
from fmnist_core.quality.copies import Pairs, near_pairs
from fmnist_core.tasks import Task
from pages.ui.data import plain
from pages.ui.export import show_figure, table_download
from pages.ui.quality.details import pair_cards
from pages.ui.quality.facts import setting
from pages.ui.tasks import task_for

KEY, LEAST, LARGEST = "near.distance", 1.0, 20.0
_ACROSS, _TRAINING, _TEST = "Training and test", "Within training", "Within test"
_METHOD = """
Distance is the root mean square difference of the 784 pixels, in grey levels of 0 to 255: noise of up to 2 levels per
pixel makes 1.4. Each image is compared with its 20 nearest neighbours among all images of both sets; the index that
finds them misses about one in two hundred. A twin in training makes a test image easy: what a network has memorised
looks like skill. Train as you like, but compare test scores only where they differ by more than the share above.
Geier (2019, arXiv:1906.08255) reported near-duplicates between the two sets of Fashion-MNIST and removed them.
"""


def threshold() -> float:
    """Return the distance up to which images count as near-duplicates, in grey levels."""
    return setting(KEY, NEAR, LEAST, LARGEST)


def pairs(dataset: Dataset, selected: np.ndarray) -> Pairs | None:
    """Return the pairs up to the threshold of which an image is selected, (n,) bool.

    While they are not known, None, and the search is under way.
    """
    if not neighbours.is_ready(dataset):
        _task(dataset).begin()
        return None
    known, _ = _known(dataset.sha256, dataset)
    return known.chosen(known.distance <= threshold()).touching(selected)


@st.cache_resource(max_entries=4, show_spinner=False)
def _known(sha256: str, _dataset: Dataset) -> tuple[Pairs, np.ndarray]:
    """Return all pairs up to LARGEST, and each image's distance to its nearest: (n,) float32, in grey levels."""
    most = min(neighbours.MAX_K, len(_dataset.y_train) + len(_dataset.y_test) - 1)
    found = neighbours.neighbours(_dataset, most)
    distance = found.distance * np.float32(GREY_LEVELS)
    known = near_pairs(found.index, distance, all_labels(_dataset), len(_dataset.y_train), LARGEST)
    return known, distance[:, 0].copy()


def progress(dataset: Dataset) -> None:
    """Show how far the search is, if it is under way, and run the page again when it is done."""
    if neighbours.is_ready(dataset):
        return
    if _task(dataset).status().is_active:
        st.fragment(_tick, run_every=1.0)(dataset)
    else:
        _tick(dataset)


def _tick(dataset: Dataset) -> None:
    status = _task(dataset).status()
    if neighbours.is_ready(dataset):
        st.rerun()
    elif status.is_active:
        st.progress(status.fraction, f"Near-duplicates: {plain(status.sentence)}")
    else:
        st.warning(f"Near-duplicates could not be searched. {plain(status.sentence)}", icon=":material/warning:")
        st.button("Search again", on_click=_task(dataset).start)


def _task(dataset: Dataset) -> Task:
    return task_for(dataset, "neighbours")


def show(dataset: Dataset, pairs: Pairs | None, selected: np.ndarray) -> None:
    """Let the user choose threshold and sets, and show the pairs, nearest first, with their difference.

    selected: (n,) bool, the images of which the distances are shown.
    """
    if pairs is None:
        st.markdown("The pairs appear here when the search is done. The rest of the page does not wait for it.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.slider(
            "Near-duplicates up to (grey levels)", LEAST, LARGEST, NEAR, 0.5, key=KEY, bind="query-params",
            persist_state="session", width=280,
        )  # fmt: skip
        where = st.segmented_control(
            "Pairs", [_ACROSS, _TRAINING, _TEST], default=_ACROSS, required=True, key="near.where", bind="query-params"
        )
        only = st.toggle("Different labels only", key="near.labels", bind="query-params")
    mask = {_ACROSS: pairs.across, _TRAINING: pairs.within_train, _TEST: pairs.within_test}[where]
    shown = pairs.chosen(mask & pairs.conflicting if only else mask)
    noun = "pair" if len(shown) == 1 else "pairs"
    st.markdown(f"**{len(shown):,} {noun}**, {shown.conflicting.sum():,} with different labels.")
    pair_cards(dataset, shown, key="near-duplicate-pairs", difference=True)
    if len(shown):
        table_download(shown.table(dataset.class_names), "near-duplicates", index=False)
    _, nearest = _known(dataset.sha256, dataset)
    distances = nearest[selected]
    end = distances_end(distances, threshold())
    show_figure(distances_figure(distances, threshold(), end), "nearest-distances", alt=_words(distances))
    if beyond := int((distances > end).sum()):
        st.caption(f"Not drawn: {beyond:,} farther than {end:g} grey levels, the farthest {distances.max():.0f}.")
    st.caption(_METHOD)


def _words(nearest: np.ndarray) -> str:
    near = int((nearest <= threshold()).sum())
    return (
        f"Histogram of each image's distance to its nearest neighbour: median {np.median(nearest):.1f} grey levels; "
        f"{near:,} of {len(nearest):,} images are within {threshold():g}."
    )

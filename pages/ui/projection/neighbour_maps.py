"""t-SNE and UMAP: computed in the background when asked for, and kept."""

from dataclasses import asdict

import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.projection import MapSpec, computed_map, is_ready
from fmnist_core.selection import Selection, Subset
from pages.ui.data import plain
from pages.ui.projection.map import show_map
from pages.ui.tasks import show_task, task_for

READING = (
    "Images that lie together look alike. How far apart two groups lie, and how wide they are, says little: the method "
    "spreads and shrinks them. Try other parameters before believing a shape."
)
NOTES = {
    "tsne": "About a minute for 5,000 images on two cores; after that it is kept.",
    "umap": "About half a minute for 5,000 images, of which half is loading the library; after that it is kept.",
}
TITLES = {"tsne": "t-SNE", "umap": "UMAP"}


def tsne_view(dataset: Dataset, selection: Selection, subset: Subset, sample: int, seed: int) -> None:
    """Show t-SNE with its parameter."""
    perplexity = st.number_input(
        "Perplexity", 2, 100, 30, key="perplexity", bind="query-params", width=180,
        help="About how many neighbours of each image count. Small: many little groups; large: the broad shape.",
    )  # fmt: skip
    _view(dataset, selection, subset, "tsne", sample=sample, seed=seed, perplexity=perplexity)


def umap_view(dataset: Dataset, selection: Selection, subset: Subset, sample: int, seed: int) -> None:
    """Show UMAP with its parameters."""
    with st.container(horizontal=True, gap="small"):
        count = st.number_input(
            "n_neighbors", 2, 200, 15, key="n_neighbors", bind="query-params", width=180,
            help="How many neighbours of each image count. Small: fine structure; large: the broad shape.",
        )  # fmt: skip
        least = st.number_input(
            "min_dist", 0.0, 1.0, 0.1, 0.05, key="min_dist", bind="query-params", width=180,
            help="How close dots may lie: 0 packs groups tightly.",
        )  # fmt: skip
    _view(dataset, selection, subset, "umap", sample=sample, seed=seed, n_neighbors=count, min_dist=least)


def _view(dataset: Dataset, selection: Selection, subset: Subset, method: str, **parameters: float) -> None:
    try:
        spec = MapSpec(method, asdict(selection), **parameters)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    title = f"{TITLES[method]} of {min(spec.sample, len(subset)):,} images, {spec}"
    if not is_ready(dataset, spec):
        show_task(task_for(dataset, method, **spec.parameters), title=title, note=NOTES[method])
        return
    st.markdown(f"**{plain(title)}**  \n:gray[{READING}]")
    identity = f"{method}-{dataset.sha256[:16]}-{selection.key}-{spec.sample}-{spec}"
    show_map(
        dataset,
        subset,
        computed_map(dataset, spec),
        identity=identity,
        axes=("The axes have no unit and no direction: what counts is who lies near whom.", ""),
        what=f"by {TITLES[method]}, {spec}",
    )

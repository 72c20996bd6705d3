"""Projection: which images look alike, on a map."""

import streamlit as st

from fmnist_core.projection import MAX_SAMPLE
from pages.ui.data import current_dataset
from pages.ui.distributions.results import require_images
from pages.ui.header import page_header
from pages.ui.projection.neighbour_maps import tsne_view, umap_view
from pages.ui.projection.pca import pca_view
from pages.ui.samples.panel import image_field
from pages.ui.selection import selection_bar

VIEWS = {"PCA": pca_view, "t-SNE": tsne_view, "UMAP": umap_view}

page_header("Projection", "Which images look alike?")
dataset = current_dataset()
selection = selection_bar(dataset)
require_images(dataset, selection)
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    method = st.segmented_control(
        "Method", list(VIEWS), default="PCA", required=True, key="method", bind="query-params",
        help="PCA keeps distances as well as a flat map can. t-SNE and UMAP keep neighbours together instead.",
    )  # fmt: skip
    sample = st.number_input(
        "Images drawn", 100, MAX_SAMPLE, 5000, 500, key="n", bind="query-params", width=135,
        help="A sample of the selection, the same share of each class.",
    )  # fmt: skip
    seed = st.number_input(
        "Seed", 0, 9999, 0, key="seed", bind="query-params", width=130, help="Another number draws other images."
    )
    image_field()
VIEWS[method](dataset, selection, selection.take(dataset), sample, seed)

"""Samples: what the data look like."""

import pandas as pd
import streamlit as st

from fmnist_core import samples
from fmnist_core.figures.samples import class_counts_figure
from pages.ui.data import current_dataset, plain
from pages.ui.distributions.results import require_images
from pages.ui.export import show_figure
from pages.ui.header import page_header
from pages.ui.samples.panel import large_view, nearest_images, open_image, opened
from pages.ui.samples.view import choose_view, order_by_image, sample_grid
from pages.ui.selection import selection_bar

page_header("Samples", "What do the data look like?")
dataset = current_dataset()
st.markdown(plain(samples.describe(dataset)))
selection = selection_bar(dataset)
require_images(dataset, selection)
view = choose_view()
place = opened(dataset)
subset = selection.take(dataset)

left, right = st.columns([3, 2], gap="medium")
with left:
    sample_grid(dataset, selection, subset, view, place)
with right:
    if place:
        large_view(dataset, place)
        nearest_images(dataset, place)
        with st.container(horizontal=True, gap="small"):
            st.button(
                "See all by distance to it", icon=":material/near_me:", on_click=order_by_image, key="panel-order"
            )
            st.button("Close", icon=":material/close:", on_click=open_image, args=("",), key="panel-close")
    else:
        st.markdown("**Images per class**, in the selection")
        counts = samples.class_counts(subset.labels, len(dataset.class_names))
        show_figure(
            class_counts_figure(counts, dataset.class_names), "images-per-class", key="counts",
            alt=", ".join(f"{name}: {n:,}" for name, n in zip(dataset.class_names, counts, strict=True)),
            frame=pd.Series(counts, dataset.class_names, name="images").rename_axis("class").to_frame(),
        )  # fmt: skip
        st.caption("Click an image to see it large, with its pixel values and the images nearest to it.")

"""Samples: what the data look like."""

import streamlit as st

from fmnist_core import samples
from fmnist_core.figures.samples import class_counts_figure
from pages.ui.data import current_dataset, plain
from pages.ui.grid import picture_grid
from pages.ui.header import page_header

COLUMNS = 10
BY_CLASS, MIXED = "A row for each class", "All classes mixed"

page_header("Samples", "What do the data look like?")
dataset = current_dataset()
st.markdown(plain(samples.describe(dataset)))

names = dataset.class_names
with st.container(horizontal=True, gap="small"):
    split = st.segmented_control(
        "Set", ["Training", "Test"], default="Training", required=True, key="split", bind="query-params",
        help="Networks learn from the training set; the test set is kept aside to judge them.",
    )  # fmt: skip
    show = st.selectbox("Show", [BY_CLASS, MIXED, *names], key="show", bind="query-params", width=210)
    seed = st.number_input(
        "Seed", 0, 9999, 0, key="seed", bind="query-params", width=130,
        help="Each number draws other images; the same number always draws the same ones.",
    )  # fmt: skip

images, labels = (dataset.x_train, dataset.y_train) if split == "Training" else (dataset.x_test, dataset.y_test)
if show == BY_CLASS:
    positions = samples.sample_by_class(labels, len(names), COLUMNS, seed)
else:
    label = names.index(show) if show in names else None
    positions = samples.sample(labels, COLUMNS * COLUMNS, seed, label)

left, right = st.columns([3, 2], gap="large")
with left:
    picture_grid(
        samples.to_png(samples.sheet(images, positions, COLUMNS)),
        alt=f"{len(positions)} images of the {split.lower()} set: {show.lower()}",
        row_names=names if show == BY_CLASS else (),
    )
with right:
    st.markdown(f"**Images per class**, {split.lower()} set")
    counts = samples.class_counts(labels, len(names))
    st.plotly_chart(class_counts_figure(counts, names), config={"displayModeBar": False}, key="counts")

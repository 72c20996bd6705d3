"""Distributions: how the pixels are distributed, and whether it differs by class."""

import streamlit as st

from pages.ui.data import current_dataset
from pages.ui.distributions.classes import classes_view
from pages.ui.distributions.images import images_view
from pages.ui.distributions.pixels import pixels_view
from pages.ui.distributions.results import require_images
from pages.ui.header import page_header
from pages.ui.selection import selection_bar

VIEWS = {"Pixels": pixels_view, "Images": images_view, "Classes": classes_view}

page_header("Distributions", "How are the pixels distributed, and does it differ by class?")
dataset = current_dataset()
selection = selection_bar(dataset)
require_images(dataset, selection)
view = st.segmented_control(
    "View", list(VIEWS), default="Pixels", required=True, key="view", bind="query-params", label_visibility="collapsed"
)
VIEWS[view](dataset, selection)

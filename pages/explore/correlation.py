"""Correlation: which pixels move together, what they say about the classes, and which classes look alike."""

import streamlit as st

from pages.ui.correlation.all import all_view
from pages.ui.correlation.classes import classes_view
from pages.ui.correlation.difference import all_compared, classes_compared, one_compared
from pages.ui.correlation.one import one_view
from pages.ui.correlation.results import choose_compared
from pages.ui.data import current_dataset
from pages.ui.distributions.results import require_images
from pages.ui.header import page_header
from pages.ui.selection import selection_bar

VIEWS = {"One pixel": one_view, "All pixels": all_view, "Classes": classes_view}
COMPARED = {"One pixel": one_compared, "All pixels": all_compared, "Classes": classes_compared}

page_header("Correlation", "Which pixels move together?")
dataset = current_dataset()
selection = selection_bar(dataset)
require_images(dataset, selection)
with st.container(horizontal=True, vertical_alignment="center"):
    view = st.segmented_control(
        "View",
        list(VIEWS),
        default="One pixel",
        required=True,
        key="relation",  # not that of another page: Streamlit would take its value along
        bind="query-params",
        label_visibility="collapsed",
    )
    compared = choose_compared(dataset, selection)
(COMPARED if compared else VIEWS)[view](dataset, selection)

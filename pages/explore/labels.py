"""Label suspects: labels that neighbours or networks doubt, what a person decides of them, and what that is worth."""

import streamlit as st

from pages.ui.data import current_dataset
from pages.ui.distributions.results import require_images
from pages.ui.header import page_header
from pages.ui.labels.decisions import read_decisions, show_decisions
from pages.ui.labels.judge import choose_judge, judge
from pages.ui.labels.queue import choose_page, explain, show_progress
from pages.ui.labels.retrain import show_retrain
from pages.ui.labels.review import review
from pages.ui.selection import selection_bar

page_header("Label suspects", "Which labels may be wrong, and does it help to mend them?")
dataset = current_dataset()
view = st.segmented_control(
    "Step", ["Review", "Retrain"], default="Review", required=True, key="step", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
decisions = read_decisions(dataset)
if view == "Retrain":
    show_retrain(dataset, decisions)
    st.stop()
selection = selection_bar(dataset)
require_images(dataset, selection)
bar = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
with bar:
    name = choose_judge()
if found := judge(dataset, name):
    selected = selection.mask(dataset)
    listing = choose_page(bar, dataset, found, selected, decisions)
    explain(selected, found)
    show_progress(dataset, found, selected, decisions)
    review(dataset, listing)
    show_decisions(dataset, decisions)

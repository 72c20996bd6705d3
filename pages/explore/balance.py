"""Balance: are all classes equally there?"""

import streamlit as st

from pages.ui.data import current_dataset
from pages.ui.header import page_header
from pages.ui.quality.balance import chart, count_classes, measures, verdicts
from pages.ui.selection import open_on_both_splits, selection_bar

page_header("Balance", "Are all classes equally there?")
dataset = current_dataset()
open_on_both_splits()
selection = selection_bar(dataset)
counts = count_classes(dataset, selection)

verdicts(counts)
left, right = st.columns([5, 4], gap="medium")
with left:
    chart(counts)
with right:
    measures(counts)

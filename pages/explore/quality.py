"""Quality: can these data be trusted?"""

import streamlit as st

from pages.ui.data import current_dataset
from pages.ui.distributions.results import require_images
from pages.ui.header import page_header
from pages.ui.quality.facts import facts_of
from pages.ui.quality.findings import findings_list
from pages.ui.quality.table import export_section, first_rows_section, numbers_section, shape_section
from pages.ui.selection import open_on_both_splits, selection_bar

page_header("Quality", "Can these data be trusted?")
dataset = current_dataset()
open_on_both_splits()
selection = selection_bar(dataset)
require_images(dataset, selection)
facts = facts_of(dataset, selection)
findings_list(dataset, facts)

st.subheader("The data as a table", anchor=False)
shape_section(dataset, selection)
first_rows_section(dataset, selection)
numbers_section(dataset, facts)
export_section(dataset, facts)

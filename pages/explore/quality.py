"""Quality: can these data be trusted?"""

import streamlit as st

from pages.ui.data import current_dataset
from pages.ui.header import page_header
from pages.ui.quality.findings import findings_list
from pages.ui.quality.table import export_section, first_rows_section, numbers_section, shape_section

page_header("Quality", "Can these data be trusted?")
dataset = current_dataset()
findings_list(dataset)

st.subheader("The data as a table", anchor=False)
shape_section(dataset)
first_rows_section(dataset)
numbers_section(dataset)
export_section(dataset)

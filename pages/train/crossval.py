"""Cross-validate: one network trained on each part of the images in turn, and how sure its figure is."""

import streamlit as st

from fmnist_core.crossval import groups
from pages.ui.crossval.choice import choose_group
from pages.ui.crossval.start import start_form
from pages.ui.crossval.view import show_group
from pages.ui.data import current_dataset
from pages.ui.header import page_header
from pages.ui.runs import readable_runs

page_header(
    "Cross-validate", "How sure is that figure? The same network, with each part of the images held out in turn."
)
dataset = current_dataset()
progresses = readable_runs(archived=True)  # a group shows all of its Runs
known = groups(progress.run for progress in progresses)
# A link with a Run's settings asks for something new.
group = None if "from" in st.query_params else choose_group(known)
if group:
    show_group(group, known)
start_form(dataset, progresses, again=bool(group))

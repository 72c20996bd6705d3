"""Explain: why a Run's model says what it says, of one image, of all, and of two classes."""

import streamlit as st

from fmnist_core import explain_client
from fmnist_core.errors import LabError
from fmnist_core.run_data import dataset_of
from fmnist_core.run_result import read_result
from pages.ui.data import plain
from pages.ui.header import empty_state, page_header
from pages.ui.runs import choose_run, finished_models
from pages.ui.understand.explain import ALL, ONE, PAIR, VIEW_KEY
from pages.ui.understand.explain_features import kept_features, sample_note
from pages.ui.understand.explain_map import map_view
from pages.ui.understand.explain_one import one_image
from pages.ui.understand.explain_pair import nearest_across, pair_choice, pair_figures, what_turns_it
from pages.ui.understand.result import evaluate

page_header("Explain", "Why does the model say that?")
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    view = st.segmented_control(
        "View", [ONE, ALL, PAIR], default=ONE, required=True, key=VIEW_KEY, bind="query-params", width="content",
        label_visibility="collapsed",
    )  # fmt: skip
    progress = choose_run(finished_models())
if progress is None:
    empty_state("No Run is completed yet. A first one takes a minute.", "pages/train/new.py", "Start a Run")
    st.stop()

run = progress.run
if view != ALL:
    explain_client.warm()
evaluation, dataset, problem = None, None, ""
try:
    dataset = dataset_of(run)
    evaluation, _ = evaluate(run, read_result(run))
except LabError as error:
    problem = str(error)

if view == ONE:
    if dataset is None:
        st.warning(plain(problem), icon=":material/warning:")
    one_image(run, dataset, evaluation)
elif evaluation is None:
    st.error(plain(problem), icon=":material/error:")
elif view == ALL:
    if (kept := kept_features(run, dataset)) is not None:
        map_view(run, dataset, evaluation, kept)
        sample_note(run, dataset, kept)
else:
    first, second = pair_choice(evaluation)
    found = pair_figures(evaluation, first, second)
    if found is not None:
        if (kept := kept_features(run, dataset)) is not None:
            nearest_across(dataset, evaluation, kept, first, second)
        what_turns_it(run, dataset, evaluation, found)

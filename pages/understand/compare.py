"""Compare: several Runs side by side, and whether the better of two is better by more than luck."""

import streamlit as st

from pages.ui.header import empty_state, page_header
from pages.ui.runs import readable_runs
from pages.ui.understand.compare import choose_runs, costs, curves, names_of, row_of, settings_table
from pages.ui.understand.compare_find import find_runs
from pages.ui.understand.pair import pair_view

page_header("Compare", "Which Run is better, and is it luck?")
progresses = readable_runs()
if len(progresses) < 2:
    empty_state("Two Runs are needed. A first one takes a minute.", "pages/train/new.py", "Start a Run")
    st.stop()
chosen = choose_runs(progresses)
find_runs(progresses)
if len(chosen) < 2:
    st.info("Choose two Runs or more.", icon=":material/compare_arrows:")
    st.stop()
names, rows = names_of(chosen), [row_of(progress) for progress in chosen]
pair_view(chosen, names)
settings_table(rows)
curves(chosen, names)
costs(rows, names)

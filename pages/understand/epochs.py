"""Time machine: how a Run's answers changed from epoch to epoch, what it forgot, and new Runs from any moment of it."""

import streamlit as st

from fmnist_core.epoch_record import has_kept
from fmnist_core.errors import LabError
from pages.ui.data import plain
from pages.ui.header import empty_state, page_header
from pages.ui.runs import choose_run, readable_runs
from pages.ui.understand.epochs import cautions, forget_epoch, forgetting, machine, numbers, read_kept
from pages.ui.understand.lineage import lineage

page_header("Time machine", "How did this Run learn, epoch by epoch, and what did it forget?")
progress = choose_run([one for one in readable_runs() if one.state.is_over and has_kept(one.run)])
if progress is None:
    empty_state(
        "No finished Run has kept its epochs. On the page Train, **Keep every epoch** keeps its answers on the test "
        "images as it learns.",
        "pages/train/new.py", "Start a Run",
    )  # fmt: skip
    st.stop()
forget_epoch(progress.run)
lineage(progress.run.spec)
try:
    kept = read_kept(progress)
except LabError as error:
    st.error(plain(str(error)), icon=":material/error:")
    st.stop()
cautions(kept, progress)
machine(kept, progress)
forgetting(kept, progress)
numbers(kept, progress)

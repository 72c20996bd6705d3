"""What the app does between page views: repair the queue after crashes, push on stops that take too long, and have
computed what will be asked for."""

import logging
import threading
import time

import streamlit as st

from fmnist_core import jobs, neighbours
from fmnist_core.datasets import Dataset
from pages.ui.data import current_folder
from pages.ui.tasks import task_for

PERIOD_S = 2.0


@st.cache_resource(show_spinner=False)
def start_reconciler() -> threading.Thread:
    """Start the one background thread of this process; a further call returns the same."""
    thread = threading.Thread(target=_reconcile_for_ever, name="reconciler", daemon=True)
    thread.start()
    return thread


def begin_neighbours(dataset: Dataset) -> None:
    """Have the index of nearest images made in the background, once, so that the pages that need it find it."""
    _begin_neighbours(dataset.sha256, current_folder(), dataset)


@st.cache_resource(max_entries=16, show_spinner=False)
def _begin_neighbours(sha256: str, folder: str, _dataset: Dataset) -> None:
    if not neighbours.is_ready(_dataset):
        task_for(_dataset, "neighbours").begin()


def _reconcile_for_ever() -> None:
    while True:
        try:
            jobs.reconcile()
        except Exception:  # a full disk today must not leave the queue unattended tomorrow
            logging.getLogger(__name__).exception("The queue could not be reconciled; trying again.")
        time.sleep(PERIOD_S)

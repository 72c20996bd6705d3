"""What the app does between page views: repair the queue after crashes and push on stops that take too long."""

import logging
import threading
import time

import streamlit as st

from fmnist_core import jobs

PERIOD_S = 2.0


@st.cache_resource(show_spinner=False)
def start_reconciler() -> threading.Thread:
    """Start the one background thread of this process; a further call returns the same."""
    thread = threading.Thread(target=_reconcile_for_ever, name="reconciler", daemon=True)
    thread.start()
    return thread


def _reconcile_for_ever() -> None:
    while True:
        try:
            jobs.reconcile()
        except Exception:  # a full disk today must not leave the queue unattended tomorrow
            logging.getLogger(__name__).exception("The queue could not be reconciled; trying again.")
        time.sleep(PERIOD_S)

"""Where a Run comes from: the Run and the epoch whose weights it started with."""

import streamlit as st

from fmnist_core.epoch_record import has_kept
from fmnist_core.fork import ancestry
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec
from pages.ui.data import plain
from pages.ui.runs import run_title


def to_time_machine(run: Run) -> None:
    """Lead to the Run's epochs, where it kept some."""
    if has_kept(run):
        st.page_link(
            "pages/understand/epochs.py", label="Epoch by epoch: what it learned and forgot", icon=":material/history:",
            query_params={"run": run.id},
        )  # fmt: skip


def lineage(spec: RunSpec) -> None:
    """Say in a line from which epoch of which Run a fork started, back to the first, with links; nothing for others."""
    steps = ancestry(spec)
    if not steps:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(":gray[:material/fork_right: Forked from]", width="content")
        for place, (run_id, epoch, parent) in enumerate(steps):
            before = ":gray[which was forked from] " * bool(place)
            words = f"{before}epoch {epoch} of"
            if parent is None:
                st.markdown(f"{words} a Run that is gone ({plain(run_id)})", width="content")
                continue
            st.markdown(words, width="content")
            st.page_link(
                "pages/understand/epochs.py", label=plain(run_title(parent)),
                query_params={"run": run_id, "epoch": str(epoch)},
            )  # fmt: skip

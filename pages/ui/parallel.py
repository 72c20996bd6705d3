"""How many Runs train at once: one setting for the whole installation, shown wherever Runs are started in numbers."""

from dataclasses import replace

import streamlit as st

from fmnist_core import jobs, machine, paths
from fmnist_core.cluster import executor
from fmnist_core.errors import SpecError
from fmnist_core.runs import RunState
from fmnist_core.settings import MOST_PARALLEL_RUNS, Settings
from pages.ui.data import plain
from pages.ui.runs import readable_runs


def parallel_setting(page: str) -> None:
    """Show the setting, what this machine bears, and why more is refused; `page` begins the widget's key."""
    if executor.is_set(paths.runs()):
        st.caption("Runs at once: the workers of the cluster decide that; see *Where Runs execute* on the page Runs.")
        return
    saved = Settings.read(paths.runs())
    cores = machine.cores()
    parallel = st.number_input(
        "Runs at once", 1, MOST_PARALLEL_RUNS, saved.parallel_runs, width=200, key=f"{page}.parallel",
        help=f"This machine has {cores} core{'s' * (cores != 1)}, of which each Run computes with its share, even "
        "while it is alone. 1 gives all of them to one Run.",
    )  # fmt: skip
    st.caption(
        f"Up to {machine.sensible_runs(_running())} make sense here: a core for each, and of memory "
        f"{machine.free_bytes() / 1e9:.0f} GB are free, of which a Run of a small network takes about "
        f"{machine.WORKER_BYTES / 1e9:.1f} GB, one on a large backbone more."
    )
    if parallel == saved.parallel_runs:
        return
    if problem := _beyond_memory(parallel):
        st.error(plain(problem), icon=":material/error:")
        return
    replace(saved, parallel_runs=parallel).write(paths.runs())
    jobs.reconcile()
    st.rerun()


def too_many_at_once() -> str:
    """Return why the memory does not bear as many Runs at once as are set; "" if it does, or a cluster does."""
    if executor.is_set(paths.runs()):
        return ""
    return _beyond_memory(Settings.read(paths.runs()).parallel_runs)


def _beyond_memory(parallel: int) -> str:
    try:
        machine.check_runs(parallel, _running())
    except SpecError as error:
        return str(error)
    return ""


def _running() -> int:
    return len(readable_runs((RunState.RUNNING,)))

"""What a Run asks of a cluster's worker: asked beside a launch, and shown with the Run. Nothing without a cluster."""

import streamlit as st

from fmnist_core import paths
from fmnist_core.cluster import executor
from fmnist_core.cluster.demand import LEAST_GB, MOST_CORES, MOST_GB, MOST_GPUS, Demand
from fmnist_core.cluster.executor import executor_of
from fmnist_core.cluster.handover import is_handed_over
from fmnist_core.runs import Run, RunState
from fmnist_core.settings import Settings
from pages.ui.data import plain


def demand_form(page: str, noun: str = "Each Run") -> tuple[Demand | None, str]:
    """Show, folded away, what each Run of a launch asks for; `page` begins the widgets' keys.

    Return that, None without a cluster; and why no worker can execute such a Run, "" if one can or that is not known.
    """
    cluster = executor_of(paths.runs())
    if cluster is None:
        return None, ""
    default = Settings.read(paths.runs()).demand
    before = Demand(*(st.session_state.get(f"{page}.{name}", value) for name, value in vars(default).items()))
    with st.expander(f"{noun} asks a worker for {before.words}", key=f"{page}.demand"):
        demand = demand_fields(page, default)
        st.caption(_counted(cluster.uncounted))
    return demand, cluster.lack(demand)


def demand_fields(page: str, default: Demand) -> Demand:
    """Show a number for each part of a demand and return what they say."""
    cores, gpus, memory = st.columns(3, gap="small")
    return Demand(
        cores.number_input("Cores", 1, MOST_CORES, default.cores, key=f"{page}.cores"),
        gpus.number_input(
            "GPUs", 0, MOST_GPUS, default.gpus, key=f"{page}.gpus",
            help="0: where a worker has GPUs, they are hidden from the Run.",
        ),
        memory.number_input(
            "Memory, GB", LEAST_GB, MOST_GB, default.memory_gb, 0.5, format="%g", key=f"{page}.memory_gb"
        ),
    )  # fmt: skip


def _counted(uncounted: list[str]) -> str:
    words = "The default stands on the page Runs, under *Where Runs execute*."
    if uncounted:
        words = f"No worker declares its {' and '.join(uncounted)}, so that is not counted. {words}"
    return words


def demand_line(run: Run, state: RunState) -> None:
    """Say what a Run asks for, and let that be changed while no worker has the Run."""
    if not executor.is_set(run.folder.parent):
        return
    demand, asks = Demand.of(run.folder), "Asked" if state == RunState.COMPLETED else "Asks"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{asks} a worker for {demand.words}.", width="content")
        if state.is_resumable or (state == RunState.QUEUED and not is_handed_over(run.folder)):
            with st.popover("Change", type="tertiary", icon=":material/tune:", key=f"demand.{run.id}"):
                _change(run, demand)


def _change(run: Run, demand: Demand) -> None:
    with st.form(f"demand.{run.id}.form", border=False):
        changed = demand_fields(f"demand.{run.id}", demand)
        if not st.form_submit_button("Save"):
            return
    lack = (cluster := executor_of(run.folder.parent)) and cluster.lack(changed)
    if lack:
        st.error(plain(lack), icon=":material/error:")
        return
    changed.write(run.folder)
    st.rerun()

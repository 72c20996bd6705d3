"""Where Runs execute: on this machine, or on the workers of a Dask cluster; the setting, and what is there."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from fmnist_core import jobs, paths
from fmnist_core.cluster import address, overview
from fmnist_core.cluster.executor import Cluster, executor_of
from fmnist_core.errors import SpecError
from fmnist_core.settings import Settings
from pages.ui.cluster.demand import demand_fields
from pages.ui.data import plain
from pages.ui.runs import readable_runs

TICK_S = 2.0


def cluster_notice() -> None:
    """Say why Runs wait, if they do because of the cluster."""
    cluster = executor_of(paths.runs())
    if cluster and (problem := overview.why_waiting(cluster, jobs.queue())):
        st.warning(f"Runs wait. {plain(problem)} See *Where Runs execute* below.", icon=":material/hub:")


def cluster_panel() -> None:
    """Show the setting folded away, and the cluster below it while it is open."""
    with st.expander("Where Runs execute", key="cluster.panel", on_change="rerun") as panel:
        if not panel.open:
            return
        _form()
        if executor_of(paths.runs()):
            st.fragment(_status, run_every=TICK_S)()


def _form() -> None:
    saved, fixed = Settings.read(paths.runs()), _from_environment()
    with st.form("cluster.form", border=False):
        text = st.text_input(
            "Address of a Dask scheduler", fixed or saved.scheduler, placeholder="tcp://host:8786",
            key="cluster.address", disabled=bool(fixed), max_chars=300,
            help="Runs then execute on the workers of that cluster. Empty: on this machine.",
        )  # fmt: skip
        st.caption("What a Run asks of a worker, unless its launch says otherwise:")
        changed = {f"run_{name}": value for name, value in vars(demand_fields("cluster", saved.demand)).items()}
        if fixed:
            st.caption(f"{address.VARIABLE} in the environment names the scheduler; it wins over what is set here.")
        pressed = st.form_submit_button("Save and check", icon=":material/hub:")
    if pressed:
        _save(_changed(saved, changed if fixed else changed | {"scheduler": text}))


def _changed(saved: Settings, changed: dict[str, object]) -> Settings | None:
    """Return the settings with these changes; None if one is refused, which is said."""
    try:
        return replace(saved, **changed)
    except SpecError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None


def _save(settings: Settings | None) -> None:
    if settings is None:
        return
    settings.write(paths.runs())
    if cluster := executor_of(paths.runs()):
        cluster.look_again()
    jobs.reconcile()
    st.rerun()


def _status() -> None:
    cluster = executor_of(paths.runs())
    if cluster is None:
        return
    if cluster.snapshot is None:
        st.caption(f"Connecting to {plain(cluster.link.address)} …")
    elif problem := cluster.problem or cluster.lack(Settings.read(paths.runs()).demand):
        st.error(plain(problem), icon=":material/error:")
    if cluster.snapshot and cluster.snapshot.is_up:
        _workers(cluster)


def _workers(cluster: Cluster) -> None:
    snapshot = cluster.snapshot
    runs = [(progress.run, progress.state) for progress in readable_runs()]
    places, waiting = cluster.places(Settings.read(paths.runs()).demand), overview.count_waiting(runs)
    count = len(snapshot.workers)
    words = f"**{count} worker{'s' * (count != 1)}**, room for {places} Run{'s' * (places != 1)} at once"
    if waiting:
        words += f", {waiting} wait{'s' * (waiting == 1)} at the scheduler"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(words, width="stretch")
        if snapshot.dashboard:
            st.link_button("Dask's dashboard", snapshot.dashboard, icon=":material/open_in_new:", type="tertiary")
    if snapshot.workers:
        st.dataframe(
            pd.DataFrame(overview.worker_rows(snapshot, runs)), hide_index=True, key="cluster.workers", placeholder="–",
            column_config={"Memory": st.column_config.NumberColumn("Memory, GB", format="%.1f")},
        )  # fmt: skip


def _from_environment() -> str:
    try:
        return address.from_environment()
    except SpecError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return ""

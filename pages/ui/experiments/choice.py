"""Which experiment, and which launch of it: both stand in the address."""

from collections.abc import Sequence

import streamlit as st

from fmnist_core.datasets import DATASETS
from fmnist_core.experiments import EXPERIMENTS, experiment_of, launches, when
from fmnist_core.progress import Progress
from pages.ui.data import plain


def choose_experiment() -> str:
    """Let the user choose an experiment; a launch in the address decides where the address names none."""
    keys = list(EXPERIMENTS)
    asked = experiment_of(st.query_params.get("group", ""))
    return st.segmented_control(
        "Experiment", keys, default=asked or keys[0], required=True, key="experiment", bind="query-params",
        format_func=lambda key: EXPERIMENTS[key].title,
    )  # fmt: skip


def choose_launch(key: str, progresses: Sequence[Progress]) -> str | None:
    """Let the user choose among the launches of an experiment, newest first; None if there is none yet."""
    known = launches(key, (progress.run.spec for progress in progresses))
    asked = st.query_params.get("group")
    if asked and asked not in known and experiment_of(asked) in (key, None):
        st.warning(f"Expected a launch of this experiment. Received {plain(asked[:80])}, which is not there.")
    if not known:
        st.query_params.pop("group", None)
        return None
    # Not bound to the address: the words beside a launch change while it runs.
    if asked in known and asked != st.session_state.get("experiments.shown"):
        st.session_state["experiments.launch"] = asked  # a link came; else what the user chose in the box counts
    if st.session_state.get("experiments.launch") not in known:
        st.session_state.pop("experiments.launch", None)  # of another experiment
    if len(known) == 1:
        chosen = known[0]
    else:
        chosen = st.selectbox(
            "Launch", known, key="experiments.launch", format_func=lambda group: _words(group, progresses), width=420
        )
    st.session_state["experiments.shown"] = st.query_params["group"] = chosen
    return chosen


def _words(group: str, progresses: Sequence[Progress]) -> str:
    return f"{when(group):%d %b %H:%M} · {launch_words(group, progresses)}"


def launch_words(group: str, progresses: Sequence[Progress]) -> str:
    """Say on which data and with how much training a launch was made."""
    spec = next(progress.run.spec for progress in progresses if progress.run.spec.group == group)
    limit = f", {spec.train_limit:,} training images" if spec.train_limit else ""
    return f"{DATASETS[spec.dataset].title}, {spec.epochs} epoch{'s' * (spec.epochs != 1)}{limit}"

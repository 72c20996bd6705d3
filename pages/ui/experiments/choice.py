"""Which experiment, and which launch of it: both stand in the address."""

from collections.abc import Sequence

import streamlit as st

from fmnist_core.datasets import DATASETS
from fmnist_core.experiments import EXPERIMENTS, experiment_of, launches
from fmnist_core.progress import Progress
from fmnist_core.run_groups import when
from pages.ui.choice import choose_in_address, explain_absence


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
    if experiment_of(st.query_params.get("group", "")) in (key, None):  # else it is a launch of another experiment
        explain_absence("group", known, "a launch of this experiment")
    return choose_in_address(
        "Launch", known, parameter="group", key="experiments.launch",
        format_func=lambda group: _words(group, progresses), width=420,
    )  # fmt: skip


def _words(group: str, progresses: Sequence[Progress]) -> str:
    return f"{when(group):%d %b %H:%M} · {launch_words(group, progresses)}"


def launch_words(group: str, progresses: Sequence[Progress]) -> str:
    """Say on which data and with how much training a launch was made."""
    spec = next(progress.run.spec for progress in progresses if progress.run.spec.group == group)
    limit = f", {spec.train_limit:,} training images" if spec.train_limit else ""
    return f"{DATASETS[spec.dataset].title}, {spec.epochs} epoch{'s' * (spec.epochs != 1)}{limit}"

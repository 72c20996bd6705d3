"""What an experiment asks, and the button that starts all of its Runs."""

import streamlit as st

from fmnist_core.datasets import DATASETS, Dataset
from fmnist_core.errors import LabError
from fmnist_core.estimates import estimate
from fmnist_core.experiments import EXPERIMENTS, launch, specs_of
from fmnist_core.progress import Progress
from fmnist_core.spec import HYPERPARAMETERS
from pages.ui.data import absolute_folder, plain
from pages.ui.words import duration

QUICK_IMAGES = (5000, 10_000, 20_000, 40_000)


def about(key: str, dataset: Dataset) -> None:
    """Show the experiment's question and what its Runs have in common."""
    experiment = EXPERIMENTS[key]
    st.subheader(experiment.question, anchor=False)
    st.markdown(plain(experiment.note))
    if experiment.dataset != dataset.name:
        title, meant = DATASETS[dataset.name].title, DATASETS[experiment.dataset].title
        st.caption(f"E worked on {meant}, your data are {title}: choose {meant} under Data to compare with E.")


def start_form(key: str, dataset: Dataset, progresses: list[Progress], *, again: bool) -> None:
    """Show the button that starts all Runs; once there is a launch, folded away under "Start it again"."""
    if again:
        with st.expander("Start it again"):
            _form(key, dataset, progresses)
    else:
        _members(key)
        _form(key, dataset, progresses)
    with st.expander("Before you compare with E"):
        st.markdown(plain(EXPERIMENTS[key].caveat))


def _members(key: str) -> None:
    rows = [
        {"Run": member.label, "Reported": f"{member.reported:.2%}" if member.reported is not None else ""}
        for member in EXPERIMENTS[key].members
    ]
    st.table(rows, border="horizontal", hide_index=True, width=420)


def _form(key: str, dataset: Dataset, progresses: list[Progress]) -> None:
    experiment = EXPERIMENTS[key]
    own = experiment.members[0].spec.epochs
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        epochs = st.number_input(
            "Epochs", 1, 1000, own, key=f"experiments.epochs.{key}", width=150, help=HYPERPARAMETERS["epochs"].help
        )
        limit = st.selectbox(
            "Training images", (0, *(count for count in QUICK_IMAGES if count < len(dataset.x_train))),
            key=f"experiments.images.{key}", format_func=lambda count: f"{count:,}" if count else "All", width=170,
            help=HYPERPARAMETERS["train_limit"].help,
        )  # fmt: skip
        pressed = st.button(
            f"Start {len(experiment.members)} Runs", type="primary", icon=":material/play_arrow:",
            key="experiments.start",
        )  # fmt: skip
    st.caption(_beforehand(key, dataset, epochs, limit, progresses))
    if pressed:
        _start(key, dataset, epochs, limit)


def _beforehand(key: str, dataset: Dataset, epochs: int, limit: int, progresses: list[Progress]) -> str:
    """Say what a quick look is not, and how long all Runs take, if that is known."""
    words = ["They run one after the other, each in a process of its own; closing the browser does not touch them."]
    if limit or epochs < EXPERIMENTS[key].members[0].spec.epochs:
        words.append(
            "**A quick look:** with less training than reported, its figures are lower and their order may differ."
        )
    images = min(limit or len(dataset.x_train), len(dataset.x_train))
    specs = specs_of(key, dataset.name, epochs=epochs, train_limit=limit)
    known = [estimate(spec, images, progresses) for spec in specs]
    if all(known):
        words.append(f"Roughly {duration(sum(one.total_s for one in known))} on this machine in all.")
    return " ".join(words)


def _start(key: str, dataset: Dataset, epochs: int, limit: int) -> None:
    try:
        group = launch(key, dataset.name, absolute_folder(), epochs=epochs, train_limit=limit)
    except (LabError, OSError) as error:
        st.error(f"The Runs could not be started. {plain(str(error))}", icon=":material/error:")
        return
    st.query_params["group"] = group
    st.rerun()

"""The features of a Run's last hidden layer on a page: there at once, or computed in the background when asked for."""

import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.explain_features import LastHidden, extents, known_features, parameters
from fmnist_core.runs import Run
from fmnist_core.tasks import Task
from pages.ui.data import plain
from pages.ui.tasks import show_task
from pages.ui.words import duration

EVERYTHING_KEY = "everything"
AUTOSTART_S = 60.0  # what takes less begins without being asked


def kept_features(run: Run, dataset: Dataset) -> LastHidden | None:
    """Return the features if they are there; else show how to get them, and return None."""
    size, whole = extents(run, dataset)
    if st.query_params.get(EVERYTHING_KEY) == "1":
        size = whole
    try:
        for one in dict.fromkeys((whole, size)):  # all images, if they were ever computed
            if (found := known_features(run, dataset, one)) is not None:
                return found
        task = Task(
            "run-features", dataset.name, run.spec.dataset_folder, dataset.sha256, parameters(run, size)
        )  # fmt: skip
    except LabError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return None
    show_task(
        task, title=f"Last hidden layer of {size.test:,} test and {size.train:,} training images",
        note=f"About {duration(size.about_s)} on two free cores, once for this Run; after that it is kept.",
        autostart=size.about_s <= AUTOSTART_S,
    )  # fmt: skip
    return None


def sample_note(run: Run, dataset: Dataset, found: LastHidden) -> None:
    """Where only a sample was computed, say so and offer all images."""
    if (len(found.train), len(found.test)) == (len(dataset.y_train), len(dataset.y_test)):
        return
    _, whole = extents(run, dataset)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"This network is heavy: {len(found.test):,} test and {len(found.train):,} training images stand for all, "
            "the same share of each class."
        )
        if st.button(f"All images (about {duration(whole.about_s)})", type="tertiary", key="explain.everything"):
            st.query_params[EVERYTHING_KEY] = "1"
            st.rerun()

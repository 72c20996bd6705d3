"""Two of the chosen Runs on the same test images: which is better, and where each alone is right."""

import numpy as np
import streamlit as st

from fmnist_core import datasets
from fmnist_core.errors import LabError
from fmnist_core.evaluation import Evaluation
from fmnist_core.paired import Pairing, pairing_text
from fmnist_core.progress import Progress
from fmnist_core.runs import RunState
from pages.ui.data import plain
from pages.ui.image_grid import image_grid
from pages.ui.understand.result import evaluate, read_result

SHOWN = 20


def pair_view(progresses: list[Progress], names: list[str]) -> None:
    """Let the user choose two finished Runs and show the paired test and the images on which they disagree."""
    done = [place for place, progress in enumerate(progresses) if progress.state == RunState.COMPLETED]
    st.subheader("Better, or luck?", anchor=False)
    if len(done) < 2:
        st.info("Two finished Runs are needed for this.", icon=":material/hourglass_empty:")
        return
    left, right = st.columns(2, gap="medium")
    first = left.selectbox("First", done, 0, format_func=lambda place: names[place], key="compare.first")
    others = [place for place in done if place != first]
    second = right.selectbox("Second", others, 0, format_func=lambda place: names[place], key="compare.second")
    try:
        pairing, images = _paired(progresses[first], progresses[second])
    except LabError as error:
        st.warning(plain(str(error)), icon=":material/error:")
        return
    st.markdown(pairing_text(pairing, plain(names[first]), plain(names[second])))
    st.caption(
        "McNemar's exact test. It asks about these two models on such images; another seed gives other models, so "
        "compare several seeds before you prefer a method. Choose by validation figures: the test set is for the end."
    )
    left, right = st.columns(2, gap="large")
    with left:
        _alone(pairing.first, pairing.second, pairing.only_first, images, names[first], "first")
    with right:
        _alone(pairing.second, pairing.first, pairing.only_second, images, names[second], "second")


def _paired(first: Progress, second: Progress) -> tuple[Pairing, np.ndarray]:
    (one, images), (other, _) = (evaluate(progress.run, read_result(progress.run)) for progress in (first, second))
    return Pairing(one, other), images


def _alone(
    right: Evaluation, wrong: Evaluation, chosen: np.ndarray, images: np.ndarray, name: str, key: str
) -> None:  # fmt: skip
    st.markdown(f"**Only {plain(name)} is right:** {len(chosen):,}")
    shown = chosen[:SHOWN]
    if not len(shown):
        return
    classes = right.class_names
    image_grid(
        images[shown], key=f"compare-{key}", columns=10, size_px=56,
        alt=f"Test images on which only {name} is right, where it is surest first",
        tips=[
            f"test-{image}, {classes[right.y_true[image]]}\nthe other says {classes[wrong.y_predicted[image]]}"
            for image in shown
        ],
    )  # fmt: skip


def count_test_images(progress: Progress) -> int:
    """Return how many images the Run's data set has for testing."""
    return len(datasets.load(progress.run.spec.dataset, progress.run.spec.dataset_folder or None).y_test)

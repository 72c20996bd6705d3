"""Two of the chosen Runs on the same test images: which is better, and where each alone is right."""

import numpy as np
import streamlit as st

from fmnist_core.errors import LabError, RunError
from fmnist_core.evaluation import Evaluation
from fmnist_core.paired import Pairing, pairing_text
from fmnist_core.progress import Progress
from fmnist_core.run_result import read_result
from fmnist_core.runs import RunState
from pages.ui.choice import choose_in_address
from pages.ui.data import plain
from pages.ui.image_grid import image_grid
from pages.ui.paging import span_words, turn_pages
from pages.ui.understand.result import evaluate

PER_PAGE = 20


@st.fragment
def pair_view(progresses: list[Progress], names: list[str]) -> None:
    """Let the user choose two finished Runs and show the paired test and the images on which they disagree."""
    done = {progress.run.id: progress for progress in progresses if progress.state == RunState.COMPLETED}
    titles = {progress.run.id: name for progress, name in zip(progresses, names, strict=True)}
    st.subheader("Better, or luck?", anchor=False)
    if len(done) < 2:
        st.info("Two finished Runs are needed for this.", icon=":material/hourglass_empty:")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        first = _chosen("first", list(done), titles)
    with right:
        second = _chosen("second", [run_id for run_id in done if run_id != first], titles)
    try:
        pairing, images = _paired(done[first], done[second])
    except LabError as error:
        st.warning(plain(str(error)), icon=":material/error:")
        return
    for run_id in (first, second):
        if done[run_id].run.spec.split == "test":
            st.warning(
                f"{plain(titles[run_id])} validated on the test set: its figures are optimistic.",
                icon=":material/warning:",
            )
    st.markdown(pairing_text(pairing, plain(titles[first]), plain(titles[second])))
    st.caption(
        "McNemar's exact test. It asks about these two models on such images; another seed gives other models, so "
        "compare several seeds before you prefer a method. Choose by validation figures: the test set is for the end."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        _alone(pairing.first, pairing.second, pairing.only_first, images, (titles[first], second), "first")
    with right:
        _alone(pairing.second, pairing.first, pairing.only_second, images, (titles[second], first), "second")


def _chosen(place: str, run_ids: list[str], titles: dict[str, str]) -> str:
    return choose_in_address(
        place.capitalize(), run_ids, parameter=place, key=f"compare.{place}", format_func=titles.__getitem__,
        even_one=True,
    )  # fmt: skip


def _paired(first: Progress, second: Progress) -> tuple[Pairing, np.ndarray]:
    results = [read_result(progress.run) for progress in (first, second)]
    if results[0]["sha256"] != results[1]["sha256"] or results[0]["class_names"] != results[1]["class_names"]:
        raise RunError(
            f"Expected two Runs that were tested on the same images. Received one on {results[0]['source']} and one on "
            f"{results[1]['source']}."
        )
    (one, images), (other, _) = (
        evaluate(progress.run, result) for progress, result in zip((first, second), results, strict=True)
    )
    return Pairing(one, other), images


def _alone(
    right: Evaluation, wrong: Evaluation, chosen: np.ndarray, images: np.ndarray, names: tuple[str, str], key: str
) -> None:
    """Show the images that one alone has right; names: its title, and the id of the other, which a click asks why."""
    name, other = names
    st.markdown(f"**Only {plain(name)} is right:** {len(chosen):,}")
    if not len(chosen):
        return
    part = turn_pages(len(chosen), PER_PAGE, of=names, key=f"{key}.page")
    shown = chosen[part]
    classes = right.class_names
    at = image_grid(
        images[shown], key=f"compare-{key}", columns=10, size_px=56,
        alt=f"Test images on which only {name} is right, {span_words(part, len(chosen))}, where it is surest first",
        tips=[
            f"test-{image}, {classes[right.y_true[image]]}\nthe other says {classes[wrong.y_predicted[image]]}"
            for image in shown
        ],
    )  # fmt: skip
    st.caption(f"{span_words(part, len(chosen)).capitalize()}. A click asks the other Run why it is wrong.")
    if at is not None:
        st.switch_page("pages/understand/explain.py", query_params={"run": other, "image": f"test-{shown[at]}"})

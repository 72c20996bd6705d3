"""Explain two classes: how often one is taken for the other, which images lie nearest to each other, and which pixels
turn the answer. A small guided view, from figures to pictures."""

import numpy as np
import streamlit as st

from fmnist_core import explain_client
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.evaluation import Evaluation
from fmnist_core.explain import (
    Confusion,
    confusion,
    confusion_words,
    log_odds,
    most_confused,
    nearest_pairs,
    unit,
    where_it_looks,
)
from fmnist_core.explain_features import LastHidden, work_per_image
from fmnist_core.figures.explain import image_png, odds_figure, odds_frame, odds_text, overlay_png
from fmnist_core.figures.palette import CLASS_COLOURS
from fmnist_core.runs import KERAS_FILE, Run
from pages.ui.data import plain
from pages.ui.export import show_figure
from pages.ui.image_grid import image_grid
from pages.ui.pictures import Picture, pictures
from pages.ui.understand.explain import open_place

FIRST_KEY, SECOND_KEY = "a", "b"
PAIRS, GRID_PX = 6, 660
MOST_AVERAGED = 32
WORK_LIMIT = 1e9  # multiplications with addition, forward, of all images whose gradients are averaged


def pair_choice(evaluation: Evaluation) -> tuple[int, int]:
    """Let the user choose two classes; at first those that are most often taken for each other."""
    names = evaluation.class_names
    worst = most_confused(evaluation)
    for key in (FIRST_KEY, SECOND_KEY):
        if st.session_state.get(key) not in (None, *names):
            del st.session_state[key]  # of other data
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        first = st.selectbox("This class", names, worst[0], key=FIRST_KEY, bind="query-params", width=200)
        second = st.selectbox("and that", names, worst[1], key=SECOND_KEY, bind="query-params", width=200)
        st.caption(f"Most often confused: {plain(names[worst[0]])} and {plain(names[worst[1]])}.")
    return names.index(first), names.index(second)


def pair_figures(evaluation: Evaluation, first: int, second: int) -> Confusion | None:
    """Say how often the two are confused, and draw how far each image leans; None where both are the same class."""
    try:
        found = confusion(evaluation, first, second)
    except LabError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return None
    st.subheader("How often?", anchor=False)
    st.markdown(plain(confusion_words(found, evaluation.class_names)))
    names = evaluation.class_names[first], evaluation.class_names[second]
    odds = [log_odds(evaluation.probabilities[evaluation.y_true == label], first, second) for label in (first, second)]
    text = odds_text(*odds, names)
    colours = CLASS_COLOURS[first % len(CLASS_COLOURS)], CLASS_COLOURS[second % len(CLASS_COLOURS)]
    frame = odds_frame(*odds, names)
    show_figure(odds_figure(*odds, names, colours), "leaning", alt=text, frame=frame)
    st.caption(plain(text))
    return found


def nearest_across(dataset: Dataset, evaluation: Evaluation, kept: LastHidden, first: int, second: int) -> None:
    """Show pairs of test images, one of each class, that the last hidden layer can hardly tell apart."""
    st.subheader("Which of them look alike to it?", anchor=False)
    labels = evaluation.y_true[kept.test_index]
    rows = [np.flatnonzero(labels == label) for label in (first, second)]
    if not all(map(len, rows)):
        st.caption("One of the two has no test image.")
        return
    pairs = _pairs(kept.identity, first, second, kept, rows)
    places = [kept.test_index[rows[side][pair[side]]] for side in (0, 1) for pair in pairs]
    names = evaluation.class_names
    said = [names[evaluation.y_predicted[at]] for at in places]
    marks = ["right" if evaluation.y_predicted[at] == evaluation.y_true[at] else "wrong" for at in places]
    with st.container(width=GRID_PX):  # else the names of the rows stand far from them
        image_grid(
            np.asarray(dataset.x_test[np.array(places)]), marks, key="explain-pairs", size_px=84, columns=len(pairs),
            rows=[(names[first], len(pairs)), (names[second], len(pairs))],
            alt=f"Pairs of {names[first]} above and {names[second]} below, nearest first",
            tips=[
                f"test-{at}\n{names[evaluation.y_true[at]]}, said to be {word}"
                for at, word in zip(places, said, strict=True)
            ],
            on_click=lambda at: open_place(f"test-{places[at]}"),
        )  # fmt: skip
    alike = sum(said[i] == said[i + len(pairs)] for i in range(len(pairs)))
    st.caption(
        f"Upper row {plain(names[first])}, lower row {plain(names[second])}, each column a pair, with whether "
        f"the Run is right. In {alike} of {len(pairs)} pairs it says the same of both, so one is wrong. Cosine of the "
        f"last hidden layer: {pairs[0][2]:.3f} to {pairs[-1][2]:.3f}; 1 is the same. A click explains an image."
    )


@st.cache_resource(max_entries=200, show_spinner=False)
def _pairs(
    identity: str, first: int, second: int, _kept: LastHidden, _rows: list[np.ndarray]
) -> list[tuple[int, int, float]]:
    return nearest_pairs(*(unit(_kept.test[rows]) for rows in _rows), PAIRS)


def what_turns_it(run: Run, dataset: Dataset, evaluation: Evaluation, found: Confusion) -> None:
    """Show mean images and mean saliency of the confusions, both ways."""
    st.subheader("Which pixels turn the answer?", anchor=False)
    names = evaluation.class_names
    most = int(np.clip(WORK_LIMIT // work_per_image(run), 4, MOST_AVERAGED))
    shown = False
    for true, other, images in (
        (found.first, found.second, found.first_as_second), (found.second, found.first, found.second_as_first),
    ):  # fmt: skip
        if len(images):
            _one_way(run, dataset, evaluation, true, other, images[:most])
            shown = True
    if not shown:
        st.caption(f"No test image was confused between {plain(names[found.first])} and {plain(names[found.second])}.")


def _one_way(run: Run, dataset: Dataset, evaluation: Evaluation, true: int, other: int, images: np.ndarray) -> None:
    names = evaluation.class_names
    title = f"{names[true]}, said to be {names[other]}"
    st.markdown(f"**{plain(title)}** :gray[· {len(images)} of them, the surest first]")
    hits = np.flatnonzero((evaluation.y_true == true) & (evaluation.y_predicted == true))
    others = np.flatnonzero((evaluation.y_true == other) & (evaluation.y_predicted == other))
    mean = {name: _mean(dataset, index) for name, index in (("hit", hits), ("wrong", images), ("other", others))}
    items = [
        Picture(f"{names[true]}, recognised", image_png(mean["hit"]), f"Mean of {names[true]}"),
        Picture("Those mistaken", image_png(mean["wrong"]), f"Mean of {title}"),
        Picture(f"{names[other]}, recognised", image_png(mean["other"]), f"Mean of {names[other]}"),
    ]
    words = f"Mean images. {_nearer(mean, names[true], names[other])}"
    try:
        heat = _contrast(run, dataset, images, true, other)
        about = f"Pixels that speak for {names[other]}"
        items.append(Picture(f"For {names[other]}: red", overlay_png(mean["wrong"].astype(np.uint8), heat), about))
        words += (
            f" On the last one red pixels spoke for {plain(names[other])} and blue ones for {plain(names[true])} "
            f"(mean integrated gradients of the odds). Most of what speaks for {plain(names[other])} lies in "
            f"{where_it_looks(heat.clip(0))}."
        )
    except LabError as error:
        st.info(plain(str(error)), icon=":material/info:")
    pictures(items, key=f"explain-turn-{true}-{other}", alt=title, file=f"explain-{title}", widest_px=190)
    st.caption(words)


def _mean(dataset: Dataset, index: np.ndarray) -> np.ndarray:
    """Return the mean of test images: (n,) -> (28, 28) float32; black without any."""
    return np.asarray(dataset.x_test[index], np.float32).mean(axis=0) if len(index) else np.zeros((28, 28), np.float32)


def _nearer(mean: dict[str, np.ndarray], true: str, other: str) -> str:
    apart = {key: float(np.abs(mean["wrong"] - mean[key]).mean()) for key in ("hit", "other")}
    name = other if apart["other"] < apart["hit"] else true
    return (
        f"Those mistaken differ by {apart['hit']:.0f} grey levels from the mean {plain(true)} and by "
        f"{apart['other']:.0f} from the mean {plain(other)}: on average they look more like a {plain(name)}."
    )


def _contrast(run: Run, dataset: Dataset, images: np.ndarray, true: int, other: int) -> np.ndarray:
    changed_ns = (run.folder / KERAS_FILE).stat().st_mtime_ns if (run.folder / KERAS_FILE).is_file() else 0
    with st.spinner("Asking the inside of the network"):
        return _kept_contrast(
            str(run.folder), changed_ns, true, other, tuple(images.tolist()), run, np.asarray(dataset.x_test[images])
        )


@st.cache_resource(max_entries=100, show_spinner=False)
def _kept_contrast(
    folder: str, changed_ns: int, true: int, other: int, index: tuple[int, ...], _run: Run, _images: np.ndarray
) -> np.ndarray:
    return explain_client.contrast(_run, _images, true, other)

"""Honest answers: calibrated probabilities, and "none of these" for what is unlike the training data."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np
import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.fingerprints import file_fingerprint
from fmnist_core.rejection import FALSE_REJECTS, Detector, Refusal, detector_of
from fmnist_core.runs import LITERT_FILE
from pages.ui.data import plain
from pages.ui.predict.models import data_of
from pages.ui.verdict import Model

LOOK_EVERY_S = 0.5  # no answer waits for a yardstick: the page comes again once it is there
NONE_KEY = "none"
REFUSED = {
    Refusal.NO: "", Refusal.UNLIKE: "It is unlike the training images.",
    Refusal.BLANK: "There is next to nothing in it.",
}  # fmt: skip
_FAILED = "yardstick.failed"  # in a session
_one_at_a_time = threading.Lock()
Yardstick = Future[Detector | str]  # the detector, or why there is none, in the making


def allow_none(models: Sequence[Model]) -> list[Yardstick]:
    """Say what the probabilities are and show the switch of "none of these"; return yardsticks, none if it is off."""
    yardsticks = yardsticks_of(models)  # made while the user still draws
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        allowed = st.toggle(
            "Allow “none of these”", True, key=NONE_KEY, bind="query-params",
            help=f"Turns an input away that is unlike the training images: the nearest one of the class named is far "
            f"away, or the model undecided. Set so that {FALSE_REJECTS:.0%} of images like the data are turned away. "
            "A flat or shifted drawing may be, too; then look at Nearest training images.",
        )  # fmt: skip
        said, help_ = calibration_words(models)
        st.caption(said, help=help_)
    if allowed and (reason := _missing(yardsticks)):
        st.caption(f"“None of these” cannot be told here. {plain(reason)}")
    if allowed:
        wait_for(yardsticks)
    return yardsticks if allowed else []


def yardsticks_of(models: Sequence[Model]) -> list[Yardstick]:
    """Return a yardstick for each model, maybe in the making: a second of work, once on this machine."""
    return [_yardstick(model) for model in models]


def wait_for(yardsticks: Sequence[Yardstick]) -> None:
    """Say that yardsticks are in the making, and run the page again once they are there."""
    if not all(yardstick.done() for yardstick in yardsticks):
        st.fragment(_watch, run_every=LOOK_EVERY_S)(yardsticks)


def _watch(yardsticks: Sequence[Yardstick]) -> None:
    """Run the page again once every yardstick is there."""
    if all(yardstick.done() for yardstick in yardsticks):
        st.rerun()
    st.caption("Measuring what is usual for this model, once: until then every input gets a class.")


def calibration_words(models: Sequence[Model]) -> tuple[str, str]:
    """Return a word on what the probabilities are, and what it means."""
    means = (
        "Networks are often surer than they are right, or less sure. Dividing their scores by one number, the "
        "temperature, mends that; the order of the classes stays. It is fitted on images that the Run never learned."
    )
    found = [model.temperature for model in models if model.run]
    if not found or not any(one.is_fitted for one in found):
        reason = f": {found[0].reason}" if found else ""
        return plain(f"Probabilities as the model gives them{reason.removesuffix('.')}."), means
    values = " and ".join(f"{one.value:.2f}" if one.is_fitted else "none" for one in found)
    return f"Calibrated probabilities: of answers at 80%, 8 in 10 are right. Temperature {values}.", means


def refusals(models: Sequence[Model], yardsticks: Sequence[Yardstick], item: np.ndarray | None) -> tuple[str, ...]:
    """Return for each model why the item, (28, 28) uint8, is none of the classes; "" where it may be one."""
    if item is None:
        return ()
    pairs = zip(models, yardsticks, strict=False)  # no yardsticks where every picture shall get a class
    return tuple(REFUSED[Refusal(judged(*pair, item[np.newaxis])[0])] for pair in pairs)


def judged(model: Model, yardstick: Yardstick, images: np.ndarray) -> np.ndarray:
    """Return for images (n, 28, 28) uint8 why they are none of the classes: (n,) uint8, each a Refusal; all may be one
    while that is not known."""
    if not yardstick.done() or not isinstance(detector := yardstick.result(), Detector):
        return np.zeros(len(images), np.uint8)
    return detector.judge(images, model.scores(images)).refusals


def caption_of(name: str, confidence: float, refusal: int) -> str:
    """Return what stands below a small picture: the likeliest class and how likely it is, or that it is none."""
    return f"None of these\n({name})" if refusal else f"{name}\n{confidence:.1%}"


def _missing(yardsticks: Sequence[Yardstick]) -> str:
    """Return why a model cannot tell; "" while it is not known."""
    known = [yardstick.result() for yardstick in yardsticks if yardstick.done()]
    return next((reason for reason in known if isinstance(reason, str)), "")


def _yardstick(model: Model) -> Yardstick:
    """Return a model's yardstick.

    It belongs to the model and the data that lie there now. After a failure the next session asks again.
    """
    try:
        if model.run is None:
            raise LabError("This model belongs to no Run.")
        dataset = data_of(model)
        key = str(model.run.folder), file_fingerprint(model.run.folder / LITERT_FILE), dataset.sha256
    except LabError as error:
        future: Yardstick = Future()
        future.set_result(str(error))
        return future
    failures = st.session_state.setdefault(_FAILED, {})
    if key in failures:
        return failures[key]
    made = _made(*key, model, dataset)
    if made.done() and isinstance(made.result(), str):
        failures[key] = made
        _made.clear(*key, model, dataset)
    return made


@st.cache_resource(max_entries=8, show_spinner=False)
def _made(folder: str, fingerprint: str, sha256: str, _model: Model, _dataset: Dataset) -> Yardstick:
    future: Yardstick = Future()
    # No executor: Python would wait for it at exit, and the server would not stop.
    threading.Thread(target=_make, args=(future, _model, _dataset), name="yardstick", daemon=True).start()
    return future


def _make(future: Yardstick, model: Model, dataset: Dataset) -> None:
    try:
        with _one_at_a_time:
            future.set_result(detector_of(model.run, model.predictor, dataset))
    except LabError as error:
        future.set_result(str(error))
    except Exception as error:  # no memory, too: whoever waits gets a sentence
        future.set_result(f"Measuring what is usual failed. {type(error).__name__}: {error}")

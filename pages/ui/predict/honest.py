"""Honest answers: calibrated probabilities, and "none of these" for what is unlike the training data."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import streamlit as st

from fmnist_core import datasets
from fmnist_core.confidence import temperature_of
from fmnist_core.errors import LabError
from fmnist_core.rejection import FALSE_REJECTS, Detector, detector_of
from fmnist_core.runs import LITERT_FILE
from pages.ui.data import plain
from pages.ui.verdict import Model

PATIENCE_S = 1.0  # the first answer of a model waits so long for its yardstick; then the page tells when it is there
LOOK_EVERY_S = 1.0
NONE_KEY = "none"


def allow_none(models: Sequence[Model]) -> bool:
    """Say what the probabilities are, show the switch of "none of these", and return whether it is on."""
    for model in models:
        _yardstick(model)  # made while the user still draws
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        allowed = st.toggle(
            "Allow “none of these”", True, key=NONE_KEY, bind="query-params",
            help=f"Turns an input away that is unlike the training images: the nearest one of the class named is far "
            f"away, or the model undecided. Set so that {FALSE_REJECTS:.0%} of images like the data are turned away. "
            "A flat or shifted drawing may be, too; then look at Nearest training images.",
        )  # fmt: skip
        said, help_ = calibration_words(models)
        st.caption(said, help=help_)
    if allowed and (reason := _missing(models)):
        st.caption(f"“None of these” cannot be told here. {plain(reason)}")
    if allowed and not all(_yardstick(model).done() for model in models):
        st.fragment(_watch, run_every=LOOK_EVERY_S)(models)
    return allowed


def _watch(models: Sequence[Model]) -> None:
    """Run the page again once every yardstick is there."""
    if all(_yardstick(model).done() for model in models):
        st.rerun()
    st.caption("Measuring what is usual for this model, once: until then every input gets a class.")


def calibration_words(models: Sequence[Model]) -> tuple[str, str]:
    """Return a word on what the probabilities are, and what it means."""
    means = (
        "Networks are often surer than they are right, or less sure. Dividing their scores by one number, the "
        "temperature, mends that; the order of the classes stays. It is fitted on images that the Run never learned."
    )
    found = [temperature_of(model.run) for model in models if model.run]
    if not found or not any(one.is_fitted for one in found):
        reason = f": {found[0].reason}" if found else ""
        return plain(f"Probabilities as the model gives them{reason.removesuffix('.')}."), means
    values = " and ".join(f"{one.value:.2f}" if one.is_fitted else "none" for one in found)
    return f"Calibrated probabilities: of answers at 80%, 8 in 10 are right. Temperature {values}.", means


def refusals(models: Sequence[Model], item: np.ndarray | None) -> tuple[str, ...]:
    """Return for each model why the item, (28, 28) uint8, is none of the classes; "" where it may be one."""
    return () if item is None else tuple(_refusal(model, item) for model in models)


def _refusal(model: Model, item: np.ndarray) -> str:
    detector = _detector(model)
    if not isinstance(detector, Detector):
        return ""
    images = item[np.newaxis]
    found = detector.judge(images, model.predictor.probabilities(images))
    if found.is_blank[0]:
        return "There is next to nothing in it."
    return "It is unlike the training images." if found.is_none[0] else ""


def _missing(models: Sequence[Model]) -> str:
    """Return why a model cannot tell; "" while it is not known."""
    for model in models:
        future = _yardstick(model)
        if future.done() and isinstance(future.result(), str):
            return future.result()
    return ""


def _detector(model: Model) -> Detector | str:
    try:
        return _yardstick(model).result(PATIENCE_S)
    except TimeoutError:
        return "It is still being measured."


def _yardstick(model: Model) -> "Future[Detector | str]":
    """Return the detector, or why there is none, in the making: a second of work, once on this machine."""
    if model.run is None:
        future: Future[Detector | str] = Future()
        future.set_result("This model belongs to no Run.")
        return future
    file = model.run.folder / LITERT_FILE
    return _made(str(file), file.stat().st_mtime_ns if file.is_file() else 0, model)


@st.cache_resource(max_entries=8, show_spinner=False)
def _made(file: str, changed_ns: int, _model: Model) -> "Future[Detector | str]":
    return _workers().submit(_make, _model)


@st.cache_resource(show_spinner=False)
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="yardstick")


def _make(model: Model) -> Detector | str:
    spec = model.predictor.spec
    try:
        return detector_of(model.run, model.predictor, datasets.load(spec.dataset, spec.dataset_folder or None))
    except (LabError, OSError, ValueError) as error:
        return str(error)

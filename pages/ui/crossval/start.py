"""What is cross-validated and how, and the button that starts all folds."""

from dataclasses import replace

import streamlit as st

from fmnist_core.cluster.demand import Demand
from fmnist_core.crossval import CrossValidation, launch, taught_by
from fmnist_core.crossval_schemes import SCHEMES
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.estimates import estimate
from fmnist_core.fold import KINDS, MOST_FOLDS, MOST_REPEATS
from fmnist_core.overlay import Overlay
from fmnist_core.presets import PRESETS
from fmnist_core.progress import Progress
from fmnist_core.runs import find_run
from fmnist_core.spec import HYPERPARAMETERS, RunSpec
from pages.ui.cluster.demand import demand_form
from pages.ui.data import elsewhere_words, on_data, plain
from pages.ui.parallel import parallel_setting, too_many_at_once
from pages.ui.words import duration

QUICK_IMAGES = (3000, 10_000, 20_000, 40_000)
_RUN = "run"  # stands for the Run that the address names as `from`


def start_form(dataset: Dataset, progresses: list[Progress], *, again: bool) -> None:
    """Show the choice and its button; once there is a cross-validation, folded away below it."""
    if again:
        with st.expander("Start another"):
            _form(dataset, progresses)
    else:
        _form(dataset, progresses)


def _form(dataset: Dataset, progresses: list[Progress]) -> None:
    titles = _titles()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        what = st.selectbox(
            "What to cross-validate", list(titles), key="crossval.what", format_func=titles.get, width=380,
            help="A network and its settings. The letters A to D name earlier systems and how they cross-validated.",
        )  # fmt: skip
        cross, note = _cross_of(what, dataset)
        folds = st.number_input(
            "Folds", 2, MOST_FOLDS, cross.folds, key=f"crossval.folds.{what}", width=120,
            help="Parts of the training images. Each is held out once, and the network learns from the others. "
            "Usual: 5 or 10.",
        )  # fmt: skip
        place = st.empty()  # the button stands beside what it starts, and knows the settings below
    if note:
        st.caption(plain(note))
    problem = ""
    with st.expander("How folds are drawn, epochs, images, Runs at once"):
        try:
            cross = _settings(what, replace(cross, folds=folds), dataset)
            problem = _problem(cross, dataset)
        except LabError as error:
            problem = str(error)
        parallel_setting("crossval")
    demand, lack = demand_form("crossval")
    problem = problem or lack or too_many_at_once()
    if problem:
        st.error(plain(problem), icon=":material/error:")
    else:
        st.caption(_beforehand(what, cross, dataset, progresses))
    if place.button(
        f"Start {cross.folds * cross.repeats} Runs", type="primary", icon=":material/play_arrow:",
        key="crossval.start", disabled=bool(problem),
    ):  # fmt: skip
        start(cross, demand)


def start(cross: CrossValidation, demand: Demand | None = None) -> None:
    """Start a cross-validation and show it, or say why that cannot be."""
    try:
        group = launch(cross, demand=demand)
    except (LabError, OSError) as error:
        st.error(f"The Runs could not be started. {plain(str(error))}", icon=":material/error:")
        return
    st.query_params.pop("from", None)
    st.query_params["group"] = group
    st.rerun()


def _titles() -> dict[str, str]:
    """Return what can be chosen, by key: the Run in the address, our first steps, A to D, the other presets."""
    found = {}
    if asked := st.query_params.get("from"):
        try:
            found[_RUN] = f"The settings of Run {find_run(asked).spec.title}"
        except LabError as error:
            st.warning(plain(str(error)), icon=":material/warning:")
    first, *others = ((key, spec.title) for key, spec in PRESETS.items())
    return found | dict([first]) | {key: scheme.title for key, scheme in SCHEMES.items()} | dict(others)


def _cross_of(what: str, dataset: Dataset) -> tuple[CrossValidation, str]:
    """Return what a choice stands for, before any settings, and what is to be known of it."""
    if what in SCHEMES:
        return SCHEMES[what].cross, SCHEMES[what].note
    if what != _RUN:
        return CrossValidation(PRESETS[what]), ""
    spec = on_data(find_run(st.query_params["from"]).spec.replace(group="", fold=None, start_whole=False), dataset)
    if not (spec.start_epoch or _knows(spec, dataset)):
        return CrossValidation(spec), ""
    afresh = spec.replace(start_run="", start_epoch=0, frozen_blocks=0)
    return CrossValidation(afresh), (
        "That Run began with weights that had learned from images which folds validate on. Each fold begins afresh."
    )


def _knows(spec: RunSpec, dataset: Dataset) -> bool:
    try:
        return taught_by(spec, dataset.sha256) is not None
    except LabError:
        return False  # refused below, with the reason


def _settings(what: str, cross: CrossValidation, dataset: Dataset) -> CrossValidation:
    """Show what is seldom changed and return the cross-validation with it, on the data in use."""
    base, scope = cross.base, f"crossval.{what}"
    first, second, third, fourth, fifth = st.columns(5, gap="medium")
    kind = first.selectbox(
        "How folds are drawn", list(KINDS), list(KINDS).index(cross.kind), format_func=KINDS.get, key=f"{scope}.kind",
        help="Stratified keeps the share of each class in every fold, which makes the folds more alike.",
    )  # fmt: skip
    repeats = second.number_input(
        "Repeats", 1, MOST_REPEATS, cross.repeats, key=f"{scope}.repeats",
        help="Each repeat cuts the images anew and trains all folds again. More folds, a steadier mean.",
    )  # fmt: skip
    epochs = third.number_input(
        "Epochs", 1, 1000, base.epochs, key=f"{scope}.epochs", help=HYPERPARAMETERS["epochs"].help
    )
    limit = fourth.selectbox(
        "Training images", (0, *(count for count in QUICK_IMAGES if count < len(dataset.x_train))),
        key=f"{scope}.images", format_func=lambda count: f"{count:,}" if count else "All",
        help=HYPERPARAMETERS["train_limit"].help,
    )  # fmt: skip
    seed = fifth.number_input("Seed", 0, 2**31 - 1, base.seed, key=f"{scope}.seed", help="Start of all random numbers.")
    leaking = st.toggle(
        "Carry the weights from fold to fold (leaks)", cross.leaking, key=f"{scope}.leaking",
        help="A lesson, not a measurement: every fold after the first is then validated on images that its network has "
        "learned from. System A did so.",
    )  # fmt: skip
    base = on_data(base, dataset).replace(epochs=epochs, train_limit=limit, seed=seed)
    return replace(cross, base=base, kind=kind, repeats=repeats, leaking=leaking)


def _problem(cross: CrossValidation, dataset: Dataset) -> str:
    base = cross.base
    marks = Overlay.read(dataset.sha256).digest if base.label_marks else ""
    drawn = (base.duplicates, base.train_limit, base.seed, marks, base.start_run)
    return _checked(dataset.sha256, drawn, cross.folds, cross, dataset)


# Looking for duplicates among 60,000 images takes a while, and each move of a widget comes by here.
@st.cache_data(show_spinner=False, max_entries=200)
def _checked(sha256: str, drawn: tuple, folds: int, _cross: CrossValidation, _dataset: Dataset) -> str:
    try:
        _cross.check(_dataset)
    except LabError as error:
        return str(error)
    return ""


def _beforehand(what: str, cross: CrossValidation, dataset: Dataset, progresses: list[Progress]) -> str:
    """Say what the Runs are, what a quick look is not, and how long all take, if that is known."""
    words = ["Each fold is a Run with a network of its own, in the background; closing the browser does not touch it."]
    if cross.leaking:
        words = ["Each fold starts with the weights of the one before, so they run one after the other."]
    base, meant = cross.base, SCHEMES[what].cross.base if what in SCHEMES else None
    if meant and (base.train_limit or base.epochs < meant.epochs):
        words.append("**A quick look:** with less training than reported, its figures are lower.")
    if meant:
        words.append(elsewhere_words(what, meant.dataset, dataset))
    images = min(base.train_limit or len(dataset.x_train), len(dataset.x_train))
    known = estimate(cross.specs()[0], images * (cross.folds - 1) // cross.folds, progresses)
    if known:
        words.append(f"Roughly {duration(known.total_s * cross.folds * cross.repeats)} on this machine in all.")
    return " ".join(filter(None, words))

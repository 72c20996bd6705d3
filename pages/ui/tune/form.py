"""What is to be searched, how, and for how long; and the button that starts it."""

from dataclasses import replace
from typing import Any

import streamlit as st

from fmnist_core.cluster.demand import Demand
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError, SpecError
from fmnist_core.estimates import estimate
from fmnist_core.figures.tuning_words import entry_words, label_of
from fmnist_core.presets import PRESETS
from fmnist_core.presets.searches import SEARCHES
from fmnist_core.spec import HYPERPARAMETERS, RunSpec
from fmnist_core.tuning.fields import field_at
from fmnist_core.tuning.group import SearchGroup
from fmnist_core.tuning.plan import plan
from fmnist_core.tuning.search import SETTINGS, Search
from fmnist_core.tuning.suggestions import kinds_for, suggestion
from pages.ui.cluster.demand import demand_form
from pages.ui.data import elsewhere_words, on_data, plain
from pages.ui.parallel import parallel_setting, too_many_at_once
from pages.ui.runs import readable_runs
from pages.ui.tune.space_form import space_form
from pages.ui.words import duration

QUICK_IMAGES = (2000, 5000, 10_000, 20_000, 40_000)
OWN_NETWORK = ""


def search_form(dataset: Dataset) -> None:
    """Show the form of a new search with what it will come to, and start it."""
    form, summary = st.columns([5, 3], gap="medium")
    with form:
        try:
            search, problem = _search(dataset), too_many_at_once()
        except SpecError as error:
            search, problem = None, str(error)
    with summary, st.container(border=True):
        place = st.container()
        demand, lack = demand_form("tune")
        with place:
            if problem := problem or lack:
                st.error(plain(problem), icon=":material/error:")
            else:
                _beforehand(search, dataset)
        if st.button(
            "Start search", type="primary", icon=":material/play_arrow:", disabled=bool(problem), width="stretch",
            key="tune.start",
        ):  # fmt: skip
            _start(search, demand)


def _search(dataset: Dataset) -> Search:
    """Show the widgets and return the search that they describe."""
    key = st.selectbox(
        "Start from", list(SEARCHES), key="tune.preset", format_func=lambda key: SEARCHES[key].search.title,
        help="A search and its settings. The letters A to E name five earlier systems that searched like this.",
    )  # fmt: skip
    preset = SEARCHES[key].search
    st.caption(plain(SEARCHES[key].note))
    network = st.selectbox(
        "Network", [OWN_NETWORK, *PRESETS], key=f"tune.{key}.network",
        format_func=lambda name: PRESETS[name].title if name else f"{preset.base.title} (of this search)",
        help="Whose hyperparameters are searched. What is not searched stays as this preset has it.",
    )  # fmt: skip
    if network != OWN_NETWORK:
        preset = _moved(preset, PRESETS[network])
    scope = f"tune.{key}.{network}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        values = _main_row(preset, scope)
        base = on_data(preset.base, dataset).replace(train_limit=_images(dataset, preset, scope))
    with st.expander("Search space"):
        space = space_form(base, preset.space, scope)
    with st.expander("Objective, limits, early stopping, seed, Runs at once"):
        values |= _further(preset, values["tuner"], scope)
        parallel_setting("tune")
    return replace(preset, base=base, space=space, **values)


def _main_row(preset: Search, scope: str) -> dict[str, Any]:
    values = {"tuner": _widget("tuner", preset, scope, 194)}
    hyperband = values["tuner"] == "hyperband"
    count = "passes" if hyperband else "max_trials"
    values[count] = _widget(count, preset, scope, 124)
    values["epochs"] = _widget("epochs", preset, scope, 132)
    return values | ({"max_trials": 0} if hyperband else {})


def _further(preset: Search, tuner: str, scope: str) -> dict[str, Any]:
    names = ["objective", "minutes", "early_stopping", "patience", "executions_per_trial", "seed"]
    names += ["factor", "max_trials"] if tuner == "hyperband" else []
    columns, values = st.columns(2, gap="medium"), {}
    for place, name in enumerate(names):
        with columns[place % 2]:
            values[name] = _widget(name, preset, scope)
    return values


def _widget(name: str, preset: Search, scope: str, width: int | str = "stretch") -> Any:
    parameter, value = SETTINGS[name], getattr(preset, name)
    options = {"key": f"{scope}.{name}", "help": parameter.help, "persist_state": "session", "width": width}
    if parameter.choices:
        keys = list(parameter.choices)
        return st.selectbox(parameter.label, keys, keys.index(value), format_func=parameter.choices.get, **options)
    kind = type(value)
    return st.number_input(
        parameter.label, kind(parameter.minimum), kind(parameter.maximum), value, kind(parameter.step), **options
    )


def _images(dataset: Dataset, preset: Search, scope: str) -> int:
    counts = (0, *(count for count in QUICK_IMAGES if count < len(dataset.x_train)))
    return st.selectbox(
        "Training images", counts, counts.index(preset.base.train_limit) if preset.base.train_limit in counts else 0,
        width=134,
        format_func=lambda count: f"{count:,}" if count else "All", key=f"{scope}.images", persist_state="session",
        help=HYPERPARAMETERS["train_limit"].help + " Fewer for the trials, too, is a quick look: the order of "
        "hyperparameters may change with all of them. The full training of the best takes as many.",
    )  # fmt: skip


def _moved(preset: Search, base: RunSpec) -> Search:
    """Return the search on another network: with those of its hyperparameters that this network has, too."""
    kept = []
    for entry in preset.space:
        try:
            fits = entry.kind in kinds_for(field_at(base, entry.path))
            kept += [replace(entry, label="")] if fits else []
            replace(preset, base=base, space=tuple(kept), preset="")
        except SpecError:
            kept = [one for one in kept if one.path != entry.path]
    space = tuple(kept) or (suggestion(base, "learning_rate"),)
    return replace(preset, base=base, space=space, preset="", title=f"{preset.title}, {base.title}"[:120])


def _beforehand(search: Search, dataset: Dataset) -> None:
    """Say how much the search trains, and how long that takes, if it is known."""
    rows = [{"Searched": label_of(search, entry.path), "Values": entry_words(search, entry)} for entry in search.space]
    st.table(rows, border="horizontal", hide_index=True)
    if search.objective == "val_loss" and any(entry.path == "label_smoothing" for entry in search.space):
        st.warning(
            "The loss of each trial counts its own label smoothing, so the least smoothing will seem best: search for "
            "accuracy, or leave smoothing out.",
            icon=":material/warning:",
        )
    planned = plan(search)
    with st.container(horizontal=True, gap="medium"):
        st.metric(
            "Trials", f"{planned.trials:,}", width="content",
            help="At most, if neither time nor the combinations run out first.",
        )  # fmt: skip
        st.metric(
            "Epochs in all", f"{planned.epochs:,}", width="content",
            help="At most, over all trials, if none stops early.",
        )  # fmt: skip
    known = _estimated(search, dataset, planned.trials * search.executions_per_trial, planned.epochs)
    if known and search.minutes and known > 60 * search.minutes:
        st.markdown(f"**At most {duration(60 * search.minutes)}** and the trials then under way, of {duration(known)}.")
    elif known:
        st.markdown(f"**Roughly {duration(known)}** on this machine, if no trial stops early.")
    words = ["Every trial is a Run in a process of its own. The search goes on if you close the browser."]
    if search.base.train_limit:
        words.append(f"**A quick look:** {search.base.train_limit:,} training images.")
    if system := SEARCHES[search.preset].system if search.preset else "":
        words.append(elsewhere_words(system, SEARCHES[search.preset].search.base.dataset, dataset))
    if search.base.split == "test":
        words.append("It chooses on the **test set**, as that system did, which spoils the test figure.")
    st.caption(" ".join(filter(None, words)))


def _estimated(search: Search, dataset: Dataset, runs: int, epochs: int) -> float | None:
    """Return the expected seconds of all Runs, one after the other; None if no pace was ever measured."""
    count = min(search.base.train_limit or len(dataset.x_train), len(dataset.x_train))
    images = count if search.base.split == "test" else round(count * (1 - search.base.validation_fraction))
    known = estimate(search.base.replace(epochs=search.epochs), images, readable_runs())
    if known is None:
        return None
    return runs * (known.total_s - search.epochs * known.epoch_s) + epochs * known.epoch_s


def _start(search: Search, demand: Demand | None) -> None:
    try:
        group = SearchGroup.create(search, demand=demand)
        group.start()
    except (LabError, OSError) as error:
        st.error(f"The search could not be started. {plain(str(error))}", icon=":material/error:")
        return
    st.query_params["search"] = group.id
    st.rerun()

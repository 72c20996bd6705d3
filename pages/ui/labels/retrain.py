"""Retrain: the same network with and without the decisions, started by one click, and what the difference is worth."""

from collections.abc import Sequence

import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.estimates import estimate
from fmnist_core.figures.labels import GOOD_AND_BAD, effect_figure, effect_figure_text, effect_table
from fmnist_core.label_effect import Effect, effect_of, effect_text, points
from fmnist_core.label_trial import MOST_SEEDS, Launched, Trial, launch, trials
from fmnist_core.overlay import Overlay
from fmnist_core.presets import PRESETS
from fmnist_core.progress import Progress
from fmnist_core.runs import RunState
from fmnist_core.spec import HYPERPARAMETERS, RunSpec
from pages.ui.choice import choose_in_address, explain_absence
from pages.ui.data import absolute_folder, plain
from pages.ui.export import show_figure, table_download
from pages.ui.group_status import group_status
from pages.ui.labels.judge import is_of
from pages.ui.runs import readable_runs, watcher
from pages.ui.words import duration

PARAMETER = "trial"
PERIOD_S = 1.0
_MEANING = """
- **What differs:** nothing but the decisions. Both Runs of a seed have the same network, settings and seed. Dropped
  images also move the split into training and validation a little; several seeds average that out.
- **What is measured:** accuracy on the test images. *The test labels are not cleaned*: if they hold the same mistakes,
  a network that has learned the mistakes is rewarded for them, and cleaning looks worse than it is.
- **The interval** is Student's t of the differences of the seeds. It covers the luck of training, not that of these
  test images; for that, McNemar's exact test compares the two Runs of each seed image by image.
- **Validation figures** of the two cannot be compared: one validates on the labels as given, the other as decided.
- It is a check at the end. Decide by what is on the picture, not by what raises this figure.
"""


def show_retrain(dataset: Dataset, decisions: Overlay) -> None:
    """Show what a trial of the decisions came to, and how to start one."""
    progresses = readable_runs(archived=True)  # a trial shows all of its Runs
    known = [
        one for one in trials(progress.run for progress in progresses)
        if is_of(dataset, one.base, one.runs)
    ]  # fmt: skip
    launched = _choose(known)
    if launched:
        _show(launched, dataset, decisions)
        with st.expander("Start another"):
            _form(dataset, decisions, progresses)
    else:
        _form(dataset, decisions, progresses)
    with st.expander("What this measures, and what not"):
        st.markdown(_MEANING)


def _choose(known: Sequence[Launched]) -> Launched | None:
    by_name = {launched.name: launched for launched in known}
    explain_absence(PARAMETER, by_name, "a trial of label decisions on these data")
    chosen = choose_in_address(
        "Trial", list(by_name), parameter=PARAMETER, key="labels.trial", width=460,
        format_func=lambda name: _label(by_name[name]),
    )  # fmt: skip
    return by_name.get(chosen)


def _label(launched: Launched) -> str:
    return f"{launched.base.title}, {len(launched.pairs)} seeds · {launched.when:%d %b %H:%M:%S}"


def _form(dataset: Dataset, decisions: Overlay, progresses: list[Progress]) -> None:
    counts = decisions.counts("train")
    if not decisions.digest:
        st.info(
            "Nothing to compare yet: no training image is relabelled or dropped. Decide about some under **Review**.",
            icon=":material/label:",
        )
        return
    st.markdown(
        f"Your decisions relabel **{counts['relabel']:,}** and drop **{counts['drop']:,}** of "
        f"{len(dataset.y_train):,} training images. Each seed trains a network twice: with the labels as given, and "
        "with the decisions."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        names = [key for key, spec in PRESETS.items() if spec.split != "test"]
        name = st.selectbox(
            "Network", names, key="labels.network", format_func=lambda key: PRESETS[key].title, width=320,
            help="Networks that validate on the test set are left out: the two are compared on it.",
        )  # fmt: skip
        seeds = st.number_input(
            "Seeds", 2, MOST_SEEDS, 5, key="labels.seeds", width=120,
            help="More seeds, a narrower interval: small differences need many.",
        )  # fmt: skip
        epochs = st.number_input(
            "Epochs", 1, 1000, PRESETS[name].epochs, key=f"labels.epochs.{name}", width=120,
            help=HYPERPARAMETERS["epochs"].help,
        )  # fmt: skip
        pressed = st.button(f"Start {2 * seeds} Runs", type="primary", icon=":material/play_arrow:", key="labels.start")
    base = PRESETS[name].replace(dataset=dataset.name, dataset_folder=absolute_folder(), epochs=epochs)
    known = estimate(base, round(len(dataset.x_train) * (1 - base.validation_fraction)), progresses)
    in_all = f" Roughly {duration(known.total_s * 2 * seeds)} on this machine in all." if known else ""
    st.caption(f"They run in the background with the decisions as they are now; go on reviewing meanwhile.{in_all}")
    if pressed:
        _start(base, seeds)


def _start(base: RunSpec, seeds: int) -> None:
    try:
        group = launch(Trial(base, seeds))
    except (LabError, OSError) as error:
        st.error(f"The Runs could not be started. {plain(str(error))}", icon=":material/error:")
        return
    st.query_params[PARAMETER] = group
    st.rerun()


def _show(launched: Launched, dataset: Dataset, decisions: Overlay) -> None:
    _about(launched, dataset, decisions)
    states = [watcher().progress(run).state for run in launched.runs]
    try:
        effect = effect_of(launched, dataset, lambda run: watcher().progress(run).state)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        effect = None
    st.subheader(_headline(effect), anchor=False)
    moving = not all(state.is_over for state in states)
    st.fragment(_status, run_every=PERIOD_S if moving else None)(launched, states)
    if effect:
        _result(effect, launched)


def _about(launched: Launched, dataset: Dataset, decisions: Overlay) -> None:
    """Say what was tried, and whether the decisions have changed since."""
    base = launched.base
    words = f"{plain(base.title)}, {base.total_epochs} epoch{'s' * (base.total_epochs != 1)}"
    try:
        used = launched.decisions(dataset.sha256)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    counts = used.counts("train")
    words += f"; {counts['relabel']:,} relabelled and {counts['drop']:,} dropped training images"
    if used.digest != decisions.digest:
        words += ". Your decisions have changed since: start another to try them"
    st.caption(f"{words}.")
    if any(pair.without is None or pair.marked is None for pair in launched.pairs):
        st.warning("Some of its Runs were deleted. Only whole pairs count.", icon=":material/warning:")


def _headline(effect: Effect | None) -> str:
    if effect is None:
        return "No pair is done yet."
    interval = effect.interval()
    if interval is None:
        return f"{points(effect.mean)} points with the decisions, one seed"
    verdict = "" if effect.is_settled else ": within noise"
    return f"{points(effect.mean)} points with the decisions, {points(interval[0])} to {points(interval[1])}{verdict}"


def _result(effect: Effect, launched: Launched) -> None:
    words = effect_text(effect)
    st.markdown(words)
    st.caption(f"A dot is a seed, the line their mean, the band its 95 % interval. {GOOD_AND_BAD}")
    show_figure(effect_figure(effect), "label-decisions-effect", alt=effect_figure_text(effect), key="labels.effect")
    table = effect_table(effect)
    chosen = st.dataframe(
        table, hide_index=True, height="content", key="labels.table", on_select="rerun", selection_mode="single-row"
    ).selection.rows
    if chosen:
        seed = effect.outcomes[chosen[0]].seed
        pair = next(pair for pair in launched.pairs if pair.seed == seed)
        st.switch_page("pages/understand/compare.py", query_params={"runs": f"{pair.without.id},{pair.marked.id}"})
    st.caption(
        "p is McNemar's, exact: how often a split as uneven comes up where neither is better. The test labels are not "
        "cleaned. Select a row to compare its two Runs image by image."
    )
    table_download(effect.frame(), "label-decisions-effect", index=False)


def _status(launched: Launched, states_before: list[RunState]) -> None:
    progresses = [watcher().progress(run) for run in launched.runs]
    if [progress.state for progress in progresses] != states_before:
        st.rerun()  # the whole page: the tick, the buttons and the effect depend on the states
    group_status(progresses, key="labels")

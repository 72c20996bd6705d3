"""Who judges the labels: nearest images, or networks of a cross-validation that never saw the image."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from fmnist_core import label_issues, neighbours
from fmnist_core.crossval import CrossValidation, Group, groups, launch
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.estimates import estimate
from fmnist_core.label_issues import LabelIssues, read_issues
from fmnist_core.label_queue import Judgement, by_neighbours, by_networks
from fmnist_core.places import all_labels
from fmnist_core.presets import PRESETS
from fmnist_core.progress import Progress
from fmnist_core.runs import Run, RunState
from fmnist_core.spec import RunSpec
from fmnist_core.suspects import Suspects, suspects
from pages.ui.choice import choose_in_address, explain_absence
from pages.ui.crossval.choice import about_words, folds_words
from pages.ui.data import absolute_folder, plain
from pages.ui.runs import readable_runs, watcher
from pages.ui.tasks import show_task, task_for
from pages.ui.words import duration

K = 10
# Words on screen and in the address.
NEIGHBOURS, NETWORKS = "Nearest images", "Cross-validation"
PARAMETER = "cv"
FIRST = CrossValidation(PRESETS["first-steps"])
PERIOD_S = 1.0


@dataclass(frozen=True, eq=False)
class Judge:
    """A judge and what he says.

    Attributes:
        judgement: of all images.
        neighbours: what nearest images say, if they judge; else None.
        issues, group: what networks say and which, if they judge; else None.
    """

    judgement: Judgement
    neighbours: Suspects | None = None
    issues: LabelIssues | None = None
    group: Group | None = None


def choose_judge() -> str:
    """Let the user choose who judges: NEIGHBOURS or NETWORKS."""
    return st.segmented_control(
        "Judged by", [NEIGHBOURS, NETWORKS], default=NEIGHBOURS, required=True, key="by", bind="query-params",
        help="Nearest images need no training. Networks see more than pixels, and need a "
        "cross-validation: each training image is judged by a network that did not learn from it.",
    )  # fmt: skip


def judge(dataset: Dataset, name: str) -> Judge | None:
    """Return the judge and what he says; None while it is computed or cannot be, which is shown."""
    return _neighbours(dataset) if name == NEIGHBOURS else _networks(dataset)


def _neighbours(dataset: Dataset) -> Judge | None:
    if neighbours.is_ready(dataset):
        found, judgement = _by_neighbours(dataset.sha256, dataset)
        return Judge(judgement, neighbours=found)
    count = len(dataset.y_train) + len(dataset.y_test)
    show_task(
        task_for(dataset, "neighbours"), title=f"Nearest neighbours of {count:,} images", autostart=True,
        note="Once for each data set: some 15 seconds for 70,000 images, more beside a training. Then they are kept.",
    )  # fmt: skip
    return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _by_neighbours(sha256: str, _dataset: Dataset) -> tuple[Suspects, Judgement]:
    found = neighbours.neighbours(_dataset, min(K, len(_dataset.y_train) + len(_dataset.y_test) - 1))
    judged = suspects(all_labels(_dataset), found, len(_dataset.class_names))
    return judged, by_neighbours(judged)


def _networks(dataset: Dataset) -> Judge | None:
    progresses = readable_runs(archived=True)  # a group shows all of its Runs
    known = [
        group
        for group in groups(one.run for one in progresses)
        if not group.cross.leaking and is_of(dataset, group.cross.base, group.runs)
    ]
    group = _choose(known)
    if group is None:
        _offer(dataset, progresses)
    elif not _is_done(group):
        _unfinished(group)
    elif not label_issues.is_ready(dataset, group.name):
        show_task(
            task_for(dataset, "label_issues", group=group.name), title="Confident learning", autostart=True,
            note="Some seconds, once for each cross-validation; after that it is kept.",
        )  # fmt: skip
    else:
        issues, judgement = _by_networks(dataset.sha256, group.name, dataset)
        return Judge(judgement, issues=issues, group=group)
    return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _by_networks(sha256: str, name: str, _dataset: Dataset) -> tuple[LabelIssues, Judgement]:
    issues = read_issues(_dataset, name)
    return issues, by_networks(issues, all_labels(_dataset))


def is_of(dataset: Dataset, base: RunSpec, runs: Sequence[Run]) -> bool:
    """Whether Runs of this spec were made on the data set: by content if one is completed, else by name and folder."""
    for run in runs:
        if watcher().progress(run).state == RunState.COMPLETED and (sha256 := _sha256(run)):
            return sha256 == dataset.sha256
    return (base.dataset, base.dataset_folder) == (dataset.name, absolute_folder())


def _sha256(run: Run) -> str:
    try:
        return (run.result or {}).get("sha256", "")
    except LabError:
        return ""


def _is_done(group: Group) -> bool:
    return group.is_whole and all(watcher().progress(run).state == RunState.COMPLETED for run in group.runs)


def _choose(known: Sequence[Group]) -> Group | None:
    """Return the cross-validation in the address, else the newest that is done, else the newest; None without any."""
    by_name = {group.name: group for group in known}
    explain_absence(PARAMETER, by_name, "a cross-validation on these data")
    chosen = choose_in_address(
        "Cross-validation", list(by_name), parameter=PARAMETER, key="labels.cv", width=360,
        format_func=lambda name: _label(by_name[name]),
        default=next((one.name for one in known if _is_done(one)), None),
    )  # fmt: skip
    return by_name.get(chosen)


def _label(group: Group) -> str:
    state = "" if _is_done(group) else " · not finished"
    return f"{group.cross.base.title}, {folds_words(group.cross)} · {group.when:%d %b %H:%M:%S}{state}"


def _unfinished(group: Group) -> None:
    """Show how far a cross-validation is, ticking while it moves, or how to get it finished."""
    with st.container(border=True):
        st.markdown(f"**Cross-validation** :gray[· {plain(about_words(group.cross))}]")
        states = [watcher().progress(run).state for run in group.runs]
        moving = not all(state.is_over for state in states)
        if moving:
            st.fragment(_tick, run_every=PERIOD_S)(group, states)
        else:
            st.warning("Not all of its folds are completed. Resume them, or start another.", icon=":material/warning:")
        st.page_link(
            "pages/train/crossval.py", label="Open it in Cross-validate", icon=":material/arrow_forward:",
            query_params={"group": group.name},
        )  # fmt: skip


def _tick(group: Group, before: Sequence[RunState]) -> None:
    progresses = [watcher().progress(run) for run in group.runs]
    if [one.state for one in progresses] != list(before):
        st.rerun()
    done = sum(one.state == RunState.COMPLETED for one in progresses)
    st.progress(sum(one.fraction for one in progresses) / len(progresses), f"{done} of {len(progresses)} folds done")


def _offer(dataset: Dataset, progresses: list[Progress]) -> None:
    """Say what a cross-validation is good for here, and offer to start one."""
    base = FIRST.base.replace(dataset=dataset.name, dataset_folder=absolute_folder())
    with st.container(border=True):
        st.markdown(
            f"**Networks that never saw the image.** A cross-validation trains {FIRST.folds} networks, each without a "
            "fifth of the training images, and asks it about that fifth. Confident learning then tells labels that "
            "are probably wrong from classes that are hard to tell apart."
        )
        words = f"{base.title}, a small LeNet-5, in the background; closing the browser does not touch it."
        known = estimate(base, len(dataset.x_train) * (FIRST.folds - 1) // FIRST.folds, progresses)
        if known:
            words += f" Roughly {duration(known.total_s * FIRST.folds)} on this machine in all."
        if st.button(f"Start {FIRST.folds} Runs", type="primary", icon=":material/play_arrow:", key="labels.crossval"):
            _start(CrossValidation(base, FIRST.kind, FIRST.folds))
        st.caption(words)
        st.page_link("pages/train/crossval.py", label="With another network", icon=":material/arrow_forward:")


def _start(cross: CrossValidation) -> None:
    try:
        group = launch(cross)
    except (LabError, OSError) as error:
        st.error(f"The Runs could not be started. {plain(str(error))}", icon=":material/error:")
        return
    st.query_params[PARAMETER] = group
    st.rerun()

"""The trials as a table; a row opens its Run."""

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from fmnist_core.figures.tuning_words import label_of, objective_title, value_words
from fmnist_core.progress import Progress
from fmnist_core.runs import RunState
from fmnist_core.tuning.trials import SearchProgress, Trial, searched_paths
from pages.ui.data import plain
from pages.ui.export import table_download
from pages.ui.runs import STATE_BADGES
from pages.ui.words import duration


def trial_table(progress: SearchProgress, runs: dict[str, list[Progress]], shown: Sequence[int] | None = None) -> None:
    """Show a row per trial, the newest first.

    Args:
        runs: of each trial, by its id.
        shown: numbers (from 1) of the trials within the brushes; None for all.
    """
    if not progress.trials:
        return
    trials = [trial for trial in reversed(progress.trials) if shown is None or trial.number + 1 in shown]
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    left.subheader("Trials", anchor=False)
    if shown is not None:
        left.caption(f"{len(trials)} of {len(progress.trials)}: those that pass the brushes above.")
    frame = pd.DataFrame([_row(progress, trial, runs[trial.id]) for trial in trials])
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        table_download(frame, "trials", index=False)
    percent = progress.search.objective == "val_accuracy"
    chosen = st.dataframe(
        frame, hide_index=True, placeholder="–", key="tune.table", on_select="rerun", selection_mode="single-row",
        height="content" if len(frame) <= 12 else 460,
        column_config={
            objective_title(progress.search): st.column_config.NumberColumn(format="%.2f %%" if percent else "%.4f")
        },
    ).selection.rows  # fmt: skip
    if chosen and chosen[0] < len(trials) and trials[chosen[0]].runs:
        st.switch_page("pages/train/runs.py", query_params={"run": trials[chosen[0]].runs[0]})
    st.caption("Select a row to open its Run.")
    _failures(progress)


def _row(progress: SearchProgress, trial: Trial, runs: list[Progress]) -> dict:
    search = progress.search
    scale = 100 if search.objective == "val_accuracy" else 1
    seconds = sum(one.elapsed_s or 0.0 for one in runs)
    values = {
        label_of(search, path): value_words(search, path, trial.values.get(path)) for path in searched_paths(search)
    }
    return {
        "Trial": trial.number + 1,
        "State": STATE_BADGES[_state(trial, runs)][0],
        objective_title(search): scale * _objective(progress, trial, runs),
        **values,
        "Epochs done": _epochs(trial, runs),
        "Time": duration(seconds) if seconds else "",
    }


def _state(trial: Trial, runs: list[Progress]) -> RunState:
    """Return the trial's state; of an open one, that of its Runs: running if any is."""
    if not trial.is_open:
        return trial.state
    states = [one.state for one in runs]
    return next((state for state in (RunState.RUNNING, RunState.QUEUED, *states) if state in states), RunState.QUEUED)


def _objective(progress: SearchProgress, trial: Trial, runs: list[Progress]) -> float:
    """Return the objective; of an open trial the best of its first Run so far."""
    if not trial.is_open:
        return trial.objective
    name = progress.search.objective
    values = [row[name] for one in runs[:1] for row in one.epochs if name in row]
    return (max if progress.search.direction == "max" else min)(values, default=math.nan)


def _epochs(trial: Trial, runs: list[Progress]) -> str:
    done = min((int(one.epoch_done) for one in runs), default=0)
    words = f"{done} of {trial.epochs}"
    return f"{words}, from {trial.initial_epoch}" if trial.initial_epoch else words


def _failures(progress: SearchProgress) -> None:
    failed = [trial for trial in progress.trials if trial.state == RunState.FAILED]
    if failed:
        with st.expander(f"Why {len(failed)} failed" if len(failed) > 1 else "Why one failed", key="tune.failed"):
            st.markdown("\n".join(f"- Trial {trial.number + 1}: {plain(trial.message)}" for trial in failed))

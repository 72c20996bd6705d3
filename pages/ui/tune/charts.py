"""A search's charts: curves of all trials, the best so far, parallel coordinates, importance, slices."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from fmnist_core.figures import tuning
from fmnist_core.figures.palette import CLASS_COLOURS, NEUTRAL_COLOUR, TRAIN_COLOUR
from fmnist_core.figures.tuning_parallel import parallel_axes, parallel_text
from fmnist_core.figures.tuning_words import entries_of
from fmnist_core.progress import Progress
from fmnist_core.tuning.importance import LEAST_TRIALS, Importance, recall
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.trials import SearchProgress, trial_frame
from pages.ui.data import plain
from pages.ui.export import show_figure
from pages.ui.live_chart import Panel, Series, live_chart
from pages.ui.tune.parallel import parallel

OWN_COLOURS = len(CLASS_COLOURS)  # up to so many trials have a colour each


def curves(progress: SearchProgress, runs: dict[str, list[Progress]]) -> None:
    """Show the objective of every trial against the epochs, the best one strongly; loss or accuracy beside it."""
    if not progress.trials:
        return
    other = "val_loss" if progress.search.objective == "val_accuracy" else "val_accuracy"
    panels = [_panel(progress, runs, name) for name in (progress.search.objective, other)]
    live_chart(
        panels, key=f"search.{progress.group.id}", x_label="epoch", height_px=240,
        alt=f"Validation curves of {len(progress.trials)} trials.", empty="No epoch is finished yet",
    )  # fmt: skip
    if len(progress.trials) > OWN_COLOURS and progress.best is not None:
        st.caption(f"Grey: every trial. Strong: the best, trial {progress.best.number + 1}.")


def findings(progress: SearchProgress) -> Sequence[int] | None:
    """Show what the completed trials say; return the numbers of those within the brushes, None without brushes."""
    search, frame = progress.search, trial_frame(progress.search, progress.completed)
    if len(frame) < 2:
        return None
    name = progress.group.id
    importance = recall(progress.group) if len(frame) >= LEAST_TRIALS else None
    drawn = _drawn(name, len(frame), importance.trials if importance else 0, search, frame, importance)
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Best so far", anchor=False)
        _figure("best", name, tuning.best_frame(search, frame), *drawn[0])
    with right:
        st.subheader("What matters", anchor=False, help=_METHOD)
        if importance is None:
            st.caption(f"Shown from {LEAST_TRIALS} completed trials on.")
        else:
            _figure("importance", name, pd.DataFrame({"share": importance.shares}), *drawn[1])
    brushed = _parallel(progress, frame)
    if len(frame) >= LEAST_TRIALS and entries_of(search):
        with st.expander("One hyperparameter at a time", key="tune.slices", on_change="rerun") as slices:
            if slices.open:
                _figure("slices", name, frame, *drawn[2])
    return brushed


_METHOD = (
    "Permutation importance (Breiman, 2001): a random forest learns to predict the objective from the values; then the "
    "values of one hyperparameter are shuffled among the trials. The more the error grows, the more it matters."
)


def _parallel(progress: SearchProgress, frame: pd.DataFrame) -> list[int] | None:
    search = progress.search
    axes = parallel_axes(search, frame)
    if len(axes) < 2:
        return None
    st.subheader("All combinations", anchor=False)
    text = parallel_text(search, frame)
    st.markdown(plain(text))
    objective = axes[-1].places
    shades = [(place if search.direction == "max" else 1 - place) for place in objective if place is not None]
    return parallel(
        axes, frame.number.tolist(), shades, key=f"parallel.{progress.group.id}", alt=text, file="combinations"
    )


# Once per trial that ends, not at every tick: an unchanged figure stays on the page as it is.
@st.cache_data(max_entries=100, show_spinner=False)
def _drawn(
    group: str, completed: int, weighed: int, _search: Search, _frame: pd.DataFrame, _importance: Importance | None
) -> tuple[tuple[go.Figure, str] | None, ...]:
    """Return figure and sentence of the best so far, of importance and of the slices; None where there is none."""
    best = tuning.best_frame(_search, _frame)
    return (
        (tuning.best_figure(_search, best), tuning.best_text(_search, best)),
        (tuning.importance_figure(_search, _importance), tuning.importance_text(_search, _importance))
        if _importance
        else None,
        (tuning.slices_figure(_search, _frame), tuning.slices_text(_search, _frame))
        if completed >= LEAST_TRIALS
        else None,
    )


def _figure(kind: str, name: str, frame: pd.DataFrame, figure: go.Figure, text: str) -> None:
    st.markdown(plain(text))
    show_figure(figure, f"{name}-{kind}", alt=text, frame=frame, key=f"tune.{kind}.{name}")


def _panel(progress: SearchProgress, runs: dict[str, list[Progress]], name: str) -> Panel:
    best = progress.best
    series = []
    for trial in progress.trials:
        leads = best is not None and trial.id == best.id
        for place, run in enumerate(runs[trial.id]):
            rows = [row for row in run.epochs if name in row]
            more = f".{place + 1}" if len(trial.runs) > 1 else ""
            series.append(
                Series(
                    f"trial {trial.number + 1}{more}" + (" (best)" if leads else ""),
                    [row["epoch"] for row in rows], [row[name] for row in rows],
                    colour=_colour(progress, trial.number, leads), style="dashed" if leads else "thin",
                )
            )  # fmt: skip
    title = "Validation accuracy" if name == "val_accuracy" else "Validation loss"
    form = "percent" if name == "val_accuracy" else "number"
    return Panel(title, tuple(series) or (Series("none", [], [], NEUTRAL_COLOUR),), y_format=form)


def _colour(progress: SearchProgress, number: int, leads: bool) -> str:
    if len(progress.trials) > OWN_COLOURS:
        return TRAIN_COLOUR if leads else NEUTRAL_COLOUR
    return CLASS_COLOURS[number % OWN_COLOURS]

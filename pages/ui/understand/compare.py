"""Pieces of the Compare page: the choice of Runs, their curves, what they cost, and their table."""

from collections import Counter
from typing import Any

import pandas as pd
import streamlit as st

from fmnist_core.errors import LabError
from fmnist_core.figures.compare import COSTS, cost_figure, cost_text
from fmnist_core.figures.palette import CLASS_COLOURS
from fmnist_core.progress import Progress
from fmnist_core.run_notes import Notes
from fmnist_core.run_result import decisions_digest, read_result
from fmnist_core.run_table import ACCURACIES, DIFFERS, FIGURES, Row, run_table, seed_sets, seed_table, smoothed
from fmnist_core.runs import RunState
from fmnist_core.spec import HYPERPARAMETERS
from pages.ui.data import plain
from pages.ui.export import show_figure, table_download
from pages.ui.live_chart import Panel, Series, live_chart
from pages.ui.runs import CHOOSE_BY_VALIDATION, run_labels

MOST = 10  # one colour each
PARAMETER, CHOSEN = "runs", "compare.runs"
_HINTS = {parameter.label: parameter.help for parameter in HYPERPARAMETERS.values()}
X_AXES = {"Epochs": "Epoch", "Time": "Seconds of training", "Images": "Training images seen"}


def choose_runs(progresses: list[Progress]) -> list[Progress]:
    """Let the user choose up to ten Runs; the choice stands in the address as `runs`."""
    by_id = {progress.run.id: progress for progress in progresses}
    asked = [run_id for run_id in st.query_params.get(PARAMETER, "").split(",") if run_id]
    if missing := [run_id for run_id in asked if run_id not in by_id]:
        st.warning(f"Not here any more: {plain(', '.join(missing)[:300])}.", icon=":material/search_off:")
    known = [run_id for run_id in asked if run_id in by_id][:MOST]
    if CHOSEN not in st.session_state or (known and asked != st.session_state.get("compare.shown")):
        done = [run_id for run_id, progress in by_id.items() if progress.state == RunState.COMPLETED]
        st.session_state[CHOSEN] = known or (done or list(by_id))[:2]
    st.session_state[CHOSEN] = [run_id for run_id in st.session_state[CHOSEN] if run_id in by_id]
    chosen = st.multiselect(
        "Runs", list(by_id), key=CHOSEN, max_selections=MOST, placeholder="Choose two or more",
        format_func=run_labels(progresses).__getitem__,
    )  # fmt: skip
    st.session_state["compare.shown"] = chosen
    st.query_params[PARAMETER] = ",".join(chosen)
    return [by_id[run_id] for run_id in chosen]


def row_of(progress: Progress) -> Row:
    """Return what a table says of a Run."""
    try:
        result = read_result(progress.run) if progress.state == RunState.COMPLETED else {}
    except LabError:
        result = {}  # the Result page says what is wrong
    epochs = progress.epochs
    return Row(
        progress.run.id, progress.run.spec, str(progress.state),
        tuple(row["val_accuracy"] for row in epochs if "val_accuracy" in row),
        sum(row.get("duration_s", 0.0) for row in epochs), result.get("test_accuracy"), result.get("test_images", 0),
        result.get("parameters"), Notes.read(progress.run).tags, sha256 := result.get("sha256", ""),
        result.get("synthetic", False), decisions_digest(progress.run, sha256),
    )  # fmt: skip


def names_of(progresses: list[Progress]) -> list[str]:
    """Return a short name for each Run that no other here has: its title, or where that is not enough its label."""
    titles = {progress.run.id: progress.run.spec.marked_title for progress in progresses}
    often, labels = Counter(titles.values()), run_labels(progresses)
    return [title if often[title] == 1 else labels[run_id] for run_id, title in titles.items()]


@st.fragment
def curves(progresses: list[Progress], names: list[str]) -> None:
    """Draw validation accuracy and loss of the Runs over each other."""
    st.subheader("How they learned", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        x_axis = st.segmented_control(
            "Against", list(X_AXES), default="Epochs", required=True, key="against", bind="query-params"
        )  # fmt: skip
        weight = st.slider(
            "Smoothing", 0.0, 0.95, 0.0, 0.05, key="smoothing", bind="query-params", width=220,
            help="Share of the past in a running mean; 0 shows each epoch as it was.",
        )  # fmt: skip
    panels = [
        Panel(title, tuple(_series(progresses, names, name, x_axis, weight)), y_label=unit, y_format=form)
        for title, name, unit, form in (
            ("Validation accuracy", "val_accuracy", "share right", "percent"),
            ("Validation loss", "val_loss", "nats", "number"),
        )
    ]
    live_chart(
        panels, key=f"compare-{x_axis}", x_label=X_AXES[x_axis], empty="No epoch is finished yet.",
        alt=f"Validation accuracy and loss of {len(names)} Runs.",
    )  # fmt: skip
    st.caption("Good: high accuracy, low loss. Bad: a loss that rises again, where a Run has begun to learn by heart.")


def _series(progresses: list[Progress], names: list[str], name: str, x_axis: str, weight: float) -> list[Series]:
    series = []
    for place, (progress, label) in enumerate(zip(progresses, names, strict=True)):
        rows, seconds, x = progress.epochs, 0.0, []
        for row in rows:
            seconds += row.get("duration_s", 0.0)
            x.append({"Epochs": row["epoch"], "Time": seconds, "Images": row["epoch"] * progress.train_images}[x_axis])
        values = smoothed([row.get(name, float("nan")) for row in rows], weight)
        series.append(Series(label, x, values.tolist(), CLASS_COLOURS[place % len(CLASS_COLOURS)]))
    return series


@st.fragment
def costs(rows: list[Row], names: list[str]) -> None:
    """Draw test accuracy against seconds or parameters."""
    st.subheader("What it cost", anchor=False)
    cost = st.segmented_control(
        "Cost", list(COSTS), default="Seconds", required=True, key="cost", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    text = cost_text(rows, names, cost)
    show_figure(cost_figure(rows, names, cost), f"accuracy-against-{cost.lower()}", alt=text)
    st.caption(f"{plain(text)} The lines are 95% intervals (Wilson). {CHOOSE_BY_VALIDATION}")


@st.fragment
def settings_table(rows: list[Row]) -> None:
    """Show the chosen Runs with the hyperparameters in which they differ, and sets of seeds as one row each."""
    st.subheader("In numbers", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        together = seeds_toggle(rows, "seeds")
        everything = not together and st.toggle(
            "All hyperparameters", key="everything", bind="query-params",
            help="Those in which all are alike, too. The ones that differ come first and are marked.",
        )  # fmt: skip
    frame = seed_table(rows) if together else run_table(rows, everything=everything)
    show_table(frame, "runs")
    shown = f"{DIFFERS} marks those that differ." if everything else "Only hyperparameters that differ are shown."
    st.caption(f"{shown} A click on a heading sorts. {CHOOSE_BY_VALIDATION}{data_words(frame)}")


def data_words(frame: pd.DataFrame) -> str:
    """Say what a table's columns on data mean, as sentences to follow others; "" without such columns."""
    words = ""
    if "Data" in frame:
        words += " Data: how their fingerprint begins; figures on a stand-in say nothing about the real data."
    if "Decisions" in frame:
        words += " Decisions: which label decisions a Run applied, by how their fingerprint begins."
    return words


def seeds_toggle(rows: list[Row], key: str) -> bool:
    """Show the switch that puts Runs of other seeds together, where there are any; return whether it is on."""
    if all(len(some) == 1 for some in seed_sets(rows)):
        return False
    return st.toggle(
        "Seeds together", key=key, bind="query-params",
        help="Completed Runs on the same data that differ in nothing but their seed become one row: mean and standard "
        "deviation.",
    )  # fmt: skip


def show_table(frame: pd.DataFrame, name: str, **options: Any) -> Any:
    """Show a table of Runs with its CSV below and return what st.dataframe returns; options are for that."""
    if "Tags" in frame and not frame["Tags"].map(len).any():
        frame = frame.drop(columns="Tags")
    shown = st.dataframe(
        frame, hide_index=True, placeholder="–", height="content" if len(frame) <= 12 else 460,
        column_config={title: _column(title) for title in frame.select_dtypes("number")}, **options,
    )  # fmt: skip
    table_download(frame, name, index=False)
    return shown


def _column(title: str) -> Any:
    """Return how a column of numbers is shown: a figure of a Run by its kind, a hyperparameter whole, with its hint."""
    if title.startswith(ACCURACIES):
        return st.column_config.NumberColumn(format="percent")
    if title in FIGURES:
        return st.column_config.NumberColumn(format="localized", step=1)
    hint = _HINTS.get(title.removeprefix(DIFFERS).strip())
    return st.column_config.NumberColumn(format="%d px" if title.endswith("Image size") else "plain", help=hint)

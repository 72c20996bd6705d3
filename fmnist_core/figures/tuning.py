"""A search's trials as figures and in words; parallel coordinates stand in tuning_parallel.py."""

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fmnist_core.figures.palette import NEUTRAL_COLOUR, TRAIN_COLOUR
from fmnist_core.figures.pixels import finished
from fmnist_core.figures.tuning_parallel import tick_values
from fmnist_core.figures.tuning_words import (
    counted,
    entries_of,
    label_of,
    objective_title,
    objective_words,
    value_words,
)
from fmnist_core.tuning.importance import Importance
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Entry, Number

_MOST_WORDS = 6  # of an axis; options beyond that are drawn as numbers
_FEW_PER_HYPERPARAMETER = 4  # trials below which importance is luck to a good part


def best_frame(search: Search, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the completed trials in the order in which they ended: number, minutes, objective, best so far."""
    ordered = frame.sort_values("ended_s", kind="stable", ignore_index=True)
    best = ordered.objective.cummax() if search.direction == "max" else ordered.objective.cummin()
    return pd.DataFrame(
        {"number": ordered.number, "minutes": ordered.ended_s / 60, "objective": ordered.objective, "best": best}
    )


def best_figure(search: Search, best: pd.DataFrame) -> go.Figure:
    """Draw each trial as a dot at the time it ended, and the best so far as a stair."""
    percent = search.objective == "val_accuracy"
    form = ".2%" if percent else ".4f"
    figure = go.Figure()
    figure.add_scatter(
        x=best.minutes, y=best.best, mode="lines", line={"color": TRAIN_COLOUR, "width": 2.4, "shape": "hv"},
        hoverinfo="skip",
    )  # fmt: skip
    leads = best.objective == best.best
    figure.add_scatter(
        x=best.minutes, y=best.objective, mode="markers", customdata=best.number,
        marker={"size": np.where(leads, 9, 7), "color": np.where(leads, TRAIN_COLOUR, NEUTRAL_COLOUR),
                "symbol": np.where(leads, "diamond", "circle")},
        hovertemplate=f"Trial %{{customdata}}: %{{y:{form}}}<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(title="Minutes of search", rangemode="tozero", showgrid=False, zeroline=False)
    figure.update_yaxes(title=objective_title(search), tickformat=".1%" if percent else None, nticks=6)
    return finished(figure, 300)


def best_text(search: Search, best: pd.DataFrame) -> str:
    """Say which trial is best, when it came, and how many came after it."""
    if best.empty:
        return "No trial has ended yet."
    place = int(best.objective.argmax() if search.direction == "max" else best.objective.argmin())
    row, later = best.iloc[place], len(best) - 1 - place
    words = (
        f"The best of {len(best)} trials is trial {row.number:.0f} with {objective_words(search, row.objective)}, "
        f"after {row.minutes:.1f} minutes."
    )
    return (
        f"{words} {counted(later, 'trial')} since then did not beat it." if later else f"{words} It is also the last."
    )


def importance_figure(search: Search, importance: Importance) -> go.Figure:
    """Draw the share of each hyperparameter as a bar, the largest on top."""
    paths = list(importance.shares)[::-1]
    names = ["Epochs" if path == "epochs" else label_of(search, path) for path in paths]
    shares = [importance.shares[path] for path in paths]
    figure = go.Figure(
        go.Bar(
            x=shares, y=names, orientation="h", marker_color=TRAIN_COLOUR, text=[f"{share:.0%}" for share in shares],
            textposition="outside", cliponaxis=False, hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(visible=False, range=(0, max(shares, default=1) * 1.2 or 1))
    figure.update_yaxes(showgrid=False)
    return finished(figure, 60 + 36 * len(paths))


def importance_text(search: Search, importance: Importance) -> str:
    """Say what matters most, how well the forest knows it, and whether there are trials enough to say so."""
    first = next(iter(importance.shares))
    name = "the epochs of a trial" if first == "epochs" else label_of(search, first)
    if importance.shares[first] == 0:
        return "No hyperparameter explains the differences between these trials."
    words = [f"{name[0].upper()}{name[1:]} matters most in these {importance.trials} trials."]
    if importance.explained > 0:
        words.append(f"The forest predicts {importance.explained:.0%} of the differences for trials it has not seen.")
    else:
        words.append("But the forest cannot predict trials that it has not seen: the shares mean little yet.")
    if importance.trials < _FEW_PER_HYPERPARAMETER * len(importance.shares):
        words.append(f"Few trials for {counted(len(importance.shares), 'hyperparameter')}: more may change the order.")
    return " ".join(words)


def slices_figure(search: Search, frame: pd.DataFrame) -> go.Figure:
    """Draw the objective against each hyperparameter, three to a row; later trials are darker."""
    entries = entries_of(search)
    columns = min(3, len(entries))
    rows = math.ceil(len(entries) / columns)
    titles = [label_of(search, entry.path) for entry in entries]
    figure = make_subplots(
        rows, columns, shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.05,
        vertical_spacing=0.32 / rows,
    )  # fmt: skip
    best = frame.objective.idxmax() if search.direction == "max" else frame.objective.idxmin()
    for place, entry in enumerate(entries):
        shown = frame[frame[entry.path].notna()]
        words = [value_words(search, entry.path, value) for value in shown[entry.path]]
        figure.add_scatter(
            x=words if _has_few(entry) else shown[entry.path], y=shown.objective, mode="markers",
            customdata=np.stack([shown.number, np.array(words, dtype=object)], axis=-1) if len(shown) else None,
            marker={"size": np.where(shown.index == best, 11, 8), "color": TRAIN_COLOUR,
                    "opacity": 0.35 + 0.65 * shown.number / max(frame.number.max(), 1),
                    "symbol": np.where(shown.index == best, "diamond", "circle")},
            hovertemplate="Trial %{customdata[0]}: %{customdata[1]}<extra></extra>",
            row=place // columns + 1, col=place % columns + 1,
        )  # fmt: skip
        figure.update_xaxes(**_slice_axis(search, entry), row=place // columns + 1, col=place % columns + 1)
    percent = search.objective == "val_accuracy"
    figure.update_xaxes(showgrid=False, zeroline=False, nticks=5)
    figure.update_yaxes(tickformat=".1%" if percent else None, nticks=5)
    figure.update_yaxes(title=objective_title(search), col=1)
    figure.update_annotations(font_size=13)
    return finished(figure, 40 + 230 * rows).update_layout(margin_t=36)


def slices_text(search: Search, frame: pd.DataFrame) -> str:
    """Say which number goes most clearly with a good objective: the largest rank correlation (Spearman)."""
    found = []
    for entry in entries_of(search):
        values = pd.to_numeric(frame[entry.path], errors="coerce")
        if entry.kind != "boolean" and values.notna().sum() >= 5 and values.nunique() > 1:
            found.append((float(values.rank().corr(frame.objective.rank())), entry.path))
    head = "The objective against one hyperparameter at a time; later trials are darker, the best is a diamond."
    found = [pair for pair in found if not math.isnan(pair[0])]
    if not found:
        return head
    strength, path = max(found, key=lambda pair: abs(pair[0]))
    larger = "larger" if (strength > 0) == (search.direction == "max") else "smaller"
    if abs(strength) < 0.4:
        return f"{head} No number goes clearly with better trials (rank correlations below 0.4)."
    name = label_of(search, path)
    return f"{head} Most clearly, {larger} values of {name} went with better trials (rank correlation {strength:.2f})."


def _has_few(entry: Entry) -> bool:
    return entry.options is not None and len(entry.options) <= _MOST_WORDS


def _slice_axis(search: Search, entry: Entry) -> dict[str, Any]:
    if _has_few(entry):
        words = [value_words(search, entry.path, option) for option in entry.options or ()]
        return {"type": "category", "categoryorder": "array", "categoryarray": words}
    if not (isinstance(entry, Number) and entry.log):
        return {"type": "linear"}
    ticks = tick_values(entry.minimum, entry.maximum, True)
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{value:.3g}" for value in ticks]}

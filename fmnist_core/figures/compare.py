"""What accuracy costs: Runs by seconds or by weights, with the interval of the test figure."""

from collections.abc import Sequence
from math import isnan

import plotly.graph_objects as go

from fmnist_core.evaluation import wilson_interval
from fmnist_core.figures.palette import CLASS_COLOURS
from fmnist_core.figures.pixels import finished
from fmnist_core.run_table import STAND_IN, Row

COSTS = {"Seconds": "Seconds of training, all epochs", "Parameters": "Parameters of the network"}


def cost_figure(rows: Sequence[Row], names: Sequence[str], cost: str) -> go.Figure:
    """Draw test accuracy, with its 95 % interval, against a cost of COSTS on a logarithmic axis.

    Runs on a stand-in are hollow.
    """
    figure = go.Figure()
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        if not _is_known(row, cost):
            continue
        spent = row.figures()[cost]
        low, high = wilson_interval(row.test_accuracy, row.test_images)
        hollow = {"symbol": "circle-open", "line_width": 2} if row.synthetic else {"symbol": "circle"}
        mark = f", {STAND_IN}" if row.synthetic else ""
        figure.add_scatter(
            x=[spent], y=[row.test_accuracy], mode="markers", name=name,
            marker={"size": 11, "color": CLASS_COLOURS[place % len(CLASS_COLOURS)], **hollow},
            error_y={"array": [high - row.test_accuracy], "arrayminus": [row.test_accuracy - low], "thickness": 1.5},
            hovertemplate=f"{name}{mark}<br>%{{y:.2%}} for %{{x:,.0f}} {cost.lower()}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title=COSTS[cost], type="log")
    figure.update_yaxes(title="Test accuracy", tickformat=".1%")
    return finished(figure, 360)


def cost_text(rows: Sequence[Row], names: Sequence[str], cost: str) -> str:
    """Say which of the Runs no other beats in both accuracy and cost. Good is up and to the left.

    Runs on a stand-in are not held against those on real data.
    """
    shown = [(row, name) for row, name in zip(rows, names, strict=True) if _is_known(row, cost)]
    if not shown:
        return "No Run here has a test figure and a known cost yet."
    mixed = len({row.synthetic for row, _ in shown}) > 1
    known = [(row.figures()[cost], row.test_accuracy, name) for row, name in shown if not (mixed and row.synthetic)]
    best = [
        name
        for spent, accuracy, name in known
        if not any(a >= accuracy and s <= spent and (a, s) != (accuracy, spent) for s, a, _ in known)
    ]
    hint = "Good is up and to the left, bad is down and to the right."
    words = f"{hint} No other is both better and cheaper than: {'; '.join(best)}."
    stand_ins = [name for row, name in shown if row.synthetic]
    return f"{words} Hollow, on a stand-in for the data: {'; '.join(stand_ins)}." if stand_ins else words


def _is_known(row: Row, cost: str) -> bool:
    return row.test_accuracy is not None and row.test_images > 0 and not isnan(row.figures()[cost])

"""Reported accuracies beside ours with their intervals, a line per row, in words and as a figure."""

from collections.abc import Sequence

import plotly.graph_objects as go

from fmnist_core.figures.palette import TRAIN_COLOUR, VALIDATION_COLOUR
from fmnist_core.figures.pixels import finished
from fmnist_core.reproduction_table import VERDICTS, Line

_ROW_PX, _FRAME_PX = 26, 90


def drawable(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that a figure of accuracies can show: those with a figure of ours."""
    return [line for line in lines if line.ours and not line.is_loss]


def reproduction_figure(lines: Sequence[Line]) -> go.Figure:
    """Draw reported (open diamonds) and our accuracies (dots with 95 % intervals), the first line on top."""
    names = [line_name(line) for line in lines]
    figure = go.Figure()
    ours = [line.ours.value for line in lines]
    reach = [line.ours.interval or (line.ours.value, line.ours.value) for line in lines]
    figure.add_scatter(
        x=ours, y=names, mode="markers", name="Ours", marker={"size": 9, "color": TRAIN_COLOUR},
        error_x={
            "array": [high - value for value, (_, high) in zip(ours, reach, strict=True)],
            "arrayminus": [value - low for value, (low, _) in zip(ours, reach, strict=True)],
            "thickness": 1.5, "color": TRAIN_COLOUR,
        },
        hovertemplate="%{y}<br>ours %{x:.2%}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[line.reported for line in lines], y=names, mode="markers", name="Reported",
        marker={"size": 10, "symbol": "diamond-open", "color": VALIDATION_COLOUR, "line": {"width": 2}},
        hovertemplate="%{y}<br>reported %{x:.2%}<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1])
    figure.update_xaxes(title="Accuracy (share right)", tickformat=".0%", nticks=6)
    finished(figure, _FRAME_PX + _ROW_PX * max(len(lines), 2))
    figure.update_layout(showlegend=True, legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"})
    return figure


def reproduction_text(lines: Sequence[Line]) -> str:
    """Say the same in words, for those who cannot see it."""
    return " ".join(
        f"{line_name(line)}: reported {line.reported:.2%}, ours {line.ours.value:.2%}"
        f"{f' ({VERDICTS[line.verdict].lower()})' if line.verdict else ''}."
        for line in lines
    )


def line_name(line: Line) -> str:
    """Return a short name of a row that no other has: letter, network, and what is measured where it is a fold."""
    system = line.row.system
    what = line.row.title.removesuffix(f" ({system})")
    return f"{system}: {what}"

"""Reported accuracies beside ours with their intervals, a line per row, in words and as a figure."""

from collections import Counter
from collections.abc import Sequence

import plotly.graph_objects as go

from fmnist_core.figures.palette import NEUTRAL_COLOUR, TRAIN_COLOUR, VALIDATION_COLOUR
from fmnist_core.figures.pixels import finished
from fmnist_core.reproduction_runs import Figure
from fmnist_core.reproduction_table import VERDICTS, Line

GOOD_AND_BAD = (
    "Good is a diamond (reported) on the bar through the dot (ours, 95 % interval). Bad is one far from it: to the "
    "right a figure that we do not reach, or one that flatters; to the left one that ours surpasses."
)
_ROW_PX, _FRAME_PX = 26, 90


def drawable(lines: Sequence[Line]) -> list[Line]:
    """Return the lines that a figure of accuracies can show: those with a figure of ours."""
    return [line for line in lines if line.ours and not line.is_loss]


def reproduction_figure(lines: Sequence[Line]) -> go.Figure:
    """Draw reported (open diamonds) and our accuracies (dots with 95 % intervals), the first line on top.

    Ours on fewer images than the system's are grey.
    """
    names = line_names(lines)
    figure = go.Figure()
    for title, colour, few in (("Ours", TRAIN_COLOUR, False), ("Ours, fewer images", NEUTRAL_COLOUR, True)):
        some = [(name, line.ours) for name, line in zip(names, lines, strict=True) if (line.verdict == "few") == few]
        if some:
            figure.add_trace(_ours(title, colour, some))
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
    """Say the same in words, for those who cannot see it, and what is good and what is bad."""
    return " ".join([
        *(
            f"{name}: reported {line.reported:.2%}, ours {line.ours.value:.2%}{_interval_words(line.ours)}"
            f"{f' ({VERDICTS[line.verdict].lower()})' if line.verdict else ''}."
            for name, line in zip(line_names(lines), lines, strict=True)
        ),
        GOOD_AND_BAD,
    ])  # fmt: skip


def _interval_words(ours: Figure) -> str:
    return f", 95 % interval {ours.interval[0]:.2%} to {ours.interval[1]:.2%}" if ours.interval else ""


def line_names(lines: Sequence[Line]) -> list[str]:
    """Return a short name for each line, no two alike: letter and network, and the figure where a row has several."""
    often = Counter(line.row.key for line in lines)
    names = []
    for line in lines:
        system = line.row.system
        name = f"{system}: {line.row.title.removesuffix(f' ({system})')}"
        names.append(f"{name}, {line.title.lower()}" if often[line.row.key] > 1 else name)
    return names


def _ours(title: str, colour: str, some: Sequence[tuple[str, Figure]]) -> go.Scatter:
    reach = [ours.interval or (ours.value, ours.value) for _, ours in some]
    return go.Scatter(
        x=[ours.value for _, ours in some], y=[name for name, _ in some], mode="markers", name=title,
        marker={"size": 9, "color": colour},
        error_x={
            "array": [high - ours.value for (_, ours), (_, high) in zip(some, reach, strict=True)],
            "arrayminus": [ours.value - low for (_, ours), (low, _) in zip(some, reach, strict=True)],
            "thickness": 1.5, "color": colour,
        },
        hovertemplate="%{y}<br>ours %{x:.2%}<extra></extra>",
    )  # fmt: skip

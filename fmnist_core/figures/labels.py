"""What label decisions did to the test accuracy, drawn and as a table."""

import pandas as pd
import plotly.graph_objects as go

from fmnist_core.figures.palette import NEUTRAL_COLOUR, TRAIN_COLOUR
from fmnist_core.figures.pixels import finished
from fmnist_core.label_effect import Effect, effect_text, points

GOOD_AND_BAD = (
    "Good: a band right of 0, where the decisions helped. Bad: one left of 0, where they harmed. A band across 0 "
    "settles neither."
)


def effect_figure(effect: Effect) -> go.Figure:
    """Draw a dot per seed, the mean as a line, its interval as a band, and 0, which is no change, as a dashed line."""
    figure, colour = go.Figure(), TRAIN_COLOUR
    if interval := effect.interval():
        low, high = (100 * end for end in interval)
        figure.add_shape(type="rect", x0=low, x1=high, y0=-0.32, y1=0.32, fillcolor=colour, opacity=0.18, line_width=0)
    mean = 100 * effect.mean
    figure.add_shape(
        type="line", x0=0, x1=0, y0=-0.5, y1=0.5, line={"color": NEUTRAL_COLOUR, "width": 1.5, "dash": "dash"}
    )
    figure.add_shape(type="line", x0=mean, x1=mean, y0=-0.32, y1=0.32, line={"color": colour, "width": 2.5})
    count = len(effect.outcomes)
    figure.add_scatter(
        x=[100 * one.difference for one in effect.outcomes],
        y=[0.22 * (2 * place / (count - 1) - 1) if count > 1 else 0 for place in range(count)],
        customdata=[[one.seed, f"{one.without:.2%}", f"{one.marked:.2%}"] for one in effect.outcomes],
        mode="markers", marker={"color": colour, "size": 10},
        hovertemplate="seed %{customdata[0]}: %{x:+.2f} points<br>as given %{customdata[1]}, with decisions "
        "%{customdata[2]}<extra></extra>",
    )  # fmt: skip
    # So that 0 stands within, and a little room on both sides.
    ends = [0, *(100 * one.difference for one in effect.outcomes), *(100 * end for end in interval or ())]
    room = 0.12 * (max(ends) - min(ends)) or 1
    figure.update_xaxes(
        title="Difference in test accuracy (percentage points)", zeroline=False, nticks=7,
        range=(min(ends) - room, max(ends) + room),
    )  # fmt: skip
    figure.update_yaxes(title="Seeds", showticklabels=False, showgrid=False, zeroline=False, range=(0.55, -0.55))
    return finished(figure, 190)


def effect_figure_text(effect: Effect) -> str:
    """Say what effect_figure shows, and what is good and what is bad."""
    return f"{effect_text(effect).replace('**', '')} {GOOD_AND_BAD}"


def effect_table(effect: Effect) -> pd.DataFrame:
    """Return a row per seed as a reader wants it: accuracies in percent, the difference in points, McNemar's p."""
    return pd.DataFrame(
        {
            "Seed": one.seed, "As given": f"{one.without:.2%}", "With decisions": f"{one.marked:.2%}",
            "Difference": points(one.difference), "Only as given right": one.only_without,
            "Only with decisions right": one.only_marked,
            "p": f"{one.p_value:.3f}" if one.p_value >= 0.001 else "< 0.001",
        }
        for one in effect.outcomes
    )  # fmt: skip

"""The figure of a Run on broken images, and the sentence that says the same."""

import numpy as np
import plotly.graph_objects as go

from fmnist_core.figures.palette import NEUTRAL_COLOUR, TRAIN_COLOUR
from fmnist_core.figures.pixels import finished
from fmnist_core.robustness import STRENGTHS, Robustness

_ROW_PX = 44


def robustness_figure(found: Robustness) -> go.Figure:
    """Draw a line for each corruption, the one that hurts least on top: five dots, pale and small where it is mild.

    The dotted line is the accuracy on the same images as they are.
    """
    order = np.argsort(found.mean_accuracy, kind="stable")  # Plotly puts the first row at the bottom
    figure = go.Figure()
    figure.add_vline(x=found.clean_accuracy, line={"color": NEUTRAL_COLOUR, "dash": "dot"})
    table = found.table()
    for row in order:
        corruption = found.corruptions[row]
        part = table[table["corruption"] == corruption.title]
        figure.add_scatter(
            x=part["accuracy"], y=[corruption.title] * STRENGTHS, mode="lines+markers", name=corruption.title,
            line={"color": TRAIN_COLOUR, "width": 1},
            marker={
                "color": TRAIN_COLOUR, "size": 7 + 2 * np.arange(STRENGTHS), "line": {"width": 0},
                "opacity": np.linspace(0.35, 1, STRENGTHS),
            },
            customdata=part[["amount", "low", "high", "kept"]].to_numpy(),
            hovertemplate=f"{corruption.title} %{{customdata[0]}}: %{{x:.1%}} right "
            "(%{customdata[1]:.1%} to %{customdata[2]:.1%})<br>%{customdata[3]:.1%} of answers stay<extra></extra>",
        )  # fmt: skip
    figure.add_annotation(
        text=f"as they are: {found.clean_accuracy:.1%}", x=found.clean_accuracy, y=1, xref="x", yref="paper",
        yanchor="bottom", xanchor="right", showarrow=False, font={"color": NEUTRAL_COLOUR},
    )  # fmt: skip
    figure.update_xaxes(title="Test images answered rightly", tickformat=".0%", range=(0, 1.02))
    figure.update_yaxes(title=None, range=(-0.6, len(order) - 0.4))
    return finished(figure, 70 + _ROW_PX * len(order))


def robustness_text(found: Robustness, class_names: tuple[str, ...]) -> str:
    """Say what hurts least and most, and which class pays for it; and what is good."""
    means = found.mean_accuracy
    best, worst = int(means.argmax()), int(means.argmin())
    corruption = found.corruptions[worst]
    loser = found.weakest_class(worst, 2)
    before = found.clean[loser] / max(found.support[loser], 1)
    after = found.right[worst, 2, loser] / max(found.support[loser], 1)
    return (
        f"As they are, {found.clean_accuracy:.1%} of {found.images:,} test images are answered rightly. "
        f"{corruption.title} hurts most: {means[worst]:.1%} on average over five strengths; "
        f"{found.corruptions[best].title.lower()} least: {means[best]:.1%}. Of {class_names[loser]}, "
        f"{before:.0%} are right as they are and {after:.0%} with {corruption.title.lower()} at "
        f"{corruption.say(corruption.levels[2])}. Good: all dots near the dotted line. Bad: a long line to the left."
    )

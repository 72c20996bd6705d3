"""Figure of a game: shares right with their intervals, one below the other."""

from typing import NamedTuple

import plotly.graph_objects as go

from fmnist_core.evaluation import wilson_interval
from fmnist_core.figures.palette import NEUTRAL_COLOUR, TRAIN_COLOUR, VALIDATION_COLOUR
from fmnist_core.figures.pixels import finished


class Score(NamedTuple):
    """Who, the share right, 0..1, and on how many images."""

    who: str
    share: float
    images: int


def contest_figure(scores: list[Score]) -> go.Figure:
    """Draw shares right with 95 % intervals (Wilson), the first on top; the first two are visitor and model."""
    figure = go.Figure()
    colours = [TRAIN_COLOUR, VALIDATION_COLOUR]
    for at, score in enumerate(scores):
        low, high = wilson_interval(score.share, score.images)
        colour = colours[at] if at < len(colours) else NEUTRAL_COLOUR
        figure.add_scatter(
            x=[score.share], y=[_name(score)], mode="markers+text",
            text=[f"{score.share:.1%}" if score.images > 100 else f"{score.share:.0%}"], textposition="top center",
            marker={"size": 12, "color": colour}, cliponaxis=False,
            error_x={"type": "data", "symmetric": False, "array": [high - score.share],
                     "arrayminus": [score.share - low], "thickness": 2.5, "width": 6, "color": colour},
            hovertemplate=f"{score.who}: %{{x:.1%}} of {score.images:,} images, {low:.1%} to {high:.1%}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="Share right: more is better", tickformat=".0%", range=[0, 1.04])
    figure.update_yaxes(autorange="reversed", ticks="", ticksuffix="  ", showgrid=False)
    return finished(figure, 90 + 66 * len(scores))


def contest_text(scores: list[Score]) -> str:
    """Say the same in words."""
    parts = []
    for score in scores:
        low, high = wilson_interval(score.share, score.images)
        parts.append(f"{score.who} {score.share:.1%} of {score.images:,} images ({low:.0%} to {high:.0%})")
    return f"Share of images right, with 95% intervals: {'; '.join(parts)}."


def _name(score: Score) -> str:
    return f"{score.who}<br><sup>{score.images:,} images</sup>"

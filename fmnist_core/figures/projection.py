"""Figures of principal components; each has a sentence that says the same."""

import io

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from fmnist_core.figures.palette import TRAIN_COLOUR, VALIDATION_COLOUR
from fmnist_core.figures.pixels import DIVERGING, coloured, finished

SHARES = (0.8, 0.9, 0.95, 0.99)


def components_needed(explained: np.ndarray, share: float) -> int:
    """Return how many of the first components hold a share of the variance; explained: (784,) shares, sum 1."""
    return int(min(np.searchsorted(np.cumsum(explained), share - 1e-9) + 1, len(explained)))


def variance_figure(explained: np.ndarray, shown: int = 50) -> go.Figure:
    """Draw the share of variance of each of the first components as bars, and their sum as a line."""
    numbers, total = np.arange(1, shown + 1), 100 * np.cumsum(explained)[:shown]
    notes = (
        ("each", 3, 100 * float(explained[2]) + 7, TRAIN_COLOUR),
        ("together", shown * 0.8, float(total[int(shown * 0.8) - 1]) - 8, VALIDATION_COLOUR),
    )
    # In one go: each update of a figure costs milliseconds, and this one is drawn for every change of the filter.
    figure = go.Figure(
        [
            go.Bar(
                x=numbers, y=100 * explained[:shown], marker={"color": TRAIN_COLOUR}, showlegend=False,
                hovertemplate="component %{x}: %{y:.2f} %<extra></extra>",
            ),
            go.Scatter(
                x=numbers, y=total, mode="lines", line={"color": VALIDATION_COLOUR, "width": 2.5}, showlegend=False,
                hovertemplate="first %{x} together: %{y:.1f} %<extra></extra>",
            ),
        ],
        {
            "annotations": [
                {"text": f"<b>{text}</b>", "x": at, "y": height, "xanchor": "left", "showarrow": False,
                 "font": {"color": colour}}
                for text, at, height, colour in notes
            ],
            "xaxis": {"title": {"text": "Component, by variance"}},
            "yaxis": {"title": {"text": "Share of variance (%)"}, "range": (0, 104)},
        },
    )  # fmt: skip
    return finished(figure, 340)


def variance_text(explained: np.ndarray) -> str:
    """Say how many components hold how much of the variance, and what that means."""
    if not explained.any():
        return "All images are equal: there is no variance to explain."
    words = ", ".join(f"{components_needed(explained, share)} hold {share:.0%}" for share in SHARES)
    return (
        f"The first component holds {explained[0]:.0%} of the variance, the first two {explained[:2].sum():.0%}. "
        f"Of 784, {words}: most of what 784 pixels say could be said with far fewer numbers."
    )


def axis_png(axis: np.ndarray) -> bytes:
    """Draw an axis (784,) as a picture, blue below 0, white at 0, red above; its largest entry has the full colour."""
    scaled = axis / max(np.abs(axis).max(), 1e-12)
    picture = coloured(scaled.reshape(28, 28), DIVERGING, -1, 1)
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG", compress_level=1)
    return stream.getvalue()

"""Figures about the make-up of a data set."""

import numpy as np
import plotly.graph_objects as go

from fmnist_core.figures.palette import CLASS_COLOURS


def class_counts_figure(counts: np.ndarray, class_names: tuple[str, ...]) -> go.Figure:
    """Draw one small bar per class. counts: (n_classes,) integers, in the order of class_names."""
    bars = go.Bar(
        x=counts,
        y=list(class_names),
        orientation="h",
        marker_color=CLASS_COLOURS[: len(class_names)],
        text=[f"{count:,}" for count in counts],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:,} images<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.update_layout(
        height=30 * len(class_names) + 60,
        margin={"l": 0, "r": 8, "t": 8, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        bargap=0.35,
        showlegend=False,
    )
    figure.update_xaxes(
        title="Images", range=(0, 1.35 * max(counts.max(), 1)), nticks=5, showgrid=False, tickformat=","
    )
    figure.update_yaxes(title="Class", autorange="reversed", type="category", automargin=True, ticklabelstandoff=6)
    return figure

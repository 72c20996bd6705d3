"""Figures about trust in the data: balance of the classes, distances between near-duplicates."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fmnist_core.figures.palette import CLASS_COLOURS, NEUTRAL_COLOUR
from fmnist_core.figures.pixels import finished

# Column of the counts, its short form beside the bars, and how strong the bars are.
_SPLITS = (("training", "train", 1.0), ("test", "test", 0.5))


def balance_figure(counts: pd.DataFrame) -> go.Figure:
    """Draw balance.counts_table: a pair of bars per class, training above test, each with its number.

    Splits without an image are left out. The bar says in words what it is: there is no legend to look up.
    """
    shown = [row for row in _SPLITS if counts[row[0]].sum()]
    colours = [CLASS_COLOURS[label % len(CLASS_COLOURS)] for label in counts["label"]]
    figure = go.Figure()
    for split, word, opacity in shown:
        total = counts[split].sum()
        figure.add_bar(
            x=counts[split], y=counts["class"], orientation="h", name=split,
            marker={"color": colours, "opacity": opacity},  # not the trace's opacity, which would fade the text
            text=[f"{count:,} {word}" for count in counts[split]], textposition="outside",
            cliponaxis=False, customdata=counts[split] / total,
            hovertemplate=f"%{{y}}: %{{x:,}} images, %{{customdata:.2%}} of the {split} set<extra></extra>",
        )  # fmt: skip
    largest = max((counts[split].max() for split, *_ in shown), default=1)
    figure.update_layout(
        height=max((24 * len(shown) + 14) * len(counts) + 60, 140), bargap=0.28, bargroupgap=0.06, showlegend=False,
        barmode="group", margin={"l": 0, "r": 8, "t": 8, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    figure.update_xaxes(
        title="Images", range=(0, 1.5 * largest), nticks=5, showgrid=False, fixedrange=True, automargin=True
    )
    figure.update_yaxes(
        title="Class", autorange="reversed", type="category", ticklabelstandoff=6, fixedrange=True, automargin=True
    )
    return figure


def balance_text(counts: pd.DataFrame) -> str:
    """Say what balance_figure shows."""
    parts = []
    for split, *_ in _SPLITS:
        if counts[split].sum():
            per_class = ", ".join(f"{row['class']} {row[split]:,}" for _, row in counts.iterrows())
            parts.append(f"Images per class in the {split} set: {per_class}.")
    return " ".join(parts) or "No image is selected."


def distances_end(distances: np.ndarray, threshold: float) -> float:
    """Return where the axis of distances_figure ends, in grey levels: all fit, unless one in a thousand lies far out.

    distances: (n,) as there, n at least 1.
    """
    far = min(float(distances.max()), 1.5 * float(np.quantile(distances, 0.999)))
    return 10.0 * max(1, int(np.ceil(max(far, threshold) / 10)))


def distances_figure(distances: np.ndarray, threshold: float, maximum: float) -> go.Figure:
    """Draw how many images have their nearest neighbour how far away.

    Args:
        distances: (n,) root mean square difference to the nearest neighbour, in grey levels.
        threshold: pairs up to here count as near-duplicates; marked by a line.
        maximum: end of the axis, in grey levels.
    """
    counts, edges = np.histogram(distances, bins=np.linspace(0, maximum, 61))
    near = edges[1:] <= threshold + 1e-9
    # In one go: Plotly takes five times as long to put a line and titles to a figure that is there.
    figure = go.Figure(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2, y=counts, width=edges[1] * 0.92,
            marker={"color": np.where(near, "#C2661B", NEUTRAL_COLOUR)},
            customdata=np.stack([edges[:-1], edges[1:]], axis=-1),
            hovertemplate="%{customdata[0]:.1f} to %{customdata[1]:.1f} grey levels: %{y:,} images<extra></extra>",
        ),
        {
            "shapes": [
                {"type": "line", "x0": threshold, "x1": threshold, "y0": 0, "y1": 1, "yref": "y domain",
                 "line": {"width": 1, "dash": "dot", "color": NEUTRAL_COLOUR}}
            ],
            "annotations": [
                {"text": "threshold", "x": threshold, "y": 1, "yref": "y domain", "xanchor": "left", "yanchor": "top",
                 "showarrow": False}
            ],
            "xaxis": {"title": {"text": "Distance to the nearest neighbour (grey levels, RMS)"}, "range": (0, maximum)},
            "yaxis": {"title": {"text": "Images"}},
        },
    )  # fmt: skip
    return finished(figure, 260)

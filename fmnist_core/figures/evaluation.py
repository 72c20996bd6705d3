"""Figures of a finished Run. Each takes numbers already computed and has a sentence that says the same."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fmnist_core.evaluation import MACRO, WEIGHTED
from fmnist_core.figures.palette import CLASS_COLOURS, NEUTRAL_COLOUR

# Opacity grows with the number: one scale for light and dark pages, and text stays readable on its deepest.
_MISTAKE_SCALE = (
    (0.0, "rgba(214, 80, 56, 0)"),
    (0.02, "rgba(214, 80, 56, 0.08)"),
    (1.0, "rgba(214, 80, 56, 0.78)"),
)
_HIT_SCALE = ((0.0, "rgba(138, 143, 152, 0.05)"), (1.0, "rgba(138, 143, 152, 0.28)"))


def matrix_rates(matrix: np.ndarray) -> np.ndarray:
    """Divide each row of a confusion matrix by its sum: (k, k) counts -> (k, k) float64, empty rows 0."""
    totals = matrix.sum(axis=1, keepdims=True)
    return np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)


def confusion_matrix_figure(matrix: np.ndarray, class_names: tuple[str, ...], *, by_rate: bool) -> go.Figure:
    """Draw a confusion matrix: (k, k) counts, rows = true class.

    Hits and mistakes have a colour scale each. On a common one the diagonal, a hundred times larger, would
    leave every mistake equally pale.

    Args:
        by_rate: write percent of the true class in the cells, not counts.
    """
    rates = matrix_rates(matrix)
    values = rates * 100 if by_rate else matrix
    hits = np.eye(len(matrix), dtype=bool)
    figure = go.Figure()
    for mask, scale in ((hits, _HIT_SCALE), (~hits, _MISTAKE_SCALE)):
        figure.add_heatmap(
            z=np.where(mask, values, np.nan), x=class_names, y=class_names, xgap=2, ygap=2, hoverinfo="skip",
            zmin=0, zmax=max(values[mask].max(), 1e-9), colorscale=scale, showscale=False,
        )  # fmt: skip
    # Plotly reports clicks on dots alone: an unseen one in each cell takes them, row by row (see cell_labels), and has
    # the pointer's words. The numbers are notes and no dots, because those pale once one is clicked.
    columns, rows = np.tile(class_names, len(matrix)), np.repeat(class_names, len(matrix))
    unseen = {"marker": {"opacity": 0}}
    figure.add_scatter(
        x=columns, y=rows, mode="markers", marker={"size": 34, "symbol": "square", "opacity": 0}, showlegend=False,
        selected=unseen, unselected=unseen,
        customdata=list(zip(matrix.ravel().tolist(), rates.ravel().tolist(), strict=True)),
        hovertemplate="%{y}, said to be %{x}<br>%{customdata[0]:,} images, %{customdata[1]:.1%} of the class"
        "<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        annotations=[
            {"x": x, "y": y, "text": text, "showarrow": False, "font": {"size": 11}}
            for x, y, text in zip(columns, rows, _cell_texts(values, by_rate), strict=True)
            if text
        ]
    )
    names = list(class_names)
    # Of digits Plotly would make numbers.
    shared = {"type": "category", "categoryarray": names, "showgrid": False, "ticks": ""}
    figure.update_xaxes(title="Predicted class", tickangle=-45, range=[-0.5, len(names) - 0.5], **shared)
    figure.update_yaxes(title="True class", range=[len(names) - 0.5, -0.5], ticksuffix=" ", **shared)
    return _finished(figure, height=520)


def cell_labels(point_index: int, n_classes: int) -> tuple[int, int]:
    """Return true and predicted label of the cell whose dot was clicked, from its place in confusion_matrix_figure."""
    return divmod(point_index, n_classes)


def confusion_matrix_text(matrix: np.ndarray, pairs: pd.DataFrame) -> str:
    """Say what a confusion matrix shows and what is good; pairs: from Evaluation.most_confused_pairs."""
    right = f"Confusion matrix: {np.trace(matrix):,} of {matrix.sum():,} images recognised."
    hint = "Good: all images on the diagonal. Bad: deep red beside it, where one class is taken for another."
    worst = ", ".join(
        f"{pair.true} taken for {pair.predicted} ({pair.count:,})" for pair in pairs.itertuples(index=False)
    )
    return f"{right} Most frequent mistakes: {worst}. {hint}" if worst else f"{right} {hint}"


def per_class_figure(report: pd.DataFrame) -> go.Figure:
    """Draw precision, recall and F1 of each class (Evaluation.report), the weakest F1 on top.

    Marks differ in shape as well as in colour. A line joins precision and recall: its length is their gap.
    """
    classes = _classes(report)
    colours = [CLASS_COLOURS[row % len(CLASS_COLOURS)] for row in range(len(classes))]
    classes = classes.assign(colour=colours).sort_values("f1", kind="stable")
    spans = classes[["precision", "recall"]].assign(gap=np.nan).to_numpy().ravel()
    figure = go.Figure()
    figure.add_scatter(
        x=spans, y=np.repeat(classes.index, 3), mode="lines", line={"color": NEUTRAL_COLOUR, "width": 2},
        opacity=0.5, hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    for column, name, symbol, size in (
        ("precision", "Precision", "circle-open", 9),
        ("recall", "Recall", "circle", 9),
        ("f1", "F1", "diamond", 12),
    ):
        figure.add_scatter(
            x=classes[column], y=classes.index, mode="markers", name=name, customdata=classes["support"],
            marker={"symbol": symbol, "size": size, "line_width": 2 * symbol.endswith("open"),
                    "color": classes["colour"] if column == "f1" else NEUTRAL_COLOUR},
            hovertemplate=f"%{{y}}: {name} %{{x:.1%}} of %{{customdata:,}} images<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="Share of images", tickformat=".0%", nticks=6)
    figure.update_yaxes(
        type="category", autorange="reversed", categoryarray=list(classes.index), ticks="", ticksuffix=" "
    )
    return _finished(figure, height=520)


def per_class_text(report: pd.DataFrame) -> str:
    """Say which class is recognised worst and which best, by F1, and what is good."""
    classes = _classes(report).sort_values("f1", kind="stable")
    worst, best = classes.iloc[0], classes.iloc[-1]
    return (
        f"Precision, recall and F1 of {len(classes)} classes. Weakest: {worst.name} with F1 {worst.f1:.1%}, "
        f"precision {worst.precision:.1%}, recall {worst.recall:.1%}. "
        f"Strongest: {best.name} with F1 {best.f1:.1%}. Good: all marks at the right edge. Bad: marks far to the left, "
        "or a long line: many images of the class are missed, or many others are taken for it."
    )


def _classes(report: pd.DataFrame) -> pd.DataFrame:
    """Leave out the rows of averages."""
    return report.drop(index=[MACRO, WEIGHTED], errors="ignore")


def _cell_texts(values: np.ndarray, by_rate: bool) -> list[str]:
    """Write each cell, row by row; nothing where nothing happened, so that the eye finds the mistakes."""
    if not by_rate:
        return [str(value) if value else "" for value in values.ravel()]
    return ["" if not value else f"{value:.0f}" if value >= 10 else f"{value:.1f}" for value in values.ravel()]


def _finished(figure: go.Figure, height: int) -> go.Figure:
    """Set what all figures share: transparent, tight, no accidental zoom when a finger scrolls the page."""
    figure.update_layout(
        height=height, margin={"l": 0, "r": 8, "t": 8, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0.0, "title": None},
    )  # fmt: skip
    figure.update_xaxes(fixedrange=True, automargin=True)
    figure.update_yaxes(fixedrange=True, automargin=True)
    return figure

"""Figures of calibration and of single classes over all thresholds; each has a sentence that says what is good."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fmnist_core.calibration import Reliability
from fmnist_core.curves import Curve, thinned
from fmnist_core.figures.palette import CLASS_COLOURS, NEUTRAL_COLOUR, TRAIN_COLOUR, VALIDATION_COLOUR
from fmnist_core.figures.pixels import finished


def reliability_figure(before: Reliability, after: Reliability | None) -> go.Figure:
    """Draw accuracy against confidence, as the model is and with its temperature; the diagonal is perfect.

    A dot's area grows with its images, so that lonely bins do not catch the eye.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": NEUTRAL_COLOUR, "dash": "dot"}, hoverinfo="skip",
    )  # fmt: skip
    for found, name, colour in ((before, "as it is", TRAIN_COLOUR), (after, "with temperature", VALIDATION_COLOUR)):
        if found is None:
            continue
        filled = np.flatnonzero(found.counts)
        sizes = 6 + 18 * np.sqrt(found.counts[filled] / found.counts.max())
        figure.add_scatter(
            x=found.confidence[filled], y=found.accuracy[filled], mode="lines+markers", name=name,
            marker={"size": sizes, "color": colour}, line={"color": colour, "width": 1.5},
            customdata=found.counts[filled],
            hovertemplate=f"{name}: sure by %{{x:.1%}}, right in %{{y:.1%}} of %{{customdata:,}} images<extra></extra>",
        )  # fmt: skip
        figure.add_annotation(
            text=f'<b style="color:{colour}">{name}</b>', x=0.02, y=0.97 - 0.08 * (found is after), xref="paper",
            yref="paper", xanchor="left", showarrow=False,
        )  # fmt: skip
    figure.update_xaxes(title="How sure it was of its answer", tickformat=".0%", range=(0, 1.02))
    figure.update_yaxes(title="How often it was right", tickformat=".0%", range=(0, 1.05))
    return finished(figure, 380)


def reliability_text(before: Reliability, after: Reliability | None, temperature: float | None) -> str:
    """Say how far confidence and accuracy lie apart, what is good, and what the temperature mends."""
    way = "surer than it is right" if before.excess > 0 else "less sure than it may be"
    words = (
        f"On average the model is {abs(before.excess):.1%} {way}; the expected calibration error is "
        f"{before.expected_error:.1%} (0% is perfect, below 2% is good). Good: dots "
        "on the dotted line. Bad: dots far below it, where it promises too much."
    )
    if after is None or temperature is None:
        return words
    verb = "softens" if temperature > 1 else "sharpens"
    return (
        f"{words} A temperature of {temperature:.2f}, fitted on its validation images, {verb} the probabilities and "
        f"brings the error to {after.expected_error:.1%}. No answer changes."
    )


def reliability_frame(before: Reliability, after: Reliability | None) -> pd.DataFrame:
    """Return reliability_figure's numbers: model, images, confidence, accuracy; a row per bin that holds images."""
    parts = []
    for found, name in ((before, "as it is"), (after, "with temperature")):
        if found is not None:
            columns = {"images": found.counts, "confidence": found.confidence, "accuracy": found.accuracy}
            parts.append(pd.DataFrame({"model": name, **columns})[found.counts > 0])
    return pd.concat(parts).set_index("model")


def curves_figure(curves: list[Curve], class_names: tuple[str, ...], *, kind: str, chosen: int | None) -> go.Figure:
    """Draw a curve per class, the chosen one thick; kind: "roc" or "precision-recall"."""
    figure = go.Figure()
    # The chosen one last, on top.
    for label in sorted(range(len(curves)), key=lambda label: label == chosen):
        curve = thinned(curves[label])
        loud = chosen is None or label == chosen
        figure.add_scatter(
            x=curve.x, y=curve.y, mode="lines", name=class_names[label], opacity=1 if loud else 0.3,
            line={"color": CLASS_COLOURS[label % len(CLASS_COLOURS)], "width": 3 if label == chosen else 1.6},
            hovertemplate=f"{class_names[label]}: %{{x:.1%}}, %{{y:.1%}}<extra></extra>",
        )  # fmt: skip
    titles = {"roc": ("Others let in", "Found of the class"), "precision-recall": ("Recall", "Precision")}[kind]
    figure.update_xaxes(title=titles[0], tickformat=".0%", range=(0, 0.3) if kind == "roc" else (0, 1.01))
    figure.update_yaxes(title=titles[1], tickformat=".0%", range=(0.5, 1.01) if kind == "roc" else (0, 1.02))
    return finished(figure, 380)


def curves_frame(curves: list[Curve], class_names: tuple[str, ...], *, kind: str) -> pd.DataFrame:
    """Return curves_figure's points, by class."""
    columns = {"roc": ("others_let_in", "found"), "precision-recall": ("recall", "precision")}[kind]
    parts = [
        pd.DataFrame({"class": name, columns[0]: curve.x, columns[1]: curve.y})
        for name, curve in zip(class_names, map(thinned, curves), strict=True)
    ]
    return pd.concat(parts).set_index("class")


def curves_text(curves: list[Curve], class_names: tuple[str, ...], *, kind: str) -> str:
    """Say which class is hardest to tell from the rest and what is good."""
    areas = [curve.area for curve in curves]
    worst, best = int(np.argmin(areas)), int(np.argmax(areas))
    if kind == "roc":
        good, bad = "hugs the upper left corner: all of the class found before any other is let in", "climbs late"
        name = "area under the curve"
    else:
        good, bad = "stays high to the right edge: precise even where everything is found", "falls early"
        name = "average precision"
    return (
        f"A good curve {good}. A bad one {bad}. Hardest: {class_names[worst]}, {name} {areas[worst]:.3f}. "
        f"Easiest: {class_names[best]}, {areas[best]:.3f}. 1 is perfect."
    )

"""Pictures and figures that explain a model; each figure has a sentence that says the same."""

import io

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image

from fmnist_core.explain import overlap_words
from fmnist_core.figures.palette import TRAIN_COLOUR
from fmnist_core.figures.pixels import DIVERGING, coloured, finished

# Red for what speaks for a class, blue for what speaks against it: apart for colour-blind readers as well, and both
# stand off grey pixels from black to white.
FOR, AGAINST = (232, 72, 44), (64, 132, 244)
RIGHT_COLOUR, WRONG_COLOUR = "#8A8F98", "#D6402B"
_DIMMED = 0.62  # of the image's brightness below the colours
_ZOOM = 8
_BINS = 48
_FARTHEST = 12.0  # log-odds: more than 160,000 to 1; what lies farther is drawn there


def overlay_png(image: np.ndarray, heat: np.ndarray) -> bytes:
    """Lay heat, (28, 28) float, over an image, (28, 28) uint8: red above 0, blue below, the largest in full colour."""
    return _png(_blend(image, heat).repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1))


def _blend(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return (28, 28, 3) uint8."""
    top = float(np.abs(heat).max())
    strength = (np.abs(heat) / top if top > 0 else np.zeros_like(heat))[..., np.newaxis]
    ground = np.repeat(image[..., np.newaxis] * _DIMMED, 3, axis=-1)
    colour = np.where(heat[..., np.newaxis] >= 0, np.array(FOR), np.array(AGAINST))
    opacity = 0.92 * strength**0.8  # weak heat is still seen
    return (ground * (1 - opacity) + colour * opacity).round().astype(np.uint8)


def image_png(image: np.ndarray) -> bytes:
    """Draw a grey image, (28, 28) uint8 or float 0..255."""
    picture = np.clip(np.asarray(image, np.float32), 0, 255).round().astype(np.uint8)
    return _png(picture.repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1))


def channel_png(values: np.ndarray, top: float) -> bytes:
    """Draw one channel of an activation, (h, w) float: white is nothing, red is `top`, blue is -top."""
    zoom = max(1, 112 // max(values.shape))
    picture = coloured(np.asarray(values, np.float32), DIVERGING, -max(top, 1e-12), max(top, 1e-12))
    return _png(picture.repeat(zoom, axis=0).repeat(zoom, axis=1))


def _png(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG", compress_level=1)
    return stream.getvalue()


def units_figure(values: np.ndarray, class_names: tuple[str, ...] | None) -> go.Figure:
    """Draw the answers of a layer of units, (n,), as bars; the last layer's units are the classes."""
    names = list(class_names) if class_names else np.arange(len(values))
    template = "%{x}: %{y:.3g}<extra></extra>" if class_names else "unit %{x}: %{y:.3g}<extra></extra>"
    figure = go.Figure(go.Bar(x=names, y=values, marker_color=TRAIN_COLOUR, hovertemplate=template))
    figure.update_layout(bargap=0.3 if class_names else 0)
    # Left to itself, Plotly would make numbers of digits.
    figure.update_xaxes(title="Class" if class_names else "Unit of the layer", type="category" if class_names else None)
    figure.update_yaxes(title="Probability" if class_names else "Answer (no unit)")
    return finished(figure, 260)


def units_text(values: np.ndarray, class_names: tuple[str, ...] | None) -> str:
    """Say what units_figure shows, and what is good and what is bad; class_names: of the last layer's units."""
    if class_names:
        first, second = np.argsort(-values)[:2]
        return (
            f"The answer, a probability each: {class_names[first]} {values[first]:.0%}, then {class_names[second]} "
            f"{values[second]:.0%}. Good is one tall bar, at the true class; bad are two of one height, between which "
            "it hesitates, or a tall one elsewhere."
        )
    return (
        f"{values.size:,} numbers, {(values == 0).mean():.0%} of them 0. Good is a pattern: some units answer, others "
        "hold still. Bad are bars that are all 0 or all alike: such a layer hardly tells images apart."
    )


def odds_figure(first: np.ndarray, second: np.ndarray, names: tuple[str, str], colours: tuple[str, str]) -> go.Figure:
    """Draw how the test images of two classes lie on the line between them: two histograms of log-odds over each other.

    first, second: (n,), (m,) natural logarithms of p(second) / p(first).
    """
    frame = odds_frame(first, second, names)
    middles = frame.index
    figure = go.Figure()
    for place, (name, colour) in enumerate(zip(names, colours, strict=True)):
        figure.add_bar(
            x=middles, y=frame.iloc[:, place], name=name, marker_color=colour, opacity=0.72,
            width=middles[1] - middles[0],
            hovertemplate=f"{name}: %{{y}} images at %{{x:.1f}}<extra></extra>",
        )  # fmt: skip
    for side, name, colour in zip(("left", "right"), names, colours, strict=True):
        figure.add_annotation(
            text=f'<b style="color:{colour}">says {name}</b>', x=0.01 if side == "left" else 0.99, y=1.0, xref="paper",
            yref="paper", xanchor=side, yanchor="top", showarrow=False,
        )  # fmt: skip
    figure.add_vline(x=0, line={"width": 1.5, "dash": "dot", "color": "#8A8F98"})
    figure.update_layout(
        barmode="overlay", bargap=0, legend={"orientation": "h", "y": 1.12, "x": 0.5, "xanchor": "center"}
    )
    figure.update_xaxes(title=f"ln p({names[1]}) / p({names[0]})")
    figure.update_yaxes(title="Test images")
    return finished(figure, 320)


def odds_frame(first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> pd.DataFrame:
    """Return odds_figure's numbers: test images of each class by the middle of a bin of log-odds."""
    edges = np.linspace(-_FARTHEST, _FARTHEST, _BINS + 1)
    counts = [np.histogram(odds.clip(edges[0], edges[-1]), edges)[0] for odds in (first, second)]
    middles = pd.Index((edges[:-1] + edges[1:]) / 2, name="log_odds")
    return pd.DataFrame(np.stack(counts, axis=-1), middles, list(names))


def odds_text(first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> str:
    """Say what the figure shows: how many lie on the wrong side, and how many are nearly undecided."""
    wrong_first, wrong_second = int((first > 0).sum()), int((second < 0).sum())
    return (
        f"{wrong_first:,} of {len(first):,} {names[0]} lean to {names[1]}, {wrong_second:,} of {len(second):,} "
        f"{names[1]} to {names[0]}. {overlap_words(first, second, names)}"
    )

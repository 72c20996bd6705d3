"""A network as a picture: each layer a box as high as its pictures' side and as wide as they are many."""

from dataclasses import dataclass
from math import log2

import plotly.graph_objects as go

from fmnist_core.figures.palette import NEUTRAL_COLOUR, TRAIN_COLOUR
from fmnist_core.zoo import Layer

_SILENT = ("Dropout", "Activation", "Concatenate", "Rescaling")  # they change neither shape nor weights
_SHORT = {
    "GlobalAveragePooling2D": "mean", "GlobalMaxPooling2D": "max", "MaxPooling2D": "pool", "AveragePooling2D": "pool",
    "BatchNormalization": "norm",
}  # fmt: skip
_ROW_HEIGHT_PX = 6.0  # of a row of numbers, which has no side


@dataclass(frozen=True)
class Box:
    """A layer as it is drawn.

    Attributes:
        label: its short name, shape below it.
        height: side of its pictures in pixels; of rows of numbers a fixed one.
        width: grows with the logarithm of channels or units.
        training: "trained", "frozen", "partly" or "none" where there are no weights.
        words: what hovering tells.
    """

    label: str
    height: float
    width: float
    training: str
    words: str


def network_boxes(layers: tuple[Layer, ...]) -> list[Box]:
    """Return a box per layer that has weights or changes the shape."""
    boxes = []
    for layer in layers:
        if layer.kind in _SILENT:
            continue
        *sides, channels = layer.output_shape
        shape = "×".join(map(str, layer.output_shape))
        name = layer.title
        boxes.append(
            Box(
                f"{_SHORT.get(name, name)}<br>{shape}",
                float(sides[0]) if sides else _ROW_HEIGHT_PX,
                0.5 + log2(max(2, channels)) / 2 if sides else 1.2,
                training(layer),
                f"<b>{name}</b><br>{shape}<br>{layer.parameters:,} parameters, {_training_words(layer)}<br>"
                f"{layer.multiply_adds:,} multiply-adds",
            )
        )
    return boxes


def training(layer: Layer) -> str:
    """Return "trained", "frozen", "partly", or "none" for a layer without weights."""
    if not layer.parameters:
        return "none"
    if not layer.frozen:
        return "trained"
    return "frozen" if layer.frozen >= layer.parameters else "partly"


def network_figure(boxes: list[Box]) -> go.Figure:
    """Draw the boxes in a row: trained ones filled, frozen ones grey and hatched."""
    figure = go.Figure()
    for kind, colour, pattern in (
        ("trained", TRAIN_COLOUR, ""), ("partly", TRAIN_COLOUR, "/"), ("frozen", NEUTRAL_COLOUR, "/"),
        ("none", "rgba(138,143,152,0.35)", ""),
    ):  # fmt: skip
        places = [(x, box) for x, box in zip(_places(boxes), boxes, strict=True) if box.training == kind]
        if places:
            figure.add_bar(
                x=[x for x, _ in places], y=[box.height for _, box in places],
                base=[-box.height / 2 for _, box in places], width=[box.width for _, box in places],
                marker={"color": colour, "pattern": {"shape": pattern, "size": 6}, "line": {"width": 0}},
                customdata=[box.words for _, box in places], hovertemplate="%{customdata}<extra></extra>",
                name={"none": "without weights", "partly": "trained in part"}.get(kind, kind),
            )  # fmt: skip
    figure.update_layout(
        height=330, barmode="overlay", margin={"l": 0, "r": 8, "t": 8, "b": 0},
        legend={"orientation": "h", "y": 1.08, "x": 0, "itemclick": False, "itemdoubleclick": False},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    figure.update_xaxes(
        tickvals=_places(boxes), ticktext=[box.label for box in boxes], tickangle=-60 if len(boxes) > 10 else 0,
        tickfont={"size": 10}, showgrid=False, zeroline=False, fixedrange=True, automargin=True,
    )  # fmt: skip
    figure.update_yaxes(
        title="Side of the pictures, px", showgrid=False, zeroline=False, showticklabels=False, fixedrange=True
    )
    return figure


def network_text(boxes: list[Box]) -> str:
    """Say what network_figure shows."""
    return "From left to right: " + "; ".join(f"{box.label.replace('<br>', ' ')} ({box.training})" for box in boxes)


def _training_words(layer: Layer) -> str:
    return {"trained": "trained", "frozen": "frozen", "partly": "trained in part", "none": "nothing to train"}[
        training(layer)
    ]


def _places(boxes: list[Box]) -> list[float]:
    places, edge = [], 0.0
    for box in boxes:
        places.append(edge + box.width / 2)
        edge += box.width + 0.6
    return places

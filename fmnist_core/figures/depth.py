"""The depth probe as a figure, in words, and as a table. Computing and drawing are apart."""

from math import ceil

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fmnist_core.depth_probe import Probe
from fmnist_core.figures.palette import NEUTRAL_COLOUR, TRAIN_COLOUR
from fmnist_core.figures.pixels import finished
from fmnist_core.linear_probe import paired_difference

_BAND = "rgba(20, 145, 141, 0.18)"  # TRAIN_COLOUR, faint
_MOST_NAMES = 16  # of blocks below the axis; the hover text names all


def depth_frame(probe: Probe) -> pd.DataFrame:
    """Return a row per block, first to last: block, side_px, channels, accuracy, low, high (95 %, 0..1), and
    multiply_adds and parameters of the base up to the block."""
    intervals = [probe.interval(place) for place in range(len(probe.blocks))]
    return pd.DataFrame(
        {
            "block": [block.name for block in probe.blocks],
            "side_px": [block.output_shape[0] for block in probe.blocks],
            "channels": [block.output_shape[2] for block in probe.blocks],
            "accuracy": probe.accuracy,
            "low": [low for low, _ in intervals],
            "high": [high for _, high in intervals],
            "multiply_adds": np.cumsum([block.multiply_adds for block in probe.blocks]),
            "parameters": np.cumsum([block.parameters for block in probe.blocks]),
        }
    )


def depth_figure(frame: pd.DataFrame, raw_accuracy: float) -> go.Figure:
    """Draw accuracy with its interval against depth, the raw pixels as a line, and below what each cut costs.

    Args:
        frame: from depth_frame.
        raw_accuracy: of logistic regression on the raw pixels, 0..1.
    """
    figure = make_subplots(2, 1, shared_xaxes=True, row_heights=[0.74, 0.26], vertical_spacing=0.06)
    _draw_accuracy(figure, frame)
    _draw_raw(figure, frame, raw_accuracy)
    figure.add_bar(
        x=frame.index, y=frame.multiply_adds / 1e6, marker_color=NEUTRAL_COLOUR, opacity=0.55, row=2, col=1,
        hovertemplate="%{y:,.1f} million multiply-adds up to here<extra></extra>",
    )  # fmt: skip
    step = ceil(len(frame) / _MOST_NAMES)
    figure.update_xaxes(tickvals=frame.index[::step], ticktext=frame.block[::step], range=(-0.6, len(frame) - 0.4))
    figure.update_xaxes(title="Cut after block", row=2)
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_yaxes(title="Test accuracy", tickformat=".0%", nticks=7, row=1)
    figure.update_yaxes(title="M mult.-adds", nticks=4, rangemode="tozero", row=2)
    return finished(figure, 470)


def block_words(name: str) -> str:
    """Name a block in a sentence: block 7, conv4_block2, the top."""
    if name == "top":
        return "the top"
    return f"block {name}" if name.isdigit() else name


def depth_text(probe: Probe) -> tuple[str, ...]:
    """Say what the probe found: the best cut, then how the deepest compares, its price, and what the base adds.

    Differences are judged on the same images (paired), and where these cannot tell, the words say so.
    """
    name = block_words(probe.blocks[probe.best].name)
    last = "the last block, " if probe.best == len(probe.blocks) - 1 and not probe.left_out else ""
    finding = f"The best cut is after {last}{name}: {probe.accuracy[probe.best]:.1%}"
    more = (_left_out_words(probe), _deepest_words(probe), _price_words(probe), _raw_words(probe))
    return (f"{finding}.", *filter(None, more))


def is_deepest_worse(probe: Probe) -> bool:
    """Whether the test images tell the deepest block from the best, and not for a want of training."""
    return probe.pretrained and paired_difference(probe.hits[probe.best], probe.hits[-1])[1] > 0


def cheapest_equal(probe: Probe) -> int:
    """Return the place of the first block that the test images cannot tell from the best."""
    best = probe.hits[probe.best]
    return next(place for place, hits in enumerate(probe.hits) if paired_difference(best, hits)[1] <= 0)


def _draw_accuracy(figure: go.Figure, frame: pd.DataFrame) -> None:
    figure.add_scatter(
        x=[*frame.index, *frame.index[::-1]], y=[*frame.high, *frame.low[::-1]], fill="toself", fillcolor=_BAND,
        line_width=0, mode="lines", hoverinfo="skip", row=1, col=1,
    )  # fmt: skip
    best = int(frame.accuracy.argmax())
    figure.add_scatter(
        x=frame.index, y=frame.accuracy, mode="lines+markers", line={"color": TRAIN_COLOUR, "width": 2.4},
        marker={"size": np.where(frame.index == best, 13, 7), "opacity": 1,
                "symbol": np.where(frame.index == best, "diamond", "circle")},
        customdata=frame[["block", "side_px", "channels", "low", "high"]].to_numpy(dtype=object),
        hovertemplate="<b>%{customdata[0]}</b>: %{y:.1%} (%{customdata[3]:.1%} to %{customdata[4]:.1%})<br>"
        "%{customdata[1]}×%{customdata[1]} px, %{customdata[2]:,} channels<extra></extra>",
        row=1, col=1,
    )  # fmt: skip
    words = block_words(frame.block[best])
    figure.add_annotation(
        text=f"<b>{words}: {frame.accuracy[best]:.1%}</b>", x=best, y=frame.high[best], showarrow=False,
        yanchor="bottom", font_color=TRAIN_COLOUR, row=1, col=1,
        xanchor="left" if best < 0.2 * len(frame) else "right" if best > 0.8 * len(frame) else "center",
    )  # fmt: skip


def _draw_raw(figure: go.Figure, frame: pd.DataFrame, raw_accuracy: float) -> None:
    """Draw the line of the raw pixels; its words stand where the curve is furthest away."""
    figure.add_hline(raw_accuracy, line_width=1.5, line_dash="dash", line_color=NEUTRAL_COLOUR, row=1, col=1)
    inner = frame.iloc[len(frame) // 4 : len(frame) - len(frame) // 4]
    place = (inner.accuracy - raw_accuracy).abs().idxmax()
    figure.add_annotation(
        text=f"raw pixels: {raw_accuracy:.1%}", x=place, y=raw_accuracy, showarrow=False, font_color=NEUTRAL_COLOUR,
        yanchor="top" if frame.accuracy[place] > raw_accuracy else "bottom", row=1, col=1,
    )  # fmt: skip


def _left_out_words(probe: Probe) -> str:
    if not probe.left_out:
        return ""
    first, *more = (block_words(block.name) for block in probe.left_out)
    blocks = f"{first.capitalize()} to {more[-1]} are" if more else f"{first.capitalize()} is"
    return f"{blocks} left out: this file holds weights there that look as they were drawn at random, not trained."


def _deepest_words(probe: Probe) -> str:
    best, last = probe.best, len(probe.blocks) - 1
    if best == last:
        return ""
    gain, low, high = (100 * value for value in paired_difference(probe.hits[best], probe.hits[last]))
    deepest = f"The deepest {'of the others' if probe.left_out else 'block'} gives {probe.accuracy[last]:.1%}"
    if low <= 0:
        return f"{deepest}, which {probe.test_images:,} images cannot tell from it."
    lesson = ""
    if probe.pretrained:
        lesson = " Deeper is not better here: the last blocks have specialised on what the base was trained for."
    return f"{deepest}, {gain:.1f} points less on the same images (95 % interval {low:.1f} to {high:.1f}).{lesson}"


def _price_words(probe: Probe) -> str:
    costs = np.cumsum([block.multiply_adds for block in (*probe.blocks, *probe.left_out)]) / 1e6
    best, cheap = probe.best, cheapest_equal(probe)
    words = (
        f"Up to the best cut an image takes {costs[best]:,.1f} of the base's {costs[-1]:,.1f} million multiply-adds."
    )
    if cheap == best:
        return words
    return (
        f"{words} Already {block_words(probe.blocks[cheap].name)} is within the noise of the best "
        f"({probe.accuracy[cheap]:.1%}) and costs {costs[cheap] / costs[best]:.0%} of that."
    )


def _raw_words(probe: Probe) -> str:
    gain, low, high = (100 * value for value in paired_difference(probe.hits[probe.best], probe.raw_hits))
    words = f"The same classifier on raw pixels gets {probe.raw_accuracy:.1%}:"
    base = "the pretrained base" if probe.pretrained else "even an untrained base"
    if low > 0:
        return f"{words} {base} adds {gain:.1f} points."
    if high < 0:
        return f"{words} no block of this base is as good as the pixels themselves."
    return f"{words} this base adds nothing that {probe.test_images:,} images could show."

"""Figures of pixel values and of measures of images; each has a sentence that says the same."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fmnist_core.figures.palette import CLASS_COLOURS, NEUTRAL_COLOUR, TRAIN_COLOUR, VALIDATION_COLOUR
from fmnist_core.pixels import LEVELS, SIDE, Boxes, Measure

# Stops of the scales from low to high, evenly spaced. The diverging one is ColorBrewer's RdBu (2003), reversed: it
# stays readable with every common kind of colour blindness. The sequential ones are the theme's teal.
GRAY = ("#000000", "#FFFFFF")
SEQUENTIAL = ("#F4F8F7", "#B0D6D1", "#66AFA9", "#25827F", "#063F40")
SEQUENTIAL_DARK = ("#172326", "#1F4F50", "#277A77", "#4AAAA3", "#CDECE8")
DIVERGING = (
    "#053061", "#2166AC", "#4393C3", "#92C5DE", "#D1E5F0", "#F7F7F7",
    "#FDDBC7", "#F4A582", "#D6604D", "#B2182B", "#67001F",
)  # fmt: skip
SET_COLOURS = {"Training": TRAIN_COLOUR, "Test": VALIDATION_COLOUR}
_PANEL_COLUMNS = 2
_POINTS_SHOWN = 300  # outliers of one box that are drawn; the table counts them all


def limits(values: np.ndarray, scale: str) -> tuple[float, float]:
    """Return the values at both ends of a scale: 0 to the largest, or symmetric about 0; NaN is left out."""
    finite = values[np.isfinite(values)]
    top = float(np.abs(finite).max()) if finite.size else 0.0
    top = top or 1.0
    return (-top, top) if scale == "diverging" else (0.0, top)


def coloured(values: np.ndarray, scale: tuple[str, ...], low: float, high: float) -> np.ndarray:
    """Colour numbers: (...) float -> (..., 4) uint8 of red, green, blue and opacity; NaN is transparent."""
    level = np.clip((values - low) / (high - low) * 254, 0, 254).round()
    return _colour_table(scale)[np.where(np.isnan(level), 255, level).astype(np.int64)]


@lru_cache
def _colour_table(scale: tuple[str, ...]) -> np.ndarray:
    """Return 255 colours along a scale, and a transparent one: (256, 4) uint8."""
    stops = np.array([[int(stop[at : at + 2], 16) for at in (1, 3, 5)] for stop in scale], dtype=np.float64)
    table = np.stack([np.interp(np.linspace(0, len(scale) - 1, 255), np.arange(len(scale)), c) for c in stops.T], -1)
    table = np.concatenate([table.round(), np.full((255, 1), 255)], axis=1).astype(np.uint8)
    return np.concatenate([table, np.zeros((1, 4), np.uint8)])


def histogram_figure(counts: np.ndarray, names: tuple[str, ...], colours: tuple[str, ...], *, what: str,
                     log: bool, bin_width: int) -> go.Figure:  # fmt: skip
    """Draw one histogram, or several over each other, named in their own colour.

    counts: (k, 256), how often each value occurs. what: what is counted, such as "pixels".
    bin_width: values per bar; the value 0 is in the first.
    """
    figure = go.Figure()
    for place, (row, name, colour) in enumerate(zip(counts, names, colours, strict=True)):
        figure.add_scatter(**_histogram_line(row, name, colour, what, bin_width, filled=place == 0))
        if len(names) > 1:
            figure.add_annotation(
                text=f"<b>{name}</b>", font_color=colour, x=1, y=1 - 0.09 * place, xref="paper", yref="paper",
                xanchor="right", yanchor="top", showarrow=False,
            )  # fmt: skip
    figure.update_yaxes(title=f"Share of {what} (%)", **_share_axis(figure, log))
    figure.update_xaxes(title="Pixel value (0 black to 255 white)", range=(-3, 258), nticks=7)
    return finished(figure, 380)


def class_histograms_figure(counts: np.ndarray, names: tuple[str, ...], colours: tuple[str, ...], *, what: str,
                            log: bool, bin_width: int) -> go.Figure:  # fmt: skip
    """Draw a small histogram per class, with all of them together as a grey line for comparison.

    counts: (k, 256) of the classes shown.
    """
    rows = -(-len(names) // _PANEL_COLUMNS)
    figure = make_subplots(
        rows, _PANEL_COLUMNS, shared_xaxes=True, shared_yaxes="all", vertical_spacing=0.22 / rows,
        horizontal_spacing=0.04,
        subplot_titles=[
            f"<b>{name}</b>{'' if row.any() else ', no image'}" for name, row in zip(names, counts, strict=True)
        ],
    )  # fmt: skip
    together = counts.sum(axis=0)
    for place, (row, name, colour) in enumerate(zip(counts, names, colours, strict=True)):
        where = {"row": place // _PANEL_COLUMNS + 1, "col": place % _PANEL_COLUMNS + 1}
        figure.add_scatter(**_histogram_line(row, name, colour, what, bin_width, filled=True), **where)
        figure.add_scatter(
            **_histogram_line(together, "All shown classes", NEUTRAL_COLOUR, what, bin_width, filled=False), **where
        )
    figure.update_annotations(font_size=13, yshift=-2)
    figure.update_yaxes(**_share_axis(figure, log))
    figure.update_xaxes(range=(-3, 258), nticks=5)
    figure.update_xaxes(title="Pixel value", row=rows)
    figure.update_yaxes(title="Share (%)", col=1)
    return finished(figure, 118 * rows + 60)


def histogram_text(counts: np.ndarray, names: tuple[str, ...], what: str) -> str:
    """Say the share of zeros of each histogram, and which are empty; counts (k, 256)."""
    totals = counts.sum(axis=1)
    parts = [f"{name} {row[0] / total:.1%}" for name, row, total in zip(names, counts, totals, strict=True) if total]
    shares = f"Share that is exactly 0: {', '.join(parts)}." if parts else ""
    absent = absent_text([name for name, total in zip(names, totals, strict=True) if not total])
    return " ".join(filter(None, (f"Histogram of {what}.", shares, absent)))


def absent_text(names: Sequence[str]) -> str:
    """Say which classes have no image among those shown; nothing if all have."""
    if not names:
        return ""
    *others, last = names
    return f"{', '.join(others)} and {last} have no image here." if others else f"{last} has no image here."


def boxes_figure(sets: Mapping[str, Boxes], values: Mapping[str, np.ndarray], names: tuple[str, ...],
                 colours: tuple[str, ...], measure: Measure) -> go.Figure:  # fmt: skip
    """Draw a box per class, for one set or for two below each other, with the outliers as points that can be clicked.

    sets: Boxes by name of the set; values: the measure of each image of the set, (n,).
    A point's customdata is (class name, set name, value); the medians are points as well.
    """
    figure = go.Figure()
    rows = _rows(names, tuple(sets))
    for set_name, group in sets.items():
        filled = set_name == next(iter(sets))
        places = [rows[name, set_name] for name in names]
        _add_boxes(figure, group.frame.loc[list(names)], places, colours, filled=filled)
        for name, colour, place in zip(names, colours, places, strict=True):
            outliers = np.unique(values[set_name][group.outliers[name]].astype(np.float64))
            if len(outliers) > _POINTS_SHOWN:
                outliers = outliers[np.linspace(0, len(outliers) - 1, _POINTS_SHOWN).round().astype(int)]
            middle = group.frame.loc[name, "median"]
            points = np.append(outliers, middle) if np.isfinite(middle) else outliers
            figure.add_scatter(
                x=points, y=np.full(len(points), place), mode="markers", showlegend=False,
                customdata=[(name, set_name, float(point)) for point in points],
                marker={"color": colour, "size": [7] * len(outliers) + [11] * (len(points) - len(outliers)),
                        "symbol": ["circle-open"] * len(outliers) + ["diamond"] * (len(points) - len(outliers))},
                hovertemplate=f"{name}, {set_name.lower()} set: %{{x:.4~g}}<br>Click for images<extra></extra>",
            )  # fmt: skip
    _name_rows(figure, names, sets, rows)
    figure.update_xaxes(title=f"{measure.title} ({measure.unit})")
    return finished(figure, 90 + 38 * len(rows))


def boxes_text(boxes: Boxes, title: str) -> str:
    """Say which class lies highest and lowest by median, and how many outliers there are."""
    frame = boxes.frame.dropna()
    if frame.empty:
        return f"{title}: no image has a value."
    high, low = frame["median"].idxmax(), frame["median"].idxmin()
    outliers = f"{boxes.outlier_count:,} of {frame['count'].sum():,.0f} images lie outside the whiskers of their class"
    if len(frame) == 1:
        return f"{title}: {high} has a median of {_short(frame.loc[high, 'median'])}. {outliers}."
    share = (frame["below"] + frame["above"]) / frame["count"]
    return (
        f"{title} is highest for {high} (median {_short(frame.loc[high, 'median'])}) and lowest for {low} "
        f"({_short(frame.loc[low, 'median'])}). {outliers}, most often in {share.idxmax()} ({share.max():.1%})."
    )


def pixel_boxes_figure(frames: Mapping[str, pd.DataFrame], colours: tuple[str, ...]) -> go.Figure:
    """Draw a box per class of the values of one pixel, for one set or for two below each other.

    frames: from pixels.count_boxes, by name of the set.
    """
    figure = go.Figure()
    names = tuple(next(iter(frames.values())).index)
    rows = _rows(names, tuple(frames))
    for place, (set_name, frame) in enumerate(frames.items()):
        _add_boxes(figure, frame, [rows[name, set_name] for name in names], colours, filled=place == 0)
    _name_rows(figure, names, frames, rows)
    figure.update_xaxes(title="Pixel value (0 black to 255 white)", range=(-5, 260))
    return finished(figure, 90 + 34 * len(rows))


def pixel_boxes_text(frame: pd.DataFrame) -> str:
    """Say how the medians of the classes differ at one pixel."""
    known = frame.dropna()
    high, low = known["median"].idxmax(), known["median"].idxmin()
    if known.loc[high, "median"] == known.loc[low, "median"]:
        return f"At this pixel the median is {_short(known.loc[high, 'median'])} in every class shown."
    return (
        f"At this pixel the median is highest for {high} ({_short(known.loc[high, 'median'])}) "
        f"and lowest for {low} ({_short(known.loc[low, 'median'])})."
    )


def difference_text(first: str, second: str, largest: pd.DataFrame, first_mean: float, second_mean: float) -> str:
    """Say where two mean images differ most; largest from pixels.extremes, the means of its first row."""
    top = largest.iloc[0]
    if top["value"] == 0:
        return f"The mean images of {first} and {second} are the same."
    return (
        f"{first} and {second} differ most at row {top['row']:.0f}, column {top['column']:.0f}: "
        f"on average {first_mean:.0f} against {second_mean:.0f}."
    )


def pixel_words(pixel: int) -> str:
    """Name a pixel as the pages do: row and column, both counted from 0."""
    return f"row {pixel // SIDE}, column {pixel % SIDE}"


def finished(figure: go.Figure, height: int) -> go.Figure:
    """Set what all figures share: transparent, tight, no accidental zoom when a finger scrolls the page."""
    # One by one: Plotly's update functions take three times as long, and pages that react draw many figures.
    layout = figure.layout
    layout.height, layout.margin, layout.showlegend = height, {"l": 0, "r": 8, "t": 24, "b": 0}, False
    layout.paper_bgcolor = layout.plot_bgcolor = "rgba(0,0,0,0)"
    for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
        axis.fixedrange = axis.automargin = True
    return figure


def _histogram_line(row: np.ndarray, name: str, colour: str, what: str, bin_width: int, *, filled: bool) -> dict:
    starts = np.arange(0, LEVELS, bin_width)
    counts = np.add.reduceat(row.astype(np.int64), starts)
    shares = 100 * counts / max(counts.sum(), 1)
    ends = starts + bin_width - 1
    words = [str(start) if start == end else f"{start} to {end}" for start, end in zip(starts, ends, strict=True)]
    style = {"fill": "tozeroy", "fillcolor": _faint(colour)} if filled else {}
    return {
        # A log axis has no place for 0.
        "x": starts, "y": np.where(counts > 0, shares, np.nan), "name": name, "mode": "lines",
        "line": {"color": colour, "width": 1.8 if filled else 1.4, "shape": "hv"}, **style,
        "customdata": np.stack([np.array(words, dtype=object), counts.astype(object)], axis=-1),
        "hovertemplate": f"{name}<br>Value %{{customdata[0]}}: %{{y:.3~g}} %, "
        f"%{{customdata[1]:,}} {what}<extra></extra>",
    }  # fmt: skip


def _share_axis(figure: go.Figure, log: bool) -> dict:
    """Axis of shares in percent: whole decades where it is logarithmic."""
    shares = np.concatenate([np.asarray(line.y, dtype=float) for line in figure.data])
    shares = shares[shares > 0]
    if not log or not shares.size:
        return {"type": "linear", "rangemode": "tozero", "nticks": 4}
    low = int(np.floor(np.log10(shares.min())))
    return {"type": "log", "range": (low, 2.1), "tickvals": [10.0**power for power in range(low, 3)],
            "tickformat": "~g", "exponentformat": "none"}  # fmt: skip


def _add_boxes(figure: go.Figure, frame: pd.DataFrame, places: list[int], colours: tuple[str, ...], *,
               filled: bool) -> None:  # fmt: skip
    # All at once: each call of Plotly's takes as long again as the boxes.
    figure.add_traces([
        {
            "type": "box", "q1": [row.q1], "median": [row["median"]], "q3": [row.q3], "lowerfence": [row.low],
            "upperfence": [row.high], "y": [place], "orientation": "h", "name": str(name), "width": 0.62,
            "line": {"color": colour, "width": 1.6}, "fillcolor": _faint(colour) if filled else "rgba(0,0,0,0)",
            "hoverinfo": "x+name",
        }
        for (name, row), place, colour in zip(frame.iterrows(), places, colours, strict=True)
        if not np.isnan(row["median"])
    ])  # fmt: skip


def _rows(names: tuple[str, ...], sets: tuple[str, ...]) -> dict[tuple[str, str], int]:
    pairs = [(name, set_name) for name in names for set_name in sets]
    return {pair: place for place, pair in enumerate(pairs)}


def _name_rows(figure: go.Figure, names: tuple[str, ...], sets: Mapping[str, object], rows: dict) -> None:
    label = (lambda name, one: f"{name}, {one.lower()}") if len(sets) > 1 else (lambda name, one: name)
    figure.update_yaxes(
        tickvals=list(rows.values()), ticktext=[label(*pair) for pair in rows], range=(len(rows) - 0.4, -0.6),
        showgrid=False, zeroline=False, ticks="", ticksuffix=" ", title="Class",
    )  # fmt: skip


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.28)"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"


def class_colours(labels: tuple[int, ...]) -> tuple[str, ...]:
    """Return the fixed colour of each label."""
    return tuple(CLASS_COLOURS[label % len(CLASS_COLOURS)] for label in labels)

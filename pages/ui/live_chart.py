"""Curves that grow in place: a small component around uPlot that keeps its canvas and the user's zoom.

`st.plotly_chart` remounts on each change of its data, so zoom is lost at every tick. Here the same element
stays and only its data are replaced. The browser part is `live_chart.js`, `live_chart_plot.js` and
`live_chart_save.js`; uPlot is vendored, so it works offline.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from fmnist_core.errors import LabError
from pages.ui.save_picture import file_name, picture_component

STYLES = ("line", "thin", "dashed", "points")
FORMATS = ("percent", "number", "scientific")

# At module level, so that it is registered once per process and never within a rerun.
_component = picture_component(
    "fmnist_lab_live_chart", Path(__file__).with_suffix(".js"), "vendor/uplot/uPlot.min.css",
    "vendor/uplot/uPlot.iife.min.js", "live_chart_plot.js", "live_chart_save.js",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Series:
    """One curve, with x values of its own.

    Parameters
    ----------
    label : name in the legend, unique in its panel.
    x, y : equally long sequences of floats, in any order of x. NaN, None or infinity in y leaves a gap;
        points whose x is not finite are dropped. Values travel as float32: 7 significant digits, whole
        numbers up to 16.7 million, so x must not be a date.
    colour : CSS colour, the same in light and dark.
    style : "line" for what is measured on training data, "thin" for its raw and noisy form (per batch),
        "dashed" for validation, "points" for markers without a line. They differ without colour, too.

    Raises
    ------
    LabError : x and y differ in length, or the style is unknown.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float | None]
    colour: str
    style: Literal["line", "thin", "dashed", "points"] = "line"

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise LabError(
                f"Expected x and y of equal length in series '{self.label}'. "
                f"Received {len(self.x)} and {len(self.y)} values."
            )
        _require(self.style, STYLES, f"style of series '{self.label}'")


@dataclass(frozen=True)
class Mark:
    """A vertical line at `x`, such as the limit of an epoch; its label is left out where there is no room."""

    x: float
    label: str = ""


@dataclass(frozen=True, eq=False)
class Panel:
    """One set of axes.

    Parameters
    ----------
    title : what is shown, unique in its chart.
    series : the curves; give all of them from the start, the ones still without points too.
    y_label : quantity and unit, beside the title.
    y_format : "percent" takes fractions (0.912 is shown as 91.2 %), "scientific" suits learning rates.
    marks : vertical lines.

    Raises
    ------
    LabError : there is no series, two share a label, or the format is unknown.
    """

    title: str
    series: tuple[Series, ...]
    y_label: str = ""
    y_format: Literal["percent", "number", "scientific"] = "number"
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        _require(self.y_format, FORMATS, f"y_format of panel '{self.title}'")
        if not self.series:
            raise LabError(f"Expected at least one series in panel '{self.title}'. Received none.")
        labels = [series.label for series in self.series]
        if len(set(labels)) < len(labels):
            raise LabError(f"Expected one label per series in panel '{self.title}'. Received {labels}.")


def live_chart(
    panels: Sequence[Panel],
    *,
    key: str,
    x_label: str,
    height_px: int = 260,
    alt: str = "",
    empty: str = "Waiting for the first batch…",
) -> None:
    """Show panels that share their x axis, cursor and zoom, and redraw them in place when called again.

    Parameters
    ----------
    panels : one to four; two columns where there is room, one on a phone.
    key : stable name of this chart. Zoom and hidden series belong to it, so put the Run's name into it.
    x_label : what x counts, such as "Epoch".
    height_px : height of the axes of each panel; title and legend come on top.
    alt : summary in words for screen readers, such as "Validation accuracy 91.2 % after 7 epochs".
    empty : what stands in a panel as long as it has no points. The height is the same then.
    """
    head = {"key": key, "file": file_name(key), "xLabel": x_label, "heightPx": height_px, "alt": alt, "empty": empty}
    _component(key=key, data=pack(panels, head))


def _require(value: str, allowed: tuple[str, ...], what: str) -> None:
    if value not in allowed:
        raise LabError(f"Expected {what} to be one of {', '.join(allowed)}. Received '{value}'.")


def pack(panels: Sequence[Panel], head: dict) -> bytes:
    """Length of the head (uint32), the head as JSON, then the numbers as float32: x, y of each series.

    Bytes, because JSON of the same numbers is twice as long and Streamlit would write it twice per tick.
    """
    numbers: list[np.ndarray] = []
    head = {**head, "panels": [_describe(panel, numbers) for panel in panels]}
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join([struct.pack("<I", len(text)), text, *(values.tobytes() for values in numbers)])


def _describe(panel: Panel, numbers: list[np.ndarray]) -> dict:
    """The panel without its numbers, which are appended to `numbers`."""
    series = []
    for one in panel.series:
        x, y = _sorted_points(one)
        numbers += [x, y]
        series.append({"label": one.label, "colour": one.colour, "style": one.style, "count": len(x)})
    return {
        "title": panel.title,
        "yLabel": panel.y_label,
        "yFormat": panel.y_format,
        "series": series,
        "marks": [[float(mark.x), mark.label] for mark in panel.marks],
    }


def _sorted_points(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """x and y as little-endian float32 in ascending order of x, which a resumed Run does not always give."""
    with np.errstate(over="ignore"):
        x = np.asarray(series.x, dtype=np.float64).astype("<f4")
        y = np.asarray(series.y, dtype=np.float64).astype("<f4")
    finite = np.isfinite(x)
    if not finite.all():
        x, y = x[finite], y[finite]
    if np.any(x[1:] < x[:-1]):
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    return x, y

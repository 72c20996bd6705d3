"""Drawings: strokes from the canvas, rendered here, so that the model sees the same whatever browser drew it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from fmnist_core.content import fill_closed
from fmnist_core.decoding import Picture
from fmnist_core.errors import ImageError
from fmnist_core.xray import FASHION, Framing, Kind, trace, usual

SIDE_PX = 168  # of the rendered board: six pixels for each of the item's 28
MAX_POINTS = 50_000


@dataclass(frozen=True)
class Stroke:
    """One line of the pen.

    Attributes:
        points: (n, 2) float64, x and y as fractions of the board's side.
        width: thickness as a fraction of the board's side.
        erase: take away instead of adding.
        pressure: (n,) float64, factors on the width at each point, of a pen that feels how hard it is pressed; None
            where the width is even.
    """

    points: np.ndarray
    width: float
    erase: bool = False
    pressure: np.ndarray | None = None


@dataclass(frozen=True)
class Drawing:
    """Strokes, oldest first, and whether closed outlines are filled."""

    strokes: tuple[Stroke, ...] = ()
    fill: bool = True

    @classmethod
    def from_dict(cls, values: Any) -> "Drawing":
        """Read what the canvas sends: {"strokes": [{"points": [x, y, x, y, ...], "width": w, "erase": bool,
        "pressure": [percent, ...] or absent}], "fill": bool}, lengths in thousandths of the board's side.

        Raises:
            ImageError: if it is anything else; it comes from a browser.
        """
        try:
            strokes = tuple(_stroke(stroke) for stroke in values["strokes"])
            drawing = cls(strokes, bool(values.get("fill", True)))
        except (TypeError, KeyError, ValueError, AttributeError, OverflowError) as error:
            raise ImageError(f"Expected the strokes of a drawing. Received something else: {error}.") from error
        if (n_points := sum(len(stroke.points) for stroke in strokes)) > MAX_POINTS:
            raise ImageError(f"Expected a drawing of at most {MAX_POINTS:,} points. Received {n_points:,}.")
        return drawing

    def pixels(self) -> np.ndarray:
        """Render the drawing: (168, 168) uint8, white on black."""
        board = _render(self.strokes)
        if not self.fill or not board.any():
            return board
        filled = fill_closed(board)
        if not any(stroke.erase for stroke in self.strokes):
            return filled
        # What was rubbed out inside a shape stays a hole; what no pen has touched is filled.
        rubbed_out = _render(replace(stroke, erase=not stroke.erase) for stroke in self.strokes)
        return np.where(rubbed_out > 0, board, filled)

    def to_item(self, framing: Framing = FASHION) -> np.ndarray | None:
        """Return the drawing as the data would hold it, (28, 28) uint8; None while the board is blank."""
        return trace(Picture(self.pixels()), usual(Kind.DRAWING, framing)).item


def _stroke(values: Mapping[str, Any]) -> Stroke:
    points = np.asarray(values["points"], np.float64).reshape(-1, 2) / 1000
    width = float(values["width"]) / 1000
    if not len(points) or not np.isfinite(points).all() or not 0 < width <= 1:
        raise ValueError("a stroke without points or width")
    pressure = values.get("pressure")
    if pressure is not None:
        pressure = np.asarray(pressure, np.float64) / 100
        if pressure.shape != (len(points),) or not np.isfinite(pressure).all():
            raise ValueError("a stroke whose pressure is not one number for each point")
        pressure = pressure.clip(0.1, 2)
    return Stroke(points.clip(-1, 2), width, bool(values.get("erase", False)), pressure)


def _render(strokes: Iterable[Stroke]) -> np.ndarray:
    """Draw strokes with round ends, one over the other: (168, 168) uint8, erasers in black."""
    image = Image.new("L", (SIDE_PX, SIDE_PX))
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        value = 0 if stroke.erase else 255
        radius = stroke.width * SIDE_PX / 2
        path = _smooth(stroke.points) * SIDE_PX
        if stroke.pressure is None:
            if len(path) > 1:
                pen.line(path.ravel().tolist(), fill=value, width=max(1, round(2 * radius)))
            radii = [radius] * len(path)
        else:
            pressed = _smooth(np.column_stack([stroke.points, stroke.pressure]))
            radii = (radius * pressed[:, 2]).tolist()
            _pressed_line(pen, path.tolist(), radii, value)
        for (x, y), r in zip(path.tolist(), radii, strict=True):
            pen.ellipse((x - r, y - r, x + r, y + r), fill=value)
    return np.array(image)


def _pressed_line(pen: ImageDraw.ImageDraw, path: list[list[float]], radii: list[float], value: int) -> None:
    """Draw a line whose width changes along it, piece by piece; round joints are the caller's."""
    for (start, end), (r, s) in zip(pairwise(path), pairwise(radii), strict=True):
        pen.line([*start, *end], fill=value, width=max(1, round(r + s)))


def _smooth(points: np.ndarray) -> np.ndarray:
    """Round the corners as the canvas shows them: quadratic curves from midpoint to midpoint. (n, d) -> (m, d); the
    first two columns are x and y."""
    if len(points) < 3:
        return points
    middles = (points[:-1] + points[1:]) / 2
    reach = np.abs(np.diff(middles[:, :2], axis=0)).max() * SIDE_PX
    t = np.linspace(0, 1, min(12, math.ceil(reach / 4) + 1), endpoint=False)[None, :, None]
    start, bend, end = middles[:-1, None], points[1:-1, None], middles[1:, None]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
    return np.concatenate([points[:1], curve.reshape(-1, points.shape[1]), middles[-1:], points[-1:]])

"""A pen on a 28x28 picture, in the units of the finished image."""

from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageDraw

# Drawn four times larger and reduced at the end: soft edges for free.
SCALE = 4
_CENTRE = 14.0

Point = tuple[float, float]


class Pen:
    """A black 28x28 picture in fourfold resolution, and the random numbers that vary what is drawn on it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.picture = Image.new("L", (28 * SCALE, 28 * SCALE))
        self._draw = ImageDraw.Draw(self.picture)
        self._rng = rng
        self.tone = int(rng.uniform(95, 235))

    def between(self, low: float, high: float) -> float:
        """Return a random number in this range."""
        return float(self._rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return bool(self._rng.random() < probability)

    def shade(self, factor: float) -> int:
        """Return the garment's tone, darker (< 1) or lighter (> 1)."""
        return int(min(255, max(25, self.tone * factor)))

    def fill(self, points: Iterable[Point], tone: int) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=tone)

    def symmetric(self, right: list[Point], tone: int) -> None:
        """Fill the polygon of these points (offsets to the right of the middle) and their mirror."""
        self.fill([(_CENTRE + x, y) for x, y in right] + [(_CENTRE - x, y) for x, y in reversed(right)], tone)

    def both_sides(self, points: list[Point], tone: int) -> None:
        """Fill the polygon to the right of the middle and again to the left."""
        for side in (1, -1):
            self.fill([(_CENTRE + side * x, y) for x, y in points], tone)

    def line(self, points: Iterable[Point], tone: int, width: float = 0.6) -> None:
        """Draw a line through the points."""
        pixels = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(pixels, fill=tone, width=max(1, round(width * SCALE)), joint="curve")

    def oval(self, x: float, y: float, rx: float, ry: float, tone: int) -> None:
        """Fill an ellipse around (x, y)."""
        self._draw.ellipse(self._box(x, y, rx, ry), fill=tone)

    def arc(self, x: float, y: float, rx: float, ry: float, start: float, end: float, tone: int, width: float) -> None:
        """Draw part of an ellipse, angles in degrees clockwise from three o'clock."""
        self._draw.arc(self._box(x, y, rx, ry), start, end, fill=tone, width=max(1, round(width * SCALE)))

    @staticmethod
    def _box(x: float, y: float, rx: float, ry: float) -> tuple[float, float, float, float]:
        return ((x - rx) * SCALE, (y - ry) * SCALE, (x + rx) * SCALE, (y + ry) * SCALE)

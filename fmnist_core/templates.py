"""Templates to draw on: the outline of each class, computed from the mean of its training images.

Method: the mean image is enlarged, divided by Otsu's threshold into shape and ground, and the edge of each large part
of the shape is walked around; a low-pass along the walk takes the pixels' corners away. Holes, as in the digit 0,
are rubbed out line by line, because a board fills what an outline encloses.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from fmnist_core.content import otsu_threshold
from fmnist_core.datasets import Dataset
from fmnist_core.memory import remembered
from fmnist_core.pixels import value_sums

NAME, VERSION = "templates", 1
UNIT = 1000  # of the board's side, as the strokes of a drawing are measured
_ZOOM = 6  # dots for each pixel of the mean image
_INSET = 0.92  # of the board's side: an outline at the very edge is hard to draw on
_LINE, _RUBBER = 36, 60  # widths of the strokes
_SMALLEST = 0.06  # of the shape: smaller parts and holes are noise of the mean
_SMOOTHING_DOTS = 4.0
_POINT_EVERY_DOTS = 5


@dataclass(frozen=True, eq=False)
class Template:
    """One class's outline as the strokes of a drawing.

    Attributes:
        class_name: of the class.
        strokes: each (n, 2) int, x and y in thousandths of the board's side.
        erase: one for each stroke: rubs out.
    """

    class_name: str
    strokes: tuple[np.ndarray, ...]
    erase: tuple[bool, ...]

    def to_dict(self) -> dict:
        """Return it in the form in which boards keep drawings (drawing.Drawing.from_dict)."""
        strokes = [
            {"points": points.ravel().tolist(), "width": _RUBBER if rub else _LINE, "erase": rub}
            for points, rub in zip(self.strokes, self.erase, strict=True)
        ]
        return {"name": self.class_name, "strokes": strokes}


def templates(dataset: Dataset) -> tuple[Template, ...]:
    """Return a template for each class that has training images and a shape; remembered on disk."""
    stored = remembered(dataset.sha256, NAME, VERSION, lambda: _compute(dataset))
    points = np.split(np.asarray(stored["points"]), np.cumsum(stored["lengths"])[:-1])
    labels, erase = stored["labels"], stored["erase"]
    return tuple(
        Template(name, tuple(points[at] for at in mine), tuple(bool(erase[at]) for at in mine))
        for label, name in enumerate(dataset.class_names)
        if len(mine := np.flatnonzero(labels == label))
    )


def _compute(dataset: Dataset) -> dict[str, np.ndarray]:
    sizes, sums = value_sums(dataset.x_train, dataset.y_train, len(dataset.class_names))
    found: list[tuple[int, np.ndarray, bool]] = []
    for label in np.flatnonzero(sizes):
        mean = (sums[label] / sizes[label]).reshape(dataset.x_train.shape[1:])
        found += [(int(label), points, erase) for points, erase in outline(mean)]
    return {
        "points": np.concatenate([points for _, points, _ in found] or [np.zeros((0, 2), np.int32)]),
        "lengths": np.array([len(points) for _, points, _ in found], np.int64),
        "labels": np.array([label for label, _, _ in found], np.int64),
        "erase": np.array([erase for *_, erase in found], bool),
    }


def outline(mean: np.ndarray) -> list[tuple[np.ndarray, bool]]:
    """Return the strokes that draw a mean image's shape, each with whether it rubs out: (28, 28) float, 0..255.

    Points are (n, 2) int32 in thousandths of the board's side. A uniform image has no shape.
    """
    large = ndimage.zoom(mean, _ZOOM, order=1, grid_mode=True, mode="nearest").clip(0, 255)
    pixels = np.rint(ndimage.gaussian_filter(large, _ZOOM / 2)).astype(np.uint8)
    if pixels.max() == pixels.min():
        return []
    shape = _large_parts(pixels > otsu_threshold(pixels))
    holes = _large_parts(ndimage.binary_fill_holes(shape) & ~shape, of=int(shape.sum()))
    whole = ndimage.binary_fill_holes(shape)
    strokes = [(_to_board(_smooth(walk), len(pixels)), False) for walk in _edges(whole)]
    return strokes + [(_to_board(line, len(pixels)), True) for line in _lines(holes)]


def _large_parts(mask: np.ndarray, of: int = 0) -> np.ndarray:
    """Keep the connected parts that are not much smaller than the largest, or than `of` dots."""
    parts, _ = ndimage.label(mask)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= max(1, _SMALLEST * (of or sizes.max())))[parts] & mask


def _edges(mask: np.ndarray) -> list[np.ndarray]:
    """Walk around each part of a mask without holes: -> closed walks, (n, 2) float, x and y of dots' corners.

    Each side of a dot that borders on ground is a step, with the dot on its right; the steps' ends are joined.
    """
    inside = np.pad(mask, 1)
    steps: dict[tuple[int, int], list[tuple[int, int]]] = {}
    sides = (((-1, 0), (0, 0), (1, 0)), ((0, 1), (1, 0), (1, 1)), ((1, 0), (1, 1), (0, 1)), ((0, -1), (0, 1), (0, 0)))
    for (down, right), start, end in sides:
        bordering = inside & ~np.roll(inside, (-down, -right), (0, 1))
        for y, x in np.argwhere(bordering).tolist():
            steps.setdefault((x + start[0] - 1, y + start[1] - 1), []).append((x + end[0] - 1, y + end[1] - 1))
    walks = []
    while steps:
        first = place = next(iter(steps))
        walk = []
        while place in steps:
            walk.append(place)
            ways = steps[place]
            following = ways.pop()
            if not ways:
                del steps[place]
            place = following
            if place == first:
                break
        walks.append(np.array(walk, np.float64))
    return walks


def _smooth(walk: np.ndarray) -> np.ndarray:
    """Round a closed walk and keep some of its points, the first one again at the end."""
    sigma = min(_SMOOTHING_DOTS, len(walk) / 20)
    rounded = ndimage.gaussian_filter1d(walk, sigma, axis=0, mode="wrap")[::_POINT_EVERY_DOTS]
    return np.concatenate([rounded, rounded[:1]])


def _lines(holes: np.ndarray) -> list[np.ndarray]:
    """Return lines that a round rubber follows to clear holes, (2, 2) float each, x and y of their ends."""
    radius = _RUBBER / 2 * len(holes) / UNIT / _INSET
    room = ndimage.distance_transform_edt(holes) >= radius
    lines = []
    for y in range(0, len(room), max(1, int(radius))):
        starts = np.flatnonzero(np.diff(np.pad(room[y], 1).astype(np.int8)))
        lines += [
            np.array([[x0, y], [x1 - 1, y]], np.float64) + 0.5 for x0, x1 in zip(starts[::2], starts[1::2], strict=True)
        ]
    return lines


def _to_board(points: np.ndarray, side: int) -> np.ndarray:
    return np.rint(((points / side - 0.5) * _INSET + 0.5) * UNIT).astype(np.int32)

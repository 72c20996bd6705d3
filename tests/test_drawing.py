"""Drawings: the strokes that a browser sends become items, and what is sketched is recognised."""

from itertools import pairwise

import numpy as np
import pytest
from finished_run import REAL_DATA, trained_run

from fmnist_core import prediction
from fmnist_core.drawing import MAX_POINTS, Drawing
from fmnist_core.errors import ImageError

real_data = pytest.mark.skipif(not REAL_DATA, reason="Fashion-MNIST is not installed on this machine")

SQUARE = [(200, 200), (800, 200), (800, 800), (200, 800), (200, 200)]


def stroke(points, width=54, erase=False):
    return {"points": [value for point in points for value in point], "width": width, "erase": erase}


def drawing(*strokes, fill=True):
    return Drawing.from_dict({"strokes": list(strokes), "fill": fill, "stamp": 1})


def line(start, end, n=12):
    return [
        tuple(np.round(np.array(start) + (np.array(end) - start) * t).astype(int).tolist())
        for t in np.linspace(0, 1, n)
    ]


def polygon(*corners):
    ring = [*corners, corners[0]]
    return [point for a, b in pairwise(ring) for point in line(a, b)]


def test_a_blank_board_gives_no_item():
    assert drawing().to_item() is None
    assert Drawing().to_item() is None


def test_what_is_rubbed_out_completely_gives_no_item():
    assert (
        drawing(stroke(line((300, 300), (600, 300))), stroke(line((250, 300), (650, 300)), 200, True)).to_item() is None
    )


def test_a_dot_is_an_item():
    item = drawing(stroke([(500, 500)], 100)).to_item()
    assert item.shape == (28, 28) and item.dtype == np.uint8 and item.max() == 255


def test_a_closed_outline_is_filled_only_if_asked():
    assert drawing(stroke(SQUARE)).pixels()[84, 84] == 255
    assert drawing(stroke(SQUARE), fill=False).pixels()[84, 84] == 0


def test_an_open_outline_is_not_filled():
    assert drawing(stroke(SQUARE[:4])).pixels()[84, 84] == 0


def test_a_hole_rubbed_into_a_filled_shape_stays_open():
    pixels = drawing(stroke(SQUARE), stroke([(500, 500)], 150, True)).pixels()
    assert pixels[84, 84] == 0 and pixels[60, 60] == 255


def test_what_is_drawn_over_a_hole_shows():
    pixels = drawing(stroke(SQUARE), stroke([(500, 500)], 150, True), stroke([(500, 500)], 60)).pixels()
    assert pixels[84, 84] == 255


def test_a_pen_pressed_harder_leaves_a_broader_line():
    points = [(100 + 100 * i, 500) for i in range(9)]
    pressed = [stroke(points) | {"pressure": [percent] * 9} for percent in (50, 100, 160)]
    light, even, hard = (int((drawing(one, fill=False).pixels() > 0).sum()) for one in pressed)
    plain = int((drawing(stroke(points), fill=False).pixels() > 0).sum())
    assert light < 0.7 * even and hard > 1.4 * even and abs(even - plain) <= 0.1 * plain


def test_a_line_grows_along_with_the_pressure():
    points = [(100 + 100 * i, 500) for i in range(9)]
    board = drawing(stroke(points) | {"pressure": [20 + 15 * i for i in range(9)]}, fill=False).pixels() > 0
    thickness = board.sum(axis=0)
    assert thickness[30] < thickness[84] < thickness[140]


def test_where_on_the_board_something_is_drawn_does_not_matter():
    here, there = (drawing(stroke([(x + dx, y) for x, y in SQUARE])).to_item() for dx in (0, -150))
    assert np.abs(here.astype(int) - there).mean() < 4


@pytest.mark.parametrize(
    "values",
    [
        None, [], 7, {}, {"strokes": 3}, {"strokes": [3]}, {"strokes": [{}]},
        {"strokes": [{"points": [1], "width": 50}]}, {"strokes": [{"points": [], "width": 50}]},
        {"strokes": [{"points": [1, 2], "width": 50, "pressure": [50, 60]}]},
        {"strokes": [{"points": [1, 2], "width": 50, "pressure": ["hard"]}]},
        {"strokes": [{"points": [1, None], "width": 50}]}, {"strokes": [{"points": ["x", 2], "width": 50}]},
        {"strokes": [{"points": [1, 2], "width": 0}]}, {"strokes": [{"points": [1, 2], "width": 1e9}]},
        {"strokes": [{"points": [float("nan"), 2], "width": 50}]}, {"strokes": [{"points": [1, 2]}]},
    ],
)  # fmt: skip
def test_anything_but_strokes_is_refused(values):
    with pytest.raises(ImageError, match="Expected the strokes of a drawing. Received"):
        Drawing.from_dict(values)


def test_a_drawing_of_too_many_points_is_refused():
    with pytest.raises(ImageError, match="at most 50,000 points. Received 50,002"):
        drawing(*[stroke([(1, 1)] * (MAX_POINTS // 2 + 1))] * 2)


def test_points_far_off_the_board_do_no_harm():
    assert drawing(stroke([(-(10**9), 500), (10**9, 500)])).to_item() is not None


# Shoes in the data point to the left.
SKETCHES = {
    "outlined trouser": ("Trouser", [stroke(polygon(
        (300, 80), (700, 80), (780, 920), (580, 920), (500, 400), (420, 920), (220, 920)))]),
    "painted trouser": ("Trouser", [
        stroke(line((400, 100), (370, 930)), 120), stroke(line((600, 100), (630, 930)), 120),
        stroke(line((400, 100), (600, 100)), 120), stroke(line((400, 190), (600, 190)), 120)]),
    "outlined dress": ("Dress", [stroke(polygon(
        (420, 60), (460, 130), (540, 130), (580, 60), (620, 350), (720, 940), (280, 940), (380, 350)))]),
    "outlined boot": ("Ankle boot", [stroke(polygon(
        (560, 120), (900, 120), (920, 850), (100, 850), (120, 700), (400, 620), (540, 520)))]),
    "outlined sneaker": ("Sneaker", [stroke(polygon(
        (80, 560), (300, 530), (560, 360), (640, 420), (860, 380), (920, 640), (80, 660)))]),
}  # fmt: skip


@real_data
@pytest.mark.parametrize("name", SKETCHES)
def test_a_sketch_is_recognised_by_a_small_trained_network(name):
    class_name, strokes = SKETCHES[name]
    predictor = prediction.load(trained_run())
    assert predictor.ranked(drawing(*strokes).to_item())[0].class_name == class_name

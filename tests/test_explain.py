"""Explaining from outside: occlusion, places in words, neighbours and pairs, two classes, all on made-up numbers."""

import io

import numpy as np
import pytest
from PIL import Image

from fmnist_core import explain
from fmnist_core.errors import LabError
from fmnist_core.evaluation import Evaluation
from fmnist_core.explain import (
    confusion,
    confusion_words,
    log_odds,
    most_confused,
    nearest_pairs,
    nearest_rows,
    occlusion,
    patch_for,
    regions,
    unit,
    where_it_looks,
)
from fmnist_core.figures.explain import channel_png, odds_figure, odds_text, overlay_png, units_figure

NAMES = ("shirt", "top", "bag")


def bright_spot(images):
    """A toy model: class 1 is as likely as the 4x4 pixels at (10, 12) are bright."""
    share = images[:, 10:14, 12:16].mean(axis=(1, 2)) / 255
    return np.stack([1 - share, share], axis=1).astype(np.float32)


def test_occlusion_finds_the_only_pixels_that_count():
    found = occlusion(bright_spot, np.full((28, 28), 255, np.uint8), 1, 4, 2)
    assert found.probability == pytest.approx(1.0)
    assert np.unravel_index(found.drop.argmax(), (28, 28))[0] in range(10, 14)
    inside = np.zeros((28, 28), bool)
    inside[8:16, 10:18] = True  # squares that touch the spot reach so far
    assert found.drop[10:14, 12:16].min() > 0.2
    assert np.abs(found.drop[~inside]).max() == 0


def test_occlusion_of_the_other_class_is_the_opposite():
    image = np.full((28, 28), 255, np.uint8)
    one, other = occlusion(bright_spot, image, 1), occlusion(bright_spot, image, 0)
    assert np.allclose(one.drop, -other.drop, atol=1e-6)


def test_black_squares_are_not_asked_about():
    image = np.zeros((28, 28), np.uint8)
    assert occlusion(bright_spot, image, 1).asked == 1
    image[0, 0] = 9
    assert occlusion(bright_spot, image, 1).asked == 2


def test_every_pixel_is_covered_by_some_square():
    for patch, step in explain.PATCHES:
        counts = np.zeros(28, int)
        for start in explain._starts(patch, step):
            counts[start : start + patch] += 1
        assert counts.min() >= 1


def test_a_heavy_network_gets_fewer_and_coarser_squares():
    assert patch_for(300_000) == explain.PATCHES[0]
    assert patch_for(700_000_000) == explain.PATCHES[-1]
    assert patch_for(10**13) == explain.PATCHES[-1]


@pytest.mark.parametrize("image", [np.zeros((28, 28), np.float32), np.zeros((27, 28), np.uint8)])
def test_an_image_of_another_kind_is_refused(image):
    with pytest.raises(LabError, match="Expected an image"):
        occlusion(bright_spot, image, 1)


def test_a_square_that_does_not_fit_is_refused():
    with pytest.raises(LabError, match="Received 29 and 2"):
        occlusion(bright_spot, np.zeros((28, 28), np.uint8), 1, 29, 2)


def test_regions_share_out_all_saliency_and_take_both_sides_as_one():
    saliency = np.zeros((28, 28))
    saliency[12:16, 0:4], saliency[12:16, 24:28], saliency[0:4, 12:16] = -1, 1, 1
    found = regions(saliency)
    assert sum(region.share for region in found) == pytest.approx(1)
    assert (found[0].name, found[0].share) == ("the two sides", pytest.approx(2 / 3))
    assert where_it_looks(saliency) == "the two sides (67%) and the upper middle (33%)"
    assert where_it_looks(np.zeros((28, 28))) == "nowhere in particular"


def test_nearest_rows_are_those_of_a_plain_search():
    kept = unit(np.random.default_rng(0).normal(size=(9000, 5))).astype(np.float16)
    rows = kept.astype(np.float32)
    best, cosines = nearest_rows(kept, rows[7], 4)
    expected = np.argsort(-(rows @ rows[7]), kind="stable")[:4]
    assert best.tolist() == expected.tolist() and best[0] == 7
    assert cosines == pytest.approx((rows @ rows[7])[expected], abs=1e-3)
    without, _ = nearest_rows(kept, rows[7], 4, leave_out=7)
    assert without[:3].tolist() == expected[1:].tolist()
    assert len(nearest_rows(rows[:2], rows[7], 4)[0]) == 2


def test_rows_of_zeros_have_no_direction_and_do_no_harm():
    assert np.isfinite(unit(np.zeros((2, 3)))).all()


def test_pairs_are_nearest_first_and_use_no_image_twice():
    first, second = unit(np.array([[1, 0.1], [1, 0.0], [0, 1]])), unit(np.array([[1, 0.0], [0.1, 1]]))
    pairs = nearest_pairs(first, second, 5)
    assert [pair[:2] for pair in pairs] == [(1, 0), (2, 1)]
    assert pairs[0][2] == pytest.approx(1)
    assert nearest_pairs(first, second[:0], 5) == []


def test_pairs_found_block_by_block_are_those_of_the_whole_matrix(monkeypatch):
    monkeypatch.setattr(explain, "PRODUCTS_AT_ONCE", 70)  # three rows of the first at once
    rng = np.random.default_rng(0)
    first, second = unit(rng.normal(size=(41, 3))), unit(rng.normal(size=(23, 3)))
    cosines = first @ second.T
    for i, j, cosine in nearest_pairs(first, second, 9):
        assert (i, j) == np.unravel_index(cosines.argmax(), cosines.shape) and cosine == pytest.approx(cosines[i, j])
        cosines[i], cosines[:, j] = -np.inf, -np.inf


Y = np.array([0, 0, 0, 1, 1, 2])
P = np.array(
    [[0.9, 0.1, 0], [0.2, 0.8, 0], [0.4, 0.6, 0], [0.7, 0.3, 0], [0.1, 0.9, 0], [0.5, 0.1, 0.4]], np.float32
)  # fmt: skip
MADE = Evaluation(Y, P, NAMES)


def test_confusions_are_found_both_ways_the_surest_first():
    found = confusion(MADE, 0, 1)
    assert found.first_as_second.tolist() == [1, 2] and found.second_as_first.tolist() == [3]
    assert (found.count, found.mistakes, found.first_images, found.second_images) == (3, 4, 3, 2)
    assert most_confused(MADE) == (0, 1)
    words = confusion_words(found, NAMES)
    assert "Of 3 test images of shirt, 2 were taken for top; of 2 of top, 1 for shirt" in words and "75%" in words
    assert "keeps the two apart" in confusion_words(confusion(MADE, 1, 2), NAMES)


def test_the_same_class_twice_is_refused():
    with pytest.raises(LabError, match="two different classes"):
        confusion(MADE, 1, 1)


def test_without_mistakes_the_first_two_classes_are_shown():
    assert most_confused(Evaluation(np.array([0, 1, 2]), np.eye(3), NAMES)) == (0, 1)


def test_log_odds_are_antisymmetric_and_finite():
    odds = log_odds(P, 0, 1)
    assert odds[0] == pytest.approx(np.log(0.1 / 0.9))
    assert odds == pytest.approx(-log_odds(P, 1, 0))
    assert np.isfinite(log_odds(np.array([[1.0, 0.0]]), 0, 1)).all()


def test_the_figure_of_two_classes_holds_every_image_and_its_words_count_the_wrong_side():
    first, second = np.array([-3.0, -20.0, 0.5]), np.array([2.0, -0.1])
    figure = odds_figure(first, second, ("shirt", "top"), ("#CC6677", "#44AA99"))
    assert [int(np.sum(bar.y)) for bar in figure.data] == [3, 2]
    assert "1 of 3 shirt lean to top, 1 of 2 top to shirt. 40%" in odds_text(first, second, ("shirt", "top"))


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_the_overlay_is_red_for_and_blue_against_and_grey_elsewhere():
    heat = np.zeros((28, 28), np.float32)
    heat[0, 0], heat[27, 27] = 0.2, -0.2
    picture = pixels(overlay_png(np.full((28, 28), 100, np.uint8), heat))
    red, blue, grey = picture[0, 0], picture[-1, -1], picture[100, 100]
    assert red[0] > red[2] + 80 and blue[2] > blue[0] + 80 and len(set(grey.tolist())) == 1
    assert pixels(overlay_png(np.zeros((28, 28), np.uint8), np.zeros((28, 28)))).max() == 0


def test_channels_and_units_are_drawn_whatever_their_size():
    assert pixels(channel_png(np.zeros((1, 1)), 0.0)).shape == (112, 112, 3)
    assert pixels(channel_png(np.ones((56, 50)), 1.0)).shape[0] == 112
    assert list(units_figure(np.array([0.1, 0.2, 0.7]), NAMES).data[0].x) == list(NAMES)
    assert units_figure(np.array([0.3, 0.7]), ("0", "1")).layout.xaxis.type == "category"  # digits are names, too
    assert len(units_figure(np.arange(84.0), None).data[0].y) == 84

"""Ways to break an image: each against its definition, and the places where an answer flips."""

import numpy as np
import pytest

from fmnist_core.breaking import curve_text, curves, summary
from fmnist_core.corruptions import BY_KEY, CORRUPTIONS, FGSM, apply, flips
from fmnist_core.errors import LabError

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28), np.uint8)
BLOCK = np.zeros((1, 28, 28), np.uint8)
BLOCK[0, 10:18, 6:10] = 200
PLAIN = [corruption for corruption in CORRUPTIONS if corruption is not FGSM]
named = pytest.mark.parametrize("corruption", PLAIN, ids=lambda c: c.key)


def broken(key, images, amount):
    return apply(BY_KEY[key], images, amount)


@named
def test_the_neutral_amount_changes_nothing_and_every_other_place_keeps_form(corruption):
    assert corruption.amounts[corruption.neutral_at] == pytest.approx(corruption.neutral)
    assert (apply(corruption, IMAGES, corruption.neutral) == IMAGES).all()
    for amount in (corruption.lowest, corruption.highest, *corruption.levels):
        result = apply(corruption, IMAGES, amount)
        assert result.shape == IMAGES.shape and result.dtype == np.uint8
        assert (result == apply(corruption, IMAGES, amount)).all()  # the same each time
        if amount != corruption.neutral:
            assert (result != IMAGES).any()


@named
def test_strengths_rise_and_stay_on_the_slider(corruption):
    away = [abs(level - corruption.neutral) for level in corruption.levels]
    assert away == sorted(away) and len(set(away)) == 5
    assert min(corruption.levels) >= corruption.lowest and max(corruption.levels) <= corruption.highest


@named
def test_one_image_breaks_as_it_does_among_many(corruption):
    many = np.repeat(IMAGES[:1], 2, axis=0)
    assert (
        apply(corruption, IMAGES[:1], corruption.levels[2]) == apply(corruption, many, corruption.levels[2])[:1]
    ).all()


def test_noise_has_the_deviation_that_it_says():
    grey = np.full((200, 28, 28), 128, np.uint8)
    assert broken("noise", grey, 20).astype(float).std() == pytest.approx(20, rel=0.02)


def test_blur_is_that_of_scipy_with_black_around():
    from scipy.ndimage import gaussian_filter

    expected = gaussian_filter(BLOCK[0].astype(float), 1.5, mode="constant", truncate=8)
    assert np.abs(broken("blur", BLOCK, 1.5)[0] - expected).max() <= 1


def test_a_shift_moves_whole_pixels_exactly_and_loses_what_leaves():
    assert (broken("shift", IMAGES, 3)[:, :, 3:] == IMAGES[:, :, :-3]).all()
    assert not broken("shift", IMAGES, 3)[:, :, :3].any()
    assert (broken("shift", IMAGES, -2)[:, :, :-2] == IMAGES[:, :, 2:]).all()


def test_a_quarter_turn_is_clockwise_and_a_half_turn_is_exact():
    assert (broken("rotation", IMAGES, 90) == np.rot90(IMAGES, -1, (1, 2))).all()
    assert (broken("rotation", IMAGES, -180) == IMAGES[:, ::-1, ::-1]).all()


def test_scale_keeps_the_middle_and_changes_the_area_by_the_square():
    square = np.zeros((1, 28, 28), np.uint8)
    square[0, 7:21, 7:21] = 200
    for factor in (0.5, 1.5):
        ratio = broken("scale", square, factor).sum() / square.sum()
        assert ratio == pytest.approx(factor**2, rel=0.06)


def test_contrast_pulls_towards_the_mean_and_occlusion_covers_the_middle():
    flat = broken("contrast", IMAGES, 0)
    assert all(np.ptp(image) == 0 for image in flat)
    assert flat[0, 0, 0] == pytest.approx(IMAGES[0].mean(), abs=0.5)
    covered = broken("occlusion", IMAGES, 8)
    assert not covered[:, 10:18, 10:18].any() and (covered[:, :10] == IMAGES[:, :10]).all()
    assert not broken("occlusion", IMAGES, 28).any()


def test_the_attack_moves_every_pixel_by_the_amount_along_the_sign():
    slope = np.where(IMAGES > 100, 0.5, -2.0).astype(np.float32)
    moved = apply(FGSM, IMAGES, 5, slope).astype(int) - IMAGES
    inside = (IMAGES >= 5) & (IMAGES <= 250)
    assert (moved[inside] == 5 * np.sign(slope)[inside]).all()
    with pytest.raises(LabError, match=r"Expected the gradient.*Received none"):
        apply(FGSM, IMAGES, 5)


def test_other_arrays_are_refused():
    with pytest.raises(LabError, match=r"Expected images \(n, 28, 28\) uint8. Received float64"):
        broken("blur", IMAGES.astype(float), 1)


def test_flips_are_found_on_both_sides_nearest_first():
    answers = np.array([2, 2, 1, 0, 0, 0, 3])
    found = flips(np.arange(-3, 4) * 1.0, answers, 3)
    assert [(f.at, f.before, f.after) for f in found] == [(-0.5, 0, 1), (-1.5, 1, 2), (2.5, 0, 3)]
    assert flips(np.arange(4.0), np.zeros(4, int), 0) == []


def dark_or_light(images):
    """A model of two classes: class 1, the surer, the lighter the picture."""
    light = images.mean(axis=(1, 2)) / 255
    return np.stack([1 - light, light], axis=1)


def test_curves_ask_at_every_place_and_say_where_the_answer_flips():
    image = np.full((28, 28), 200, np.uint8)
    found = {curve.corruption.key: curve for curve in curves(dark_or_light, image, PLAIN)}
    occlusion = found["occlusion"]
    assert occlusion.answer == 1 and len(occlusion.images) == 29
    # 200/255 of what is left uncovered falls below one half where the square is larger than 16.8 px.
    assert [(flip.at, flip.before, flip.after) for flip in occlusion.flips] == [(16.5, 1, 0)]
    assert found["contrast"].flips == []
    words = summary([occlusion, found["contrast"]], ("dark", "light"))
    assert words == "**light** flips by occlusion at 17 px (dark). It withstands contrast."
    assert curve_text(occlusion, ("dark", "light")) == "Occlusion: the answer flips from light to dark at 17 px."
    assert "throughout" in curve_text(found["contrast"], ("dark", "light"))


def test_a_heavy_model_is_asked_at_fewer_places_ends_and_middle_among_them():
    asked = []
    found = curves(lambda rows: asked.append(len(rows)) or dark_or_light(rows), IMAGES[0], PLAIN, multiply_adds=10**9)
    assert asked[0] < 120
    for curve in found:
        ends = curve.amounts[[0, -1]]
        assert ends.tolist() == [curve.corruption.lowest, pytest.approx(curve.corruption.highest)]
        assert curve.amounts[curve.neutral_at] == curve.corruption.neutral and len(curve.amounts) >= 9

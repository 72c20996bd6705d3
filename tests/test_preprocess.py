"""The one path from pixels to input."""

import numpy as np
import pytest

from fmnist_core.preprocess import prepare
from fmnist_core.spec import RunSpec

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28), np.uint8)


@pytest.mark.parametrize(
    ("scaling", "black", "white"), [("unit", 0, 1), ("signed", -1, 1), ("standard", -0.8103, 2.0224)]
)
def test_scaling_maps_black_and_white_to_its_range(scaling, black, white):
    ends = np.zeros((2, 28, 28), np.uint8)
    ends[1] = 255
    prepared = prepare(ends, RunSpec(scaling=scaling))
    assert prepared.dtype == np.float32
    assert prepared[0] == pytest.approx(black, abs=1e-3)
    assert prepared[1] == pytest.approx(white, abs=1e-3)


def test_padding_puts_the_image_in_the_middle_of_black():
    prepared = prepare(IMAGES, RunSpec(image_size_px=32))
    assert prepared.shape == (7, 32, 32, 1)
    assert np.array_equal(prepared[:, 2:30, 2:30, 0], prepare(IMAGES, RunSpec())[..., 0])
    assert prepared[:, :2].max() == prepared[:, :, 30:].max() == 0


def test_without_padding_the_pixels_are_the_images_own():
    assert np.allclose(prepare(IMAGES, RunSpec())[..., 0] * 255, IMAGES)

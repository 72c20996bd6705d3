"""Sheets of samples: the right images, in their places, the same for the same seed."""

import io

import numpy as np
import pytest
from PIL import Image

from fmnist_core import samples
from fmnist_core.datasets import Dataset
from fmnist_core.figures.samples import class_counts_figure

LABELS = np.repeat(np.arange(10), 30).astype(np.uint8)
IMAGES = np.arange(1, 7, dtype=np.uint8)[:, None, None] * np.ones((6, 28, 28), np.uint8) * 40


def test_a_sample_has_no_repetition_and_depends_on_the_seed_only():
    first, again, other = (samples.sample(LABELS, 100, seed) for seed in (1, 1, 2))
    assert len(set(first)) == 100 and (first == again).all() and (first != other).any()


def test_a_sample_of_one_class_holds_that_class_and_marks_what_is_missing():
    positions = samples.sample(LABELS, 40, 0, label=3)
    assert (LABELS[positions[:30]] == 3).all() and (positions[30:] == samples.EMPTY).all()


def test_a_sample_by_class_goes_class_after_class():
    positions = samples.sample_by_class(LABELS, 10, 10, seed=0)
    assert (LABELS[positions].reshape(10, 10) == np.arange(10)[:, None]).all()


@pytest.mark.parametrize("zoom", [1, 4])
def test_a_sheet_puts_each_image_in_its_place_and_leaves_gaps_transparent(zoom):
    picture = samples.sheet(IMAGES, np.array([0, 5, 2, samples.EMPTY]), columns=2, gap_px=2, zoom=zoom)
    assert picture.shape == (58 * zoom, 58 * zoom, 2) and picture.dtype == np.uint8
    small = picture[::zoom, ::zoom]
    assert small[0, 0].tolist() == [40, 255] and small[27, 30].tolist() == [240, 255]
    assert small[30, 27].tolist() == [120, 255]
    assert small[:, 28:30, 1].max() == 0 and small[30:, 30:, 1].max() == 0


def test_the_png_holds_the_same_pixels():
    picture = samples.sheet(IMAGES, np.arange(6), columns=3)
    assert (np.asarray(Image.open(io.BytesIO(samples.to_png(picture)))) == picture).all()


def dataset(**changes):
    images = np.zeros((3, 28, 28), np.uint8)
    return Dataset(
        "toy", images, np.zeros(3, np.uint8), images, np.zeros(3, np.uint8), tuple("0123456789"), "a shelf",
        "abcdef0123456789", **changes,
    )  # fmt: skip


def test_the_description_names_size_source_and_proof():
    text = samples.describe(dataset(verified=True))
    assert text.startswith("3 training and 3 test images of 28x28 pixels in 10 classes, from a shelf.")
    assert "equals the published files by SHA-256" in text
    assert "verified" not in samples.describe(dataset())


def test_class_counts_become_one_bar_each_in_the_order_of_the_classes():
    counts = samples.class_counts(LABELS, 10)
    figure = class_counts_figure(counts, tuple("abcdefghij"))
    assert list(figure.data[0].x) == [30] * 10 and list(figure.data[0].y) == list("abcdefghij")
    assert figure.layout.xaxis.title.text == "Images"

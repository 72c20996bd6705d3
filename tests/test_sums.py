"""Sums over selections equal those over the very images, however they were put together."""

import numpy as np
import pytest
from test_neighbours import part

from fmnist_core.pixels import value_counts
from fmnist_core.products import products_of
from fmnist_core.selection import Selection
from fmnist_core.sums import class_totals_of, conditioned, counts_at, counts_of, sums_of, totals_of

DATASET = part(2000, 300, "sums")
PIXEL = 14 * 28 + 14


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


def _rows(images):
    """The pixels of each image as numbers whose products are exact below 2**53, and quick."""
    return images.reshape(-1, 784).astype(np.float64)


@pytest.mark.parametrize(
    "selection",
    [
        Selection("train"),
        Selection("both", (2, 4)),
        Selection("train", (), PIXEL, 1, 255),  # most images
        Selection("train", (), PIXEL, 5, 20),  # few
        Selection("both", (0, 6), PIXEL, 10, 240),
        Selection("test", (1,), PIXEL, 0, 200),
        Selection("test", (3,), 0, 255, 255),  # none at all
    ],
)
def test_sums_of_a_selection_are_those_of_its_images(selection):
    subset, sums = selection.take(DATASET), sums_of(DATASET, selection)
    flat = _rows(subset.images)
    assert np.array_equal(sums.class_sizes, np.bincount(subset.labels, minlength=10))
    assert np.array_equal(sums.class_sums.sum(axis=0), flat.sum(axis=0))
    assert np.array_equal(sums.products, flat.T @ flat)


def test_under_a_condition_a_sample_may_do_and_is_always_the_same():
    selection = Selection("both", (), PIXEL, 1, 255)
    everything, sampled = sums_of(DATASET, selection), sums_of(DATASET, selection, 700)
    assert sampled.count == 700 < everything.count
    assert np.array_equal(sampled.products, sums_of(DATASET, selection, 700).products)
    assert np.allclose(sampled.class_sizes / 700, everything.class_sizes / everything.count, atol=0.05)
    mean, whole = (sums.class_sums.sum(axis=0) / sums.count for sums in (sampled, everything))
    assert np.abs(mean - whole).max() < 20
    subset = selection.take(DATASET)
    assert len(set(subset.drawn(700))) == 700 and np.array_equal(subset.drawn(len(subset)), np.arange(len(subset)))
    assert sums_of(DATASET, Selection("train"), 700).count == len(DATASET.y_train)


def test_counts_of_most_images_are_the_whole_less_the_others():
    selection = Selection("train", (), PIXEL, 3, 255)
    seen = []

    def over(subset):
        seen.append(len(subset))
        return (value_counts(subset.images, subset.labels, 10),)

    (counts,) = conditioned(DATASET, selection, whole=lambda classes: over(classes.take(DATASET)), over=over)
    subset = selection.take(DATASET)
    assert seen == [len(DATASET.y_train), len(DATASET.y_train) - len(subset)]
    assert np.array_equal(counts, value_counts(subset.images, subset.labels, 10))


def test_what_a_condition_leaves_out_is_everything_else():
    selection = Selection("both", (1, 2), PIXEL, 30, 99)
    rest = sum(one.count(DATASET) for one in selection.left_out())
    assert rest + selection.count(DATASET) == Selection("both", (1, 2)).count(DATASET)
    assert Selection("train", (), PIXEL).left_out() == []


@pytest.mark.parametrize(
    "selection",
    [
        Selection("both", (2, 4)),
        Selection("train", (), PIXEL, 1, 255),  # most images
        Selection("both", (0, 6), PIXEL, 5, 20),  # few
        Selection("test", (3,), 0, 255, 255),  # none at all
    ],
)
def test_counts_of_all_classes_of_all_pixels_and_of_one_are_parts_of_those_of_each(selection, monkeypatch):
    counts = counts_of(DATASET, selection)
    assert counts[:, 0].sum() == selection.count(DATASET)
    assert np.array_equal(totals_of(DATASET, selection), counts.sum(axis=0))
    monkeypatch.setattr("fmnist_core.sums.value_counts", None)  # what takes long is not done for them again
    assert np.array_equal(class_totals_of(DATASET, selection), counts.sum(axis=1))
    for pixel in (0, PIXEL):
        assert np.array_equal(counts_at(DATASET, selection, pixel), counts[:, pixel])


def test_counts_of_a_sample_are_those_of_images_that_fulfil_the_condition():
    selection = Selection("train", (2, 4), PIXEL, 1, 255)
    sample, all_ = counts_of(DATASET, selection, 50), counts_of(DATASET, selection)
    assert sample[:, 0].sum() == 50 < selection.count(DATASET)
    assert (sample <= all_).all() and not sample[:, PIXEL, 0].any()
    assert np.array_equal(sample, counts_of(DATASET, selection, 50))
    few = Selection("train", (2, 4), PIXEL, 1, 255).count(DATASET)
    assert np.array_equal(counts_of(DATASET, selection, few), all_)
    # What lies on disk costs nothing and is of all.
    assert np.array_equal(
        counts_of(DATASET, Selection("train", (2,)), 50), counts_of(DATASET, Selection("train", (2,)))
    )


@pytest.mark.parametrize("count", [0, 1, 2, 1500])
def test_products_are_exact_however_the_images_are_shared_out(count):
    images = DATASET.x_train[:count]
    flat = _rows(images)
    assert np.array_equal(products_of(images), flat.T @ flat)

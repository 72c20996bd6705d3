"""Selections and remembered results."""

import numpy as np
import pytest

from fmnist_core import datasets
from fmnist_core.errors import DataError
from fmnist_core.memory import is_remembered, remembered
from fmnist_core.selection import Selection

DATA = datasets.load("fashion-mnist")


def test_a_whole_split_is_a_view_without_a_copy():
    subset = Selection("train").take(DATA)
    assert np.shares_memory(subset.images, DATA.x_train)
    assert len(subset) == len(DATA.y_train)


def test_classes_and_pixel_condition_filter_both_splits_and_keep_their_places():
    subset = Selection("both", labels=(1, 9), pixel=14 * 28 + 14, minimum=100, maximum=200).take(DATA)
    assert set(subset.labels) <= {1, 9}
    assert (subset.images[:, 14, 14] >= 100).all()
    assert (subset.images[:, 14, 14] <= 200).all()
    place = int(np.flatnonzero(subset.is_test)[0])
    assert np.array_equal(subset.images[place], DATA.x_test[subset.index[place]])
    assert np.array_equal(subset.images[0], DATA.x_train[subset.index[0]])


@pytest.mark.parametrize("split", ["train", "test", "both"])
def test_some_of_the_images_and_one_of_their_pixels_are_those_of_all(split):
    subset = Selection(split, labels=(1, 9), pixel=14 * 28 + 14, minimum=100).take(DATA)
    rows = np.array([len(subset) - 1, 0, 5, 0])
    assert np.array_equal(subset.pick(rows), subset.images[rows])
    assert np.array_equal(subset.pixel(3 * 28 + 7), subset.images[:, 3, 7])


def test_nothing_selected_is_no_image():
    subset = Selection("both", labels=(1,), pixel=0, minimum=255).take(DATA)
    assert len(subset) == 0
    assert subset.images.shape == subset.pick(np.empty(0, np.int64)).shape == (0, 28, 28)


def test_equal_selections_have_equal_keys_and_others_do_not():
    keys = {
        Selection("train").key,
        Selection("test").key,
        Selection(labels=(1,)).key,
        Selection(pixel=3, minimum=1).key,
    }
    assert len(keys) == 4
    assert Selection(labels=(2, 1)).key == Selection(labels=(1, 2)).key


def test_a_mask_and_a_count_say_what_is_taken():
    selection = Selection("both", labels=(1, 9), pixel=14 * 28 + 14, minimum=100)
    subset, mask = selection.take(DATA), selection.mask(DATA)
    assert mask.sum() == selection.count(DATA) == len(subset)
    assert np.array_equal(np.flatnonzero(mask), subset.index + subset.is_test * len(DATA.y_train))
    assert not Selection("test").mask(DATA)[: len(DATA.y_train)].any()


@pytest.mark.parametrize("wrong", [{"split": "all"}, {"pixel": 784}, {"minimum": 9, "maximum": 3}])
def test_a_wrong_selection_says_what_was_expected(wrong):
    with pytest.raises(DataError, match="Expected"):
        Selection(**wrong)


def test_a_result_is_computed_once_and_read_back_from_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    calls = []

    def compute():
        calls.append(1)
        return {"mean": np.arange(4.0)}

    for _ in range(2):
        assert remembered("a" * 64, "mean", 1, compute, k=1)["mean"].tolist() == [0, 1, 2, 3]
    assert len(calls) == 1
    assert is_remembered("a" * 64, "mean", 1, k=1)
    for other in ({"k": 2}, {"k": "1"}):
        assert not is_remembered("a" * 64, "mean", 1, **other)
    assert not is_remembered("b" * 64, "mean", 1, k=1)
    assert not is_remembered("a" * 64, "mean", 2, k=1)


def test_a_damaged_result_is_computed_again(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    remembered("a" * 64, "mean", 1, lambda: {"mean": np.arange(4.0)})
    (file,) = tmp_path.rglob("mean.npy")
    file.write_bytes(b"torn")
    assert remembered("a" * 64, "mean", 1, lambda: {"mean": np.arange(5.0)})["mean"].shape == (5,)

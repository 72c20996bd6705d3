"""Export: what is written is read back the same, and only what was to be left out is missing."""

import gzip
import io

import numpy as np
import pandas as pd
import pytest

from fmnist_core import datasets, splits
from fmnist_core.errors import DataError
from fmnist_core.export_data import clean, to_classes_txt, to_csv_gz, to_idx_gz
from fmnist_core.overlay import Mark, Overlay
from fmnist_core.places import Place
from fmnist_core.quality.copies import POLICIES, kept_by_policy

GENERATOR = np.random.default_rng(3)
IMAGES = GENERATOR.integers(0, 256, (5000, 28, 28), np.uint8)
LABELS = GENERATOR.integers(0, 10, 5000).astype(np.uint8)
IMAGES[[7, 4100]] = IMAGES[3]  # three alike
IMAGES[4999] = IMAGES[0]


def test_csv_comes_back_the_same_here_and_in_pandas():
    content = to_csv_gz(IMAGES, LABELS)
    images, labels = datasets.read_csv(content, name="train.csv.gz")
    assert np.array_equal(images, IMAGES) and np.array_equal(labels, LABELS)
    frame = pd.read_csv(io.BytesIO(gzip.decompress(content)))
    assert list(frame.columns) == ["label", *(f"pixel{i}" for i in range(1, 785))]
    assert np.array_equal(frame.to_numpy(), np.column_stack([LABELS, IMAGES.reshape(5000, -1)]))


def test_idx_comes_back_the_same():
    assert np.array_equal(datasets.read_idx(to_idx_gz(IMAGES), "images"), IMAGES)
    assert np.array_equal(datasets.read_idx(to_idx_gz(LABELS), "labels"), LABELS)


def test_equal_data_give_equal_files():
    assert to_csv_gz(IMAGES[:50], LABELS[:50]) == to_csv_gz(IMAGES[:50], LABELS[:50])
    assert to_idx_gz(IMAGES[:50]) == to_idx_gz(IMAGES[:50])


def test_exported_files_are_data_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    folder = tmp_path / "files"
    folder.mkdir()
    for name, array in (("train-images-idx3", IMAGES), ("train-labels-idx1", LABELS)):
        (folder / f"{name}-ubyte.gz").write_bytes(to_idx_gz(array))
        (folder / f"{name.replace('train', 't10k')}-ubyte.gz").write_bytes(to_idx_gz(array[:20]))
    names = datasets.DATASETS["fashion-mnist"].class_names
    (folder / "classes.txt").write_bytes(to_classes_txt(names))
    dataset = datasets.load("own", folder)
    assert np.array_equal(dataset.x_train, IMAGES) and dataset.class_names == names


@pytest.mark.parametrize("policy", POLICIES)
def test_the_policy_leaves_what_training_would_leave(policy):
    expected = splits.keep_by_policy(IMAGES, policy)
    assert np.array_equal(kept_by_policy(IMAGES, policy), expected)
    assert np.array_equal(clean(IMAGES, LABELS, duplicates=policy).positions, expected)


def test_keep_first_leaves_one_of_each_and_drop_all_none():
    assert len(clean(IMAGES, LABELS, duplicates="keep_first").positions) == 4997
    assert len(clean(IMAGES, LABELS, duplicates="drop_all").positions) == 4995


def test_nothing_is_copied_or_left_out_unasked():
    cleaned = clean(IMAGES, LABELS)
    assert np.array_equal(cleaned.positions, np.arange(5000)) and np.array_equal(cleaned.labels, LABELS)
    assert cleaned.left_out == 0


def test_marks_are_carried_out_before_the_policy_as_in_training():
    overlay = Overlay("x", {
        Place("train", 3): Mark("drop"), Place("train", 10): Mark("relabel", 9), Place("test", 11): Mark("drop"),
    })  # fmt: skip
    cleaned = clean(IMAGES, LABELS, duplicates="keep_first", overlay=overlay)
    assert 3 not in cleaned.positions and 7 in cleaned.positions and 4100 not in cleaned.positions
    assert cleaned.labels[np.searchsorted(cleaned.positions, 10)] == 9
    assert 11 in cleaned.positions
    assert cleaned.relabelled == 1
    assert cleaned.left_out == 3


def test_named_images_are_left_out_and_nothing_at_all_is_refused():
    assert 5 not in clean(IMAGES, LABELS, without=np.array([5])).positions
    with pytest.raises(DataError, match="Received none"):
        clean(IMAGES, LABELS, without=np.arange(5000))

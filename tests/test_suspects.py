"""Label suspects: labels flipped on purpose come first; rankings of images."""

import gzip

import numpy as np
import pytest
from test_neighbours import part

from fmnist_core import datasets, neighbours, rankings
from fmnist_core.datasets import Dataset
from fmnist_core.export_data import to_csv_gz
from fmnist_core.neighbours import Neighbours
from fmnist_core.suspects import suspects
from fmnist_core.takeaway import arrays_npz, sheet_png, table_csv

FLIPPED = 50


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


def test_fifty_flipped_labels_of_five_thousand_are_found_near_the_top():
    dataset = part(5000, 500, "flipped")
    generator = np.random.default_rng(0)
    flipped = generator.choice(5000, FLIPPED, replace=False)
    labels = np.concatenate([dataset.y_train, dataset.y_test])
    labels[flipped] = (labels[flipped] + generator.integers(1, 10, FLIPPED)) % 10
    found = suspects(labels, neighbours.neighbours(dataset), 10)
    # The rest of the top are images that their neighbours doubt for good reasons of their own.
    assert np.isin(found.order[:FLIPPED], flipped).mean() >= 0.5
    assert np.isin(flipped, found.order[: 2 * FLIPPED]).mean() >= 0.65
    assert np.isin(flipped, found.order[: 6 * FLIPPED]).mean() >= 0.85
    by_doubt = np.argsort(-found.doubt, kind="stable")[:FLIPPED]
    assert np.isin(found.order[:FLIPPED], flipped).sum() > np.isin(by_doubt, flipped).sum()
    right = found.suggestion[flipped] == np.concatenate([dataset.y_train, dataset.y_test])[flipped]
    assert right.mean() >= 0.75
    assert (np.diff(found.suspicion[found.order].round(6)) <= 0).all()


def test_labels_flipped_in_a_csv_with_gaps_are_found_where_they_stand_after_the_gaps(tmp_path):
    real = part(2000, 200)
    generator = np.random.default_rng(4)
    labels = real.y_train.copy()
    flipped = generator.choice(2000, 20, replace=False)
    labels[flipped] = (labels[flipped] + generator.integers(1, 10, 20)) % 10
    rows = gzip.decompress(to_csv_gz(real.x_train, labels)).decode().splitlines()
    without = np.sort(generator.choice(np.setdiff1d(np.arange(2000), flipped), 15, replace=False))
    for at in without:
        rows[1 + at] = f"{rows[1 + at].rpartition(',')[0]},"
    (tmp_path / "train.csv").write_text("\n".join(rows))
    (tmp_path / "test.csv.gz").write_bytes(to_csv_gz(real.x_test, real.y_test))
    dataset = datasets.load("own", tmp_path)
    assert dataset.gaps[0].left_out == 15 and dataset.gaps[0].columns == (("pixel784", 15),)
    found = suspects(np.concatenate([dataset.y_train, dataset.y_test]), neighbours.neighbours(dataset), 10)
    places = flipped - np.searchsorted(without, flipped)
    assert np.array_equal(dataset.y_train[places], labels[flipped])
    assert np.isin(places, found.order[:40]).mean() >= 0.5  # 2 % of the images; by chance it would be 2 %
    assert np.isin(places, found.order[:200]).mean() >= 0.8
    assert (found.suggestion[places] == real.y_train[flipped]).mean() >= 0.7


def test_doubt_is_the_weighted_vote_and_of_equals_nearer_neighbours_come_first():
    labels = np.array([0, 0, 1, 1, 1, 1], np.uint8)
    index = np.array([[2, 3], [4, 5], [0, 3], [2, 4], [3, 5], [3, 4]], np.int32)
    distance = np.array([[2, 2], [1, 1], [1, 2], [1, 1], [1, 1], [1, 1]], np.float32)
    found = suspects(labels, Neighbours(index, distance), 2)
    assert found.doubt[:3] == pytest.approx([1, 1, 0.8 - 0.2])
    assert found.doubt[3] == found.suspicion[3] == -1
    assert found.order.tolist().index(1) < found.order.tolist().index(0)
    assert found.suggestion.tolist() == [1, 1, 0, 0, 0, 0]
    assert found.votes[2, found.suggestion[2]] == pytest.approx(0.8)


def test_an_equal_image_has_a_large_vote_but_not_an_infinite_one():
    found = suspects(
        np.array([0, 1, 1], np.uint8),
        Neighbours(np.array([[1, 2], [0, 2], [1, 0]], np.int32), np.zeros((3, 2), np.float32)),
        2,
    )
    assert np.isfinite(found.suspicion).all()
    assert found.doubt.tolist() == [1, 0, 0]


def test_a_rare_disagreement_is_more_suspect_than_a_common_one():
    # Fifty images favour class 1 with label 0, one favours class 1 with label 2; all neighbours agree each time.
    labels = np.array([0] * 50 + [2] + [1] * 50, np.uint8)
    index = np.full((101, 2), [60, 61], np.int32)
    found = suspects(labels, Neighbours(index, np.ones((101, 2), np.float32)), 3)
    assert found.order[0] == 50
    assert found.doubt[0] == found.doubt[50] == 1


def test_typical_images_lie_near_the_mean_of_their_class():
    dataset = part()
    found = rankings.typicality(dataset)
    of_boots = dataset.x_train[dataset.y_train == 9] / 255
    expected = np.linalg.norm((dataset.x_test[0] / 255 - of_boots.mean(axis=0)).ravel())
    assert dataset.y_test[0] == 9
    assert found[1500] == pytest.approx(expected, rel=1e-4)
    assert len(found) == 1800


def test_a_class_without_training_images_has_a_mean_of_its_test_images():
    whole = part()
    kept = whole.y_train != 4
    dataset = Dataset(
        "without", whole.x_train[kept], whole.y_train[kept], whole.x_test, whole.y_test, whole.class_names, "", "w" * 64
    )
    assert np.isfinite(rankings.typicality(dataset)).all()


def test_an_order_is_split_by_class_and_a_seed_repeats_it():
    labels = np.array([0, 1, 0, 1, 0], np.uint8)
    rows = rankings.first_of_each(np.array([4, 3, 2, 1, 0]), labels, 2, 3)
    assert [row.tolist() for row in rows] == [[4, 2], [3, 1], []]
    assert np.array_equal(rankings.shuffled(9, 4), rankings.shuffled(9, 4))


def test_chosen_images_as_files_hold_the_very_pixels(tmp_path):
    import io

    import pandas as pd
    from PIL import Image

    dataset = part()
    images, labels = dataset.x_train[:13], dataset.y_train[:13]
    frame = pd.read_csv(io.BytesIO(table_csv(images, labels)))
    assert list(frame.columns[:2]) == ["label", "pixel1"] and frame.columns[-1] == "pixel784"
    assert np.array_equal(frame.to_numpy()[:, 1:].reshape(-1, 28, 28), images)
    assert frame["label"].tolist() == labels.tolist()
    arrays = np.load(io.BytesIO(arrays_npz(images, labels, [f"train-{at}" for at in range(13)])))
    assert np.array_equal(arrays["images"], images) and arrays["places"][3] == "train-3"
    sheet = np.array(Image.open(io.BytesIO(sheet_png(images))))
    assert np.array_equal(sheet[:112:4, 120:232:4, 0], images[1])

"""Nearest neighbours and places, against scikit-learn on the real data."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from fmnist_core import datasets, neighbours
from fmnist_core.datasets import Dataset
from fmnist_core.doubtful import GREY_LEVELS, NEAR
from fmnist_core.errors import DataError
from fmnist_core.places import Place, all_labels, images_at
from fmnist_core.quality.copies import near_pairs

DATA = datasets.load("fashion-mnist")


def part(n_train=1500, n_test=300, sha256="part"):
    return Dataset(
        "part", DATA.x_train[:n_train].copy(), DATA.y_train[:n_train].copy(), DATA.x_test[:n_test].copy(),
        DATA.y_test[:n_test].copy(), DATA.class_names, "a part", f"{sha256}-{n_train}-{n_test}".ljust(64, "0"),
    )  # fmt: skip


def exact(dataset, positions, k):
    """Distances to the k nearest others by scikit-learn, and their positions."""
    everything = np.concatenate([dataset.x_train, dataset.x_test]).reshape(-1, 784).astype(np.float32) / 255
    index = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(everything)
    distance, found = index.kneighbors(everything[positions])
    return distance[:, 1:], found[:, 1:]


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


def test_neighbours_of_a_small_set_are_scikit_learns():
    dataset = part()
    assert not neighbours.is_ready(dataset)
    found = neighbours.neighbours(dataset)
    distance, index = exact(dataset, np.arange(1800), 10)
    assert found.index.dtype == np.int32 and found.distance.dtype == np.float32
    assert np.allclose(found.distance, distance, atol=2e-3)
    assert (found.index == index).mean() > 0.999  # ties may be ordered otherwise
    assert neighbours.is_ready(dataset)


@pytest.mark.skipif(len(DATA.y_train) < 60_000, reason="the real Fashion-MNIST is not here")
def test_above_the_exact_limit_98_percent_of_the_ten_nearest_are_true_and_every_planted_twin_is_found():
    """On all 70,000 images benchmarks/pages.py measures it."""
    real, generator, reported = part(9000, 1000), np.random.default_rng(1), []
    twins = real.x_test.copy()
    twins[:50] = np.clip(real.x_train[100:150].astype(int) + generator.integers(-2, 3, (50, 28, 28)), 0, 255)
    dataset = Dataset("twins", *real.arrays[:2], twins, real.y_test, real.class_names, "twins", "w" * 64)
    assert len(all_labels(dataset)) > neighbours.EXACT_LIMIT
    found = neighbours.neighbours(dataset, 10, lambda sentence, fraction: reported.append(fraction))
    pairs = near_pairs(found.index, found.distance * GREY_LEVELS, all_labels(dataset), 9000, NEAR)
    assert {(100 + at, 9000 + at) for at in range(50)} <= set(zip(pairs.first, pairs.second, strict=True))
    rows = generator.choice(10_000, 300, replace=False)
    distance, index = exact(dataset, rows, 10)
    recall = np.mean([len({*a} & {*b}) / 10 for a, b in zip(found.index[rows], index, strict=True)])
    assert recall > 0.98
    # What was missed is hardly farther away.
    assert (found.distance[rows] <= distance * 1.05 + 1e-3).mean() > 0.999
    assert (found.index != np.arange(10_000)[:, np.newaxis]).all()
    assert (np.diff(found.distance, axis=1) >= 0).all()
    assert reported == sorted(reported) and reported[-1] == pytest.approx(1)


def test_a_single_image_finds_the_same_without_an_index():
    dataset = part()
    position = 1600
    found, distance = neighbours.nearest(dataset, dataset.x_test[100], 5, leave_out=position)
    expected, index = exact(dataset, [position], 5)
    assert found.tolist() == index[0].tolist()
    assert np.allclose(distance, expected[0], atol=2e-3)
    assert neighbours.nearest(dataset, dataset.x_test[100], 1)[0].tolist() == [position]


def test_equal_images_are_at_distance_zero_and_neighbours_of_each_other():
    dataset = part(400, 50)
    copied = dataset.x_train.copy()
    copied[7] = dataset.x_test[3]
    twin = Dataset(
        "twin", copied, dataset.y_train, dataset.x_test, dataset.y_test, dataset.class_names, "twin", "t" * 64
    )
    found = neighbours.neighbours(twin, 1)
    assert found.index[7, 0] == 403 and found.index[403, 0] == 7
    assert found.distance[7, 0] == 0


def test_thousands_of_equal_images_are_no_trouble():
    images = np.zeros((6500, 28, 28), np.uint8)
    images[:40] = DATA.x_train[:40]
    labels = np.zeros(6500, np.uint8)
    dataset = Dataset("grey", images, labels, images[:5], labels[:5], DATA.class_names, "grey", "g" * 64)
    found = neighbours.neighbours(dataset, 3)
    assert (found.distance[100] == 0).all()
    assert (found.index != np.arange(6505)[:, np.newaxis]).all()


@pytest.mark.parametrize("k", [0, 21])
def test_too_few_or_too_many_neighbours_are_refused(k):
    with pytest.raises(DataError, match="Expected from 1 to 20"):
        neighbours.neighbours(part(), k)


def test_a_place_is_read_written_and_found_among_all_images():
    dataset = part()
    place = Place.parse(" Test-299 ", dataset)
    assert (place.split, place.index, str(place)) == ("test", 299, "test-299")
    assert Place.at(place.position(dataset), dataset) == place
    assert np.array_equal(place.image(dataset), dataset.x_test[299])
    assert place.label(dataset) == all_labels(dataset)[place.position(dataset)]
    positions = np.array([1799, 0, 1500])
    expected = [Place.at(position, dataset).image(dataset) for position in positions]
    assert np.array_equal(images_at(positions, dataset), expected)


@pytest.mark.parametrize("name", ["train-1500", "test-300", "train", "valid-3", "train--1", "", "train-12x"])
def test_a_place_that_is_not_there_is_refused(name):
    with pytest.raises(DataError, match="Expected an image"):
        Place.parse(name, part())

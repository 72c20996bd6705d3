"""Likeness: what is near the training images is usual, noise is not, and distances are those of the pixels."""

import numpy as np
import pytest
from finished_run import REAL_DATA

from fmnist_core import datasets
from fmnist_core.datasets import Dataset
from fmnist_core.likeness import likeness, usual_distances
from pages.ui.predict.nearest import sentence

real_data = pytest.mark.skipif(not REAL_DATA, reason="Fashion-MNIST is not installed on this machine")
RANDOM = np.random.default_rng(0)
BASE = RANDOM.integers(0, 256, (3, 28, 28)).astype(np.int16)


def near(at):
    return (BASE[at] + RANDOM.integers(-9, 10, (28, 28))).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def dataset():
    labels = np.arange(120, dtype=np.uint8) % 3
    images = np.stack([near(label) for label in labels])
    return Dataset(
        name="own", x_train=images[:90], y_train=labels[:90], x_test=images[90:], y_test=labels[90:],
        class_names=("a", "b", "c"), source="this test", sha256="b" * 64,
    )  # fmt: skip


def test_distances_of_test_images_are_those_of_all_pairs(dataset):
    train, test = (images.reshape(len(images), -1) / 255 for images in (dataset.x_train, dataset.x_test))
    expected = np.sort(np.linalg.norm(test[:, None] - train[None], axis=2).min(axis=1))
    np.testing.assert_allclose(usual_distances(dataset), expected, rtol=1e-3)


def test_another_image_of_a_class_is_usual_and_its_neighbours_bear_its_label(dataset):
    found = likeness(dataset, near(1), k=5)
    assert found.is_usual and (dataset.y_train[found.positions] == 1).all()
    assert (np.diff(found.distance) >= 0).all()
    assert sentence(found).startswith("**It looks like the data.**")


def test_noise_is_farther_than_every_test_image(dataset):
    found = likeness(dataset, RANDOM.integers(0, 256, (28, 28)).astype(np.uint8), k=5)
    assert not found.is_usual and found.nearer_share == 1
    assert sentence(found).startswith("**It does not look like the data**")


def test_a_training_image_is_at_no_distance_from_itself(dataset):
    found = likeness(dataset, dataset.x_train[7])
    assert found.positions[0] == 7 and found.distance[0] == 0 and found.nearer_share == 0


@real_data
def test_on_the_real_data_test_images_are_usual_and_their_negatives_are_not():
    dataset = datasets.load("fashion-mnist")
    assert np.mean([likeness(dataset, image, 1).is_usual for image in dataset.x_test[100:120]]) >= 0.8
    assert not any(likeness(dataset, 255 - image, 1).is_usual for image in dataset.x_test[100:105])

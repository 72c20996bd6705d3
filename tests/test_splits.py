"""Splits and the duplicates policy."""

import numpy as np
import pytest

from fmnist_core.errors import SpecError
from fmnist_core.spec import RunSpec
from fmnist_core.splits import draw_split, keep_by_policy

IMAGES = np.random.default_rng(0).integers(0, 256, (1000, 28, 28), np.uint8)
LABELS = np.arange(1000) % 10


@pytest.mark.parametrize("split", ["random", "stratified", "last"])
def test_training_and_validation_share_nothing_and_lose_nothing(split):
    drawn = draw_split(IMAGES, LABELS, RunSpec(split=split, validation_fraction=0.2))
    assert len(drawn.validation) == 200
    assert sorted([*drawn.train, *drawn.validation]) == list(range(1000))


def test_a_stratified_split_keeps_the_share_of_each_class():
    drawn = draw_split(IMAGES, LABELS, RunSpec(split="stratified"))
    assert np.bincount(LABELS[drawn.validation]).tolist() == [20] * 10


def test_the_last_images_are_those_of_keras_validation_split():
    assert draw_split(IMAGES, LABELS, RunSpec(split="last")).validation.tolist() == list(range(800, 1000))


def test_the_seed_decides_the_split():
    first, same, other = (draw_split(IMAGES, LABELS, RunSpec(split="random", seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.train, same.train)
    assert not np.array_equal(first.train, other.train)


def test_validating_on_the_test_set_trains_on_everything():
    drawn = draw_split(IMAGES, LABELS, RunSpec(split="test"))
    assert drawn.validation is None
    assert len(drawn.train) == 1000


def test_the_limit_counts_training_and_validation_together():
    drawn = draw_split(IMAGES, LABELS, RunSpec(train_limit=100))
    assert (len(drawn.train), len(drawn.validation)) == (80, 20)


def test_duplicates_are_kept_once_or_not_at_all():
    images = IMAGES[[0, 1, 0, 2, 1, 0]]
    assert keep_by_policy(images, "keep").tolist() == [0, 1, 2, 3, 4, 5]
    assert keep_by_policy(images, "keep_first").tolist() == [0, 1, 3]
    assert keep_by_policy(images, "drop_all").tolist() == [3]


def test_too_few_images_for_a_stratified_split_are_refused():
    with pytest.raises(SpecError, match="Expected a stratified split"):
        draw_split(IMAGES, LABELS, RunSpec(train_limit=12, split="stratified"))

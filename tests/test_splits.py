"""Splits and the duplicates policy."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold

from fmnist_core.errors import SpecError
from fmnist_core.fold import Fold
from fmnist_core.spec import RunSpec
from fmnist_core.splits import check_folds, check_split, draw_split, keep_by_policy, kept_images

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
    with pytest.raises(SpecError, match="one of each class"):
        draw_split(IMAGES, LABELS, RunSpec(train_limit=12, split="stratified"))


@pytest.mark.parametrize(
    ("split", "limit", "fraction", "fits"),
    [
        ("stratified", 50, 0.2, True), ("stratified", 50, 0.1, False),
        ("last", 10, 0.1, True), ("last", 4, 0.1, False), ("random", 50, 0.02, True), ("random", 20, 0.02, False),
    ],
)  # fmt: skip
def test_what_cannot_be_split_is_told_before_anything_is_drawn(split, limit, fraction, fits):
    spec = RunSpec(split=split, train_limit=limit, validation_fraction=fraction)
    if fits:
        assert len(draw_split(IMAGES, LABELS, spec).validation) == check_split(spec, LABELS)
        return
    with pytest.raises(SpecError, match=r"to learn from and as many to validate on\. Received"):
        check_split(spec, LABELS)


def test_classes_without_an_image_ask_for_none():
    labels = np.repeat([0, 9], 500).astype(np.uint8)
    spec = RunSpec(split="stratified", train_limit=40)
    assert check_split(spec, labels) == len(draw_split(IMAGES, labels, spec).validation) == 8


# Each image stands twice but for the last hundred; classes are of unequal size.
DOUBLE = np.concatenate([IMAGES[:450], IMAGES[:450], IMAGES[450:550]])
UNEQUAL = np.random.default_rng(1).choice(10, 550, p=np.arange(5, 15) / 95)
UNEQUAL = np.concatenate([UNEQUAL[:450], UNEQUAL[:450], UNEQUAL[450:]])


def folds(kind: str, count: int, repeat: int = 1, **changes) -> list:
    spec = RunSpec(split="last", **changes)
    return [
        draw_split(DOUBLE, UNEQUAL, spec.replace(seed=number, fold=Fold(number, count, kind, repeat, 3, seed=7)))
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("kind", ["kfold", "stratified"])
@pytest.mark.parametrize("count", [2, 3, 7])
@pytest.mark.parametrize(
    "changes",
    [{}, {"duplicates": "keep_first"}, {"train_limit": 400}, {"duplicates": "keep_first", "train_limit": 300}],
)
def test_folds_are_disjoint_and_together_are_all_images_that_are_kept(kind, count, changes):
    drawn = folds(kind, count, **changes)
    kept = kept_images(DOUBLE, RunSpec(seed=7, **changes))
    assert len(kept) == changes.get("train_limit", 550 if "duplicates" in changes else 1000)
    assert sorted(np.concatenate([one.validation for one in drawn])) == list(kept)
    for one in drawn:
        assert sorted([*one.train, *one.validation]) == list(kept)
        assert abs(len(one.validation) - len(kept) / count) < 10


@pytest.mark.parametrize("changes", [{}, {"duplicates": "keep_first"}, {"train_limit": 400}])
def test_stratified_folds_keep_the_share_of_each_class(changes):
    kept = kept_images(DOUBLE, RunSpec(seed=7, **changes))
    whole = np.bincount(UNEQUAL[kept], minlength=10)
    for one in folds("stratified", 4, **changes):
        assert np.abs(np.bincount(UNEQUAL[one.validation], minlength=10) - whole / 4).max() < 1


@pytest.mark.parametrize(("kind", "splitter"), [("kfold", KFold), ("stratified", StratifiedKFold)])
@pytest.mark.parametrize("repeat", [1, 2, 3])
def test_the_folds_are_those_of_scikit_learn(kind, splitter, repeat):
    expected = list(splitter(5, shuffle=True, random_state=7 + repeat - 1).split(DOUBLE, UNEQUAL))
    for one, (train, validation) in zip(folds(kind, 5, repeat), expected, strict=True):
        assert np.array_equal(one.train, train)
        assert np.array_equal(one.validation, validation)


def test_each_repeat_cuts_the_same_images_in_another_way():
    first, second = (folds("kfold", 3, repeat, train_limit=300) for repeat in (1, 2))
    assert not np.array_equal(first[0].validation, second[0].validation)
    assert sorted([*first[0].train, *first[0].validation]) == sorted([*second[0].train, *second[0].validation])


def test_more_folds_than_the_smallest_class_has_images_are_refused_with_its_size():
    labels = np.array([0] * 20 + [1] * 4)
    check_folds(labels, 4)
    with pytest.raises(
        SpecError, match=r"smallest class has images: 4 \(class 1, 24 images in all\). Received 5 folds"
    ):
        check_folds(labels, 5)
    with pytest.raises(SpecError, match="Received none"):
        check_folds(labels[:0], 2)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"number": 1, "count": 1}, "number of folds: a whole number from 2"),
        ({"number": 6, "count": 5}, "number of a fold: a whole number from 1 to 5"),
        ({"number": 1, "count": 5, "kind": "holdout"}, "one of stratified, kfold"),
        ({"number": 1, "count": 5, "repeat": 2}, "number of a repeat"),
        ({"number": 1, "count": 5, "repeats": 0}, "repeats of a cross-validation"),
        ({"number": 1, "count": 5, "seed": -1}, "seed of the folds"),
    ],
)
def test_a_fold_that_cannot_be_is_refused(values, message):
    with pytest.raises(SpecError, match=message):
        Fold(**values)


def test_a_spec_keeps_its_fold_as_json():
    spec = RunSpec(fold=Fold(2, 5, "kfold", 1, 2, 3))
    assert RunSpec.from_json(spec.to_json()) == spec
    with pytest.raises(SpecError, match="Expected fold"):
        RunSpec(fold=3)

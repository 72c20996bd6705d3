"""Which training images a Run learns from and which it validates on: indices, drawn from the spec alone."""

from dataclasses import dataclass
from itertools import islice

import numpy as np

from fmnist_core.errors import SpecError
from fmnist_core.fold import Fold
from fmnist_core.spec import RunSpec

# scikit-learn is imported where something is drawn: pages only ask what could be drawn, and loading it takes a second.


@dataclass(frozen=True)
class Split:
    """Indices into the training set: (n,) int64 each. `validation` is None when the test set validates."""

    train: np.ndarray
    validation: np.ndarray | None


def draw_split(images: np.ndarray, labels: np.ndarray, spec: RunSpec) -> Split:
    """Apply the duplicates policy, the limit, and the validation split or the spec's fold, in this order.

    Args:
        images: (n, 28, 28) uint8.
        labels: (n,) integers.

    Raises:
        SpecError: if too few images remain to draw the split.
    """
    kept = kept_images(images, spec)
    if spec.fold:
        return _draw_fold(kept, labels, spec.fold)
    if spec.split == "test":
        return Split(kept, None)
    count = check_split(spec, labels[kept])
    if spec.split == "last":
        return Split(kept[:-count], kept[-count:])
    stratify = labels[kept] if spec.split == "stratified" else None
    try:
        from sklearn.model_selection import train_test_split

        train, validation = train_test_split(kept, test_size=count, random_state=spec.seed, stratify=stratify)
    except ValueError as error:
        raise SpecError(
            f"Expected a {spec.split} split of {len(kept)} images into {count}. Received: {error}"
        ) from error
    return Split(train, validation)


def check_split(spec: RunSpec, labels: np.ndarray) -> int:
    """Return how many training images validate, of those with labels (n,) uint8; 0 where no such split is drawn.

    Raises:
        SpecError: if too few learn or validate: one of each class where the split is stratified.
    """
    if spec.fold or spec.split == "test":
        return 0
    kept = min(spec.train_limit or len(labels), len(labels))
    count = round(kept * spec.validation_fraction)
    least = max(1, np.count_nonzero(np.bincount(labels))) if spec.split == "stratified" else 1
    if min(count, kept - count) < least:
        of_each = ", one of each class," if spec.split == "stratified" else ""
        raise SpecError(
            f"Expected at least {least}{of_each} to learn from and as many to validate on. "
            f"Received {kept:,} training images, of which {count:,} validate."
        )
    return count


def kept_images(images: np.ndarray, spec: RunSpec) -> np.ndarray:
    """Return the sorted indices, (m,) int64, that the duplicates policy and the limit leave of (n, 28, 28) uint8."""
    kept = keep_by_policy(images, spec.duplicates)
    if not spec.train_limit or spec.train_limit >= len(kept):
        return kept
    seed = spec.fold.seed if spec.fold else spec.seed  # all folds are parts of the same images
    return np.sort(np.random.default_rng(seed).permutation(kept)[: spec.train_limit])


def keep_by_policy(images: np.ndarray, policy: str) -> np.ndarray:
    """Return the sorted indices that a duplicates policy keeps: keep, keep_first or drop_all.

    Args:
        images: (n, height, width) uint8; two are duplicates if all pixels agree.
    """
    if policy == "keep":
        return np.arange(len(images))
    rows = np.ascontiguousarray(images).reshape(len(images), -1)
    keys = rows.view(np.dtype((np.void, rows.shape[1]))).ravel()
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    return np.sort(first if policy == "keep_first" else first[counts == 1])


def check_folds(labels: np.ndarray, count: int) -> None:
    """Raise SpecError unless each class among the labels, (m,) integers, has an image for every one of `count` folds.

    Else some fold would have nothing of a class to validate on, or too little to learn it from.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    if not len(classes):
        raise SpecError(f"Expected images for {count} folds. Received none: the duplicates policy leaves nothing.")
    smallest = int(sizes.argmin())
    if sizes[smallest] < count:
        raise SpecError(
            f"Expected at most as many folds as the smallest class has images: {sizes[smallest]} "
            f"(class {classes[smallest]}, {len(labels):,} images in all). Received {count} folds."
        )


def _draw_fold(kept: np.ndarray, labels: np.ndarray, fold: Fold) -> Split:
    from sklearn.model_selection import KFold, StratifiedKFold

    check_folds(labels[kept], fold.count)
    splitter = {"kfold": KFold, "stratified": StratifiedKFold}[fold.kind]
    drawn = splitter(fold.count, shuffle=True, random_state=fold.seed + fold.repeat - 1).split(kept, labels[kept])
    train, validation = next(islice(drawn, fold.number - 1, None))
    return Split(kept[train], kept[validation])

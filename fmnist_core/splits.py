"""Which training images a Run learns from and which it validates on: indices, drawn from the spec alone."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split

from fmnist_core.errors import SpecError
from fmnist_core.spec import RunSpec


@dataclass(frozen=True)
class Split:
    """Indices into the training set: (n,) int64 each. `validation` is None when the test set validates."""

    train: np.ndarray
    validation: np.ndarray | None


def draw_split(images: np.ndarray, labels: np.ndarray, spec: RunSpec) -> Split:
    """Apply the duplicates policy, the limit and the validation split, in this order.

    Args:
        images: (n, 28, 28) uint8.
        labels: (n,) integers.

    Raises:
        SpecError: if too few images remain to draw the split.
    """
    kept = keep_by_policy(images, spec.duplicates)
    if spec.train_limit and spec.train_limit < len(kept):
        kept = np.sort(np.random.default_rng(spec.seed).permutation(kept)[: spec.train_limit])
    if spec.split == "test":
        return Split(kept, None)
    count = round(len(kept) * spec.validation_fraction)
    if count < 1 or count >= len(kept):
        raise SpecError(
            f"Expected enough images for a validation split of {spec.validation_fraction:.0%}. "
            f"Received {len(kept)} training images."
        )
    if spec.split == "last":
        return Split(kept[:-count], kept[-count:])
    stratify = labels[kept] if spec.split == "stratified" else None
    try:
        train, validation = train_test_split(kept, test_size=count, random_state=spec.seed, stratify=stratify)
    except ValueError as error:
        raise SpecError(
            f"Expected a {spec.split} split of {len(kept)} images into {count}. Received: {error}"
        ) from error
    return Split(train, validation)


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

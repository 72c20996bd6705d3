"""Images that stand more than once: exactly, or nearly.

An image is named by its place: 0 to n_train - 1 for training, then the test images.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fmnist_core.pixels import PIXELS

POLICIES = ("keep", "keep_first", "drop_all")
_SEED = 20_171_015  # any will do


def find_copies(x_train: np.ndarray, x_test: np.ndarray) -> dict[str, np.ndarray]:
    """Find images that agree in every pixel: (n, 28, 28) uint8 each.

    A 64-bit sum of each image, weighted at random, is compared first; images with equal sums are then compared
    byte by byte, so the answer is exact.
    Returns place and group, (m,) int64 each, sorted by group, then place. Groups count from 0.
    """
    sums = np.concatenate([_sums(x_train), _sums(x_test)])
    order = np.argsort(sums, kind="stable")
    same = sums[order][1:] == sums[order][:-1]
    suspects = np.sort(order[np.append(False, same) | np.append(same, False)])
    if not len(suspects):
        return {"place": np.empty(0, np.int64), "group": np.empty(0, np.int64)}
    of_train = suspects < len(x_train)
    images = np.concatenate([x_train[suspects[of_train]], x_test[suspects[~of_train] - len(x_train)]])
    images = images.reshape(len(suspects), -1)
    _, group, counts = np.unique(images, axis=0, return_inverse=True, return_counts=True)
    repeated = counts[group.ravel()] > 1
    place, group = suspects[repeated], group.ravel()[repeated]
    # Groups in the order of their first member.
    _, first, group = np.unique(group, return_index=True, return_inverse=True)
    group = np.argsort(np.argsort(first))[group]
    by_group = np.lexsort((place, group))
    return {"place": place[by_group].astype(np.int64), "group": group[by_group].astype(np.int64)}


def _sums(images: np.ndarray) -> np.ndarray:
    rows = np.ascontiguousarray(images).reshape(len(images), PIXELS).view(np.uint64)
    weights = np.random.default_rng(_SEED).integers(0, 2**64, rows.shape[1], dtype=np.uint64, endpoint=False) | 1
    sums = np.empty(len(rows), np.uint64)
    for start in range(0, len(rows), 4096):
        sums[start : start + 4096] = (rows[start : start + 4096] * weights).sum(axis=1, dtype=np.uint64)
    return sums


@dataclass(frozen=True)
class Pairs:
    """Pairs of places with the labels of both.

    first, second: (m,) int64 places, first < second; distance: (m,) float, RMS in grey levels, 0 for exact copies.
    """

    first: np.ndarray
    second: np.ndarray
    distance: np.ndarray
    labels: np.ndarray
    n_train: int

    def __len__(self) -> int:
        return len(self.first)

    @property
    def across(self) -> np.ndarray:
        """(m,) bool: one in training, the other in test."""
        return (self.first < self.n_train) & (self.second >= self.n_train)

    @property
    def within_train(self) -> np.ndarray:
        """(m,) bool."""
        return self.second < self.n_train

    @property
    def within_test(self) -> np.ndarray:
        """(m,) bool."""
        return self.first >= self.n_train

    @property
    def conflicting(self) -> np.ndarray:
        """(m,) bool: the labels differ."""
        return self.labels[self.first] != self.labels[self.second]

    def chosen(self, mask: np.ndarray) -> "Pairs":
        """Return the pairs of a mask or of an index array."""
        return Pairs(self.first[mask], self.second[mask], self.distance[mask], self.labels, self.n_train)

    def touching(self, selected: np.ndarray) -> "Pairs":
        """Return the pairs of which at least one image is selected, (n,) bool, so that no twin outside is hidden."""
        return self.chosen(selected[self.first] | selected[self.second])

    def table(self, class_names: tuple[str, ...]) -> pd.DataFrame:
        """Return a row per pair: split, index within the split and class of both, and the distance."""
        names = np.array(class_names)
        columns = {}
        for which, places in (("first", self.first), ("second", self.second)):
            of_test = places >= self.n_train
            columns[f"{which}_split"] = np.where(of_test, "test", "training")
            columns[f"{which}_index"] = places - of_test * self.n_train
            columns[f"{which}_class"] = names[self.labels[places]]
        return pd.DataFrame({**columns, "distance": self.distance})


def pairs_of_copies(copies: dict[str, np.ndarray], labels: np.ndarray, n_train: int) -> Pairs:
    """Pair the first image of each group of find_copies with each further one; labels: (n,) of training, then test."""
    place, group = copies["place"], copies["group"]
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    first = place[starts][group] if len(group) else place
    further = np.ones(len(place), bool)
    further[starts] = False
    return Pairs(first[further], place[further], np.zeros(further.sum()), labels, n_train)


def near_pairs(
    neighbours: np.ndarray, distances: np.ndarray, labels: np.ndarray, n_train: int, threshold: float
) -> Pairs:
    """List the pairs of neighbours up to a distance, nearest first, each once; exact copies included.

    Args:
        neighbours: (n, k) places of the nearest neighbours of each image, without itself.
        distances: (n, k) RMS difference in grey levels.
        labels: (n,) of training, then test.
        threshold: in grey levels.
    """
    image, rank = np.nonzero(distances <= threshold)
    other, distance = neighbours[image, rank].astype(np.int64), distances[image, rank]
    first, second = np.minimum(image, other), np.maximum(image, other)
    _, unique = np.unique(first * len(labels) + second, return_index=True)
    order = unique[np.lexsort((second[unique], first[unique], distance[unique]))]
    return Pairs(first[order], second[order], distance[order].astype(np.float64), labels, n_train)


def kept_by_policy(images: np.ndarray, policy: str) -> np.ndarray:
    """Return the sorted positions that a duplicates policy keeps, as splits.keep_by_policy does in training.

    Args:
        images: (n, 28, 28) uint8.
        policy: keep, keep_first or drop_all.
    """
    kept = np.ones(len(images), bool)
    if policy != "keep":
        copies = find_copies(images, images[:0])
        kept[copies["place"]] = False
        if policy == "keep_first":
            kept[copies["place"][np.flatnonzero(np.diff(copies["group"], prepend=-1))]] = True
    return np.flatnonzero(kept)


def policy_counts(images: np.ndarray, labels: np.ndarray, n_classes: int) -> pd.DataFrame:
    """Say what each duplicates policy leaves of the training set: a row per policy, total and count per class."""
    rows = {}
    for policy in POLICIES:
        kept = kept_by_policy(images, policy)
        rows[policy] = [len(kept), *np.bincount(labels[kept], minlength=n_classes)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["images", *range(n_classes)])

"""Overlay: what a person decided about single labels, kept beside the data, which are never changed.

One file of JSON lines per content of a data set. Marks are appended, so nothing that was ever said is lost; the last
word about an image counts. A line torn by a crash is left out; any other damage is told, never skipped over, because a
training that ignored decisions would go unnoticed.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Literal

import numpy as np

from fmnist_core import paths
from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError
from fmnist_core.places import WORDS, Place

ACTIONS = ("keep", "relabel", "drop", "clear")
Action = Literal["keep", "relabel", "drop", "clear"]
_END_S = 2**33  # in the year 2242: what dates in a table can hold


@dataclass(frozen=True)
class Mark:
    """A decision: keep the label as it is, relabel to `label`, or drop the image; and when, in s since 1970."""

    action: Action
    label: int | None = None
    time_s: float = 0.0


@dataclass(frozen=True)
class Overlay:
    """The decisions about the images of one data set.

    sha256: of the data set's content.
    marks: by place; only what is in force.
    """

    sha256: str
    marks: dict[Place, Mark]

    @classmethod
    def read(cls, sha256: str, file: Path | None = None) -> "Overlay":
        """Return the decisions about a data set, or those in a copy of its file; none where nobody made any.

        Raises:
            DataError: the file is damaged; it says where, and the file stays as it is.
        """
        marks: dict[Place, Mark] = {}
        for place, mark in _lines(file or overlay_file(sha256)):
            if mark.action == "clear":
                marks.pop(place, None)
            else:
                marks[place] = mark
        return cls(sha256, marks)

    def mark(self, split: str, index: int, action: Action, label: int | None = None) -> "Overlay":
        """Write a decision down and return the overlay with it; "clear" takes back what was said before.

        Raises:
            DataError: the action is unknown, or a label is missing or too much.
        """
        _check(split, index, action, label)
        place, mark = Place(split, int(index)), Mark(action, label, time.time())
        _append(overlay_file(self.sha256), {"split": split, "index": int(index), **vars(mark)})
        rest = {known: other for known, other in self.marks.items() if known != place}
        return Overlay(self.sha256, rest if action == "clear" else {**rest, place: mark})

    def apply(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
        """Return the training images (m, 28, 28) uint8 and labels (m,) uint8 with the decisions carried out.

        Without decisions that change them they are the data set's own arrays; else copies. The test set is never
        changed: marks on its images are notes.

        Raises:
            DataError: see check.
        """
        self.check(dataset)
        changes = {place.index: mark for place, mark in self.marks.items() if place.split == "train"}
        dropped = [index for index, mark in changes.items() if mark.action == "drop"]
        relabelled = {index: mark.label for index, mark in changes.items() if mark.action == "relabel"}
        if not dropped and not relabelled:
            return dataset.x_train, dataset.y_train
        labels = dataset.y_train.copy()
        labels[list(relabelled)] = list(relabelled.values())
        kept = np.ones(len(labels), bool)
        kept[dropped] = False
        return (dataset.x_train[kept], labels[kept]) if dropped else (dataset.x_train, labels)

    def check(self, dataset: Dataset) -> None:
        """Raise DataError if the overlay is of other data, or names an image or a class that they do not have."""
        if dataset.sha256 != self.sha256:
            raise DataError(f"Expected an overlay of {dataset.sha256[:12]}. Received one of {self.sha256[:12]}.")
        counts, classes = {"train": len(dataset.y_train), "test": len(dataset.y_test)}, len(dataset.class_names)
        for place, mark in self.marks.items():
            if place.index >= counts[place.split] or (mark.label or 0) >= classes:
                raise DataError(
                    f"Expected decisions on {counts[place.split]:,} {WORDS[place.split].lower()} images in {classes} "
                    f"classes. Received one on {place}, label {mark.label}."
                )

    def kept(self, count: int) -> np.ndarray:
        """Return which of `count` training images `apply` keeps: sorted positions, (m,) int64."""
        dropped = [
            place.index for place, mark in self.marks.items() if mark.action == "drop" and place.split == "train"
        ]
        return np.setdiff1d(np.arange(count), dropped, assume_unique=True)

    def counts(self, split: str | None = None) -> dict[str, int]:
        """Return the number of decisions by action, of one split or both."""
        actions = [mark.action for place, mark in self.marks.items() if split in (None, place.split)]
        return {action: actions.count(action) for action in ACTIONS[:3]}

    @property
    def digest(self) -> str:
        """A short name of what `apply` changes, for a Run to record; empty if it changes nothing."""
        changes = sorted(
            (place.index, mark.action, mark.label)
            for place, mark in self.marks.items()
            if place.split == "train" and mark.action != "keep"
        )
        return hashlib.sha256(json.dumps(changes).encode()).hexdigest()[:12] if changes else ""


def overlay_file(sha256: str) -> Path:
    """Return the file with the decisions about a data set; it need not exist."""
    return paths.home() / "overlays" / f"{sha256}.jsonl"


def set_aside(sha256: str) -> Path:
    """Rename a damaged file, so that new decisions can be made, and return where it lies now."""
    file = overlay_file(sha256)
    aside = file.with_name(f"{file.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1000:03d}.jsonl")
    file.rename(aside)
    return aside


def _check(split: str, index: int, action: str, label: int | None) -> None:
    if any(isinstance(value, bool) or not isinstance(value, Integral | None) for value in (index, label)):
        raise DataError(f"Expected whole numbers for image and label. Received {index!r} and {label!r}.")
    if action not in ACTIONS:
        raise DataError(f"Expected one of {', '.join(ACTIONS)}. Received {action!r}.")
    if split not in ("train", "test") or index < 0:
        raise DataError(f"Expected an image of train or test. Received {split!r}, {index}.")
    if (label is not None) != (action == "relabel"):
        raise DataError(f"Expected a label for relabel and for nothing else. Received {action!r} with {label}.")
    if label is not None and not 0 <= label <= 255:
        raise DataError(f"Expected a label from 0 to 255. Received {label}.")


def _append(file: Path, line: dict[str, object]) -> None:
    """Append one line in one write; a torn line before it is ended first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as stream:
        torn = False
        if stream.tell():
            stream.seek(-1, 2)
            torn = stream.read(1) != b"\n"
        stream.write(b"\n" * torn + json.dumps(line).encode() + b"\n")


def _lines(file: Path) -> Iterator[tuple[Place, Mark]]:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataError(f"Expected to read the label decisions in {file}. Received: {error}") from error
    lines = content.split(b"\n")
    if content and not content.endswith(b"\n"):
        lines.pop()  # torn by a crash, or being written just now
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            values = json.loads(line)
            _check(values["split"], values["index"], values["action"], values["label"])
            time_s = float(values["time_s"])
            if not 0 <= time_s < _END_S:
                raise DataError(f"Expected a time in seconds since 1970. Received {time_s}.")
            yield Place(values["split"], values["index"]), Mark(values["action"], values["label"], time_s)
        except (ValueError, KeyError, TypeError, DataError) as error:
            raise DataError(
                f"Expected label decisions, a line of JSON each. Received a damaged line {number} in {file}."
            ) from error

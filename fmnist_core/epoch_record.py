"""What a network answered after each of its epochs, kept beside a Run: test probabilities, and its weights if wanted.

    record = EpochRecord.read(run)
    record.epochs            # (1, 2, 3, ...)
    record.answers(3)        # (10000, 10) uint8: probability times 255, as the network stood after epoch 3

One file per epoch, moved into place when it is whole: a killed worker leaves no half of one, and a Run that is resumed
writes an epoch that it does again over the first. A file of another size counts as not kept; one that is damaged all
the same is told by `answers`, and epoch_history leaves its epoch out.
The answers are those of the weights that were validated: averaged over steps, and over the mirror image, where the Run
does so.
"""

import hashlib
import json
import math
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fmnist_core.errors import LabError, RunError
from fmnist_core.files import replace_atomically, write_atomically
from fmnist_core.runs import Run

FOLDER, ABOUT_FILE, TRUNK_FILE = "epochs", "about.json", "trunk.npz"
MOST_WEIGHTS_BYTES = 500_000_000  # of a phase's epochs together; beyond, every second, third ... epoch is kept
_ABOUT = ("sha256", "source", "images", "class_names", "synthetic")
_ANSWERS_END, _WEIGHTS_END = ".npy", "-weights.npz"


@dataclass(frozen=True)
class EpochRecord:
    """The kept epochs of a Run.

    Attributes:
        folder: where they lie.
        sha256, source, images, class_names, synthetic: of the test set that was answered.
        epochs: whose answers are there and as long as they must be, ascending, from 1.
        forkable: whose weights are there, ascending.
        size_bytes: what all kept epochs take on disk.
        identity: equal for equal kept epochs.
    """

    folder: Path
    sha256: str
    source: str
    images: int
    class_names: tuple[str, ...]
    synthetic: bool
    epochs: tuple[int, ...]
    forkable: tuple[int, ...]
    size_bytes: int
    identity: str

    @classmethod
    def read(cls, run: Run) -> "EpochRecord | None":
        """Return what the Run kept; None if it kept nothing.

        Raises:
            RunError: if there are answers but what they are about cannot be read.
        """
        folder = run.folder / FOLDER
        files = _files(folder)
        answers = _by_epoch(files, _ANSWERS_END)
        if not answers:
            return None
        about = _about(folder, run)
        whole = answers_bytes(about["images"], len(about["class_names"]))
        names = tuple(map(str, about.pop("class_names")))
        states = [(name, state.st_size, state.st_mtime_ns) for name, state in files.items()]
        return cls(
            folder, **about, class_names=names,
            epochs=tuple(epoch for epoch, state in answers.items() if state.st_size == whole),
            forkable=tuple(_by_epoch(files, _WEIGHTS_END)),
            size_bytes=sum(state.st_size for state in files.values()),
            identity=hashlib.sha256(repr((str(folder), states)).encode()).hexdigest()[:16],
        )  # fmt: skip

    def answers(self, epoch: int) -> np.ndarray:
        """Return what `to_bytes` made of the probabilities after an epoch: (images, classes) uint8.

        Raises:
            RunError: if that epoch was not kept, or its file is damaged.
        """
        file = answers_file(self.folder, epoch)
        try:
            answers = np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise RunError(f"Expected the answers after epoch {epoch} in {file}. Received: {error}.") from error
        shape = (self.images, len(self.class_names))
        if answers.shape != shape or answers.dtype != np.uint8:
            raise RunError(
                f"Expected answers of shape {shape} and type uint8 in {file}. Received {answers.shape}, "
                f"{answers.dtype}."
            )
        return answers


def has_kept(run: Run) -> bool:
    """Whether the Run began to keep epochs; cheap enough to ask of hundreds."""
    return (run.folder / FOLDER / ABOUT_FILE).is_file()


def to_bytes(probabilities: np.ndarray) -> np.ndarray:
    """Round probabilities (n, classes) to whole 255ths: uint8. The most probable class stays the most probable.

    Each is off by at most 1/510; where rounding makes others equal to the largest, that one goes up by 1/255.
    """
    rounded = np.rint(np.clip(probabilities, 0.0, 1.0) * 255).astype(np.uint8)
    rows, best = np.arange(len(probabilities)), probabilities.argmax(axis=1)
    # Two that are equal are at most a half each, so that there is room above.
    tied = (rounded == rounded[rows, best][:, np.newaxis]).sum(axis=1) > 1
    rounded[rows[tied], best[tied]] += 1
    return rounded


def answers_file(folder: Path, epoch: int) -> Path:
    """Return where the answers after an epoch lie in a record's folder."""
    return folder / f"{epoch:04d}{_ANSWERS_END}"


def weights_file(folder: Path, epoch: int) -> Path:
    """Return where the weights after an epoch lie in a record's folder."""
    return folder / f"{epoch:04d}{_WEIGHTS_END}"


def answers_bytes(images: int, classes: int) -> int:
    """Return the size of an epoch's answers: a byte for each probability, behind NumPy's header of 128."""
    return 128 + images * classes


def begin(run: Run, about: dict[str, Any]) -> Path:
    """Make the folder of a Run's record, say in it what the answers are about, and return it."""
    folder = run.folder / FOLDER
    folder.mkdir(exist_ok=True)
    write_atomically(folder / ABOUT_FILE, json.dumps({name: about[name] for name in _ABOUT}))
    return folder


def write_answers(folder: Path, epoch: int, probabilities: np.ndarray) -> None:
    """Keep probabilities (n, classes) of the test images after an epoch (from 1)."""
    replace_atomically(answers_file(folder, epoch), lambda path: np.save(path, to_bytes(probabilities)))


def write_weights(file: Path, weights: list[np.ndarray]) -> None:
    """Keep a list of arrays; they come back in the same order."""
    replace_atomically(file, lambda path: np.savez(path, *weights))


def read_weights(file: Path) -> list[np.ndarray]:
    """Return what write_weights kept.

    Raises:
        RunError: if the file is absent or damaged.
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return [arrays[f"arr_{number}"] for number in range(len(arrays.files))]
    except Exception as error:  # zipfile and NumPy have kinds of their own for a damaged file
        raise RunError(f"Expected the weights of an epoch in {file}. Received: {error}.") from error


def weights_stride(size_bytes: int, epochs: int) -> int:
    """Return n such that the weights of every n-th of so many epochs, each of this size, keep below the limit."""
    return max(1, math.ceil(size_bytes * epochs / MOST_WEIGHTS_BYTES))


def _files(folder: Path) -> dict[str, os.stat_result]:
    """Return the files of a record by their names, ascending; those on their way to their place are left out."""
    found = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name[0] != "." and entry.is_file():
                found[entry.name] = entry.stat()
    return dict(sorted(found.items()))


def _by_epoch(files: dict[str, os.stat_result], end: str) -> dict[int, os.stat_result]:
    """Return those whose names are a number with this end, by the number, ascending."""
    numbers = {name.removesuffix(end): state for name, state in files.items() if name.endswith(end)}
    return dict(sorted((int(number), state) for number, state in numbers.items() if number.isdecimal()))


def _about(folder: Path, run: Run) -> dict[str, Any]:
    try:
        about = json.loads((folder / ABOUT_FILE).read_text())
        chosen = {name: about[name] for name in _ABOUT}
        if not (isinstance(chosen["images"], int) and len(chosen["class_names"]) > 1):
            raise ValueError(f"{chosen['images']!r} images of {chosen['class_names']!r}")
        return chosen
    except (OSError, ValueError, KeyError, TypeError, LabError) as error:
        raise RunError(f"Run {run.id}: expected {ABOUT_FILE} beside its kept epochs. Received: {error!r}.") from error

"""Out-of-fold probabilities: for every training image, what a network says that has not learned from it.

    found = out_of_fold(find_group(name, list_runs()))
    found.probabilities[i]    # of training image found.index[i]

They feed whatever wants honest probabilities of the training images: label suspects, calibration, stacking. They are
put together once and kept in the cache.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from fmnist_core import paths
from fmnist_core.calibration import Reliability, fit_temperature, reliability, with_temperature
from fmnist_core.confidence import labels_of
from fmnist_core.crossval import Group, taught_by
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError, RunError
from fmnist_core.files import replace_atomically
from fmnist_core.runs import Run, RunState


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Probabilities of training images by networks that did not learn from them.

    Attributes:
        index: (m,) int64, sorted: which of the data set's training images. All of them, unless a limit, the duplicates
            policy or label marks left some out.
        probabilities: (m, classes) float32, rows sum to 1; the mean over repeats.
        sha256: of the data set that the folds were trained on.
    """

    index: np.ndarray
    probabilities: np.ndarray
    sha256: str

    def full(self, count: int) -> np.ndarray:
        """Return a row for each of `count` training images, (count, classes) float32; NaN for those left out."""
        rows = np.full((count, self.probabilities.shape[1]), np.nan, np.float32)
        rows[self.index] = self.probabilities
        return rows


@dataclass(frozen=True, eq=False)
class Calibration:
    """Whether the probabilities of a cross-validation's networks mean what they say.

    Attributes:
        before, after: out-of-fold, as they are and with the temperature.
        temperature: fitted on the same images: one number for all of them.
    """

    before: Reliability
    after: Reliability
    temperature: float


def calibration(group: Group, dataset: Dataset) -> Calibration:
    """Judge the confidence of a cross-validation's networks by images that they did not learn from.

    Args:
        dataset: that the folds were made on.

    Raises:
        RunError: see out_of_fold.
        DataError: the label marks of the folds are damaged.
    """
    found = out_of_fold(group)
    labels = labels_of(dataset, group.runs[0])[found.index]
    temperature = fit_temperature(labels, found.probabilities)
    mended = with_temperature(found.probabilities, temperature)
    return Calibration(reliability(labels, found.probabilities), reliability(labels, mended), temperature)


def out_of_fold(group: Group) -> OutOfFold:
    """Return the out-of-fold probabilities of a cross-validation.

    Raises:
        RunError: if weights were carried from fold to fold or had learned the same data before, a fold is absent or
            not completed, the folds saw different data, or their files are damaged.
    """
    _check(group)
    file = _file(group)
    if (kept := _read(file)) is None:
        kept = assemble(group.runs, group.cross.repeats)
        file.parent.mkdir(parents=True, exist_ok=True)
        arrays = {"index": kept.index, "probabilities": kept.probabilities, "sha256": np.array(kept.sha256)}
        replace_atomically(file, lambda path: np.savez(path, **arrays))
    return kept


def assemble(runs: Iterable[Run], repeats: int) -> OutOfFold:
    """Put the folds' probabilities together: each image once per repeat, the mean over repeats.

    Raises:
        RunError: if a file is damaged, the data differ, or an image does not stand once in each repeat.
    """
    runs = list(runs)
    parts = [run.validation_probabilities() for run in runs]
    hashes = {(run.result or {}).get("sha256", "") for run in runs}
    if len(hashes) != 1:
        raise RunError(f"Expected all folds to have seen the same data. Received {len(hashes)} different contents.")
    index = np.concatenate([index for index, _ in parts])
    found, place, counts = np.unique(index, return_inverse=True, return_counts=True)
    if (counts != repeats).any():
        image = found[int(np.argmax(counts != repeats))]
        raise RunError(
            f"Expected each image in one fold of each of {repeats} repeats. Received training image {image} "
            f"{counts[found == image][0]} times."
        )
    total = np.zeros((len(found), parts[0][1].shape[1]), np.float64)
    np.add.at(total, place, np.concatenate([probabilities for _, probabilities in parts]))
    return OutOfFold(found, (total / repeats).astype(np.float32), hashes.pop())


def _check(group: Group) -> None:
    if group.cross.leaking:
        raise RunError(
            "Expected folds whose networks have not seen each other's images. Received a cross-validation in which the "
            "weights are carried from fold to fold."
        )
    whole = group.cross.folds * group.cross.repeats
    done = sum(run.state == RunState.COMPLETED for run in group.runs)
    if done < whole:
        raise RunError(f"Expected all {whole} folds of {group.name} to be completed. Received {done}.")
    if teacher := teacher_of(group):
        raise RunError(
            "Expected folds whose networks have not seen the images that they validate on. Received some that started "
            f"with weights of {teacher.spec.title}, which learned the same data."
        )


def teacher_of(group: Group) -> Run | None:
    """Return the earlier Run from which all folds know the images that they validate on; None in honest folds.

    A launch refuses such folds, so one is found in an older workspace only. Where the earlier Run is gone, so is the
    proof.
    """
    sha256 = next((result["sha256"] for run in group.runs if "sha256" in (result := _result(run))), "")
    with suppress(LabError):
        return taught_by(group.cross.base, sha256, group.runs[0].folder.parent)
    return None


def _result(run: Run) -> dict:
    try:
        return run.result or {}
    except LabError:
        return {}


def _file(group: Group) -> Path:
    return paths.cache() / "out-of-fold" / f"{group.name}.npz"


def _read(file: Path) -> OutOfFold | None:
    try:
        with np.load(file, allow_pickle=False) as kept:
            return OutOfFold(kept["index"], kept["probabilities"], str(kept["sha256"]))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None  # not there yet, or damaged: made anew

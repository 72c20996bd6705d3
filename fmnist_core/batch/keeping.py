"""Batches on disk: the files as they came, the images made of them, and the answers of each model asked.

    batches/<content>/files/0, 1     as uploaded
                     /about.json     what the user calls them, and when they came
                     /rows-<classes>/  images.u8, labels.npy, rows.json: made once for each set of class names
                     /answers-<model>.npy, .json       probabilities as they leave the model; time, and why no refusals
                     /answers-<model>-refusals.npy     why a row is none of the classes, where that can be told

The task reads and predicts chunk by chunk, so memory stays the same however many rows there are.
"""

import hashlib
import json
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fmnist_core import paths, prediction
from fmnist_core.batch.answers import Answers
from fmnist_core.batch.reading import read_rows
from fmnist_core.batch.rows import Notes, Problem, Report
from fmnist_core.confidence import temperature_of
from fmnist_core.datasets.base import IMAGE_SHAPE
from fmnist_core.errors import DataError, LabError
from fmnist_core.files import replace_atomically, write_atomically
from fmnist_core.fingerprints import file_fingerprint
from fmnist_core.prediction import Predictor
from fmnist_core.ready_made import FOLDER as READY_MADE
from fmnist_core.rejection import Detector, detector_of
from fmnist_core.run_data import data_for
from fmnist_core.runs import LITERT_FILE, Run, find_run
from fmnist_core.tasks import Task

MAX_BYTES = 450 << 20  # 100,000 rows of CSV at their longest are 0.4 GB
MAX_FILES = 2  # IDX images and their labels
KEPT = 6  # batches; older ones go when another comes
CHUNK = 2048  # rows per step of progress
READING = 0.8  # share of the progress bar; predicting takes the rest


@dataclass(frozen=True)
class Batch:
    """A batch in its folder, named by the content of its files."""

    folder: Path

    @property
    def id(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @cached_property
    def about(self) -> dict[str, Any]:
        """What is known of it: names (of the files), time_s (when it came). Read once: somebody else may delete it."""
        return json.loads((self.folder / "about.json").read_text())

    @property
    def title(self) -> str:
        """The name of its first file."""
        return str(self.about["names"][0])

    def delete(self) -> None:
        """Remove it with all answers."""
        shutil.rmtree(self.folder, ignore_errors=True)


def keep_files(files: Sequence[tuple[str, bytes]]) -> Batch:
    """Write (name, content) pairs to disk; the same content gives the same batch. Older batches than KEPT go.

    Raises:
        DataError: there are none, more than two, or too many bytes.
    """
    size = sum(len(content) for _, content in files)
    if not 1 <= len(files) <= MAX_FILES:
        raise DataError(f"Expected one .zip, one CSV, or images and labels as IDX. Received {len(files)} files.")
    if not 0 < size <= MAX_BYTES:
        raise DataError(f"Expected up to {MAX_BYTES >> 20} MB. Received {size / 2**20:,.0f} MB.")
    digest = hashlib.sha256(b"".join(sorted(hashlib.sha256(content).digest() for _, content in files)))
    batch = Batch(_home() / digest.hexdigest()[:16])
    (batch.folder / "files").mkdir(parents=True, exist_ok=True)
    for at, (_, content) in enumerate(files):
        write_atomically(batch.folder / "files" / str(at), content)
    about = {"names": [name[-120:] for name, _ in files], "time_s": time.time()}
    write_atomically(batch.folder / "about.json", json.dumps(about))
    for old in kept_batches()[KEPT:]:
        old.delete()
    return batch


def kept_batches() -> list[Batch]:
    """Return the batches on disk, the newest first."""
    came = {}
    for file in _home().glob("*/about.json"):
        batch = Batch(file.parent)
        with suppress(OSError, ValueError, LookupError, TypeError):  # damaged, or just being deleted by somebody else
            _, came[batch] = batch.title, float(batch.about["time_s"])
    return sorted(came, key=lambda batch: -came[batch])


def find_batch(batch_id: str) -> Batch | None:
    """Return the batch of this id; None if it is not there."""
    return next((batch for batch in kept_batches() if batch.id == batch_id), None)


def batch_task(batch: Batch, run: Run) -> Task:
    """Return the task that reads the batch and lets the Run's model answer; ModelError if there is no model."""
    parameters = {"batch": batch.id, "run": run.id, "model": _model_key(run)}
    return Task("batch", "", "", batch.id, parameters)


def remember(dataset: None, report: Report, *, batch: str, run: str, model: str) -> None:
    """Read a batch, predict and keep both (a task, see fmnist_core/tasks.py; it needs no data set)."""
    place, chosen = find_batch(batch), Run(READY_MADE) if run == READY_MADE.name else find_run(run)
    if place is None:
        raise DataError("Expected the uploaded files. Received none: they made room for newer ones. Upload them again.")
    predictor = prediction.load(chosen)
    rows = _rows_folder(place, predictor.class_names)
    if not (rows / "rows.json").is_file():
        _read(place, rows, predictor.class_names, report)
    _predict(rows, place.folder / f"answers-{model}", chosen, predictor, report)


def read_answers(batch: Batch, run: Run) -> Answers | None:
    """Return what the Run's model says about the batch; None if it was not asked yet, or not to the end.

    Images are memory-mapped, probabilities calibrated (confidence.py). Raises ModelError or RunError if the
    Run cannot be used.
    """
    predictor = prediction.load(run)
    folder, answers = _rows_folder(batch, predictor.class_names), batch.folder / f"answers-{_model_key(run)}"
    try:
        about = json.loads((folder / "rows.json").read_text())
        said = json.loads(answers.with_suffix(".json").read_text())
        seconds, untold = said["seconds"], said["untold"]
        probabilities = np.load(answers.with_suffix(".npy"), mmap_mode="r", allow_pickle=False)
        refusals = None if untold else np.load(f"{answers}-refusals.npy", allow_pickle=False)
        labels = np.load(folder / "labels.npy", allow_pickle=False)
        images = _images(folder)
    except (OSError, ValueError, KeyError):
        return None
    problems = tuple(Problem(*problem) for problem in about["problems"])
    return Answers(
        about["names"], images, labels, temperature_of(run).mended(probabilities), predictor.class_names, problems,
        Counter(about["unknown"]), about["skipped"], seconds, refusals, untold,
    )  # fmt: skip


def _read(batch: Batch, folder: Path, class_names: Sequence[str], report: Report) -> None:
    """Make rows of the files: in a folder beside the place, which is moved there once it is whole."""
    for torn in batch.folder.glob(".rows-*"):
        shutil.rmtree(torn, ignore_errors=True)  # of an attempt that was cancelled
    temporary = batch.folder / f".rows-{uuid.uuid4().hex[:8]}"
    temporary.mkdir()
    notes, names, labels = Notes(), [], []
    files = [(batch.folder / "files" / str(at), name) for at, name in enumerate(batch.about["names"])]
    with (temporary / "images.u8").open("wb") as pixels:
        for chunk in read_rows(files, class_names, notes, lambda words, share: report(words, READING * share)):
            pixels.write(np.ascontiguousarray(chunk.images).tobytes())
            names.extend(chunk.names)
            labels.append(chunk.labels)
    if not names:
        shutil.rmtree(temporary)
        raise DataError(_nothing_words(notes))
    np.save(temporary / "labels.npy", np.concatenate(labels))
    about = {"names": names, "problems": notes.problems, "unknown": notes.unknown, "skipped": notes.skipped}
    (temporary / "rows.json").write_text(json.dumps(about))
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def _nothing_words(notes: Notes) -> str:
    words = "Expected at least one picture that can be read. Received none."
    first = [f"{problem.name}: {problem.reason}" for problem in notes.problems[:3]]
    return " ".join([words, *([f"The first of {len(notes.problems):,}:"] if len(notes.problems) > 3 else []), *first])


def _predict(folder: Path, place: Path, run: Run, predictor: Predictor, report: Report) -> None:
    images = _images(folder)
    rows, refusals = np.empty((len(images), len(predictor.class_names)), np.float32), np.zeros(len(images), np.uint8)
    report("Measuring what is usual for the model", READING)
    detector, untold = _detector(run, predictor)
    seconds = 0.0
    for start in range(0, len(images), CHUNK):
        report(f"Predicting: {start:,} of {len(images):,}", READING + (1 - READING) * start / len(images))
        chunk, part = slice(start, start + CHUNK), np.asarray(images[start : start + CHUNK])
        began = time.perf_counter()
        rows[chunk] = predictor.probabilities(part)
        seconds += time.perf_counter() - began
        if detector:
            refusals[chunk] = detector.judge(part, rows[chunk]).refusals
    replace_atomically(place.with_suffix(".npy"), lambda path: np.save(path, rows))
    if detector:
        replace_atomically(Path(f"{place}-refusals.npy"), lambda path: np.save(path, refusals))
    write_atomically(place.with_suffix(".json"), json.dumps({"seconds": seconds, "untold": untold}))


def _detector(run: Run, predictor: Predictor) -> tuple[Detector | None, str]:
    """Return what tells images that are none of the classes, or None and why there is none: the data may be gone."""
    try:
        return detector_of(run, predictor, data_for(run.spec, predictor.class_names)), ""
    except LabError as error:
        return None, str(error)


def _images(folder: Path) -> np.ndarray:
    """Return (n, 28, 28) uint8, memory-mapped."""
    return np.memmap(folder / "images.u8", np.uint8, mode="r").reshape(-1, *IMAGE_SHAPE)


def _rows_folder(batch: Batch, class_names: Sequence[str]) -> Path:
    text = json.dumps(list(class_names))
    return batch.folder / f"rows-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _model_key(run: Run) -> str:
    """Name a model by its Run and its file: another file, another model."""
    return f"{run.id}-{file_fingerprint(run.folder / LITERT_FILE)}"


def _home() -> Path:
    folder = paths.home() / "batches"
    folder.mkdir(parents=True, exist_ok=True)
    return folder

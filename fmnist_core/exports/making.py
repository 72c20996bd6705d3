"""Make a Run's model in every form, and prove each: a task of its own process, the only one here that loads TensorFlow.

A proof loads the file back in the runtime that others will use, asks it about 1,000 test images, and compares the
probabilities with those that the Run itself gave when it finished. Where that is quick, all test images are asked, so
that the accuracy beside the button is the one of the test set.
"""

import importlib.metadata
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fmnist_core.datasets import Dataset
from fmnist_core.errors import ModelError, first_words
from fmnist_core.exports import FORMATS, Exports, Format, Proof, export_folder, write_exports
from fmnist_core.exports.runtimes import PREDICTORS
from fmnist_core.files import replace_atomically
from fmnist_core.fingerprints import file_fingerprint
from fmnist_core.keras_files import load_model
from fmnist_core.runs import KERAS_FILE, Run, find_run

PROOF_IMAGES = 1000
CALIBRATION_IMAGES = 500  # of the training set: what the 8-bit model learns its ranges from
MOST_S = 20.0  # all test images are asked where that takes no longer than this
BATCH = 50
VERSIONS = ("tensorflow", "keras", "ai-edge-litert", "onnxruntime", "tf2onnx")

Report = Callable[[str, float], None]


def remember(dataset: Dataset, report: Report, *, run: str) -> None:
    """Make and prove every form of a finished Run's model (a task, see fmnist_core/tasks.py); run: its id."""
    make_exports(find_run(run), dataset, report)


def make_exports(run: Run, dataset: Dataset, report: Report | None = None) -> Exports:
    """Make and prove every form; what fails is told in its proof, and the others go on.

    Raises:
        LabError: the Run has no readable model or no probabilities of this test set.
    """
    report = report or (lambda *_: None)
    probabilities = _known_probabilities(run, dataset)
    report("Loading TensorFlow", 0.02)
    from fmnist_core.exports.writers import WRITERS, portable

    made_of = file_fingerprint(run.folder / KERAS_FILE)  # before it is read: it may be replaced while this goes on
    model = portable(load_model(run.folder / KERAS_FILE, f"Run {run.id}"), run.spec)
    folder = export_folder(run)
    folder.mkdir(exist_ok=True)
    examples = _calibration_images(dataset)
    proofs = {}
    for number, (name, form) in enumerate(FORMATS.items()):
        report(f"{form.title}: writing", 0.15 + 0.85 * number / len(FORMATS))
        path = folder / form.file
        path.unlink(missing_ok=True)
        try:
            replace_atomically(path, lambda place, write=WRITERS[name]: write(model, place, examples))
            report(f"{form.title}: asking it about test images", 0.15 + 0.85 * (number + 0.6) / len(FORMATS))
            proofs[name] = prove(name, path, dataset, probabilities)
        except Exception as error:  # converters and runtimes raise whatever they like; the other forms go on
            proofs[name] = Proof(False, f"{form.title}: expected a file. Received: {first_words(error)}")
        if not proofs[name].passed:
            path.unlink(missing_ok=True)  # what is not proven does not lie about
    exports = Exports(run, proofs, {package: _version(package) for package in VERSIONS})
    write_exports(exports, made_of)
    return exports


def prove(name: str, path: Path, dataset: Dataset, known: np.ndarray, most_s: float = MOST_S) -> Proof:
    """Load a file back in its own runtime and compare it with the Run.

    Args:
        name: key of FORMATS.
        known: the Run's own probabilities on the test set, (n, classes) float32.
        most_s: all test images are asked if that takes at most so long.
    """
    form = FORMATS[name]
    predict = PREDICTORS[name](path)
    order = _spread(len(dataset.y_test), PROOF_IMAGES)
    began_s = time.perf_counter()
    rows = _ask(predict, dataset.x_test[order], known.shape[1])
    pace_s = (time.perf_counter() - began_s) / len(order)
    rest = np.setdiff1d(np.arange(len(dataset.y_test)), order)
    if len(rest) and pace_s * len(rest) <= most_s:
        rows = np.concatenate([rows, _ask(predict, dataset.x_test[rest], known.shape[1])])
        order = np.concatenate([order, rest])
    return _judge(form, path, rows, known[order], np.asarray(dataset.y_test)[order])


def _judge(form: Format, path: Path, rows: np.ndarray, known: np.ndarray, labels: np.ndarray) -> Proof:
    """Say whether these probabilities, (n, classes), are near enough to the Run's, and how near."""
    answers, run_answers = rows.argmax(axis=1), known.argmax(axis=1)
    difference = float(np.abs(rows - known).max())
    accuracy, run_accuracy = float((answers == labels).mean()), float((run_answers == labels).mean())
    reason = ""
    if form.tolerance is not None and not difference <= form.tolerance:
        reason = (
            f"Expected the Run's probabilities to within {form.tolerance:g}. Received one that is {difference:.3g} off."
        )
    elif form.tolerance is None and not run_accuracy - accuracy <= form.most_lost:
        reason = (
            f"Expected at most {form.most_lost:.0%} less accuracy than the Run's {run_accuracy:.1%}. "
            f"Received {accuracy:.1%}: rounding to whole numbers cost this network too much."
        )
    return Proof(
        not reason, reason, f"{form.runtime} {_version(form.runtime)}", path.stat().st_size, len(rows), difference,
        float((answers == run_answers).mean()), accuracy, run_accuracy,
    )  # fmt: skip


def _ask(predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray, n_classes: int) -> np.ndarray:
    """Return probabilities of (n, 28, 28) uint8 images: (n, n_classes) float32.

    Raises:
        ModelError: the file answers in another shape, or with what is no number.
    """
    rows = [predict(images[start : start + BATCH, ..., np.newaxis]) for start in range(0, len(images), BATCH)]
    found = np.concatenate(rows).astype(np.float32)
    if found.shape != (len(images), n_classes) or not np.isfinite(found).all():
        raise ModelError(
            f"Expected {n_classes} probabilities for each of {len(images):,} images. Received {found.shape}, "
            f"{'' if np.isfinite(found).all() else 'not '}all of them numbers."
        )
    return found


def _known_probabilities(run: Run, dataset: Dataset) -> np.ndarray:
    known = run.test_probabilities()
    if len(known) != len(dataset.y_test):
        raise ModelError(
            f"Expected the Run's probabilities of {len(dataset.y_test):,} test images. Received {len(known):,}."
        )
    return known


def _calibration_images(dataset: Dataset) -> np.ndarray:
    """Return training images of all classes alike, shuffled: (n, 28, 28, 1) float32 pixels 0..255."""
    order = np.random.default_rng(0).permutation(len(dataset.y_train))[:CALIBRATION_IMAGES]
    return np.asarray(dataset.x_train)[np.sort(order)][..., np.newaxis].astype(np.float32)


def _spread(count: int, wanted: int) -> np.ndarray:
    """Return `wanted` places evenly spread over 0..count-1, so that a sorted file gives all classes: int64."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(np.int64))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"

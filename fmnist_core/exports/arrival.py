"""Bring in somebody's .keras model: it becomes a Run, with everything that the pages read of one. A task (tasks.py).

It is loaded in Keras' safe mode in a process of its own, brought to the form that Runs have ((s, s, 1) pixels in,
probabilities out), and scored on the test set like any other.
"""

import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fmnist_core import paths, prediction
from fmnist_core.backbones import SIZES_PX
from fmnist_core.calibration import softmax
from fmnist_core.datasets import Dataset
from fmnist_core.errors import ModelError, RunError, first_words
from fmnist_core.evaluation import Evaluation
from fmnist_core.exports.inspection import inspect
from fmnist_core.exports.writers import only
from fmnist_core.files import write_atomically
from fmnist_core.keras_files import load_model
from fmnist_core.preprocess import prepare
from fmnist_core.runs import PROBABILITIES_FILE, RESULT_FILE, Run, find_run
from fmnist_core.spec import RunSpec

if TYPE_CHECKING:
    import keras

NETWORK = "imported"  # RunSpec.network of such a Run
FIND_OUT = "find out"
SCALINGS: dict[str, str] = {
    FIND_OUT: "Find out", "unit": "0 to 1", "signed": "-1 to 1", "base": "0 to 255", "standard": "Standardised",
}  # fmt: skip
TRIAL_IMAGES = 1000  # of the training set: what "find out" tries the ranges on
BATCH = 250
KEPT_S = 24 * 3600.0  # an uploaded file waits at most so long for its task

Report = Callable[[str, float], None]


@dataclass(frozen=True)
class Receipt:
    """What became of a file: the Run's id, how its pixels are prepared, and words on how that was found."""

    run: str
    scaling: str
    resizing: str
    found_out: bool


def keep_file(content: bytes, sha256: str, file: str) -> None:
    """Look into a file of this digest and name and keep it for the task.

    Raises:
        ModelError: it must not be loaded; see inspection.inspect.
    """
    inspect(content, file)
    write_atomically(_kept(sha256), content)


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's bytes: what receipts go by."""
    return hashlib.sha256(content).hexdigest()


def forget_old_files() -> None:
    """Delete uploaded files of attempts that failed and were not repeated within a day."""
    for file in _folder().glob("*.keras"):
        with suppress(FileNotFoundError):  # its task has just ended
            if time.time() - file.stat().st_mtime > KEPT_S:
                file.unlink()


def read_receipt(sha256: str, scaling: str, data_sha256: str) -> Receipt | None:
    """Return what became of a file that was brought in; None if it is not there.

    Args:
        sha256: of the file.
        scaling: key of SCALINGS, the answer about its pixels.
        data_sha256: content hash of the data that it was scored on.
    """
    try:
        receipt = Receipt(**json.loads(_receipt_file(sha256, scaling, data_sha256).read_text()))
        find_run(receipt.run)
    except (OSError, ValueError, TypeError, RunError):
        return None
    return receipt


def remember(
    dataset: Dataset, report: Report, *, sha256: str, file: str, title: str, folder: str, scaling: str
) -> None:
    """Bring in a kept file (a task, see fmnist_core/tasks.py).

    Args:
        file: its name, for messages and the card.
        folder: of the data set, where the user named one.
        scaling: key of SCALINGS.
    """
    kept = _kept(sha256)
    try:
        content = kept.read_bytes()
    except OSError as error:
        raise ModelError(f"{file}: expected the uploaded file. Received none: bring it in again.") from error
    inspect(content, file)
    report("Loading it in safe mode", 0.1)
    network, size_px = fitted(load_model(kept, file), len(dataset.class_names), file)
    report("Trying how its pixels are meant", 0.4)
    spec = RunSpec(title=title, network=NETWORK, dataset=dataset.name, dataset_folder=folder, image_size_px=size_px)
    spec = _prepared(network, spec, scaling, dataset)
    report("Scoring the test set", 0.5)
    run = _save(network, spec, dataset, {"file": file, "sha256": sha256}, report)
    receipt = Receipt(run.id, spec.scaling, spec.resizing, scaling == FIND_OUT)
    write_atomically(_receipt_file(sha256, scaling, dataset.sha256), json.dumps(vars(receipt)))
    kept.unlink(missing_ok=True)


def fitted(model: "keras.Model", n_classes: int, name: str) -> tuple["keras.Model", int]:
    """Return a model (b, s, s, 1) float32 -> (b, n_classes) float32, and s; it is the given one where that fits.

    Taken as well: (s, s), rows of s x s numbers, and three channels, which all get the grey picture.

    Raises:
        ModelError: it has other inputs or outputs.
    """
    import keras

    if not hasattr(model, "inputs"):  # a Sequential without an Input
        raise ModelError(
            f"{name}: expected a model that knows its input's shape. Received one that was never built: begin it with "
            "keras.Input."
        )
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    outputs = [tuple(tensor.shape[1:]) for tensor in model.outputs]
    if len(shapes) != 1 or outputs != [(n_classes,)]:
        raise ModelError(
            f"{name}: expected one picture in and {n_classes} numbers out, one for each class. Received "
            f"{_words(shapes)} in and {_words(outputs)} out."
        )
    (shape,) = shapes
    size = {3: shape[0], 2: shape[0], 1: round((shape[0] or 0) ** 0.5)}.get(len(shape), 0)
    if size not in SIZES_PX or shape not in {(size, size, 1), (size, size, 3), (size, size), (size * size,)}:
        sizes = ", ".join(map(str, SIZES_PX))
        raise ModelError(
            f"{name}: expected pictures s x s x 1 with s one of {sizes} (or s x s, s x s x 3, or rows of s x s "
            f"numbers). Received {_words(shapes)}."
        )
    if shape == (size, size, 1):
        return model, size
    pixels = keras.Input((size, size, 1), name="pixels")
    adapted = keras.layers.Concatenate()([pixels] * 3) if shape[-1] == 3 else keras.layers.Reshape(shape)(pixels)
    # call, not the model itself: its layers become layers of the new one, which can then be looked into.
    return keras.Model(pixels, only(model.call(adapted)), name="adapted"), size


def _prepared(network: "keras.Model", spec: RunSpec, scaling: str, dataset: Dataset) -> RunSpec:
    """Return the spec with the way of preparing pixels: as told, or the one that gets most training images right.

    Training images, so that the figure on the test images is not a choice among several.
    """
    if scaling != FIND_OUT and spec.image_size_px == 28:
        return spec.replace(scaling=scaling)
    count = len(dataset.y_train)
    places = np.unique(np.linspace(0, count - 1, min(count, TRIAL_IMAGES)).round().astype(int))
    images, labels = np.asarray(dataset.x_train)[places], np.asarray(dataset.y_train)[places]
    ranges = [name for name in SCALINGS if name != FIND_OUT] if scaling == FIND_OUT else [scaling]
    ways = ["pad", "bilinear"] if spec.image_size_px != 28 else ["pad"]
    tried = [spec.replace(scaling=one, resizing=way) for one in ranges for way in ways]
    right = [(_ask(network, images, one).argmax(axis=1) == labels).mean() for one in tried]
    return tried[int(np.argmax(right))]


def _ask(network: "keras.Model", images: np.ndarray, spec: RunSpec) -> np.ndarray:
    """Return what the network says of (n, 28, 28) uint8: (n, classes) float32."""
    chunks = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    return np.concatenate(
        [np.asarray(only(network.predict_on_batch(prepare(chunk, spec))), np.float32) for chunk in chunks]
    )


def _save(network: "keras.Model", spec: RunSpec, dataset: Dataset, given: dict[str, str], report: Report) -> Run:
    """Write the folder of a completed Run beside the others and move it among them in one step."""
    network, probabilities = _with_probabilities(network, _ask(network, dataset.x_test, spec), given["file"])
    made = Evaluation(dataset.y_test, probabilities, dataset.class_names)
    workplace = paths.cache() / f"arriving-{uuid.uuid4().hex[:8]}"
    try:
        run = Run.create(spec, workplace)
        np.save(run.folder / PROBABILITIES_FILE, probabilities)
        report("Writing it as LiteRT, for the Predict page", 0.8)
        _write_models(run, network, given["file"])
        result: dict[str, Any] = {
            "test_accuracy": made.accuracy, "test_loss": made.loss, "test_images": len(dataset.y_test),
            "class_names": list(dataset.class_names), "dataset": dataset.name, "source": dataset.source,
            "sha256": dataset.sha256, "parameters": int(network.count_params()), "synthetic": dataset.synthetic,
            "pretrained": False, "imported": given,
        }  # fmt: skip
        write_atomically(run.folder / RESULT_FILE, json.dumps(result, indent=2))
        prediction.load(run)  # what Predict could not use is refused here
        for kind in ("queued", "started"):
            run.write_event(kind)
        run.write_event("completed", test_accuracy=made.accuracy, test_loss=made.loss)
        place = paths.runs() / run.id
        run.folder.rename(place)
        return Run(place)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _write_models(run: Run, network: "keras.Model", name: str) -> None:
    from fmnist_core.finishing import save_model

    try:
        save_model(run, network)
    except Exception as error:  # the converter raises whatever it likes
        raise ModelError(
            f"{name}: expected layers that LiteRT has, too, for the Predict page. Received: {first_words(error)}"
        ) from error


def _with_probabilities(network: "keras.Model", rows: np.ndarray, name: str) -> tuple["keras.Model", np.ndarray]:
    """Return network and rows as probabilities: raw scores get a softmax.

    Raises:
        ModelError: the rows are neither probabilities nor raw scores.
    """
    import keras

    if not np.isfinite(rows).all():
        raise ModelError(f"{name}: expected numbers for every test image. Received some that are none.")
    inside = bool((rows >= 0).all() and (rows <= 1 + 1e-3).all())
    if inside and np.abs(rows.sum(axis=1) - 1).max() <= 1e-3:
        return network, rows
    if inside:
        raise ModelError(
            f"{name}: expected probabilities that sum to 1, or raw scores. Received values of 0 to 1 that sum to "
            f"{rows[0].sum():.3g}, as a sigmoid for each class gives them."
        )
    whole = keras.Model(network.inputs, keras.layers.Softmax()(network.outputs[0]), name=network.name)
    return whole, softmax(rows)


def _words(shapes: list[tuple[int | None, ...]]) -> str:
    return " and ".join(
        "x".join("?" if side is None else str(side) for side in shape) or "a number" for shape in shapes
    )


def _folder() -> Path:
    folder = paths.home() / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _kept(sha256: str) -> Path:
    return _folder() / f"{sha256}.keras"


def _receipt_file(sha256: str, scaling: str, data_sha256: str) -> Path:
    return _folder() / f"{sha256[:32]}-{data_sha256[:16]}-{scaling.replace(' ', '-')}.json"

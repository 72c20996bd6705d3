"""Prediction: a finished Run's model, loaded once, fast for one image and for many. TensorFlow is never needed."""

import math
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fmnist_core.errors import ModelError
from fmnist_core.preprocess import prepare, resize
from fmnist_core.runs import LITERT_FILE, Run
from fmnist_core.spec import RunSpec

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

_BATCH = 64  # images per call when there are many
_CAPACITY = 8  # models kept loaded, for all users of the process
_MOST_BYTES = 300_000_000  # of their files together: four of VGG16. In memory a model takes some times its file


@dataclass(frozen=True)
class Guess:
    """A class and how likely the model holds it.

    Attributes:
        label: position in the class names.
        class_name: its name.
        probability: 0..1.
    """

    label: int
    class_name: str
    probability: float


class Predictor:
    """A finished model. Thread-safe: many users may ask at once.

    Attributes:
        class_names: one per column of the probabilities.
        spec: the hyperparameters that it was trained with.
    """

    def __init__(self, model: bytes, spec: RunSpec, class_names: tuple[str, ...], name: str = LITERT_FILE) -> None:
        self.spec = spec
        self.class_names = class_names
        self._model, self._name = model, name
        self._engines: dict[int, _Engine] = {}
        self._lock = threading.Lock()
        self._engine(1)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return the probability of each class: (n, 28, 28) uint8 -> (n, classes) float32, rows sum to 1.

        Raises:
            ModelError: if `images` has another dtype or shape.
        """
        _check_images(images)
        engine = self._engine(1 if len(images) == 1 else _BATCH)
        rows = np.empty((len(images), len(self.class_names)), np.float32)
        for start in range(0, len(images), engine.batch):
            chunk = images[start : start + engine.batch]
            rows[start : start + len(chunk)] = engine.run(prepare(chunk, self.spec))[: len(chunk)]
        return rows

    def model_input(self, images: np.ndarray) -> np.ndarray:
        """Return what the model sees, before scaling: (n, 28, 28) uint8 -> (n, s, s) uint8."""
        _check_images(images)
        return np.rint(resize(images, self.spec)[..., 0]).astype(np.uint8)

    def ranked(self, image: np.ndarray) -> list[Guess]:
        """Return all classes for one image, (28, 28) uint8, the likeliest first."""
        row = self.probabilities(image[np.newaxis])[0]
        return [
            Guess(int(label), self.class_names[label], float(row[label])) for label in np.argsort(-row, kind="stable")
        ]

    def _engine(self, batch: int) -> "_Engine":
        """Return the interpreter for this many images at once, made on first use: resizing one costs more than it
        takes to predict."""
        with self._lock:
            if batch not in self._engines:
                self._engines[batch] = _Engine(self._model, batch, self.spec, len(self.class_names), self._name)
            return self._engines[batch]


class _Engine:
    """One LiteRT interpreter of fixed batch size, and its lock."""

    def __init__(self, model: bytes, batch: int, spec: RunSpec, n_classes: int, name: str) -> None:
        self.batch = batch
        self._lock = threading.Lock()
        try:
            self._interpreter = _interpreter(model, 1 if batch == 1 else min(4, os.cpu_count() or 1))
            (image,), (row,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
            _check_shapes(image, row, (spec.image_size_px, spec.image_size_px, 1), n_classes, name)
            self._interpreter.resize_tensor_input(image["index"], (batch, *image["shape"][1:]), strict=True)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"{name}: expected a whole LiteRT model. Received a damaged one: {_first_line(error)}"
            ) from error
        self._image, self._row = image["index"], row["index"]

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Predict up to `batch` images; further rows of the result mean nothing."""
        if len(batch) < self.batch:
            batch = np.concatenate([batch, np.zeros((self.batch - len(batch), *batch.shape[1:]), np.float32)])
        with self._lock:
            self._interpreter.set_tensor(self._image, batch)
            self._interpreter.invoke()
            return self._interpreter.get_tensor(self._row)


_Key = tuple[Path, int, int]  # the last is the file's size in bytes
_loaded: "OrderedDict[_Key, Predictor]" = OrderedDict()
_loading: dict[_Key, threading.Lock] = {}
_lock = threading.Lock()  # of both, never held while a model is loaded


def load(run: Run) -> Predictor:
    """Return the Predictor of a completed Run; those used last stay in memory and are shared.

    Who asks for a model that is being loaded waits for it; nobody waits for another one.

    Raises:
        ModelError: if the model is absent, damaged or does not fit the Run.
        RunError: if the run folder is damaged.
    """
    path = run.folder / LITERT_FILE
    try:
        status = path.stat()
    except OSError as error:
        raise ModelError(f"Run {run.id}: expected {LITERT_FILE} of a completed Run. Received: no such file.") from error
    key = run.folder.resolve(), status.st_mtime_ns, status.st_size
    with _lock:
        mine = _loading.setdefault(key, threading.Lock())
    with mine:
        try:
            predictor = _loaded.get(key) or _read(run, path)
            with _lock:
                _keep(key, predictor)
        finally:
            with _lock:
                _loading.pop(key, None)
    return predictor


def _keep(key: _Key, predictor: Predictor) -> None:
    _loaded[key] = predictor
    _loaded.move_to_end(key)
    while len(_loaded) > _CAPACITY or (len(_loaded) > 1 and sum(size for *_, size in _loaded) > _MOST_BYTES):
        _loaded.popitem(last=False)


def _read(run: Run, path: Path) -> Predictor:
    names = (run.result or {}).get("class_names")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ModelError(f"Run {run.id}: expected class_names in its result. Received: {names!r}.")
    try:
        return Predictor(path.read_bytes(), run.spec, tuple(names), f"Run {run.id}: {LITERT_FILE}")
    except OSError as error:
        raise ModelError(f"Run {run.id}: expected a readable {LITERT_FILE}. Received: {error}.") from error


def _interpreter(model: bytes, threads: int) -> "Interpreter":
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_content=model, num_threads=threads)


def _check_shapes(
    image: dict[str, Any], row: dict[str, Any], pixels: tuple[int, ...], n_classes: int, name: str
) -> None:
    received = tuple(image["shape"][1:]), math.prod(row["shape"][1:]), image["dtype"], row["dtype"]
    if received != (pixels, n_classes, np.float32, np.float32):
        raise ModelError(
            f"{name}: expected a float32 model from {pixels} to {n_classes} classes. "
            f"Received one from {tuple(map(int, received[0]))} to {received[1]}."
        )


def _check_images(images: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        raise ModelError(f"Expected images (n, 28, 28) uint8. Received {images.dtype} of shape {images.shape}.")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

"""What the last hidden layer of a finished network makes of training and test images, computed once and kept.

It is a task (fmnist_core/tasks.py): TensorFlow is loaded in its process alone. Rows have length 1, so that their
product is the cosine of the angle between them, and lie in float16. Layers of more than 512 units are kept along their
256 main directions, found on a thousand test images. A Run on a frozen backbone finds the outputs of its trunk where
training left them (features.py).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError, ModelError
from fmnist_core.estimates import GUESSED_S_PER_GIGA_MULTIPLY_ADDS
from fmnist_core.explain import unit
from fmnist_core.features import has_store
from fmnist_core.fingerprints import file_fingerprint
from fmnist_core.memory import is_remembered, remembered
from fmnist_core.preprocess import prepare
from fmnist_core.projection import MapSpec, map_of, stratified
from fmnist_core.runs import KERAS_FILE, Run
from fmnist_core.zoo import epoch_multiply_adds, multiply_adds

if TYPE_CHECKING:
    from fmnist_core.explain_anatomy import Anatomy

NAME, MAP_NAME, VERSION = "run-features", "run-map", 1
WIDEST, KEPT, FITTED_ON = 512, 256, 1000
WORK_LIMIT = 2.5e12  # multiplications with addition that nobody is asked about first: some minutes on two cores
LEAST_TEST, LEAST_TRAIN = 500, 1000
BATCH = 250
MAP_METHODS = {"tsne": "t-SNE", "umap": "UMAP"}
MAP_SAMPLE = 5000

Report = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class LastHidden:
    """The last hidden layer's answers, of length 1 each.

    Attributes:
        identity: equal for equal content.
        train, test: (n, d) and (m, d) float16.
        train_index, test_index: (n,), (m,) int64, which images of the data set those are, ascending.
        axes: (units, d) float32, what rows were multiplied with; None where all units are kept.
    """

    identity: str
    train: np.ndarray
    test: np.ndarray
    train_index: np.ndarray
    test_index: np.ndarray
    axes: np.ndarray | None

    def row_of(self, features: np.ndarray) -> np.ndarray:
        """Bring the layer's answer to a new image, (units,), into the form of these rows: (d,) float32."""
        row = unit(features[np.newaxis])
        return unit(row @ self.axes if self.axes is not None else row)[0]


@dataclass(frozen=True)
class Extent:
    """How many images take part, and about how long that takes."""

    train: int
    test: int
    about_s: float


def extents(run: Run, dataset: Dataset) -> tuple[Extent, Extent]:
    """Return of how many images the features of a Run are computed at first, a sample for a heavy network; and all."""
    each = _work_for_features(run)

    def of(train: int, test: int) -> Extent:
        return Extent(train, test, 10 + each * (train + test) / 1e9 * GUESSED_S_PER_GIGA_MULTIPLY_ADDS)

    whole = of(len(dataset.y_train), len(dataset.y_test))
    if each * (whole.train + whole.test) <= WORK_LIMIT:
        return whole, whole
    test = min(whole.test, max(LEAST_TEST, int(WORK_LIMIT / 3 / each)))
    return of(min(whole.train, max(LEAST_TRAIN, int(WORK_LIMIT / each) - test)), test), whole


def work_per_image(run: Run) -> int:
    """Return the multiplications with addition that a Run's whole model does for one image that it never saw."""
    try:
        return max(1, multiply_adds(run.spec) * (2 if run.spec.mirror_averaging else 1))
    except LabError:
        return 100_000_000  # of a network that the spec does not describe: as if it were middling


def _work_for_features(run: Run) -> int:
    """Return those for one image of the data: the head's alone where training left what the trunk makes of them."""
    spec = run.spec
    if spec.keeps_features and not spec.fine_tune_epochs and not spec.mirror_averaging and has_store(spec):
        with suppress(LabError):
            return max(1, epoch_multiply_adds(spec))
    return work_per_image(run)


def known_features(run: Run, dataset: Dataset, size: Extent) -> LastHidden | None:
    """Return features that were computed before, from disk; else None. Nothing is ever computed."""
    key = _key(run, size)
    if not is_remembered(dataset.sha256, NAME, VERSION, **key):
        return None
    arrays = remembered(dataset.sha256, NAME, VERSION, dict, **key)
    axes = arrays["axes"]
    return LastHidden(
        "-".join(map(str, (dataset.sha256, *key.values()))), arrays["train"], arrays["test"], arrays["train_index"],
        arrays["test_index"], axes if axes.size else None,
    )  # fmt: skip


def parameters(run: Run, size: Extent) -> dict[str, Any]:
    """Return the parameters of the task "run-features": JSON types."""
    return {"folder": str(run.folder), **_key(run, size)}


def remember(dataset: Dataset, report: Report, *, folder: str, model: str, train_images: int, test_images: int) -> None:
    """Compute the features, so that they are on disk (a task, see fmnist_core/tasks.py)."""
    run, size = Run(Path(folder)), Extent(train_images, test_images, 0.0)
    if file_fingerprint(run.folder / KERAS_FILE) != model:
        raise ModelError("Expected the model that the page showed. Received another: it was trained anew meanwhile.")
    remembered(dataset.sha256, NAME, VERSION, lambda: _compute(run, dataset, size, report), **_key(run, size))


def known_map(run: Run, dataset: Dataset, size: Extent, method: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Return a map computed before: rows (m,) int64 of LastHidden.test, and points (m, 2) float32; else None."""
    key = _key(run, size) | {"method": method}
    if not is_remembered(dataset.sha256, MAP_NAME, VERSION, **key):
        return None
    arrays = remembered(dataset.sha256, MAP_NAME, VERSION, dict, **key)
    return arrays["rows"], arrays["points"]


def map_parameters(run: Run, size: Extent, method: str) -> dict[str, Any]:
    """Return the parameters of the task "run-map"."""
    return parameters(run, size) | {"method": method}


def remember_map(dataset: Dataset, report: Report, *, folder: str, method: str, **key: Any) -> None:
    """Lay out the test images by t-SNE or UMAP of their features (a task); the features are there already."""
    run, size = Run(Path(folder)), Extent(key["train_images"], key["test_images"], 0.0)
    found = known_features(run, dataset, size)
    if found is None or _key(run, size)["model"] != key["model"]:
        raise LabError("Expected the features that the page showed. Received none: open the page again.")

    def compute() -> dict[str, np.ndarray]:
        rows = stratified(np.asarray(dataset.y_test)[found.test_index], MAP_SAMPLE, seed=0)
        points = np.asarray(found.test, np.float32)[rows]
        return {"rows": rows, "points": map_of(points, MapSpec(method, {}), report)}

    remembered(dataset.sha256, MAP_NAME, VERSION, compute, **_key(run, size), method=method)


def flat(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows (n, d) along their first two principal components, (n, 2) float32, and the variance shares (2,)."""
    rows = np.asarray(rows, np.float32)
    centred = rows - rows.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    first = vectors[:, ::-1][:, :2]
    if first.shape[1] < 2:  # a layer of one unit
        first = np.pad(first, ((0, 0), (0, 1)))
    shares = np.append(values[::-1], 0)[:2] / max(float(values.sum()), 1e-12)
    return (centred @ first).astype(np.float32), shares.clip(0, 1)


def _key(run: Run, size: Extent) -> dict[str, Any]:
    model = file_fingerprint(run.folder / KERAS_FILE)
    return {"model": model, "train_images": size.train, "test_images": size.test}


def _compute(run: Run, dataset: Dataset, size: Extent, report: Report) -> dict[str, np.ndarray]:
    report("Loading TensorFlow", 0.01)
    from fmnist_core.explain_anatomy import Anatomy

    report("Loading the model", 0.04)
    passes = _Passes(Anatomy.of(run))
    test_index = stratified(np.asarray(dataset.y_test), size.test, seed=0)
    train_index = stratified(np.asarray(dataset.y_train), size.train, seed=0)
    total, done = len(test_index) + len(train_index), 0

    def rows(images: np.ndarray, index: np.ndarray) -> np.ndarray:
        nonlocal done
        parts = []
        for start in range(0, len(index), passes.at_once):
            report(f"{done:,} of {total:,} images through the network", 0.05 + 0.95 * done / total)
            chunk = unit(passes.features(np.asarray(images[index[start : start + passes.at_once]])))
            if not np.isfinite(chunk).all():
                raise ModelError("Expected numbers from the last hidden layer. Received some that are none.")
            parts.append((unit(chunk @ axes) if axes is not None else chunk).astype(np.float16))
            done += len(chunk)
        return np.concatenate(parts)

    axes = None
    if passes.units > WIDEST:
        some = stratified(np.asarray(dataset.y_test), FITTED_ON, seed=1)
        axes = main_directions(unit(passes.features(np.asarray(dataset.x_test[some]))), KEPT)
    test, train = rows(dataset.x_test, test_index), rows(dataset.x_train, train_index)
    kept = np.empty((0, 0), np.float32) if axes is None else axes
    return {"train": train, "test": test, "train_index": train_index, "test_index": test_index, "axes": kept}


def main_directions(rows: np.ndarray, count: int) -> np.ndarray:
    """Return the directions (d, k) float32, at most `count`, that hold most of rows (n, d); not centred, so that
    products of rows are kept as well as k numbers can."""
    values, vectors = np.linalg.eigh(rows.astype(np.float64) @ rows.T)  # n by n: the units may be thousands
    order = np.argsort(-values)[: min(count, int((values > 1e-9 * values.max()).sum()))]
    return (rows.T @ (vectors[:, order] / np.sqrt(values[order]))).astype(np.float32)


class _Passes:
    """Images through a network, in batches of one shape, so that TensorFlow traces once."""

    def __init__(self, anatomy: "Anatomy") -> None:
        import tensorflow as tf

        self.spec, self._mirrored = anatomy.spec, anatomy.mirrored
        hidden, side = anatomy.hidden, anatomy.spec.image_size_px
        self.units = int(np.prod(hidden.output.shape[1:]))
        self._store = anatomy.kept_trunk()
        self.at_once = BATCH if self._store is None else 5000  # a store is opened for each call

        @tf.function(input_signature=[tf.TensorSpec((BATCH, side, side, 1), tf.float32)], autograph=False)
        def run(pixels: tf.Tensor) -> tf.Tensor:
            rows = hidden(pixels, training=False)
            if anatomy.mirrored:
                rows = (rows + hidden(tf.reverse(pixels, [2]), training=False)) / 2
            return tf.reshape(rows, (BATCH, -1))

        self._run = run

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return the last hidden layer: (n, 28, 28) uint8 -> (n, units) float32."""
        if self._store is not None:
            return self._store(images)
        parts = []
        for start in range(0, len(images), BATCH):
            chunk = prepare(images[start : start + BATCH], self.spec)
            short = BATCH - len(chunk)
            padded = np.pad(chunk, ((0, short), (0, 0), (0, 0), (0, 0))) if short else chunk
            parts.append(self._run(padded).numpy()[: len(chunk)])
        return np.concatenate(parts)

"""Parts of the script that re-creates a Run without this project. script.py copies them, word for word.

They stand here as code, and not as text, so that the tools look at them as at everything else. In the script, names
that are imported here from the project are copied as well. It loads TensorFlow: only worker processes may import it.
"""

import argparse
import gzip
import hashlib
import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from fmnist_core.batch_norm import measure_statistics, measured, settle, with_fused_layers
from fmnist_core.batches import FeatureBatches, TrainingBatches, augment, feature_batches, to_input, validation_batches
from fmnist_core.callbacks import AveragedValidation, EpochRandomness, averaged
from fmnist_core.datasets.split import split_stratified
from fmnist_core.optimizers import optimizer
from fmnist_core.phases import steps_per_execution
from fmnist_core.preprocess import pad, prepare
from fmnist_core.spec import RunSpec
from fmnist_core.splits import draw_split
from fmnist_core.zoo.mirror import with_mirror, without_mirror
from fmnist_core.zoo.transfer import HEAD, TRUNK, unfreeze


class Data(NamedTuple):
    """Images (n, 28, 28) uint8 and labels (n,) uint8 of the training and of the test set."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load_data(folder: str, spec: RunSpec) -> Data:
    """Read the data from a folder; without one, let Keras download them."""
    if folder:
        data = read_folder(Path(folder).expanduser())
    else:
        module = {"fashion-mnist": keras.datasets.fashion_mnist, "mnist": keras.datasets.mnist}[spec.dataset]
        data = Data(*(array for pair in module.load_data() for array in pair))
    if content_hash(data, spec.n_classes) != spec.sha256:
        print("These are not the images that the Run saw, so its result will not be met exactly.")
    return data


def read_folder(folder: Path) -> Data:
    """Read train-images..., train-labels..., t10k-... (IDX), or one CSV with train and one with test in its name."""
    files = sorted(folder.iterdir()) if folder.is_dir() else [folder]
    test = [file for file in files if re.match(r"(t10k|test)-?(images|labels)", file.name, re.IGNORECASE)]
    train = [file for file in files if re.match(r"train-?(images|labels)", file.name, re.IGNORECASE)]
    if train:
        parts = [[read_idx(file) for file in pair] for pair in (train, test) if pair]  # images before labels
    else:
        tables = [file for file in files if ".csv" in file.name.lower()]
        word = re.compile(r"(?<![a-z])(test|t10k|valid)", re.IGNORECASE)
        tables.sort(key=lambda file: bool(word.search(file.name)))
        parts = [read_csv(file) for file in tables]
    if len(parts) == 2:
        return Data(*parts[0], *parts[1])
    if len(parts) != 1:
        raise SystemExit(f"Expected IDX files, or one CSV for training and one for the test, in {folder}.")
    images, labels = parts[0]  # without a test file one image in seven is held out
    rest, held_out = split_stratified(labels, round(len(labels) / 7), 0)
    return Data(images[rest], labels[rest], images[held_out], labels[held_out])


def read_idx(file: Path) -> np.ndarray:
    """Read an IDX file, plain or .gz: (n, 28, 28) or (n,) uint8."""
    content = file.read_bytes()
    content = gzip.decompress(content) if file.suffix == ".gz" else content
    shape = struct.unpack_from(f">{content[3]}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(shape)


def read_csv(file: Path) -> list[np.ndarray]:
    """Read label, pixel1 to pixel784 from a CSV, plain or .gz: images (n, 28, 28) uint8, labels (n,) uint8."""
    gap = re.compile(r'(^|,)[ "]*(nan|na|n/a|null|none)?[ "]*(,|$)', re.IGNORECASE)  # such rows were left out
    with (gzip.open if file.suffix == ".gz" else open)(file, "rt") as lines:
        rows = [line for line in lines if not gap.search(line.rstrip())]
    header = any(letter.isalpha() for letter in rows[0])
    rows = np.loadtxt(rows[header:], np.uint8, delimiter=",", ndmin=2)
    return [rows[:, 1:].reshape(-1, 28, 28), rows[:, 0]]


def content_hash(data: Data, n_classes: int = 10) -> str:
    """Return the SHA-256 of the four arrays' hashes, each as an uncompressed IDX file has it, and of other classes."""
    hashes = []
    for array in data:
        header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        hashes.append(hashlib.sha256(header + np.ascontiguousarray(array).tobytes()).hexdigest())
    known = hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    return known if n_classes == 10 else hashlib.sha256(f"{known}\n{n_classes} classes".encode()).hexdigest()


def apply_marks(data: Data, dropped: list[int], relabelled: dict[int, int]) -> Data:
    """Leave out and relabel the training images that a person had marked."""
    labels = data.y_train.copy()
    labels[list(relabelled)] = list(relabelled.values())
    kept = np.setdiff1d(np.arange(len(labels)), dropped)
    return Data(data.x_train[kept], labels[kept], data.x_test, data.y_test)


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the epoch that is best by the monitored log: averaged ones where those were judged."""

    def __init__(self, monitor: str) -> None:
        super().__init__()
        self._monitor, self._sign = monitor, 1 if monitor == "val_accuracy" else -1
        self._best, self.weights, self.network = -math.inf, None, None

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keep them if they are better than those kept."""
        if (value := self._sign * logs[self._monitor]) > self._best:
            self._best = value
            with averaged(self.model):
                self.weights = self.network.get_weights()


def train(
    model: keras.Model, batches: TrainingBatches, validation: object, spec: RunSpec, learning_rate: float,
    epochs: range, best: BestWeights, multiply_adds: int,
) -> dict[str, list[float]]:  # fmt: skip
    """Train the model in these epochs and return its logs."""
    steps = batches.steps_per_epoch
    model.compile(
        optimizer=optimizer(spec, learning_rate, len(epochs) * steps),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=spec.label_smoothing),
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution(multiply_adds * spec.batch_size, steps),
    )
    callbacks = [EpochRandomness(batches, spec.seed), AveragedValidation()]
    if spec.best_checkpoint != "none":
        callbacks.append(best)
    if spec.early_stopping != "none":
        mode = "max" if spec.early_stopping == "val_accuracy" else "min"
        callbacks.append(keras.callbacks.EarlyStopping(spec.early_stopping, patience=spec.patience, mode=mode))
    return model.fit(
        batches.dataset(), initial_epoch=epochs.start, epochs=epochs.stop, validation_data=validation,
        callbacks=callbacks, shuffle=False, verbose=2,
    ).history  # fmt: skip


def train_network(network: keras.Model, training: tuple, validation: tuple, spec: RunSpec) -> dict[str, list[float]]:
    """Train the whole network; training and validation: images (n, 28, 28) uint8 and labels (n, classes) float32."""
    batches, best = TrainingBatches(*training, spec), BestWeights(spec.best_checkpoint)
    settle(network, batches.steps_per_epoch)
    model = best.network = with_fused_layers(network)
    logs = train(
        model, batches, validation_batches(*validation, spec), spec, spec.learning_rate,
        range(spec.epochs), best, spec.multiply_adds,
    )  # fmt: skip
    network.set_weights(best.weights or model.get_weights())
    return logs


def train_transfer(network: keras.Model, training: tuple, validation: tuple, spec: RunSpec) -> dict[str, list[float]]:
    """Train the head, on features that are computed once where the Run kept them; then fine-tune where it did."""
    best, model, work = BestWeights(spec.best_checkpoint), network, spec.multiply_adds
    best.network = network
    if spec.weights == "random" and not spec.start_epoch:
        measure_statistics(network.get_layer(TRUNK), prepare(measured(training[0]), spec))
    batches, held_out = TrainingBatches(*training, spec), validation_batches(*validation, spec)
    if spec.keeps_features:
        trunk, model, work = network.get_layer(TRUNK), network.get_layer(HEAD), spec.head_multiply_adds
        copies = range(spec.feature_copies) if spec.is_augmented else [None]
        features = [features_of(training[0], trunk, spec, copy) for copy in copies]
        batches = FeatureBatches(features, training[1], spec)
        held_out = feature_batches(features_of(validation[0], trunk, spec), validation[1])
    settle(model, batches.steps_per_epoch)
    logs = train(model, batches, held_out, spec, spec.learning_rate, range(spec.epochs), best, work)
    if best.weights:
        network.set_weights(best.weights)
    if spec.fine_tune_epochs:
        unfreeze(network, spec.fine_tune_layers)
        done = len(logs["loss"])
        more = train(
            network, TrainingBatches(*training, spec), validation_batches(*validation, spec), spec,
            spec.fine_tune_learning_rate, range(done, done + spec.fine_tune_epochs), best, spec.multiply_adds,
        )  # fmt: skip
        logs = {name: values + more[name] for name, values in logs.items()}
        if best.weights:  # of either phase
            network.set_weights(best.weights)
    return logs


@dataclass(frozen=True)
class Features:
    """What the trunk makes of each image: rows (n, d) float32."""

    rows: np.ndarray

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return some rows."""
        return self.rows[indices]


def features_of(images: np.ndarray, trunk: keras.Model, spec: RunSpec, copy: int | None = None) -> Features:
    """Return the features of images (n, 28, 28) uint8, or of their augmented copy of this number."""
    rows = []
    for number, start in enumerate(range(0, len(images), 1000)):
        chunk = pad(images[start : start + 1000], spec).astype(np.float32)
        if copy is not None:
            chunk = augment(chunk, np.array([spec.seed + 1_000_003 * copy, number], np.int32), spec)
        rows.append(trunk.predict(np.asarray(to_input(chunk, spec)), batch_size=250, verbose=0))
    return Features(np.concatenate(rows))


def start_from(model: keras.Model, file: str, *, whole: bool) -> None:
    """Give the network the weights of an earlier one: all, or those of its layers but the last that fit."""
    earlier = without_mirror(keras.models.load_model(file, compile=False))
    if whole:
        model.set_weights(earlier.get_weights())
        return
    ours, theirs = ([layer for layer in one.layers if layer.weights] for one in (model, earlier))
    for own, other in zip(ours[:-1], theirs[:-1], strict=False):
        if [w.shape for w in own.get_weights()] == [w.shape for w in other.get_weights()]:
            own.set_weights(other.get_weights())


def take_epoch(model: keras.Model, file: str) -> None:
    """Give the network the weights that an earlier one had after an epoch: all, or a trunk's and a head's."""
    with np.load(file) as kept:
        epoch, trunk = (
            [kept[f"{part}_{number}"] for number in range(sum(name.startswith(part) for name in kept.files))]
            for part in ("epoch", "trunk")
        )
    if len(epoch) == len(model.weights):
        model.set_weights(epoch)
        return
    model.get_layer(TRUNK).set_weights(trunk)
    model.get_layer(HEAD).set_weights(epoch)


def recreate(
    spec: RunSpec, build: Callable[[argparse.Namespace], keras.Model], learn: Callable, data: Data,
    options: argparse.Namespace,
) -> None:  # fmt: skip
    """Train as the Run did, score the test images once, and write model, logs and probabilities."""
    split, one_hot = draw_split(data.x_train, data.y_train, spec), np.eye(spec.n_classes, dtype=np.float32)
    training = data.x_train[split.train], one_hot[data.y_train[split.train]]
    validation = data.x_test, one_hot[data.y_test]
    if split.validation is not None:
        validation = data.x_train[split.validation], one_hot[data.y_train[split.validation]]
    keras.utils.set_random_seed(spec.seed)
    network = build(options)
    network.summary()
    logs = learn(network, training, validation, spec)
    if spec.mirror_averaging:
        network = with_mirror(network)
    probabilities = network.predict(validation_batches(data.x_test, one_hot[data.y_test], spec), verbose=0)
    accuracy = float((probabilities.argmax(axis=1) == data.y_test).mean())
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    keras.Model(network.inputs, network.outputs, name=network.name).save(out / "model.keras")
    np.save(out / "test_probabilities.npy", probabilities.astype(np.float32))
    rows = zip(range(1, 1 + len(logs["loss"])), *logs.values(), strict=True)
    lines = [",".join(["epoch", *logs]), *(",".join(map(str, row)) for row in rows)]
    (out / "history.csv").write_text("\n".join(lines) + "\n")
    print(f"Test accuracy {accuracy:.4f}; the Run had {spec.test_accuracy:.4f}. Written to {out.resolve()}")

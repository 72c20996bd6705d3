"""Training: the only place that calls model.fit. It takes a Run's spec and leaves the artefacts in its folder."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from fmnist_core import datasets, zoo
from fmnist_core.batches import TrainingBatches, validation_batches
from fmnist_core.callbacks import (
    BEST_FILE,
    BestWeights,
    Checkpoint,
    Diverged,
    EarlyStopping,
    EpochRandomness,
    EventLog,
    read_checkpoint,
)
from fmnist_core.errors import RunError
from fmnist_core.files import replace_atomically, write_atomically
from fmnist_core.overlay import Overlay, overlay_file
from fmnist_core.runs import KERAS_FILE, LITERT_FILE, PROBABILITIES_FILE, RESULT_FILE, Run
from fmnist_core.spec import RunSpec
from fmnist_core.splits import draw_split

MARKS_FILE = "label_marks.jsonl"
TENSORBOARD_FOLDER = "tensorboard"


@dataclass(frozen=True)
class TrainingData:
    """What a Run trains on: images (n, 28, 28) uint8, labels (n, classes) float32, one-hot."""

    dataset: datasets.Dataset
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]


def load_data(spec: RunSpec, marks_file: Path | None = None) -> TrainingData:
    """Load the spec's data set, apply label marks (of a file, by default the present ones) and draw the split."""
    dataset = datasets.load(spec.dataset, spec.dataset_folder or None)
    images, labels = dataset.x_train, dataset.y_train
    if spec.label_marks:
        images, labels = Overlay.read(dataset.sha256, marks_file).apply(dataset)
    split = draw_split(images, labels, spec)
    one_hot = np.eye(len(dataset.class_names), dtype=np.float32)
    train = images[split.train], one_hot[labels[split.train]]
    if split.validation is None:
        validation = dataset.x_test, one_hot[dataset.y_test]
    else:
        validation = images[split.validation], one_hot[labels[split.validation]]
    return TrainingData(dataset, train, validation)


def compile_model(spec: RunSpec, n_classes: int, steps_per_epoch: int) -> keras.Model:
    """Build the spec's network with seeded weights and compile it."""
    keras.utils.set_random_seed(spec.seed)
    model = zoo.build(spec, n_classes)
    multiply_adds = sum(layer.multiply_adds for layer in zoo.describe(spec, n_classes))
    model.compile(
        optimizer=_optimizer(spec, steps_per_epoch),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=spec.label_smoothing),
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution(multiply_adds * spec.batch_size, steps_per_epoch),
    )
    return model


def steps_per_execution(multiply_adds_per_step: int, steps_per_epoch: int) -> int:
    """Return how many steps TensorFlow should do before it comes back to Python: about a fifth of a second's work.

    More saves overhead, fewer make the curves finer and a stop quicker. A step costs three times its forward pass;
    100 billion multiply-adds a second is a usual laptop.
    """
    return max(1, min(50, steps_per_epoch, round(0.2 / _guessed_step_s(multiply_adds_per_step))))


def _guessed_step_s(multiply_adds_per_step: int) -> float:
    return max(3 * multiply_adds_per_step / 100e9, 1e-4)


def fit(run: Run) -> dict:
    """Train the Run's network from its last checkpoint, or from the start, to its end, and return the result.

    Raises:
        StopRequested, Diverged, LabError: see callbacks and datasets.
    """
    spec = run.spec
    run.write_event("phase", phase="loading data")
    data = load_data(spec, _kept_marks(run))
    batches = TrainingBatches(*data.train, spec)
    log = EventLog(run, batches.steps_per_epoch, len(data.train[0]))
    log.check_stop()
    run.write_event("phase", phase="building the network")
    model = compile_model(spec, len(data.dataset.class_names), batches.steps_per_epoch)
    first_epoch, past = _restore(run, model, data.dataset)
    run.write_event(
        "phase", epoch=first_epoch, phase="training", steps_per_epoch=batches.steps_per_epoch,
        train_images=len(data.train[0]), validation_images=len(data.validation[0]), source=data.dataset.source,
        sha256=data.dataset.sha256,
    )  # fmt: skip
    stopped_early = bool(past) and _was_stopped_early(spec, past)
    model.fit(
        batches.dataset(),
        epochs=first_epoch if stopped_early else spec.epochs,
        initial_epoch=first_epoch,
        validation_data=validation_batches(*data.validation, spec),
        callbacks=[EpochRandomness(batches, spec.seed), *_callbacks(run, past), log, Checkpoint(run)],
        shuffle=False,  # the batches are in their order already
        verbose=0,
    )
    if spec.best_checkpoint != "none" and (run.folder / BEST_FILE).is_file():
        model.load_weights(run.folder / BEST_FILE)
    log.check_stop()
    return _finish(run, model, data)


def _kept_marks(run: Run) -> Path | None:
    """Copy the label marks into the run folder at its first start: a resumed Run must not see later ones."""
    if not run.spec.label_marks:
        return None
    kept = run.folder / MARKS_FILE
    if not kept.exists():
        present = overlay_file(datasets.load(run.spec.dataset, run.spec.dataset_folder or None).sha256)
        write_atomically(kept, present.read_bytes() if present.exists() else b"")
    return kept


def _optimizer(spec: RunSpec, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    rate = _learning_rate(spec, spec.epochs * steps_per_epoch)
    options = {"learning_rate": rate, "weight_decay": spec.weight_decay or None}
    if spec.optimizer == "adamw":
        options["weight_decay"] = spec.weight_decay
    if spec.optimizer == "sgd":
        options |= {"momentum": 0.9, "nesterov": True}
    names = {"adam": "Adam", "adamw": "AdamW", "nadam": "Nadam", "rmsprop": "RMSprop", "sgd": "SGD"}
    return getattr(keras.optimizers, names[spec.optimizer])(**options)


def _learning_rate(spec: RunSpec, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if spec.schedule == "constant":
        return spec.learning_rate
    if spec.schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(spec.learning_rate, steps)
    # One-cycle (Smith, 2018): from 1/25 up to the full rate, then down to 1/10,000 of it.
    rise = max(1, round(0.3 * steps))
    return keras.optimizers.schedules.CosineDecay(
        spec.learning_rate / 25,
        max(1, steps - rise),
        alpha=1e-4,
        warmup_target=spec.learning_rate,
        warmup_steps=rise,
    )


def _restore(run: Run, model: keras.Model, dataset: datasets.Dataset) -> tuple[int, list[dict]]:
    """Load the last checkpoint if there is one; return finished epochs and their logs."""
    if (checkpoint := read_checkpoint(run.folder)) is None:
        return 0, []
    epoch, weights = checkpoint
    before = next((event.logs["sha256"] for event in reversed(run.events()) if "sha256" in event.logs), dataset.sha256)
    if before != dataset.sha256:
        raise RunError(
            f"Expected the data that the Run began with (SHA-256 {before[:12]}…), to go on after epoch {epoch}. "
            f"Received others ({dataset.sha256[:12]}…), from {dataset.source}."
        )
    model.optimizer.build(model.trainable_variables)  # else there is nothing to load its state into
    try:
        model.load_weights(weights)
    except (OSError, ValueError, KeyError) as error:
        raise RunError(
            f"Expected the weights after epoch {epoch} in {weights}. Received a file that cannot be read: {error}. "
            "Without that file the Run starts anew."
        ) from error
    return epoch, [row for row in run.history().to_dict("records") if row["epoch"] <= epoch]


def _callbacks(run: Run, past: list[dict]) -> list[keras.callbacks.Callback]:
    spec = run.spec
    callbacks: list[keras.callbacks.Callback] = [
        keras.callbacks.TensorBoard(run.folder / TENSORBOARD_FOLDER, write_graph=False)
    ]
    if spec.best_checkpoint != "none":
        callbacks.append(BestWeights(run, spec.best_checkpoint, past))
    if spec.early_stopping != "none":
        callbacks.append(EarlyStopping(spec.early_stopping, spec.patience, past))
    return callbacks


def _was_stopped_early(spec: RunSpec, past: list[dict]) -> bool:
    """Whether early stopping had already ended the training when the Run was interrupted."""
    if spec.early_stopping == "none":
        return False
    sign = 1 if spec.early_stopping == "val_accuracy" else -1
    values = [sign * row[spec.early_stopping] for row in past]
    best = max(range(len(values)), key=lambda index: values[index])
    return len(values) - 1 - best >= spec.patience


def _finish(run: Run, model: keras.Model, data: TrainingData) -> dict:
    """Score the test set once and leave the model in every form that the app and others read."""
    run.write_event("phase", phase="scoring the test set", epoch=None)
    labels = data.dataset.y_test
    one_hot = np.eye(len(data.dataset.class_names), dtype=np.float32)[labels]
    probabilities = model.predict(validation_batches(data.dataset.x_test, one_hot, run.spec), verbose=0)
    if not np.isfinite(probabilities).all():
        raise Diverged(
            "Expected probabilities for every test image. Received some that are no numbers: the weights grew beyond "
            "bounds. A smaller learning rate usually helps."
        )
    replace_atomically(run.folder / PROBABILITIES_FILE, lambda path: np.save(path, probabilities.astype(np.float32)))
    run.write_event("phase", phase="saving the model")
    replace_atomically(run.folder / KERAS_FILE, model.save)
    replace_atomically(run.folder / LITERT_FILE, lambda path: model.export(path, format="litert", verbose=False))
    likelihood = np.clip(probabilities[np.arange(len(labels)), labels].astype(np.float64), 1e-7, 1.0)
    result = {
        "test_accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "test_loss": float(-np.log(likelihood).mean()),
        "test_images": len(labels),
        "class_names": list(data.dataset.class_names),
        "dataset": data.dataset.name,
        "source": data.dataset.source,
        "sha256": data.dataset.sha256,
        "parameters": model.count_params(),
        "synthetic": data.dataset.synthetic,
    }
    write_atomically(run.folder / RESULT_FILE, json.dumps(result, indent=2))
    return result


def measure_pace(spec: RunSpec, seconds: float) -> float:
    """Train on noise for some seconds and return the seconds per training image, validation included."""
    multiply_adds = sum(layer.multiply_adds for layer in zoo.describe(spec)) * spec.batch_size
    steps = max(2, min(50, round(1 / _guessed_step_s(multiply_adds))))  # about a second's work for a pass
    images = np.random.default_rng(0).integers(0, 256, (steps * spec.batch_size, 28, 28), np.uint8)
    labels = np.eye(10, dtype=np.float32)[np.arange(len(images)) % 10]
    batches = TrainingBatches(images, labels, spec)
    model = compile_model(spec.replace(epochs=1000), 10, batches.steps_per_epoch)
    dataset = batches.dataset()
    model.fit(dataset, epochs=1, shuffle=False, verbose=0)  # traces the graph
    began_s, passes = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        model.fit(dataset, epochs=1, shuffle=False, verbose=0)
        passes += 1
    pace = (time.perf_counter() - began_s) / (passes * len(images))
    # Validation is a forward pass only: a third of the arithmetic of a training step.
    return pace * (1 + spec.validation_fraction / (1 - spec.validation_fraction) / 3)

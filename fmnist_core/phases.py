"""The phases of a Run: which model learns from which batches, at what rate, for how many epochs."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from fmnist_core import features, zoo
from fmnist_core.batch_norm import settle, with_fused_layers
from fmnist_core.batches import (
    FeatureBatches,
    TrainingBatches,
    augment,
    feature_batches,
    to_input,
    validation_batches,
)
from fmnist_core.callbacks import teller
from fmnist_core.features import Features, FeatureStore, digests_of
from fmnist_core.optimizers import optimizer
from fmnist_core.preprocess import pad, prepare
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec
from fmnist_core.training_data import TrainingData
from fmnist_core.zoo.transfer import HEAD, TRUNK, unfreeze
from fmnist_core.zoo.unlearned import unlearned_layers


@dataclass(frozen=True)
class Phase:
    """One call of model.fit.

    Attributes:
        model: compiled; the whole network, a faster twin of it, or the head alone.
        batches, validation: what it learns from and is validated on.
        first_epoch, last_epoch: counted through both phases.
        fine_tuning_from: epochs of the first phase, in the second; None in the first.
        test: makes the features of the test images, or of their mirror images, where the model takes features; None
            where it takes pixels.
    """

    model: keras.Model
    batches: TrainingBatches
    validation: tf.data.Dataset
    first_epoch: int
    last_epoch: int
    fine_tuning_from: int | None = None
    test: Callable[[bool], Features] | None = None

    def give_weights_to(self, network: keras.Model) -> None:
        """Copy what a twin has learned; the head and the network itself are part of it already."""
        if self.test is None and self.model is not network:
            network.set_weights(self.model.get_weights())

    def scoring(self, network: keras.Model, data: TrainingData) -> tuple[keras.Model, tf.data.Dataset, tf.data.Dataset]:
        """Return the model that scores, and test and validation batches that it takes; network is the finished one."""
        spec = self.batches.spec
        if self.test is not None and not spec.mirror_averaging:
            return self.model, feature_batches(self.test(False), _one_hot_test(data)), self.validation
        return network, _test_batches(data, spec), validation_batches(*data.validation, spec)


def first_phase(run: Run, network: keras.Model, data: TrainingData) -> Phase:
    """Return the phase in which the network learns, or the head alone on features that are computed once."""
    spec = run.spec
    if spec.is_transfer and spec.weights == "file" and not spec.start_epoch:
        _tell_unlearned(network, spec.weights_file)
    if spec.keeps_features:
        trunk = network.get_layer(TRUNK)
        tested = 1 + (spec.mirror_averaging and spec.keep_epochs != "none")  # the mirror images, too
        images = len(data.train[0]) + len(data.validation[0]) + tested * len(data.dataset.x_test)
        if features.fits(spec, trunk.output.shape[-1], images):
            return _head_phase(run, network, trunk, data)
        print("The features are too many for the cache or the disk: the backbone is computed in each epoch.")
    batches = TrainingBatches(*data.train, spec)
    settle(network, batches.steps_per_epoch)
    model = with_fused_layers(network)
    compile_model(model, spec, spec.learning_rate, spec.epochs, batches.steps_per_epoch, zoo.multiply_adds(spec))
    return Phase(model, batches, validation_batches(*data.validation, spec), 0, spec.epochs)


def fine_tuning_phase(network: keras.Model, data: TrainingData, spec: RunSpec, before: int) -> Phase:
    """Return the phase in which the base's last layers train along with the head, after `before` epochs."""
    unfreeze(network, spec.fine_tune_layers)
    batches = TrainingBatches(*data.train, spec)
    compile_model(
        network, spec, spec.fine_tune_learning_rate, spec.fine_tune_epochs, batches.steps_per_epoch,
        zoo.multiply_adds(spec),
    )  # fmt: skip
    validation = validation_batches(*data.validation, spec)
    return Phase(network, batches, validation, before, before + spec.fine_tune_epochs, fine_tuning_from=before)


def compile_model(
    model: keras.Model, spec: RunSpec, learning_rate: float, epochs: int, steps_per_epoch: int, multiply_adds: int
) -> None:
    """Compile the model for a phase of so many epochs."""
    model.compile(
        optimizer=optimizer(spec, learning_rate, max(1, epochs) * steps_per_epoch),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=spec.label_smoothing),
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution(multiply_adds * spec.batch_size, steps_per_epoch),
    )


def steps_per_execution(multiply_adds_per_step: int, steps_per_epoch: int) -> int:
    """Return how many steps TensorFlow should do before it comes back to Python: about a fifth of a second's work.

    More saves overhead, fewer make the curves finer and a stop quicker. A step costs three times its forward pass;
    100 billion multiply-adds a second is a usual laptop.
    """
    return max(1, min(50, steps_per_epoch, round(0.2 / guessed_step_s(multiply_adds_per_step))))


def guessed_step_s(multiply_adds_per_step: int) -> float:
    """Return a guess at the seconds of a training step on a usual laptop."""
    return max(3 * multiply_adds_per_step / 100e9, 1e-4)


def _tell_unlearned(network: keras.Model, file: str) -> None:
    """Say in the Run's log which layers of the base a file of weights has left as they were drawn at random."""
    base = next(layer for layer in network.get_layer(TRUNK).layers if isinstance(layer, keras.Model))
    if names := unlearned_layers(base):
        print(f"{file} holds weights that look as they were drawn at random, not trained: {', '.join(names)}.")


def _head_phase(run: Run, network: keras.Model, trunk: keras.Model, data: TrainingData) -> Phase:
    """Compute or find the features of all images, and let the head learn from them."""
    spec, head = run.spec, network.get_layer(HEAD)
    store = FeatureStore(trunk, spec)
    copies = [
        _features(store, run, data.train[0], copy) for copy in range(spec.feature_copies if spec.is_augmented else 0)
    ] or [_features(store, run, data.train[0])]
    batches = FeatureBatches(copies, data.train[1], spec)
    validation = _features(store, run, data.validation[0])

    def test(mirrored: bool) -> Features:  # not before it is wanted: a look at the curves need not wait for it
        images = data.dataset.x_test
        return _features(store, run, images[:, :, ::-1] if mirrored else images)

    settle(head, batches.steps_per_epoch)
    compile_model(
        head, spec, spec.learning_rate, spec.epochs, batches.steps_per_epoch, zoo.epoch_multiply_adds(spec)
    )  # fmt: skip
    return Phase(head, batches, feature_batches(validation, data.validation[1]), 0, spec.epochs, test=test)


def _features(store: FeatureStore, run: Run, images: np.ndarray, copy: int | None = None) -> Features:
    """Return the features of images, or of one augmented copy of them."""
    report = _reporter(run)
    if copy is None:
        return store.features(digests_of(images), lambda chunk: prepare(images[chunk], run.spec), report)
    changed = _augmented_copy(images, run.spec, copy)
    return store.features(
        digests_of(changed), lambda chunk: to_input(tf.constant(changed[chunk]), run.spec).numpy(), report
    )


def _augmented_copy(images: np.ndarray, spec: RunSpec, copy: int) -> np.ndarray:
    """Return (n, 28, 28) uint8 images augmented once: (n, p, p, 1) float32; seed and copy decide how."""
    padded = pad(images, spec)
    changed = np.empty(padded.shape, np.float32)
    for number, start in enumerate(range(0, len(images), 1000)):
        seed = tf.constant([spec.seed + 1_000_003 * copy, number], tf.int32)
        chunk = tf.cast(padded[start : start + 1000], tf.float32)
        changed[start : start + 1000] = augment(chunk, seed, spec).numpy()
    return changed


def _reporter(run: Run) -> Callable[[int, int], None]:
    """Return report(done, total), which tells the Run's page and raises if the Run is to stop."""
    tell = teller(run)

    def report(done: int, total: int) -> None:
        about = f"{done:,} of {total:,} images" if total else "another Run is at it"
        tell(f"computing the frozen backbone once: {about}")

    return report


def _test_batches(data: TrainingData, spec: RunSpec) -> tf.data.Dataset:
    return validation_batches(data.dataset.x_test, _one_hot_test(data), spec)


def _one_hot_test(data: TrainingData) -> np.ndarray:
    return np.eye(len(data.dataset.class_names), dtype=np.float32)[data.dataset.y_test]

"""How fast this machine trains a spec's network: measured on noise."""

import time

import keras
import numpy as np

from fmnist_core import zoo
from fmnist_core.batch_norm import with_fused_layers
from fmnist_core.batches import FeatureBatches, TrainingBatches
from fmnist_core.features import Features
from fmnist_core.phases import compile_model, guessed_step_s
from fmnist_core.spec import RunSpec
from fmnist_core.zoo.transfer import HEAD, TRUNK


def measure_pace(spec: RunSpec, seconds: float) -> tuple[float, float]:
    """Train on noise for some seconds.

    Returns the seconds per training image of an epoch, validation included, and the seconds per image of the one pass
    through a frozen backbone whose features are kept (0 where there is none).
    """
    spec = spec.replace(weights="random", start_run="", start_epoch=0)  # none changes the pace
    work = zoo.epoch_multiply_adds(spec)
    steps = max(2, min(50, round(1 / guessed_step_s(work * spec.batch_size))))  # about a second's work for a pass
    count = steps * spec.batch_size
    labels = np.eye(10, dtype=np.float32)[np.arange(count) % 10]
    keras.utils.set_random_seed(spec.seed)
    network, pass_s = zoo.build(spec), 0.0
    if spec.keeps_features:
        trunk, model = network.get_layer(TRUNK), network.get_layer(HEAD)
        pass_s = _seconds_per_image(trunk)
        rows = np.random.default_rng(0).random((count, *trunk.output.shape[1:]), np.float32)
        batches = FeatureBatches([Features(rows, np.arange(count))], labels, spec)
    else:
        model = with_fused_layers(network)
        images = np.random.default_rng(0).integers(0, 256, (count, 28, 28), np.uint8)
        batches = TrainingBatches(images, labels, spec)
    compile_model(model, spec, spec.learning_rate, 1000, batches.steps_per_epoch, work)
    dataset = batches.dataset()
    model.fit(dataset, epochs=1, shuffle=False, verbose=0)  # traces the graph
    began_s, passes = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        model.fit(dataset, epochs=1, shuffle=False, verbose=0)
        passes += 1
    pace = (time.perf_counter() - began_s) / (passes * count)
    # Validation is a forward pass only: a third of the arithmetic of a training step.
    return pace * (1 + spec.validation_fraction / (1 - spec.validation_fraction) / 3), pass_s


def _seconds_per_image(trunk: keras.Model) -> float:
    noise = np.random.default_rng(0).random((64, *trunk.input.shape[1:]), np.float32)
    trunk.predict_on_batch(noise)
    began_s = time.perf_counter()
    trunk.predict_on_batch(noise)
    return (time.perf_counter() - began_s) / len(noise)

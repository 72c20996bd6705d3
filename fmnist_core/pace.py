"""How fast this machine trains a spec's network: measured on noise."""

import time

import keras
import numpy as np

from fmnist_core import zoo
from fmnist_core.batches import TrainingBatches
from fmnist_core.fused import with_fused_layers
from fmnist_core.phases import compile_model, guessed_step_s
from fmnist_core.spec import RunSpec


def measure_pace(spec: RunSpec, seconds: float) -> float:
    """Train on noise for some seconds and return the seconds per training image, validation included."""
    work = zoo.multiply_adds(spec)
    steps = max(2, min(50, round(1 / guessed_step_s(work * spec.batch_size))))  # about a second's work for a pass
    images = np.random.default_rng(0).integers(0, 256, (steps * spec.batch_size, 28, 28), np.uint8)
    labels = np.eye(10, dtype=np.float32)[np.arange(len(images)) % 10]
    batches = TrainingBatches(images, labels, spec)
    keras.utils.set_random_seed(spec.seed)
    model = with_fused_layers(zoo.build(spec))
    compile_model(model, spec, spec.learning_rate, 1000, batches.steps_per_epoch, work)
    dataset = batches.dataset()
    model.fit(dataset, epochs=1, shuffle=False, verbose=0)  # traces the graph
    began_s, passes = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        model.fit(dataset, epochs=1, shuffle=False, verbose=0)
        passes += 1
    pace = (time.perf_counter() - began_s) / (passes * len(images))
    # Validation is a forward pass only: a third of the arithmetic of a training step.
    return pace * (1 + spec.validation_fraction / (1 - spec.validation_fraction) / 3)

"""A small Run, really trained, for tests of what can be taken away. It needs TensorFlow and takes seconds, once."""

import functools
from pathlib import Path

import keras
import pytest
from small_data import made_once, small_folder

from fmnist_core import training
from fmnist_core.runs import Run, list_runs
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec

# What a Run does outside of its network is in: padding, a range of its own, the mirror image.
SPEC = RunSpec(
    title="Small, mirrored", conv_blocks=(ConvBlock(4, 3, "same", batch_norm=True),), dense_layers=(DenseLayer(16),),
    epochs=3, learning_rate=0.005, image_size_px=32, scaling="standard", mirror_averaging=True, weight_averaging=0.8,
)  # fmt: skip


@functools.cache
def small_run() -> Run:
    """Train on 1,200 images for three epochs."""
    (run,) = list_runs(made_once("small-run", lambda place: finished(SPEC, place)))
    return run


def finished(spec: RunSpec, runs_folder: Path) -> Run:
    """Train a Run on the small data in this process, as a worker would, but for the form that predictions need."""
    run = Run.create(spec.replace(dataset="own", dataset_folder=str(small_folder())), runs_folder)
    for kind in ("queued", "started"):
        run.write_event(kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "export", lambda self, path, **_: path.touch())
        result = training.fit(run)
    run.write_event("completed", test_accuracy=result["test_accuracy"], test_loss=result["test_loss"])
    return run

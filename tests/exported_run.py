"""A small Run, really trained, for tests of what can be taken away. It needs TensorFlow and takes seconds, once."""

import functools
import tempfile
from pathlib import Path

from fmnist_core import training
from fmnist_core.runs import Run
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec

# What a Run does outside of its network is in: padding, a range of its own, the mirror image.
SPEC = RunSpec(
    title="Small, mirrored", conv_blocks=(ConvBlock(4, 3, "same", batch_norm=True),), dense_layers=(DenseLayer(16),),
    train_limit=1500, epochs=3, learning_rate=0.005, image_size_px=32, scaling="standard", mirror_averaging=True,
    weight_averaging=0.8,
)  # fmt: skip


@functools.cache
def small_run() -> Run:
    """Train on 1,200 images for three epochs."""
    return finished(SPEC, Path(tempfile.mkdtemp(prefix="fmnist-lab-test-")))


def finished(spec: RunSpec, runs_folder: Path) -> Run:
    """Train a Run in this process, as a worker would."""
    run = Run.create(spec, runs_folder)
    for kind in ("queued", "started"):
        run.write_event(kind)
    result = training.fit(run)
    run.write_event("completed", test_accuracy=result["test_accuracy"], test_loss=result["test_loss"])
    return run

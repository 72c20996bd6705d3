"""A small network, really trained: tests of prediction share it. It needs TensorFlow and takes seconds, once."""

import functools
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

from fmnist_core import datasets, zoo
from fmnist_core.preprocess import prepare
from fmnist_core.presets import PRESETS
from fmnist_core.runs import LITERT_FILE, RESULT_FILE, Run
from fmnist_core.spec import RunSpec

REAL_DATA = Path("/usr/share/datasets/fashion-mnist").is_dir()
SPEC = PRESETS["first-steps"].replace(title="Small and trained", train_limit=10_000, epochs=3)


def save_run(model, spec: RunSpec, class_names, runs_folder: Path | None = None) -> Run:
    """Write the folder of a completed Run around a Keras model, as far as prediction reads it."""
    run = Run.create(spec, runs_folder)
    model.export(run.folder / LITERT_FILE, format="litert", verbose=False)
    result = {
        "class_names": list(class_names),
        "test_accuracy": 0.8,
        "test_loss": 0.5,
        "dataset": spec.dataset,
    }
    (run.folder / RESULT_FILE).write_text(json.dumps(result))
    run.write_event("queued")
    run.write_event("started")
    run.write_event("completed", test_accuracy=0.8)
    return run


def copy_of_trained_run(runs_folder: Path) -> Run:
    """Return a copy of the trained Run in this folder, for a test to use and to damage."""
    original = trained_run()
    runs_folder.mkdir(parents=True, exist_ok=True)
    return Run(Path(shutil.copytree(original.folder, runs_folder / original.id)))


@functools.cache
def trained_run() -> Run:
    """Train on 10,000 images of the real Fashion-MNIST for three epochs: about 80 % right."""
    import keras

    dataset = datasets.load("fashion-mnist")
    keras.utils.set_random_seed(1)
    model = zoo.build(SPEC)
    model.compile(keras.optimizers.Adam(SPEC.learning_rate), "sparse_categorical_crossentropy", steps_per_execution=50)
    images = prepare(np.asarray(dataset.x_train[: SPEC.train_limit]), SPEC)
    model.fit(images, dataset.y_train[: SPEC.train_limit], batch_size=64, epochs=SPEC.epochs, verbose=0)
    folder = Path(tempfile.mkdtemp(prefix="fmnist-lab-test-"))
    return save_run(model, SPEC, dataset.class_names, folder)

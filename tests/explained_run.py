"""A finished Run with everything that explaining reads, of a network that was built and not trained: for tests."""

import json
import shutil
from pathlib import Path

import numpy as np

from fmnist_core import datasets, paths
from fmnist_core.preprocess import prepare
from fmnist_core.runs import KERAS_FILE, LITERT_FILE, PROBABILITIES_FILE, RESULT_FILE, Run
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec

SMALL = RunSpec(title="Small", conv_blocks=(ConvBlock(4, 5), ConvBlock(6, 3)), dense_layers=(DenseLayer(12),))


def build(spec: RunSpec, seed: int = 3):
    """Return the spec's network with seeded weights, with its mirror image where the spec says so."""
    import keras

    from fmnist_core import zoo
    from fmnist_core.zoo.mirror import with_mirror

    keras.utils.set_random_seed(seed)
    model = zoo.build(spec)
    return with_mirror(model) if spec.mirror_averaging else model


def copied(run: Run) -> Run:
    """Return a copy of a Run among those of the workspace, for a test to use and to damage."""
    return Run(Path(shutil.copytree(run.folder, paths.runs() / run.id)))


def explained_run(folder: Path, spec: RunSpec = SMALL, runs_folder: Path | None = None, *, litert: bool = True) -> Run:
    """Write the folder of a completed Run on the user's own data in `folder`.

    litert: with the file that predictions need, which takes seconds to make.
    """
    dataset = datasets.load("own", folder)
    spec = spec.replace(dataset="own", dataset_folder=str(folder))
    model, run = build(spec), Run.create(spec, runs_folder)
    probabilities = model.predict(prepare(np.asarray(dataset.x_test), spec), verbose=0)
    np.save(run.folder / PROBABILITIES_FILE, probabilities)
    model.save(run.folder / KERAS_FILE)
    if litert:
        model.export(run.folder / LITERT_FILE, format="litert", verbose=False)
    accuracy = float((probabilities.argmax(axis=1) == dataset.y_test).mean())
    result = {
        "test_accuracy": accuracy, "test_loss": 2.3, "test_images": len(dataset.y_test), "dataset": "own",
        "class_names": list(dataset.class_names), "source": dataset.source, "sha256": dataset.sha256,
        "parameters": model.count_params(), "synthetic": False,
    }  # fmt: skip
    (run.folder / RESULT_FILE).write_text(json.dumps(result))
    for kind in ("queued", "started"):
        run.write_event(kind)
    run.write_event("completed", test_accuracy=accuracy, test_loss=2.3)
    return run

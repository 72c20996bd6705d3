"""The end of a Run: the test set is scored once, and the model is left in every form that the app and others read."""

import json

import keras
import numpy as np
import tensorflow as tf

from fmnist_core.callbacks import Diverged
from fmnist_core.files import replace_atomically, write_atomically
from fmnist_core.runs import KERAS_FILE, LITERT_FILE, PROBABILITIES_FILE, RESULT_FILE, Run
from fmnist_core.training_data import TrainingData


def finish(run: Run, network: keras.Model, data: TrainingData, scored: keras.Model, test: tf.data.Dataset) -> dict:
    """Write probabilities, models and result into the Run's folder, and return the result.

    Args:
        network: the whole model, from pixels to probabilities; it is saved.
        scored: the model that takes the batches of `test`: the network, or its head where test holds features.

    Raises:
        Diverged: if some probability is no number.
    """
    run.write_event("phase", phase="scoring the test set", epoch=None)
    labels = data.dataset.y_test
    probabilities = scored.predict(test, verbose=0)
    if not np.isfinite(probabilities).all():
        raise Diverged(
            "Expected probabilities for every test image. Received some that are no numbers: the weights grew beyond "
            "bounds. A smaller learning rate usually helps."
        )
    replace_atomically(run.folder / PROBABILITIES_FILE, lambda path: np.save(path, probabilities.astype(np.float32)))
    run.write_event("phase", phase="saving the model")
    # Without its optimizer, which may be our own, so that any Keras can read it, and which would double the file.
    bare = keras.Model(network.inputs, network.outputs, name=network.name)
    replace_atomically(run.folder / KERAS_FILE, bare.save)
    replace_atomically(run.folder / LITERT_FILE, lambda path: network.export(path, format="litert", verbose=False))
    likelihood = np.clip(probabilities[np.arange(len(labels)), labels].astype(np.float64), 1e-7, 1.0)
    result = {
        "test_accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "test_loss": float(-np.log(likelihood).mean()),
        "test_images": len(labels),
        "class_names": list(data.dataset.class_names),
        "dataset": data.dataset.name,
        "source": data.dataset.source,
        "sha256": data.dataset.sha256,
        "parameters": network.count_params(),
        "synthetic": data.dataset.synthetic,
        "pretrained": run.spec.is_transfer and run.spec.weights != "random",
    }
    write_atomically(run.folder / RESULT_FILE, json.dumps(result, indent=2))
    return result

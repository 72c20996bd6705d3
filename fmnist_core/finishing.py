"""The end of a Run: test and validation images are scored once, and the model is left in every form that the app and
others read."""

import json

import keras
import numpy as np
import tensorflow as tf

from fmnist_core.callbacks import Diverged
from fmnist_core.files import replace_atomically, write_atomically
from fmnist_core.runs import (
    KERAS_FILE,
    LITERT_FILE,
    PROBABILITIES_FILE,
    RESULT_FILE,
    VALIDATION_FILE,
    VALIDATION_INDEX_FILE,
    Run,
)
from fmnist_core.training_data import TrainingData


def finish(
    run: Run,
    network: keras.Model,
    data: TrainingData,
    scored: keras.Model,
    test: tf.data.Dataset,
    validation: tf.data.Dataset | None = None,
) -> dict:
    """Write probabilities, models and result into the Run's folder, and return the result.

    Args:
        network: the whole model, from pixels to probabilities; it is saved.
        scored: the model that takes the batches of `test`: the network, or its head where test holds features.
        validation: batches of the validation images in their order, for the same model; None where they are not kept.

    Raises:
        Diverged: if some probability is no number.
    """
    run.write_event("phase", phase="scoring the test set", epoch=None)
    probabilities = _predict(scored, test)
    _save(run, PROBABILITIES_FILE, probabilities)
    scores = _scores("test", probabilities, data.dataset.y_test)
    if validation is not None and data.validation_index is not None:
        held_out = _predict(scored, validation)
        _save(run, VALIDATION_FILE, held_out)
        _save(run, VALIDATION_INDEX_FILE, data.validation_index)
        scores |= _scores("validation", held_out, data.validation[1].argmax(axis=1))
    run.write_event("phase", phase="saving the model")
    save_model(run, network)
    result = scores | {
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


def save_model(run: Run, network: keras.Model) -> None:
    """Write a model into the Run's folder, for Keras and for LiteRT."""
    # Without its optimizer, which may be our own, so that any Keras can read it, and which would double the file.
    bare = keras.Model(network.inputs, network.outputs, name=network.name)
    replace_atomically(run.folder / KERAS_FILE, bare.save)
    replace_atomically(run.folder / LITERT_FILE, lambda path: bare.export(path, format="litert", verbose=False))


def _predict(model: keras.Model, batches: tf.data.Dataset) -> np.ndarray:
    """Return the probabilities of all images: (n, classes) float32."""
    probabilities = model.predict(batches, verbose=0)
    if not np.isfinite(probabilities).all():
        raise Diverged(
            "Expected probabilities for every image. Received some that are no numbers: the weights grew beyond "
            "bounds. A smaller learning rate usually helps."
        )
    return probabilities.astype(np.float32)


def _save(run: Run, name: str, array: np.ndarray) -> None:
    replace_atomically(run.folder / name, lambda path: np.save(path, array))


def _scores(part: str, probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return accuracy, 0..1, mean cross-entropy in nats and number of the images, by the names of a result."""
    likelihood = np.clip(probabilities[np.arange(len(labels)), labels].astype(np.float64), 1e-7, 1.0)
    return {
        f"{part}_accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        f"{part}_loss": float(-np.log(likelihood).mean()),
        f"{part}_images": len(labels),
    }

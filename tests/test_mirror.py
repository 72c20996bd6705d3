"""Averaging over the mirror image: two answers of one network, in Keras, in LiteRT, and as a start for others."""

import json

import keras
import numpy as np
import pytest
from small_data import small_folder

from fmnist_core import prediction, training, zoo
from fmnist_core.runs import KERAS_FILE, PROBABILITIES_FILE, Run
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec
from fmnist_core.zoo.mirror import with_mirror, without_mirror

SPEC = RunSpec(
    title="Mirrored", conv_blocks=(ConvBlock(4, 3, "same", batch_norm=True),),
    dense_layers=(DenseLayer(8),), train_limit=300, epochs=1, mirror_averaging=True, dataset="own",
    dataset_folder=str(small_folder()),
)  # fmt: skip
X = np.random.default_rng(0).random((5, 28, 28, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    made = Run.create(SPEC, tmp_path_factory.mktemp("mirrored"))
    training.fit(made)
    return made


def test_it_averages_the_answers_for_image_and_mirror_image():
    network = zoo.build(SPEC)
    both = with_mirror(network)
    expected = (network.predict(X, verbose=0) + network.predict(X[:, :, ::-1], verbose=0)) / 2
    assert np.allclose(both.predict(X, verbose=0), expected, atol=1e-6)
    assert not np.allclose(network.predict(X, verbose=0), expected, atol=1e-4)
    assert both.count_params() == network.count_params()
    assert without_mirror(both) is network
    assert without_mirror(network) is network


def test_the_saved_model_averages_and_so_do_the_kept_probabilities(run):
    saved = keras.models.load_model(run.folder / KERAS_FILE, compile=False)
    assert np.allclose(saved.predict(X, verbose=0), saved.predict(X[:, :, ::-1], verbose=0), atol=1e-6)
    network = without_mirror(saved)
    assert not np.allclose(network.predict(X, verbose=0), network.predict(X[:, :, ::-1], verbose=0), atol=1e-4)
    kept = np.load(run.folder / PROBABILITIES_FILE)
    assert run.result["test_images"] == len(kept)
    assert run.result["parameters"] == network.count_params()


def test_the_demo_predicts_with_both(run):
    images = (X[..., 0] * 255).astype(np.uint8)
    saved = keras.models.load_model(run.folder / KERAS_FILE, compile=False)
    expected = saved.predict(images[..., np.newaxis].astype(np.float32) / 255, verbose=0)
    assert np.allclose(prediction.load(run).probabilities(images), expected, atol=1e-4)


def test_another_run_can_start_from_its_weights(run, monkeypatch):
    monkeypatch.setattr("fmnist_core.zoo.convnet.find_run", lambda run_id: run)
    network = zoo.build(SPEC.replace(start_run=run.id))
    learned = without_mirror(keras.models.load_model(run.folder / KERAS_FILE, compile=False))
    assert np.array_equal(network.layers[1].get_weights()[0], learned.layers[1].get_weights()[0])


def test_the_spec_keeps_it_as_json():
    assert json.loads(SPEC.to_json())["mirror_averaging"] is True
    assert RunSpec.from_json(SPEC.to_json()) == SPEC

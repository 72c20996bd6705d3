"""Batch normalisation: the fused layer gives Keras' numbers, and few images settle the moving statistics."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from fmnist_core import training
from fmnist_core.batch_norm import BatchNormalization, settle, with_fused_layers
from fmnist_core.preprocess import prepare
from fmnist_core.runs import Run
from fmnist_core.spec import ConvBlock, RunSpec
from fmnist_core.training_data import load_data
from fmnist_core.zoo.transfer import TRUNK

X = np.random.default_rng(0).normal(3, 2, (16, 5, 5, 4)).astype(np.float32)


def _pair():
    layers = keras.layers.BatchNormalization(), BatchNormalization()
    for layer in layers:
        layer.build(X.shape)
        rng = np.random.default_rng(1)
        layer.set_weights([rng.uniform(0.5, 1.5, weight.shape).astype(np.float32) for weight in layer.get_weights()])
    return layers


def test_outputs_gradients_and_moving_statistics_are_those_of_keras():
    results = []
    for layer in _pair():
        with tf.GradientTape() as tape:
            x = tf.constant(X)
            tape.watch(x)
            loss = tf.reduce_sum(tf.sin(layer(x, training=True)))
        gradients = tape.gradient(loss, [x, *layer.trainable_variables])
        results.append([*gradients, *layer.get_weights(), layer(X, training=False)])
    for ours, theirs in zip(*results, strict=True):
        assert np.allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_frozen_layer_keeps_its_statistics():
    _, layer = _pair()
    layer.trainable = False
    before = layer.get_weights()
    layer(X, training=True)
    assert all(np.array_equal(a, b) for a, b in zip(before, layer.get_weights(), strict=True))


def _model():
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((5, 5, 4)),
            keras.layers.Conv2D(6, 3),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
            keras.layers.BatchNormalization(),
        ]
    )


def test_the_twin_starts_with_the_same_weights_and_learns_the_same(tmp_path):
    plain, twin = _model(), with_fused_layers(_model())
    assert [type(layer) for layer in twin.layers].count(BatchNormalization) == 1  # rows of numbers stay Keras' own
    for model in (plain, twin):
        model.compile(keras.optimizers.SGD(0.05), "mse")
        model.fit(X, X[:, 0, 0, :3], epochs=3, batch_size=8, shuffle=False, verbose=0)
    for ours, theirs in zip(twin.get_weights(), plain.get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-4)
    twin.save_weights(tmp_path / "twin.weights.h5")
    plain.load_weights(tmp_path / "twin.weights.h5")
    assert np.allclose(plain.predict(X, verbose=0), twin.predict(X, verbose=0), atol=1e-5)


def test_a_model_without_such_layers_is_its_own_twin():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    assert with_fused_layers(model) is model


@pytest.mark.parametrize(("steps", "momentum"), [(1000, 0.99), (250, 0.99), (25, 0.9), (5, 0.5), (1, 0.5)])
def test_the_momentum_is_that_of_keras_unless_an_epoch_has_few_steps(steps, momentum):
    inner = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization()])
    model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), inner])
    settle(model, steps)
    assert [layer.momentum for layer in (model.layers[0], inner.layers[0])] == pytest.approx([momentum, momentum])


def test_a_frozen_layer_keeps_its_momentum():
    layer = keras.layers.BatchNormalization(trainable=False)
    settle(keras.Sequential([keras.Input((3,)), layer]), 10)
    assert layer.momentum == 0.99


def test_a_network_that_saw_few_images_recognises_in_inference_what_it_recognised_in_training(tmp_path, no_litert):
    blocks = (ConvBlock(8, 3, "same", batch_norm=True), ConvBlock(16, 3, "same", batch_norm=True))
    run = Run.create(RunSpec(train_limit=1500, epochs=3, batch_size=64, conv_blocks=blocks), tmp_path)
    training.fit(run)
    last = run.history().iloc[-1]
    assert last["accuracy"] > 0.7
    assert last["val_accuracy"] > last["accuracy"] - 0.1


def test_a_base_of_random_weights_has_the_statistics_of_training_images_and_tells_them_apart(tmp_path):
    spec = RunSpec(
        network="transfer", backbone="mobilenet", weights="random", image_size_px=32, scaling="base", train_limit=500,
        global_pooling="average", dense_layers=(),
    )  # fmt: skip
    run, data = Run.create(spec, tmp_path), load_data(spec)
    trunk, again = (training.build(run, data, resumed=resumed).get_layer(TRUNK) for resumed in (False, True))
    assert np.asarray(trunk(prepare(data.train[0][-100:], spec))).std(axis=0).mean() > 0.1  # 1e-21 without
    assert not trunk.trainable_variables
    assert all(np.array_equal(a, b) for a, b in zip(trunk.get_weights(), again.get_weights(), strict=True))

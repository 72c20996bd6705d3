"""Averaged weights: they validate and are kept, and training goes on with its own."""

import keras
import numpy as np
import pytest

from fmnist_core.callbacks import AveragedValidation, averaged
from fmnist_core.optimizers import optimizer
from fmnist_core.spec import RunSpec

X = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [2.0], [-1.0]], np.float32)


def _trained(**options) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.05, **options), "mse")
    for _ in range(10):
        model.train_on_batch(X, Y)
    return model


def test_the_average_is_the_running_mean_of_the_weights_and_comes_off_again():
    model = _trained(use_ema=True, ema_momentum=0.9)
    keras.utils.set_random_seed(0)
    plain = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    plain.compile(keras.optimizers.SGD(0.05), "mse")
    mean = None
    for _ in range(10):
        plain.train_on_batch(X, Y)
        now = plain.get_weights()[0]
        mean = now if mean is None else 0.9 * mean + 0.1 * now
    own = model.get_weights()[0]
    with averaged(model):
        assert np.allclose(model.get_weights()[0], mean, atol=1e-5)
    assert np.array_equal(model.get_weights()[0], own)
    assert np.allclose(own, plain.get_weights()[0], atol=1e-5)


def test_without_averaging_nothing_changes():
    model = _trained()
    own = model.get_weights()[0]
    with averaged(model):
        assert np.array_equal(model.get_weights()[0], own)


def test_validation_judges_the_average():
    model = _trained(use_ema=True, ema_momentum=0.99)
    with averaged(model):
        expected = model.evaluate(X, Y, verbose=0)
    raw = model.evaluate(X, Y, verbose=0)
    judged = model.evaluate(X, Y, verbose=0, callbacks=[AveragedValidation()])
    assert np.isclose(judged, expected, rtol=1e-5)
    assert not np.isclose(judged, raw, rtol=0.01)


@pytest.mark.parametrize("name", ["adam", "adamw", "muon", "nadam", "rmsprop", "sgd"])
def test_after_few_steps_the_average_has_forgotten_the_first_weights(name):
    spec = RunSpec(optimizer=name, weight_averaging=0.999)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer(spec, 0.05, 60), "mse", steps_per_execution=4)
    first = model.evaluate(X, Y, verbose=0)
    model.fit(X, Y, batch_size=16, epochs=15, verbose=0)  # Keras ends it with the average
    learned = model.optimizer._model_variables_moving_average[0].numpy()
    assert np.array_equal(model.get_weights()[0], learned)
    assert model.evaluate(X, Y, verbose=0) < 0.5 * first


def test_the_average_reaches_back_as_far_as_is_asked_once_there_are_steps_enough():
    made = optimizer(RunSpec(optimizer="sgd", weight_averaging=0.9), 1.0, 1000)
    weight = keras.Variable(np.zeros(1, np.float32))
    made.build([weight])
    mean = 0.0
    for step in range(200):
        made.apply([np.full(1, -1.0, np.float32)])
        mean += (1 - min(0.9, (1 + step) / (10 + step)) * (step > 0)) * (float(weight.numpy()[0]) - mean)
    assert made.ema_momentum == 0.9
    assert np.isclose(made._model_variables_moving_average[0].numpy()[0], mean, rtol=1e-4)

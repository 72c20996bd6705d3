"""Averaged weights: they validate and are kept, and training goes on with its own."""

import keras
import numpy as np

from fmnist_core.callbacks import AveragedValidation, averaged

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

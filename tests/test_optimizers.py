"""Muon takes convolution kernels as matrices, and leaves what it should not touch to AdamW."""

import keras
import numpy as np
import pytest

from fmnist_core.optimizers import Muon, optimizer
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec

SPEC = RunSpec(conv_blocks=(ConvBlock(4, 3), ConvBlock(8, 3)), dense_layers=(DenseLayer(6),), optimizer="muon")


def _network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential([
        keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, name="first"), keras.layers.Conv2D(8, 3, name="second"),
        keras.layers.Flatten(), keras.layers.Dense(6, name="hidden"), keras.layers.Dense(3, name="probabilities"),
    ])  # fmt: skip


def test_the_step_of_a_kernel_is_orthogonal_and_as_long_as_adams():
    network, rate = _network(), 1e-2
    muon = Muon(rate, weight_decay=None)
    before = [one.numpy() for one in network.trainable_variables]
    generator = np.random.default_rng(0)
    muon.build(network.trainable_variables)
    muon.apply([generator.normal(size=one.shape).astype(np.float32) for one in before])
    steps = {
        "/".join(one.path.split("/")[-2:]): one.numpy() - was
        for one, was in zip(network.trainable_variables, before, strict=True)
    }
    for name in ("second/kernel", "hidden/kernel"):
        values = np.linalg.svd(steps[name].reshape(-1, steps[name].shape[-1]), compute_uv=False)
        assert values.max() / values.min() < 2.5  # five iterations bring all near one
        assert 0.05 * rate < np.sqrt(np.mean(steps[name] ** 2)) < rate
    for name in ("first/kernel", "probabilities/kernel", "hidden/bias"):
        assert np.allclose(np.abs(steps[name]), rate, rtol=5e-3)  # AdamW's first step


@pytest.mark.parametrize("decay", [0.0, 0.02])
def test_weight_decay_reaches_both_kinds_of_step(decay):
    made = optimizer(SPEC.replace(weight_decay=decay), 1e-3, 100)
    assert isinstance(made, Muon)
    assert made.weight_decay == made.adam_weight_decay == (decay or None)

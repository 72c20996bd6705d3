"""Batch normalisation: in one TensorFlow operation, and with moving statistics that few images settle, too.

A base that was never trained has none that are true of anything; they are measured.

Keras 3 composes it of a dozen operations, which cost a third of a step here. The faster class is for training only: it
bears Keras' name and has its weights, so checkpoints are Keras' own, and the finished model is built of Keras' layers.
"""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

LEAST_MOMENTUM = 0.5
MEASURED_IMAGES = 128  # so many at once also where they are large: of ResNet152V2 at 224 px a few gigabytes


class BatchNormalization(keras.layers.BatchNormalization):
    """keras.layers.BatchNormalization over the channels of (b, h, w, c) float32, the same numbers in less time.

    Source: Ioffe and Szegedy, 2015. In inference, and frozen, it is Keras' layer.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Normalise by the batch's statistics and move the moving ones; see the Keras class."""
        if not training or not self.trainable:
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.compat.v1.nn.fused_batch_norm(
            inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
        )
        count = tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], tf.float32)
        variance *= (count - 1) / count  # the operation returns the unbiased one, Keras keeps the other
        self.moving_mean.assign(self.moving_mean * self.momentum + mean * (1 - self.momentum))
        self.moving_variance.assign(self.moving_variance * self.momentum + variance * (1 - self.momentum))
        return outputs


def with_fused_layers(model: keras.Model) -> keras.Model:
    """Return a model of the same weights' values whose batch normalisation over pictures is fused.

    The model itself where there is none.
    """

    def fits(layer: keras.layers.Layer) -> bool:
        return type(layer) is keras.layers.BatchNormalization and len(layer.output.shape) == 4

    if not any(fits(layer) for layer in model.layers):
        return model

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        kind = BatchNormalization if fits(layer) else type(layer)
        copy = kind.from_config(layer.get_config())
        copy.trainable = layer.trainable
        return copy

    fused = keras.models.clone_model(model, clone_function=clone)
    fused.set_weights(model.get_weights())
    return fused


def settle(model: keras.Model, steps_per_epoch: int) -> None:
    """Let the moving statistics follow so quickly that an epoch of four steps or more leaves 8 % of their beginning.

    A step leaves a share `momentum` of them. With Keras' 0.99 an epoch of 250 steps leaves 8 %, but one of 30 leaves
    74 %, and a network that recognises nine training images in ten guesses in inference. So the momentum is 0.99 from
    250 steps on, and 1 - 2.5 / steps_per_epoch below, but not under 0.5. Frozen layers are left as they are.
    """
    momentum = max(LEAST_MOMENTUM, 1 - 2.5 / steps_per_epoch)
    for layer in _layers_of(model):
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            layer.momentum = min(layer.momentum, momentum)


def measured(images: np.ndarray) -> np.ndarray:
    """Return those of (n, 28, 28) images whose statistics are to be measured: at most 128, evenly spread."""
    return images[np.linspace(0, len(images) - 1, min(len(images), MEASURED_IMAGES)).astype(int)]


def measure_statistics(base: keras.Model, inputs: np.ndarray) -> None:
    """Give a base that was never trained the statistics of these inputs; one without normalisation stays as it is.

    In inference its layers would else divide by 1, at every depth, and drawn weights shrink what passes: of MobileNet's
    features 1e-21 is left, and a head on them can only guess.
    """
    norms = [layer for layer in _layers_of(base) if isinstance(layer, keras.layers.BatchNormalization)]
    if not norms:
        return
    before = [(layer.trainable, layer.momentum) for layer in norms]
    for layer in norms:
        layer.trainable, layer.momentum = True, 0.0  # one pass, and the moving statistics are its own
    base(inputs, training=True)
    for layer, (trainable, momentum) in zip(norms, before, strict=True):
        layer.trainable, layer.momentum = trainable, momentum


def _layers_of(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        yield from _layers_of(layer) if isinstance(layer, keras.Model) else (layer,)

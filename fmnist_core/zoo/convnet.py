"""LeNet-5 and its kin: convolution blocks, then dense layers, then softmax.

Source: LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, 1998, and the
variants of the five reference systems. One description serves both the layer table and the Keras model.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from fmnist_core.errors import SpecError
from fmnist_core.runs import find_run
from fmnist_core.spec import ConvBlock, RunSpec
from fmnist_core.zoo import Layer, weights
from fmnist_core.zoo.head import describe_dense, describe_pooling

if TYPE_CHECKING:
    import keras


def describe(spec: RunSpec, n_classes: int) -> tuple[Layer, ...]:
    """Return the network's layers; see fmnist_core.zoo.describe."""
    if spec.frozen_blocks > len(spec.conv_blocks):
        raise SpecError(
            f"Expected frozen_blocks: at most the {len(spec.conv_blocks)} convolution blocks of the network. "
            f"Received {spec.frozen_blocks}."
        )
    layers: list[Layer] = []
    shape = (spec.image_size_px, spec.image_size_px, 1)
    for number, block in enumerate(spec.conv_blocks, start=1):
        added = _conv_layers(spec, block, shape, number)
        if number <= spec.frozen_blocks:
            added = [replace(layer, frozen=layer.parameters) for layer in added]
        layers += added
        shape = layers[-1].output_shape
    layers.append(describe_pooling(spec, shape))
    return (*layers, *describe_dense(spec, layers[-1].output_shape[0], n_classes))


def build(spec: RunSpec, n_classes: int) -> "keras.Model":
    """Build the Keras model of the same layers; see fmnist_core.zoo.build.

    Raises:
        ModelError: if it is to start from an earlier Run whose model is gone or has other layers.
    """
    import keras  # here and not above: describing a network must not load TensorFlow

    inputs = keras.Input((spec.image_size_px, spec.image_size_px, 1), name="pixels")
    x = inputs
    described = describe(spec, n_classes)
    for layer in described:
        x = getattr(keras.layers, layer.kind)(**layer.config)(x)
    model = keras.Model(inputs, x, name="convnet")
    if spec.start_run:
        weights.start_from(model, find_run(spec.start_run), whole=spec.start_whole)
    for layer, built in zip(described, model.layers[1:], strict=True):  # the first is the input
        built.trainable = not layer.frozen
    return model


def _conv_layers(spec: RunSpec, block: ConvBlock, shape: tuple[int, ...], number: int) -> list[Layer]:
    side, _, channels = shape
    out = side if block.padding == "same" else side - block.kernel_px + 1
    if out < 1 or (block.pool and out < 2):
        raise SpecError(
            f"Convolution block {number} does not fit. Expected a picture of at least "
            f"{(block.kernel_px if block.padding == 'valid' else 1) + block.pool} px for kernel "
            f"{block.kernel_px} px ({block.padding}){' and 2x2 pooling' if block.pool else ''}. Received {side} px."
        )
    weights = block.kernel_px**2 * channels * block.filters
    config = {"filters": block.filters, "kernel_size": block.kernel_px, "padding": block.padding}
    shape = (out, out, block.filters)
    norm = Layer("BatchNormalization", shape, 4 * block.filters, out * out * block.filters)
    if block.batch_norm and block.norm_first:
        bare = Layer("Conv2D", shape, weights, weights * out * out, config | {"use_bias": False})
        layers = [bare, norm, Layer("Activation", shape, 0, 0, {"activation": spec.activation})]
    else:
        count = weights + block.filters
        layers = [Layer("Conv2D", shape, count, weights * out * out, config | {"activation": spec.activation})]
        layers += [norm] * block.batch_norm
    if block.pool:
        shape = (out // 2, out // 2, block.filters)
        layers.append(
            Layer(
                {"max": "MaxPooling2D", "average": "AveragePooling2D"}[spec.pooling],
                shape,
                0,
                0,
                {"pool_size": 2},
            )
        )
        if spec.pool_activation != "none":
            layers.append(Layer("Activation", shape, 0, 0, {"activation": spec.pool_activation}))
    if block.dropout:
        layers.append(Layer("Dropout", shape, 0, 0, {"rate": block.dropout}))
    return layers

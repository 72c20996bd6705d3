"""LeNet-5 and its kin: convolution blocks, then dense layers, then softmax.

Source: LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, 1998, and the
variants of the five reference systems. One description serves both the layer table and the Keras model.
"""

from typing import TYPE_CHECKING

from fmnist_core.errors import SpecError
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec
from fmnist_core.zoo import Layer

if TYPE_CHECKING:
    import keras


def describe(spec: RunSpec, n_classes: int) -> tuple[Layer, ...]:
    """Return the network's layers; see fmnist_core.zoo.describe."""
    layers: list[Layer] = []
    shape = (spec.image_size_px, spec.image_size_px, 1)
    for number, block in enumerate(spec.conv_blocks, start=1):
        layers += _conv_layers(spec, block, shape, number)
        shape = layers[-1].output_shape
    units = shape[0] * shape[1] * shape[2]
    layers.append(Layer("Flatten", (units,), 0, 0))
    for dense in spec.dense_layers:
        layers += _dense_layers(spec.activation, dense, units)
        units = dense.units
    layers.append(_dense(units, n_classes, "softmax"))
    return tuple(layers)


def build(spec: RunSpec, n_classes: int) -> "keras.Model":
    """Build the Keras model of the same layers; see fmnist_core.zoo.build."""
    import keras  # here and not above: describing a network must not load TensorFlow

    inputs = keras.Input((spec.image_size_px, spec.image_size_px, 1), name="pixels")
    x = inputs
    for layer in describe(spec, n_classes):
        x = getattr(keras.layers, layer.kind)(**layer.config)(x)
    return keras.Model(inputs, x, name="convnet")


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
    layers = [
        Layer(
            "Conv2D",
            shape,
            weights + block.filters,
            weights * out * out,
            config | {"activation": spec.activation},
        )
    ]
    if block.batch_norm:
        layers.append(Layer("BatchNormalization", shape, 4 * block.filters, out * out * block.filters))
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


def _dense_layers(activation: str, dense: DenseLayer, inputs: int) -> list[Layer]:
    layers = [_dense(inputs, dense.units, activation)]
    if dense.batch_norm:
        layers.append(Layer("BatchNormalization", (dense.units,), 4 * dense.units, dense.units))
    if dense.dropout:
        layers.append(Layer("Dropout", (dense.units,), 0, 0, {"rate": dense.dropout}))
    return layers


def _dense(inputs: int, units: int, activation: str) -> Layer:
    config = {"units": units, "activation": activation}
    return Layer("Dense", (units,), inputs * units + units, inputs * units, config)

"""The head of a network: from pictures to numbers, dense layers, softmax. One description for every family."""

from fmnist_core.spec import DenseLayer, RunSpec
from fmnist_core.zoo import Layer

_POOLING = {"none": "Flatten", "average": "GlobalAveragePooling2D", "max": "GlobalMaxPooling2D"}


def describe_pooling(spec: RunSpec, shape: tuple[int, int, int]) -> Layer:
    """Return the layer that turns pictures of this shape (height, width, channels) into a row of numbers."""
    height, width, channels = shape
    units = height * width * channels if spec.global_pooling == "none" else channels
    return Layer(_POOLING[spec.global_pooling], (units,), 0, 0)


def describe_dense(spec: RunSpec, units: int, n_classes: int) -> list[Layer]:
    """Return the spec's dense layers on `units` numbers, features normalised first if it says so, and the softmax."""
    layers = [_norm(units)] if spec.is_transfer and spec.normalise_features else []
    for dense in spec.dense_layers:
        layers += _dense_layers(spec.activation, dense, units)
        units = dense.units
    return [*layers, _dense(units, n_classes, "softmax")]


def _dense_layers(activation: str, dense: DenseLayer, inputs: int) -> list[Layer]:
    layers = [_dense(inputs, dense.units, activation)]
    if dense.batch_norm:
        layers.append(_norm(dense.units))
    if dense.dropout:
        layers.append(Layer("Dropout", (dense.units,), 0, 0, {"rate": dense.dropout}))
    return layers


def _norm(units: int) -> Layer:
    return Layer("BatchNormalization", (units,), 4 * units, units)


def _dense(inputs: int, units: int, activation: str) -> Layer:
    config = {"units": units, "activation": activation}
    return Layer("Dense", (units,), inputs * units + units, inputs * units, config)

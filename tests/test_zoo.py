"""The networks: the arithmetic of their description against what Keras builds."""

import keras
import pytest

from fmnist_core import zoo
from fmnist_core.errors import SpecError
from fmnist_core.presets import PRESETS, REPORTED
from fmnist_core.spec import ConvBlock, RunSpec

CONVNETS = {key: spec for key, spec in PRESETS.items() if not spec.is_transfer}


@pytest.mark.parametrize("key", REPORTED)
def test_a_reference_network_has_the_reported_number_of_parameters(key):
    assert sum(layer.parameters for layer in zoo.describe(PRESETS[key])) == REPORTED[key].parameters


@pytest.mark.parametrize("spec", CONVNETS.values(), ids=CONVNETS)
def test_the_layer_table_is_what_keras_builds(spec):
    described, model = zoo.describe(spec), zoo.build(spec)
    built = model.layers[1:]  # the first is the input
    assert [layer.kind for layer in described] == [type(layer).__name__ for layer in built]
    assert [layer.output_shape for layer in described] == [layer.output.shape[1:] for layer in built]
    assert [layer.parameters for layer in described] == [layer.count_params() for layer in built]
    assert model.output_shape == (None, 10)


def test_activation_and_pooling_are_those_of_the_spec():
    model = zoo.build(PRESETS["B-lenet5"])
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("AveragePooling2D") == 2
    assert [layer.activation.__name__ for layer in model.layers if isinstance(layer, keras.layers.Activation)] == [
        "sigmoid",
        "sigmoid",
    ]
    assert model.get_layer(index=1).activation.__name__ == "tanh"


def test_multiply_adds_of_the_first_layer_are_kernel_times_filters_times_places():
    first = zoo.describe(PRESETS["C-lenet5"])[0]
    assert first.multiply_adds == 5 * 5 * 1 * 6 * 24 * 24


@pytest.mark.parametrize(
    "blocks",
    [
        (ConvBlock(4, 5), ConvBlock(4, 5), ConvBlock(4, 5)),
        (ConvBlock(4, 3, "same"),) * 5,
    ],
)
def test_a_network_that_runs_out_of_pixels_is_refused_by_block(blocks):
    with pytest.raises(SpecError, match=r"block \d does not fit. Expected a picture of at least .* Received \d px"):
        zoo.describe(RunSpec(conv_blocks=blocks))


def test_an_unknown_family_is_refused_with_the_known_ones():
    with pytest.raises(SpecError, match="one of convnet, transfer"):
        zoo.describe(RunSpec(network="perceptron"))

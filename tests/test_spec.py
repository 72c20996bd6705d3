"""RunSpec and presets."""

import json

import pytest

from fmnist_core.errors import SpecError
from fmnist_core.presets import PRESETS, REPORTED
from fmnist_core.spec import HYPERPARAMETERS, ConvBlock, DenseLayer, RunSpec


@pytest.mark.parametrize("spec", PRESETS.values(), ids=PRESETS)
def test_every_preset_survives_json_unchanged(spec):
    assert RunSpec.from_json(spec.to_json()) == spec


def test_every_preset_is_named_by_its_key():
    assert all(spec.preset == key for key, spec in PRESETS.items())


def test_only_presets_of_reference_systems_have_reported_figures():
    assert set(REPORTED) == {key for key in PRESETS if key[1] == "-"}


@pytest.mark.parametrize("name", [n for n, h in HYPERPARAMETERS.items() if h.choices is None and h.minimum is not None])
def test_a_number_outside_its_range_is_refused_with_its_name(name):
    hyper = HYPERPARAMETERS[name]
    for value in (hyper.minimum - 1, hyper.maximum + 1, float("nan"), "7", None, True):
        with pytest.raises(SpecError, match=f"Expected {name}: .* Received: "):
            RunSpec(**{name: value})


@pytest.mark.parametrize("name", [n for n, h in HYPERPARAMETERS.items() if h.choices])
def test_a_word_that_is_no_choice_is_refused_with_the_choices(name):
    with pytest.raises(SpecError, match=f"Expected {name}: one of "):
        RunSpec(**{name: "nonsense"})


def test_a_float_where_a_whole_number_belongs_is_refused():
    with pytest.raises(SpecError, match="whole number"):
        RunSpec(epochs=3.0)


def test_a_switch_takes_nothing_but_true_and_false():
    with pytest.raises(SpecError, match="true or false"):
        RunSpec(flip=1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"filters": 0, "kernel_px": 3}, "filters"),
        ({"filters": 8, "kernel_px": 99}, "kernel_px"),
        ({"filters": 8, "kernel_px": 3, "padding": "reflect"}, "padding"),
        ({"filters": 8, "kernel_px": 3, "dropout": 1.0}, "dropout"),
    ],
)
def test_a_wrong_block_is_refused_by_the_name_of_its_field(values, message):
    with pytest.raises(SpecError, match=message):
        ConvBlock(**values)


def test_a_network_needs_a_block_and_a_layer():
    with pytest.raises(SpecError, match="at least one convolution block"):
        RunSpec(conv_blocks=())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[1]", "JSON object"),
        ('{"version": 99}', "version 1. Received version 99"),
        ('{"learning_speed": 1}', "unknown: learning_speed"),
        ('{"conv_blocks": 7}', "something else"),
        ('{"conv_blocks": [{"filters": 6}]}', "something else"),
    ],
)
def test_damaged_json_is_refused_with_what_came(text, message):
    with pytest.raises(SpecError, match=message):
        RunSpec.from_json(text)


def test_fields_that_an_older_spec_lacks_take_their_default():
    values = json.loads(RunSpec(epochs=7).to_json())
    del values["erasing_fraction"]
    assert RunSpec.from_dict(values) == RunSpec(epochs=7)


@pytest.mark.parametrize("name", ["title", "preset", "group", "dataset", "dataset_folder", "network"])
def test_a_text_field_that_holds_no_text_is_refused(name):
    with pytest.raises(SpecError, match=f"Expected {name}: text. Received: None"):
        RunSpec.from_dict({name: None})


def test_whole_numbers_become_floats_where_the_field_holds_floats():
    spec = RunSpec(
        learning_rate=1,
        weight_decay=0,
        conv_blocks=(ConvBlock(4, 5, dropout=0),),
        dense_layers=(DenseLayer(8, dropout=0),),
    )
    numbers = (spec.learning_rate, spec.weight_decay, spec.conv_blocks[0].dropout, spec.dense_layers[0].dropout)
    assert [type(value) for value in numbers] == [float] * 4


def test_a_backbone_with_random_weights_is_told_from_others():
    transfer = RunSpec(network="transfer", backbone="mobilenet", weights="random", image_size_px=32)
    assert transfer.is_untrained_transfer
    assert transfer.replace(title="Mine").marked_title == "Mine (not pretrained)"
    fork = transfer.replace(title="Mine", start_run="20260101-000000-x", start_epoch=2)
    assert fork.marked_title == "Mine (not pretrained)"  # its base has the same random weights
    assert transfer.replace(title="Mine", weights="imagenet").marked_title == "Mine"
    assert not transfer.replace(weights="imagenet").is_untrained_transfer
    assert not RunSpec().is_untrained_transfer

"""Backbones, heads and weights: what the table says against what Keras builds, and files good and bad."""

import math
import re
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from fmnist_core import backbones, zoo
from fmnist_core.backbones import BACKBONES, SIZES_PX
from fmnist_core.errors import ModelError, SpecError
from fmnist_core.presets import PRESETS
from fmnist_core.presets.transfer import head
from fmnist_core.runs import KERAS_FILE, Run
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec
from fmnist_core.zoo import facts, weights
from fmnist_core.zoo.mirror import without_mirror
from fmnist_core.zoo.transfer import HEAD, TRUNK

SMALL = RunSpec(
    network="transfer", backbone="mobilenet", cut="2", weights="random", image_size_px=32, scaling="base",
    global_pooling="average", dense_layers=(DenseLayer(8),),
)  # fmt: skip
TRANSFER = {key: spec for key, spec in PRESETS.items() if spec.is_transfer}


@pytest.mark.parametrize("backbone", BACKBONES)
def test_each_backbone_builds_at_its_smallest_size_as_the_table_describes_it(backbone, monkeypatch):
    size_px = next(size for size in SIZES_PX if size >= BACKBONES[backbone].minimum_px)
    spec = SMALL.replace(backbone=backbone, cut="", image_size_px=size_px, dense_layers=())
    described, model = zoo.describe(spec), zoo.build(spec)
    assert sum(layer.parameters for layer in described) == model.count_params()
    assert sum(layer.parameters - layer.frozen for layer in described) == sum(
        int(np.prod(weight.shape)) for weight in model.trainable_variables
    )
    base = model.get_layer(TRUNK).get_layer(backbone)
    blocks = [layer for layer in described if layer.kind == "Block"]
    assert base.output_shape[-1] == blocks[-1].output_shape[-1]
    counts = [count for _, count, _ in backbones._facts()[backbone]["layers"]]
    assert counts == [layer.count_params() for layer in base.layers]
    counted = _count_multiply_adds(monkeypatch)
    rows = np.asarray(model(np.random.default_rng(0).random((2, size_px, size_px, 1), np.float32) * 255))
    assert sum(counted) == sum(layer.multiply_adds for layer in described)
    assert rows.shape == (2, 10)
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)


def _count_multiply_adds(monkeypatch):
    """Let every kernel that is applied from now on tell how much it multiplies for one image."""
    counted = []
    for kind in (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense):

        def call(self, inputs, *, _call=kind.call, **options):
            outputs = _call(self, inputs, **options)
            counted.append(math.prod(self.kernel.shape) * math.prod(outputs.shape[1:-1]))
            return outputs

        monkeypatch.setattr(kind, "call", call)
    return counted


def test_a_cut_of_convnext_takes_the_bypass_along():
    spec = SMALL.replace(backbone="convnexttiny", cut="0_block_1")
    base = zoo.build(spec).get_layer(TRUNK).get_layer("convnexttiny")
    assert base.operations[-1].__class__.__name__ == "Add"
    assert base.output.shape[1:] == (None, None, 96)


def test_normalised_features_come_before_the_dense_layers():
    spec = SMALL.replace(normalise_features=True)
    kinds = [type(layer).__name__ for layer in zoo.build(spec).get_layer(HEAD).layers[1:]]
    assert kinds == ["BatchNormalization", "Dense", "Dense"]
    assert [layer.kind for layer in zoo.describe(spec)][-3:] == kinds


@pytest.mark.parametrize("backbone", ["vgg16", "mobilenet"])
def test_the_facts_file_is_what_keras_says(backbone):
    assert backbones._facts()[backbone] == facts.facts_of(backbone)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_blocks_shrink_and_every_cut_has_a_name_of_its_own(backbone):
    for size in SIZES_PX:
        blocks = backbones.blocks(backbone, size)
        sides = [block.output_shape[0] for block in blocks]
        assert sides == sorted(sides, reverse=True)
        assert sides[-1] >= 1
    assert len(set(backbones.cut_points(backbone))) == len(backbones.cut_points(backbone))


def test_multiply_adds_of_vgg16_at_224_px_are_the_published_ones():
    total = sum(block.multiply_adds for block in backbones.blocks("vgg16", 224))
    assert total == pytest.approx(15.35e9, rel=0.01)  # 15.5 billion with its dense layers


@pytest.mark.parametrize("spec", TRANSFER.values(), ids=TRANSFER)
def test_every_transfer_preset_describes_its_blocks_and_head(spec):
    layers = zoo.describe(spec)
    assert layers[-1].output_shape == (10,)
    assert [layer for layer in layers if layer.kind == "Block"]


def test_b_trains_the_last_five_layers_of_vgg16_and_nothing_else_of_it():
    layers = {layer.name: layer for layer in zoo.describe(PRESETS["B-vgg16"]) if layer.kind == "Block"}
    assert layers["block5"].frozen == 0
    assert all(layers[f"block{number}"].frozen == layers[f"block{number}"].parameters for number in range(1, 5))


def test_own_range_variants_differ_from_their_preset_in_the_scaling_alone():
    for key in TRANSFER:
        if key.startswith("own-range-"):
            original = PRESETS[key.removeprefix("own-range-")]
            changed = PRESETS[key]
            assert original == changed.replace(preset=original.preset, title=original.title, scaling="unit")


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("64x2 drop0.5, 32 norm", (DenseLayer(64), DenseLayer(64, False, 0.5), DenseLayer(32, True))),
        ("10 norm drop0.5", (DenseLayer(10, True, 0.5),)),
        ("", ()),
    ],
)  # fmt: skip
def test_a_head_is_read_from_its_description(text, layers):
    assert head(text) == layers


def test_a_head_that_cannot_be_read_is_named():
    with pytest.raises(SpecError, match="Received: 'many'"):
        head("128, many")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cut": "block9"}, "Expected cut: one of 1, 2"),
        ({"backbone": "vgg16", "cut": "", "image_size_px": 28}, "no pixel left after block block4"),
        ({"unfrozen_layers": 500}, "at most the .* layers of MobileNet up to the cut. Received 500"),
        ({"fine_tune_epochs": 1, "fine_tune_layers": 99}, "fine_tune_layers"),
    ],
)
def test_a_cut_or_a_freeze_that_cannot_be_is_refused(changes, message):
    with pytest.raises(SpecError, match=message):
        zoo.describe(SMALL.replace(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"weights": "file"}, "path of a file"), ({"network": "convnet"}, "range of numbers")],
)
def test_settings_that_contradict_each_other_are_refused_at_once(changes, message):
    with pytest.raises(SpecError, match=message):
        SMALL.replace(**changes)


@pytest.mark.parametrize("scaling", ["base", "unit"])
def test_the_base_gets_the_range_that_the_spec_says(scaling):
    model = zoo.build(SMALL.replace(scaling=scaling))
    names = [type(layer).__name__ for layer in model.get_layer(TRUNK).layers]
    assert ("Rescaling" in names) == (scaling == "base")
    if scaling == "base":
        rescaling = model.get_layer(TRUNK).layers[names.index("Rescaling")]
        assert np.allclose(rescaling(np.array([[0.0, 255.0]])), [[-1, 1]])


@pytest.mark.parametrize(
    ("input_range", "module"),
    [("caffe", "vgg16"), ("signed", "mobilenet"), ("torch", "densenet"), ("raw", "efficientnet")],
)
def test_each_range_is_that_of_keras_preprocess_input(input_range, module):
    rescaling = keras.layers.Rescaling(*backbones.INPUT_RANGES[input_range])
    grey = np.full((1, 1, 1, 3), 77.0, np.float32)
    wanted = getattr(keras.applications, module).preprocess_input(grey.copy())
    assert np.allclose(keras.layers.Rescaling.from_config(rescaling.get_config())(grey), wanted, atol=1e-5)
    assert input_range in backbones.RANGE_WORDS


def test_a_separable_convolution_multiplies_by_both_of_its_kernels():
    layer = keras.layers.SeparableConv2D(6, 3, padding="same")
    layer(keras.Input((8, 8, 4)))
    assert facts.multiply_adds(layer) == (3 * 3 * 4 + 4 * 6) * 8 * 8


def _write_official(path, model):
    """Write the legacy HDF5 format of the published weight files."""
    with h5py.File(path, "w") as file:
        layers = [layer for layer in model.layers if layer.weights]
        file.attrs["layer_names"] = [layer.name.encode() for layer in layers]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.1.6"
        for layer in layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{weight.name}:0" for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, layer.get_weights(), strict=True):
                group[name] = value


@pytest.fixture
def weights_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path


@pytest.mark.parametrize("backbone", ["mobilenet", "efficientnetv2b0"])
def test_an_official_file_in_the_weights_folder_is_what_the_base_gets(backbone, weights_folder):
    keras.utils.set_random_seed(7)
    source = facts.builder(backbone)(include_top=False, weights=None, input_shape=(None, None, 3))
    _write_official(weights_folder / BACKBONES[backbone].weights_file, source)
    keras.utils.set_random_seed(8)
    model = zoo.build(SMALL.replace(backbone=backbone, weights="imagenet", cut=backbones.cut_points(backbone)[1]))
    base = model.get_layer(TRUNK).get_layer(backbone)
    for layer in base.layers:
        wanted = source.get_layer(layer.name).get_weights() if layer.weights else []
        assert all(np.array_equal(a, b) for a, b in zip(layer.get_weights(), wanted, strict=True))


def test_a_file_in_keras_own_format_is_read(tmp_path):
    keras.utils.set_random_seed(7)
    source = facts.builder("mobilenet")(include_top=False, weights=None, input_shape=(None, None, 3))
    source.save_weights(tmp_path / "mine.weights.h5")
    model = zoo.build(SMALL.replace(weights="file", weights_file=str(tmp_path / "mine.weights.h5")))
    base = model.get_layer(TRUNK).get_layer("mobilenet")
    assert np.array_equal(base.get_layer("conv1").get_weights()[0], source.get_layer("conv1").get_weights()[0])


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("absent", "a path where there is none"),
        ("text", "file signature not found"),
        ("cut off", "truncated file"),
        (
            "other network",
            r"does not fit: 54 layers of the base .* first of them conv1: Layer 'conv1' expected 1 variables",
        ),
        ("narrower", r"first of them conv1: it wants the shape \(3, 3, 3, 32\), the file has \(3, 3, 3, 16\)\.$"),
    ],
)
def test_a_file_that_does_not_fit_is_named_with_what_was_expected_and_why(fault, reason, tmp_path):
    path = tmp_path / "given.weights.h5"
    if fault == "text":
        path.write_text("no weights at all")
    elif fault == "narrower":
        narrow = facts.builder("mobilenet")(include_top=False, weights=None, input_shape=(None, None, 3), alpha=0.5)
        narrow.save_weights(path)
    elif fault != "absent":
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]).save_weights(path)
        if fault == "cut off":
            path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(ModelError, match=r"Expected .*weights of MobileNet.*Received .*given.weights.h5") as caught:
        zoo.build(SMALL.replace(weights="file", weights_file=str(path)))
    assert re.search(reason, str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("typed", ["~nosuchuser/mine.h5", "/" + 300 * "x"])
def test_a_path_that_no_file_can_have_is_refused_in_words(typed):
    with pytest.raises(
        ModelError, match=r"Expected a file with weights of MobileNet\. Received a path that leads to none"
    ):
        zoo.build(SMALL.replace(weights="file", weights_file=typed))


def test_a_folder_that_may_not_be_read_holds_no_weights(weights_folder, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "/private")

    monkeypatch.setattr(Path, "stat", refuse)
    assert weights.find("vgg16") is None
    with pytest.raises(ModelError, match="Permission denied"):
        weights.named_file("vgg16", "/private/mine.h5")


def test_folders_of_the_environment_that_nobody_has_hold_no_weights(monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_WEIGHTS", "~nosuchuser/weights")
    monkeypatch.setenv("KERAS_HOME", "~nosuchuser/keras")
    assert weights.find("vgg16") is None
    assert weights.folder().parts[-2:] == ("~nosuchuser", "weights")


OWN = RunSpec(conv_blocks=(ConvBlock(4, 5), ConvBlock(6, 3)), dense_layers=(DenseLayer(12),))


@pytest.fixture
def digits_run(tmp_path, monkeypatch):
    """A finished Run on ten other classes, as far as a new Run reads it."""
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    run = Run.create(OWN.replace(dataset="mnist"))
    zoo.build(OWN).save(run.folder / KERAS_FILE)
    return run


def test_a_run_that_starts_from_another_has_its_convolutions_and_keeps_frozen_ones(digits_run):
    model = zoo.build(OWN.replace(start_run=digits_run.id, frozen_blocks=1))
    earlier = keras.models.load_model(digits_run.folder / KERAS_FILE)
    pairs = [(a, b) for a, b in zip(model.layers, earlier.layers, strict=True) if a.weights]
    same = [np.array_equal(a.get_weights()[0], b.get_weights()[0]) for a, b in pairs]
    assert same == [True, True, True, False]  # the probabilities' layer starts anew
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.trainable for layer in convolutions] == [False, True]


@pytest.mark.parametrize("frozen", [0, 1, 2, 3, 4])
def test_the_layers_that_train_are_those_that_the_table_says_even_where_all_blocks_are_frozen(frozen):
    spec = PRESETS["quick"].replace(frozen_blocks=frozen, dense_layers=(DenseLayer(8, batch_norm=True),))
    rows, model = zoo.describe(spec), zoo.build(spec)
    trained = [bool(layer.trainable_variables) for layer in model.layers[1:]]
    assert trained == [layer.parameters > layer.frozen for layer in rows]
    assert trained[-1]  # the probabilities, always


@pytest.mark.parametrize("preset", ["C-lenet5", "quick", "lenet5-modern", "small", "E-cnn-k5n64"])
def test_own_networks_of_every_kind_can_be_started_from(preset, tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    spec = PRESETS[preset]
    run = Run.create(spec)
    zoo.build(spec).save(run.folder / KERAS_FILE)
    keras.utils.set_random_seed(1)
    model = zoo.build(spec.replace(start_run=run.id))
    earlier = keras.models.load_model(run.folder / KERAS_FILE)
    ours, theirs = (without_mirror(one).get_weights() for one in (model, earlier))
    assert all(np.array_equal(a, b) for a, b in zip(ours[:-2], theirs[:-2], strict=True))
    assert not np.array_equal(ours[-2], theirs[-2])


@pytest.mark.parametrize(
    "blocks", [(ConvBlock(5, 5), ConvBlock(6, 3)), (*OWN.conv_blocks, ConvBlock(6, 3)), OWN.conv_blocks[:1]]
)
def test_a_run_with_other_convolutions_cannot_be_started_from(digits_run, blocks):
    with pytest.raises(ModelError, match="to have this network's convolutions"):
        zoo.build(OWN.replace(conv_blocks=blocks, dense_layers=(), start_run=digits_run.id))


def test_a_run_without_a_model_cannot_be_started_from(digits_run):
    (digits_run.folder / KERAS_FILE).unlink()
    with pytest.raises(ModelError, match="finished model of Run"):
        zoo.build(OWN.replace(start_run=digits_run.id))


def test_more_frozen_blocks_than_blocks_are_refused():
    with pytest.raises(SpecError, match="at most the 2 convolution blocks"):
        zoo.describe(OWN.replace(frozen_blocks=3))


def test_the_head_is_a_part_of_its_own():
    model = zoo.build(SMALL)
    assert [type(layer).__name__ for layer in model.get_layer(HEAD).layers[1:]] == ["Dense", "Dense"]


def test_the_local_weights_folder_comes_before_keras_cache(weights_folder):
    name = BACKBONES["vgg16"].weights_file
    (weights_folder / "keras" / "models").mkdir(parents=True)
    (weights_folder / "keras" / "models" / name).touch()
    assert weights.find("vgg16") == weights_folder / "keras" / "models" / name
    (weights_folder / name).touch()
    assert weights.find("vgg16") == weights_folder / name

"""Looking into networks with Keras: every kind of network, gradients against the definition, and kept features."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from explained_run import SMALL, build, copied, explained_run
from test_page_result import write_idx

from fmnist_core import datasets, explain_features, zoo
from fmnist_core.errors import LabError, ModelError
from fmnist_core.explain import unit
from fmnist_core.explain_anatomy import Anatomy
from fmnist_core.explain_features import (
    Extent,
    extents,
    flat,
    known_features,
    known_map,
    main_directions,
    map_parameters,
    parameters,
    remember,
    remember_map,
    work_per_image,
)
from fmnist_core.features import FeatureStore, digests_of
from fmnist_core.preprocess import prepare
from fmnist_core.runs import KERAS_FILE, Run
from fmnist_core.spec import DenseLayer, RunSpec
from fmnist_core.zoo.transfer import TRUNK

TRANSFER = RunSpec(
    network="transfer", backbone="mobilenet", cut="2", weights="random", image_size_px=32, resizing="bilinear",
    scaling="base", global_pooling="average", dense_layers=(DenseLayer(8),),
)  # fmt: skip
SPECS = {
    "plain": SMALL,
    "padded": SMALL.replace(image_size_px=32),
    "enlarged": SMALL.replace(image_size_px=32, resizing="bilinear"),
    "mirrored": SMALL.replace(mirror_averaging=True),
    "transfer": TRANSFER,
    "transfer, mirrored": TRANSFER.replace(mirror_averaging=True),
    "bare head on ConvNeXt": TRANSFER.replace(backbone="convnexttiny", cut="0_block_1", dense_layers=()),
}
IMAGE = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)


@pytest.fixture(scope="module")
def anatomies():
    made = {}

    def of(name):
        if name not in made:
            made[name] = Anatomy(build(SPECS[name]), SPECS[name])
        return made[name]

    return of


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """The user's own data, and a Run on them."""
    place = tmp_path_factory.mktemp("own")
    write_idx(place, seed=0)
    return place, explained_run(place, runs_folder=tmp_path_factory.mktemp("runs"), litert=False)


@pytest.fixture
def own(original):
    return original[0]


@pytest.fixture
def run(original):
    return copied(original[1])


@pytest.mark.parametrize("name", SPECS)
def test_every_kind_of_network_is_explained_layer_by_layer(anatomies, name):
    anatomy = anatomies(name)
    found = anatomy.explain(IMAGE)
    expected = np.asarray(anatomy.model(prepare(IMAGE[np.newaxis], anatomy.spec)))[0]
    assert found["probabilities"] == pytest.approx(expected, abs=1e-5)
    assert int(found["label"]) == expected.argmax()
    for number, tap in enumerate(anatomy.taps):
        values, channels = found[f"activation-{number}"], found[f"channels-{number}"]
        assert np.isfinite(values).all() and values.shape[-1] == len(channels)
        if tap.is_picture:
            assert values.shape[2] == min(64, tap.shape[2]) and tap.shape[0] > 0
    cams = [found[name] for name in found if name.startswith("cam-")]
    assert cams and all(cam.shape == (28, 28) and cam.min() >= 0 for cam in cams)
    assert found["gradients"].shape == (28, 28)
    assert found["filters"].ndim == 3


@pytest.mark.parametrize("name", ["plain", "padded", "enlarged", "mirrored", "transfer"])
def test_integrated_gradients_add_up_to_what_the_image_changes(anatomies, name):
    found = anatomies(name).explain(IMAGE, 3)
    total = float(found["probabilities"][3] - found["black"])
    assert found["gradients"].sum() == pytest.approx(total, abs=max(0.05 * abs(total), 0.005) + 1e-4)
    assert not found["gradients"][IMAGE == 0].any()


@pytest.mark.parametrize("name", ["plain", "padded", "enlarged"])
def test_gradients_reach_the_pixels_of_the_data_through_padding_and_enlarging(anatomies, name):
    anatomy = anatomies(name)
    pixels = prepare(IMAGE[np.newaxis], anatomy.spec)
    back = anatomy._gradient_to_image(anatomy._gradient(pixels, lambda rows: rows[:, 2])[0])
    way = np.random.default_rng(1).normal(size=(28, 28)).astype(np.float32)

    def probability(share):
        moved = prepare((IMAGE + share * way)[np.newaxis].astype(np.float32), anatomy.spec)
        return float(np.asarray(anatomy.model(moved))[0, 2])

    slope = (probability(0.5) - probability(-0.5)) / 1.0
    assert float((back * way).sum()) == pytest.approx(slope, rel=0.1, abs=2e-5)


def test_grad_cam_is_what_its_paper_says():
    """One convolution that copies its input, averaged: the score's gradient is the same everywhere."""
    inputs = keras.Input((28, 28, 1))
    x = keras.layers.Conv2D(2, 1, use_bias=False)(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
    model.layers[1].set_weights([np.array([[[[1.0, -1.0]]]], np.float32)])
    model.layers[3].set_weights([np.array([[2.0, 0.0], [0.0, 0.0]], np.float32), np.zeros(2, np.float32)])
    found = Anatomy(model, RunSpec(scaling="unit")).explain(IMAGE, 0)
    assert found["cam-0"] == pytest.approx(IMAGE / 255 * 2.0 / 784, abs=1e-6)
    assert not Anatomy(model, RunSpec(scaling="unit")).explain(IMAGE, 1)["cam-0"].any()


def test_a_mirrored_network_is_explained_alike_for_image_and_mirror_image(anatomies):
    anatomy = anatomies("mirrored")
    one, other = anatomy.explain(IMAGE, 1), anatomy.explain(np.ascontiguousarray(IMAGE[:, ::-1]), 1)
    assert one["gradients"] == pytest.approx(other["gradients"][:, ::-1], abs=1e-5)
    assert one["features"] == pytest.approx(other["features"], abs=1e-5)
    last = max(name for name in one if name.startswith("cam-"))
    assert one[last] == pytest.approx(other[last][:, ::-1], abs=1e-5)


@pytest.mark.parametrize("name", ["plain", "transfer"])
def test_the_last_hidden_layer_is_what_the_answer_is_made_of(anatomies, name):
    anatomy = anatomies(name)
    rows = anatomy.features(prepare(IMAGE[np.newaxis], anatomy.spec))
    scores = rows @ anatomy._last.kernel.numpy() + anatomy._last.bias.numpy()
    shares = np.exp(scores - scores.max())
    assert (shares / shares.sum())[0] == pytest.approx(anatomy.explain(IMAGE)["probabilities"], abs=1e-5)


def test_a_head_on_a_frozen_trunk_uses_what_training_kept(anatomies):
    anatomy, images = anatomies("transfer"), np.stack([IMAGE, IMAGE[::-1], IMAGE[:, ::-1]])
    run = Run.create(TRANSFER)
    assert anatomy.kept_trunk() is None
    dataset = SimpleNamespace(y_train=range(60_000), y_test=range(10_000))
    before_s = extents(run, dataset)[1].about_s
    store = FeatureStore(anatomy.model.get_layer(TRUNK), TRANSFER)
    store.features(digests_of(images), lambda chunk: prepare(images[chunk], TRANSFER))
    assert anatomy.kept_trunk()(images) == pytest.approx(anatomy.features(prepare(images, TRANSFER)), abs=1e-4)
    assert extents(run, dataset)[1].about_s < before_s
    assert work_per_image(run) == zoo.multiply_adds(TRANSFER)  # an image from elsewhere goes through the whole network


def test_contrast_of_two_classes_is_the_opposite_the_other_way_round(anatomies):
    anatomy, images = anatomies("plain"), np.stack([IMAGE, IMAGE[::-1]])
    assert anatomy.contrast(images, 1, 4) == pytest.approx(-anatomy.contrast(images, 4, 1), abs=1e-5)


def test_a_class_that_is_none_and_a_damaged_model_are_refused(anatomies, run):
    with pytest.raises(LabError, match="class from 0 to 9. Received 10"):
        anatomies("plain").explain(IMAGE, 10)
    file = run.folder / KERAS_FILE
    content = bytearray(file.read_bytes())
    content[content.index(b'"class_name"') + 3] ^= 1  # the zip's own check finds it, and zipfile's error is its own
    for damaged in (content[:500], content):
        file.write_bytes(damaged)
        with pytest.raises(ModelError, match=f"Run {run.id}: expected a whole Keras model. Received one that cannot"):
            Anatomy.of(run)
    file.unlink()
    with pytest.raises(ModelError, match="no such file"):
        Anatomy.of(run)


def quiet(sentence, fraction):
    assert 0 <= fraction <= 1


def test_features_are_computed_once_and_are_those_of_each_image(run, own):
    dataset = datasets.load("own", own)
    size = extents(run, dataset)[0]
    assert (size.train, size.test) == (60, 200)
    assert known_features(run, dataset, size) is None
    remember(dataset, quiet, **parameters(run, size))
    kept, anatomy = known_features(run, dataset, size), Anatomy.of(run)
    for rows, index, images in (
        (kept.train, kept.train_index, dataset.x_train),
        (kept.test, kept.test_index, dataset.x_test),
    ):
        expected = unit(anatomy.features(prepare(np.asarray(images[index]), run.spec)))
        assert np.asarray(rows, np.float32) == pytest.approx(expected, abs=2e-3)
    features = anatomy.explain(np.asarray(dataset.x_test[5]))["features"]
    assert kept.row_of(features) == pytest.approx(np.asarray(kept.test[5], np.float32), abs=2e-3)


def test_wide_layers_are_kept_along_their_main_directions(run, own, monkeypatch):
    monkeypatch.setattr(explain_features, "WIDEST", 4)
    monkeypatch.setattr(explain_features, "KEPT", 6)
    dataset = datasets.load("own", own)
    size = Extent(60, 200, 0.0)
    remember(dataset, quiet, **parameters(run, size))
    kept = known_features(run, dataset, size)
    assert kept.train.shape == (60, 6) and kept.axes.shape == (12, 6)
    features = Anatomy.of(run).explain(np.asarray(dataset.x_train[9]))["features"]
    assert unit(kept.row_of(features)[np.newaxis])[0] == pytest.approx(np.asarray(kept.train[9], np.float32), abs=5e-3)


def test_main_directions_keep_products_as_well_as_they_can():
    rows = np.random.default_rng(0).normal(size=(40, 3)) @ np.random.default_rng(1).normal(size=(3, 90))
    axes = main_directions(rows.astype(np.float32), 10)
    assert axes.shape == (90, 3)  # there are no more
    assert (rows @ axes) @ (rows @ axes).T == pytest.approx(rows @ rows.T, rel=1e-3, abs=1e-2)


def test_another_model_in_the_same_folder_is_not_taken_for_the_first(run, own):
    dataset = datasets.load("own", own)
    asked = parameters(run, extents(run, dataset)[0])
    build(SMALL, seed=9).save(run.folder / KERAS_FILE)
    with pytest.raises(ModelError, match="trained anew meanwhile"):
        remember(dataset, quiet, **asked)


def test_a_heavy_network_is_asked_about_a_sample_unless_all_is_wanted():
    class Many:
        y_train, y_test = range(60_000), range(10_000)

    run = Run.create(RunSpec(network="transfer", backbone="vgg16", image_size_px=224, scaling="base"))
    some, whole = extents(run, Many)
    assert (some.train, some.test) == (explain_features.LEAST_TRAIN, explain_features.LEAST_TEST)
    assert (whole.train, whole.test) == (60_000, 10_000) and whole.about_s > 3600


def test_a_map_of_the_features_is_kept(run, own, monkeypatch):
    monkeypatch.setattr(
        explain_features, "map_of", lambda points, spec, report: points[:, :2] * (spec.method == "tsne")
    )
    dataset = datasets.load("own", own)
    size = extents(run, dataset)[0]
    with pytest.raises(LabError, match="Received none"):
        remember_map(dataset, quiet, **map_parameters(run, size, "tsne"))
    remember(dataset, quiet, **parameters(run, size))
    remember_map(dataset, lambda *_: None, **map_parameters(run, size, "tsne"))
    rows, points = known_map(run, dataset, size, "tsne")
    kept = known_features(run, dataset, size)
    assert np.array_equal(points, np.asarray(kept.test, np.float32)[rows, :2]) and points.any()
    assert known_map(run, dataset, size, "umap") is None


def test_the_flat_map_is_principal_components():
    rows = np.random.default_rng(0).normal(size=(50, 6)) * np.array([5, 3, 1, 1, 1, 1])
    points, shares = flat(rows.astype(np.float16))
    centred = rows - rows.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False) ** 2
    assert shares == pytest.approx(values[:2] / values.sum(), rel=1e-2)
    assert points.var(axis=0) * 50 == pytest.approx(values[:2], rel=1e-2)


@pytest.mark.parametrize("name", ["plain", "padded", "enlarged", "mirrored"])
def test_the_slope_is_the_direction_in_which_the_loss_rises(anatomies, name):
    anatomy = anatomies(name)
    images = np.stack([IMAGE, IMAGE.T])
    labels = np.array([3, 7])
    found = anatomy.slope(images, labels)
    steepest = found / np.linalg.norm(found, axis=(1, 2), keepdims=True)

    def doubt(row, grey_levels):
        moved = prepare((images[row] + grey_levels * steepest[row])[np.newaxis].astype(np.float32), anatomy.spec)
        return float(np.log(1 - np.asarray(anatomy.model(moved), np.float64)[0, labels[row]]))

    for row in range(2):  # a direction at random would measure the kinks of ReLU and pooling instead
        assert (doubt(row, 2) - doubt(row, -2)) / 4 == pytest.approx(np.linalg.norm(found[row]), rel=0.1)


def test_the_slope_of_a_model_that_is_certain_is_not_lost():
    """p rounds to 1, so that the loss's own gradient is 0; the attack still knows where to go."""
    inputs = keras.Input((28, 28, 1))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(inputs)))
    weights = np.zeros((784, 2), np.float32)
    weights[:, 0], weights[0, 0] = 1, -1
    model.layers[-1].set_weights([weights, np.zeros(2, np.float32)])
    sure = np.full((1, 28, 28), 20, np.uint8)
    assert np.asarray(model(prepare(sure, RunSpec(scaling="unit"))))[0, 0] == 1
    slope = Anatomy(model, RunSpec(scaling="unit")).slope(sure, np.array([0]))[0]
    assert slope[0, 0] > 0 and (slope.ravel()[1:] < 0).all()

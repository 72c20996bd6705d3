"""Somebody's .keras model becomes a Run that every page can use, and what does not fit is refused with the reason."""

import os
import time

import keras
import numpy as np
import pytest
from exported_run import small_run
from small_data import small_data, small_folder
from test_exports_inspection import DENSE, keras_file

from fmnist_core import paths, prediction
from fmnist_core.comparison import hyperparameter_table
from fmnist_core.errors import ModelError
from fmnist_core.exports import arrival
from fmnist_core.exports.arrival import FIND_OUT, fitted, keep_file, read_receipt
from fmnist_core.exports.writers import portable
from fmnist_core.keras_files import load_model
from fmnist_core.runs import KERAS_FILE, RunState, find_run, list_runs

DATA, FOLDER = small_data(), str(small_folder())


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def trained():
    """A model that takes 28x28 pixels 0..255, and its probabilities on the test set."""
    run = small_run()
    return portable(load_model(run.folder / KERAS_FILE, run.id), run.spec), run.test_probabilities()


def kept(content, name):
    """Keep a file as the page does; return its digest."""
    sha256 = arrival.digest(content)
    keep_file(content, sha256, name)
    return sha256


def bring(model, tmp_path, scaling=FIND_OUT, title="Theirs"):
    file = tmp_path / "theirs.keras"
    model.save(file)
    sha256 = kept(file.read_bytes(), file.name)
    arrival.remember(
        DATA, lambda *_: None, sha256=sha256, file=file.name, title=title, folder=FOLDER, scaling=scaling
    )  # fmt: skip
    return read_receipt(sha256, scaling, DATA.sha256)


def test_it_becomes_a_completed_run_with_the_models_own_answers(trained, tmp_path):
    model, known = trained
    receipt = bring(model, tmp_path)
    assert (receipt.scaling, receipt.found_out) == ("base", True)
    run = find_run(receipt.run)
    assert run.state == RunState.COMPLETED
    assert np.allclose(run.test_probabilities(), known, atol=1e-4)
    assert run.result["test_accuracy"] == pytest.approx(small_run().result["test_accuracy"], abs=1e-3)
    assert run.result["imported"]["file"] == "theirs.keras"
    assert run.result["parameters"] == model.count_params()
    predicted = prediction.load(run).probabilities(DATA.x_test[:20])
    assert np.allclose(predicted, known[:20], atol=1e-4)
    assert [row.hyperparameter for row in hyperparameter_table(run.spec).itertuples()] == [
        "Data set", "Image size", "How images become larger", "Pixel scaling",
    ]  # fmt: skip
    assert not list((paths.home() / "imports").glob("*.keras"))
    assert not list(paths.cache().glob("arriving-*"))


def test_a_told_range_is_taken_raw_scores_get_a_softmax_and_other_shapes_are_adapted(trained, tmp_path):
    model, known = trained
    rows = keras.Input((28, 28), name="rows")
    scores = keras.layers.Rescaling(3.0, 1.0)(model(keras.layers.Reshape((28, 28, 1))(rows)))
    receipt = bring(keras.Model(rows, scores), tmp_path, "base")
    run = find_run(receipt.run)
    expected = np.exp(3 * known) / np.exp(3 * known).sum(axis=1, keepdims=True)
    assert np.allclose(run.test_probabilities(), expected, atol=1e-4)
    assert not receipt.found_out


@pytest.mark.parametrize("shape", [(32, 32, 3), (28, 28), (784,), (48, 48, 1)])
def test_these_inputs_fit(shape):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(inputs)))
    network, size = fitted(model, 10, "m.keras")
    assert network.input_shape == (None, size, size, 1)
    pixels = np.random.default_rng(0).random((2, size, size, 1), np.float32)
    theirs = np.repeat(pixels, 3, axis=-1) if shape[-1] == 3 else pixels.reshape(2, *shape)
    assert np.allclose(network(pixels), model(theirs), atol=1e-5)
    assert not any(isinstance(layer, keras.Model) for layer in network.layers)  # one can look into it


@pytest.mark.parametrize(
    ("shape", "units", "received"),
    [((28, 28, 2), 10, "28x28x2"), ((30, 30, 1), 10, "30x30x1"), ((100,), 10, "100"), ((28, 28, 1), 7, "7 out")],
)
def test_other_inputs_and_outputs_are_refused(shape, units, received):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, keras.layers.Dense(units)(keras.layers.Flatten()(inputs)))
    with pytest.raises(ModelError, match=f"m.keras: expected .* Received .*{received}"):
        fitted(model, 10, "m.keras")


def test_several_inputs_are_refused():
    one, two = keras.Input((28, 28, 1)), keras.Input((28, 28, 1))
    model = keras.Model([one, two], keras.layers.Flatten()(one + two))
    with pytest.raises(ModelError, match="Received 28x28x1 and 28x28x1 in and 784 out"):
        fitted(model, 10, "m.keras")


def test_a_model_that_was_never_built_is_refused():
    with pytest.raises(ModelError, match="m.keras: expected a model that knows its input's shape. Received one that"):
        fitted(keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)]), 10, "m.keras")


def test_a_sigmoid_for_each_class_is_refused_and_leaves_nothing(tmp_path):
    inputs = keras.Input((28, 28, 1))
    model = keras.Model(inputs, keras.layers.Dense(10, "sigmoid")(keras.layers.Flatten()(inputs)))
    with pytest.raises(ModelError, match="as a sigmoid for each class gives them"):
        bring(model, tmp_path, "unit")
    assert list_runs() == []
    assert not list(paths.cache().glob("arriving-*"))


def test_a_real_lambda_layer_is_refused_before_anything_is_kept(tmp_path):
    inputs = keras.Input((28, 28, 1))
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x / 255)(inputs))
    with pytest.raises(ModelError, match="Received a Lambda"):
        bring(model, tmp_path)
    assert not list((tmp_path / "home").rglob("*.keras"))


def test_a_file_that_keras_cannot_load_says_why(trained, tmp_path):
    file = tmp_path / "broken.keras"
    trained[0].save(file)
    from zipfile import ZIP_STORED, ZipFile

    broken = tmp_path / "other.keras"
    with ZipFile(file) as old, ZipFile(broken, "w", ZIP_STORED) as new:
        for name in old.namelist():
            new.writestr(name, b"no weights" if name.endswith(".h5") else old.read(name))
    sha256 = kept(broken.read_bytes(), "other.keras")
    with pytest.raises(ModelError, match="other.keras: expected a whole Keras model"):
        arrival.remember(
            DATA, lambda *_: None, sha256=sha256, file="other.keras", title="T", folder=FOLDER, scaling="unit"
        )  # fmt: skip


def test_a_receipt_whose_run_is_gone_counts_as_none(trained, tmp_path):
    import shutil

    receipt = bring(trained[0], tmp_path, "base")
    sha256 = find_run(receipt.run).result["imported"]["sha256"]
    assert read_receipt(sha256, "base", DATA.sha256) == receipt
    assert read_receipt(sha256, "base", "ab" * 32) is None  # on these data it was not scored
    shutil.rmtree(find_run(receipt.run).folder)
    assert read_receipt(sha256, "base", DATA.sha256) is None


def test_a_file_whose_attempt_failed_is_kept_for_a_day(tmp_path):
    sha256 = kept(keras_file(DENSE), "m.keras")
    place = paths.home() / "imports" / f"{sha256}.keras"
    arrival.forget_old_files()
    assert place.is_file()
    old_s = time.time() - arrival.KEPT_S - 60
    os.utime(place, (old_s, old_s))
    arrival.forget_old_files()
    assert not place.exists()

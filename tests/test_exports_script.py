"""The script stands alone and re-creates its Run: same images, same first weights, same result."""

import ast
import json
import os
import runpy
import shutil
import subprocess
import sys

import numpy as np
import pytest
from exported_run import SPEC, finished
from small_data import small_folder

from fmnist_core import zoo
from fmnist_core.datasets import fashion_mnist
from fmnist_core.errors import ModelError
from fmnist_core.exports.script import recreate_script, start_weights
from fmnist_core.fold import Fold
from fmnist_core.fork import fork
from fmnist_core.presets import PRESETS
from fmnist_core.runs import PROBABILITIES_FILE, RESULT_FILE, Run
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec
from fmnist_core.splits import draw_split

NETWORK = RunSpec(
    title="Augmented \"and\" odd", train_limit=400, epochs=2, conv_blocks=(ConvBlock(4, 3, "same", batch_norm=True),),
    image_size_px=32, scaling="standard", mirror_averaging=True,
    dense_layers=(DenseLayer(8, dropout=0.3),), optimizer="muon", schedule="one_cycle", flip=True, shift_px=2,
    rotation_degrees=8.0, erasing_fraction=0.2, label_smoothing=0.1, weight_averaging=0.9, duplicates="keep_first",
)  # fmt: skip
TRANSFER = RunSpec(
    title="On a backbone", network="transfer", backbone="mobilenet", cut="1", weights="random", image_size_px=32,
    resizing="bilinear", scaling="base", train_limit=200, epochs=2, dense_layers=(DenseLayer(8),),
    normalise_features=True, fine_tune_epochs=1, fine_tune_layers=3, fine_tune_learning_rate=1e-3,
)  # fmt: skip
# Largest difference of a probability. Features are computed in other batches than in the Run, so rounding differs.
EQUAL, NEARLY = 1e-6, 1e-3


def written(run, folder):
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "recreate.py"
    script.write_text(recreate_script(run))
    return script


def carried_out(script, data, monkeypatch, *more):
    """Carry a script out in this process, where TensorFlow is loaded already; return its test probabilities."""
    out = script.with_name("out")
    monkeypatch.setattr(sys, "argv", [str(script), "--data", str(data), "--out", str(out), *more])
    runpy.run_path(str(script), run_name="__main__")
    return np.load(out / PROBABILITIES_FILE)


KINDS = {"network": (NETWORK, EQUAL), "head": (TRANSFER, NEARLY)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the Run of a kind, trained once, with the weights of its epochs, and how nearly it is to be met."""
    runs = {}

    def of(kind):
        spec, tolerance = KINDS[kind]
        if kind not in runs:
            runs[kind] = finished(spec.replace(keep_epochs="weights"), tmp_path_factory.mktemp("runs"))
        return runs[kind], tolerance

    return of


def test_it_stands_alone_and_augmentation_muon_and_averaging_come_out_the_same(trained, tmp_path):
    run, tolerance = trained("network")
    script = written(run, tmp_path)
    assert "fmnist_core" not in {
        name for node in ast.walk(ast.parse(script.read_text())) for name in imported(node)
    }  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-P", str(script), "--data", str(small_folder()), "--out", str(tmp_path / "out")],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    again = np.load(tmp_path / "out" / PROBABILITIES_FILE)
    assert np.abs(again - run.test_probabilities()).max() <= tolerance
    assert f"Test accuracy {run.result['test_accuracy']:.4f}; the Run had" in done.stdout
    assert "not the images that the Run saw" not in done.stdout
    import keras

    saved = keras.models.load_model(tmp_path / "out/model.keras", compile=False)
    ours = keras.models.load_model(run.folder / "model.keras", compile=False)
    assert [weight.shape for weight in saved.weights] == [weight.shape for weight in ours.weights]
    history = (tmp_path / "out/history.csv").read_text().splitlines()
    assert len(history) == 1 + run.spec.epochs


def test_a_head_and_its_fine_tuning_come_out_the_same(trained, tmp_path, monkeypatch):
    run, tolerance = trained("head")
    again = carried_out(written(run, tmp_path), small_folder(), monkeypatch)
    assert np.abs(again - run.test_probabilities()).max() <= tolerance


@pytest.mark.parametrize("kind", KINDS)
def test_a_fork_begins_with_the_weights_that_come_with_its_script(kind, trained, tmp_path, monkeypatch):
    original, tolerance = trained(kind)
    runs = tmp_path / "runs"
    parent = Run(shutil.copytree(original.folder, runs / original.id))
    run = finished(fork(parent, 1).replace(keep_epochs="none", fine_tune_epochs=0), runs)
    shutil.rmtree(parent.folder)
    script, start = written(run, tmp_path), tmp_path / "start.npz"
    assert "--start PATH" in script.read_text()
    start.write_bytes(start_weights(run))
    again = carried_out(script, small_folder(), monkeypatch, "--start", str(start))
    assert np.abs(again - run.test_probabilities()).max() <= tolerance
    shutil.rmtree(run.folder / "start")
    with pytest.raises(ModelError, match="Expected the weights that this Run began with, of epoch 1 of Run"):
        recreate_script(run)


@pytest.mark.parametrize(
    ("preset", "frozen"), [("E-cnn-k3n64", 0), ("E-cnn-k3n64", 1), ("best-small", 7), ("mobilenet-cut", 0)]
)
def test_the_written_network_is_the_presets(preset, frozen, tmp_path):
    spec = PRESETS[preset].replace(weights="random", frozen_blocks=frozen)
    run = Run.create(spec, tmp_path / "runs")
    names = runpy.run_path(str(written(run, tmp_path)))
    theirs, ours = names["build"](None), zoo.build(spec)
    assert [weight.shape for weight in theirs.weights] == [weight.shape for weight in ours.weights]
    assert [weight.trainable for weight in theirs.weights] == [weight.trainable for weight in ours.weights]
    assert theirs.count_params() == ours.count_params()


SPLITS = {
    "fold": {"fold": Fold(2, 5, repeat=2, repeats=2, seed=3)}, "kfold": {"fold": Fold(1, 3, kind="kfold")},
    "last": {"split": "last"}, "random": {"split": "random", "train_limit": 0}, "test": {"split": "test"},
    "without duplicates": {"duplicates": "drop_all", "seed": 7},
}  # fmt: skip


@pytest.mark.parametrize("changes", SPLITS.values(), ids=SPLITS)
def test_it_draws_the_same_images(changes, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (2000, 28, 28), np.uint8)
    images[10], labels = images[20], np.arange(2000) % 10
    run = Run.create(SPEC.replace(**changes), tmp_path / "runs")
    names = runpy.run_path(str(written(run, tmp_path)))
    theirs, ours = names["draw_split"](images, labels, names["spec"]), draw_split(images, labels, run.spec)
    assert np.array_equal(theirs.train, ours.train)
    assert (theirs.validation is None) == (ours.validation is None)
    assert ours.validation is None or np.array_equal(theirs.validation, ours.validation)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_presets_script_is_whole(preset, tmp_path):
    run = Run.create(PRESETS[preset], tmp_path / "runs")
    script = written(run, tmp_path)
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--quiet", "--select", "F,E9", str(script)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_other_images_are_told(tmp_path, fashion_folder, capsys):
    run, known = Run.create(SPEC, tmp_path / "runs"), fashion_mnist.EDITION.sha256
    (run.folder / RESULT_FILE).write_text(json.dumps({"sha256": known}))
    names = runpy.run_path(str(written(run, tmp_path)))
    data = names["load_data"](str(fashion_folder), names["spec"])
    assert names["content_hash"](data) == known and "not the images" not in capsys.readouterr().out
    assert names["content_hash"](data._replace(y_test=data.y_test[::-1])) != known
    names["load_data"](str(small_folder()), names["spec"])
    assert "not the images that the Run saw" in capsys.readouterr().out


def test_csv_files_without_a_test_file_are_read_and_cut_as_here(tmp_path):
    from fmnist_core import datasets

    rng = np.random.default_rng(0)
    rows = np.column_stack([np.arange(70) % 10, rng.integers(0, 256, (70, 784))]).astype(int)
    head = ",".join(["label", *(f"pixel{number}" for number in range(1, 785))])
    place = tmp_path / "own"
    place.mkdir()
    np.savetxt(place / "items.csv", rows, fmt="%d", delimiter=",", header=head, comments="")
    with (place / "items.csv").open("a") as file:  # rows that lack a value are left out, here and there
        file.write("1," + 783 * "7," + "\n,NaN," + 782 * "7," + "7\n")
    ours = datasets.load("own", place)
    names = runpy.run_path(str(written(Run.create(SPEC, tmp_path / "runs"), tmp_path)))
    assert names["content_hash"](names["read_folder"](place)) == ours.sha256


def test_the_hostile_title_of_a_run_stays_within_the_words(tmp_path):
    run = Run.create(SPEC.replace(title='""" + oh() + """ \\'), tmp_path)
    ast.parse(recreate_script(run))


def test_marks_of_a_person_are_written_in(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    from fmnist_core import datasets
    from fmnist_core.overlay import Overlay, overlay_file
    from fmnist_core.training_data import MARKS_FILE, marked

    dataset = datasets.load("fashion-mnist")
    Overlay(dataset.sha256, {}).mark("train", 5, "drop").mark("train", 7, "relabel", 3)
    run = Run.create(SPEC.replace(label_marks=True), tmp_path / "runs")
    (run.folder / "result.json").write_text(f'{{"sha256": "{dataset.sha256}"}}')
    (run.folder / MARKS_FILE).write_bytes(overlay_file(dataset.sha256).read_bytes())
    names = runpy.run_path(str(written(run, tmp_path)))
    assert (names["DROPPED"], names["RELABELLED"]) == ([5], {7: 3})
    applied = names["apply_marks"](names["Data"](*dataset.arrays), names["DROPPED"], names["RELABELLED"])
    images, labels, _ = marked(dataset, run.spec, run.folder / MARKS_FILE)
    assert np.array_equal(applied.x_train, images)
    assert np.array_equal(applied.y_train, labels)


def test_a_model_from_outside_has_no_script(tmp_path):
    with pytest.raises(ModelError, match="Received a model from outside"):
        recreate_script(Run.create(SPEC.replace(network="imported"), tmp_path))


def imported(node):
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    return [(node.module or "").split(".")[0]] if isinstance(node, ast.ImportFrom) else []

"""Folds really trained: fresh weights, probabilities of held-out images, and a leak that leaks. Tiny networks."""

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from fmnist_core import datasets, jobs, paths, training, training_data, zoo
from fmnist_core.crossval import CrossValidation, find_group, launch
from fmnist_core.crossval_probabilities import out_of_fold
from fmnist_core.crossval_scores import leak, score_of
from fmnist_core.errors import ModelError, RunError
from fmnist_core.overlay import Overlay
from fmnist_core.preprocess import prepare
from fmnist_core.processes import Claim
from fmnist_core.runs import KERAS_FILE, RESULT_FILE, Run, list_runs
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec

# Learns 120 images by heart in some epochs. Averages over the mirror image, which must
# show in the kept probabilities, too.
TINY = RunSpec(
    title="tiny", conv_blocks=(ConvBlock(6, 5),), dense_layers=(DenseLayer(48),), train_limit=240, epochs=12,
    batch_size=16, learning_rate=3e-3, best_checkpoint="none", mirror_averaging=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        dataset = datasets.load("fashion-mnist")  # before the workspace changes
        # Labels at random: there is nothing to learn but by heart, so whatever passes chance has leaked.
        noise = np.random.default_rng(0).permutation(dataset.y_train)
        dataset = replace(dataset, y_train=noise, x_test=dataset.x_test[:1000], y_test=dataset.y_test[:1000])
        patch.setattr(datasets, "load", lambda *_, **__: dataset)
        patch.setenv("FMNIST_LAB_HOME", str(tmp_path_factory.mktemp("crossval")))
        patch.setattr(keras.Model, "export", lambda self, path, **_: Path(path).touch())  # takes seconds each
        patch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))
        yield dataset


def train(run: Run) -> None:
    run.write_event("started")
    training.fit(run)
    run.write_event("completed")


@pytest.fixture(scope="module")
def honest(workspace):
    name = launch(CrossValidation(TINY, folds=2))
    for run in find_group(name, list_runs()).runs:
        train(run)
    return find_group(name, list_runs())


@pytest.fixture(scope="module")
def carried(honest):
    name = launch(CrossValidation(TINY, folds=2, leaking=True))
    first, second = find_group(name, list_runs()).runs
    assert first.spec.replace(title="x", group="") == honest.runs[0].spec.replace(title="x", group="")
    for name_of_file in (KERAS_FILE, RESULT_FILE):  # so its training would be the same, to the last bit
        shutil.copy(honest.runs[0].folder / name_of_file, first.folder)
    first.write_event("completed")
    train(second)
    return find_group(name, list_runs())


def final(run: Run) -> list[np.ndarray]:
    return keras.models.load_model(run.folder / KERAS_FILE, compile=False).get_weights()


def initial(run: Run) -> list[np.ndarray]:
    return training.build(run, training_data.load_data(run.spec), resumed=False).get_weights()


def equal(first: list[np.ndarray], second: list[np.ndarray]) -> list[bool]:
    return [np.array_equal(a, b) for a, b in zip(first, second, strict=True)]


def test_every_fold_starts_with_fresh_weights_of_its_own(honest):
    first, second = ([weights for weights in initial(run) if weights.ndim > 1] for run in honest.runs[:2])
    assert not any(equal(second, [weights for weights in final(honest.runs[0]) if weights.ndim > 1]))
    assert not any(equal(second, first))


def test_carried_weights_are_those_that_the_fold_before_ended_with_to_the_last_layer(carried):
    first, second = carried.runs
    assert all(equal(initial(second), final(first)))
    plain = second.spec.replace(start_whole=False)
    start = zoo.build(plain).get_weights()
    assert equal(start, final(first)) == [True, True, True, True, False, False]


def test_the_leak_lesson_leaks(honest, carried):
    found = leak([score_of(run) for run in carried.runs], [score_of(run) for run in honest.runs])
    assert found is not None
    with_carried, with_fresh = found
    assert with_fresh < 0.2  # chance is one in ten
    assert with_carried > with_fresh + 0.1
    # The test set, from which nobody has learned, knows nothing of such progress.
    assert score_of(carried.runs[1]).test < 0.2


def test_out_of_fold_probabilities_are_each_image_s_from_the_network_that_has_not_seen_it(honest, workspace):
    found = out_of_fold(honest)
    assert len(found.index) == 240
    assert len(set(found.index)) == 240
    for run in honest.runs:
        data = training_data.load_data(run.spec)
        index, probabilities = run.validation_probabilities()
        assert np.array_equal(index, data.validation_index)
        assert np.array_equal(workspace.x_train[index], data.validation[0])
        assert np.array_equal(found.full(60_000)[index], probabilities)
        model = keras.models.load_model(run.folder / KERAS_FILE, compile=False)
        for images in (workspace.x_train[index], workspace.x_train[index][:, :, ::-1]):
            assert np.allclose(model.predict(prepare(images, run.spec), verbose=0), probabilities, atol=1e-5)
        hits = probabilities.argmax(axis=1) == workspace.y_train[index]
        assert run.result["validation_accuracy"] == hits.mean()


def test_a_run_that_validates_on_the_test_set_has_none_to_keep(workspace):
    assert training_data.load_data(TINY.replace(split="test")).validation_index is None
    with pytest.raises(RunError, match="validation_index"):
        Run.create(TINY).validation_probabilities()


def test_dropped_images_leave_the_places_of_the_others_as_they_are(workspace):
    overlay = Overlay.read(workspace.sha256)
    for index in (0, 5):
        overlay = overlay.mark("train", index, "drop")
    assert overlay.kept(8).tolist() == [1, 2, 3, 4, 6, 7]
    data = training_data.load_data(TINY.replace(label_marks=True, train_limit=0))
    assert not {0, 5} & set(data.validation_index.tolist())
    assert np.array_equal(workspace.x_train[data.validation_index[:50]], data.validation[0][:50])
    paths.home().joinpath("overlays").rename(paths.home() / "overlays.gone")


def test_all_weights_of_another_network_do_not_fit(carried, workspace):
    spec = TINY.replace(dense_layers=(DenseLayer(40),), start_run=carried.runs[0].id, start_whole=True)
    with pytest.raises(ModelError, match="to have all of this network's layers"):
        zoo.build(spec)
    assert zoo.build(spec.replace(start_whole=False))

"""Training: what a Run leaves behind, and that stopping and resuming changes nothing."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from stopping import fit_until_stopped

from fmnist_core import batches, callbacks, jobs, phases, training, training_data, zoo
from fmnist_core.errors import RunError
from fmnist_core.finishing import finish
from fmnist_core.preprocess import prepare
from fmnist_core.processes import Claim
from fmnist_core.runs import STOP_FILE, Run, RunState
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec

# Everything with a state is on: dropout, augmentation, order, schedule, averaged weights, best epoch.
SMALL = RunSpec(
    title="small", train_limit=600, epochs=3, batch_size=32, learning_rate=2e-3, schedule="one_cycle",
    optimizer="muon", conv_blocks=(ConvBlock(4, 5, batch_norm=True, dropout=0.2), ConvBlock(8, 5)),
    dense_layers=(DenseLayer(16, dropout=0.2),), flip=True, shift_px=2, rotation_degrees=10, erasing_fraction=0.2,
    weight_averaging=0.9,
)  # fmt: skip


def _compiled() -> keras.Model:
    keras.utils.set_random_seed(SMALL.seed)
    model = zoo.build(SMALL)
    phases.compile_model(model, SMALL, SMALL.learning_rate, SMALL.epochs, 2, zoo.multiply_adds(SMALL))
    return model


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = Run.create(SMALL, tmp_path_factory.mktemp("runs"))
    training.fit(run)
    return run


def test_a_resumed_run_equals_an_unbroken_one(finished, tmp_path, monkeypatch, no_litert):
    run = Run.create(SMALL, tmp_path)
    fit_until_stopped(run, 1, monkeypatch)
    assert callbacks.read_checkpoint(run.folder).epoch == 1
    training.fit(run)
    assert np.array_equal(run.test_probabilities(), finished.test_probabilities())
    columns = ["epoch", "loss", "val_loss", "learning_rate"]
    pd.testing.assert_frame_equal(run.history()[columns], finished.history()[columns])


def test_the_history_file_is_the_history(finished):
    pd.testing.assert_frame_equal(pd.read_csv(finished.folder / "history.csv"), finished.history())
    assert finished.history()["epoch"].tolist() == [1, 2, 3]


def test_tensorboard_reads_every_epoch_of_training_and_validation(finished):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for part in ("train", "validation"):
        events = EventAccumulator(str(finished.folder / "tensorboard" / part)).Reload()
        values = [tf.make_ndarray(event.tensor_proto) for event in events.Tensors("epoch_loss")]
        name = "loss" if part == "train" else "val_loss"
        assert np.allclose(values, finished.history()[name], atol=1e-6)


def test_the_saved_models_give_the_probabilities_that_were_scored(finished):
    from ai_edge_litert.interpreter import Interpreter

    from fmnist_core import datasets

    x = prepare(datasets.load("fashion-mnist").x_test[:64], SMALL)
    expected = finished.test_probabilities()[:64]
    assert np.allclose(
        keras.saving.load_model(finished.folder / "model.keras").predict(x, verbose=0), expected, atol=1e-5
    )
    interpreter = Interpreter(str(finished.folder / "model.tflite"))
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    assert np.allclose(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]), expected, atol=1e-5)


def test_the_result_counts_what_the_probabilities_say(finished):
    from fmnist_core import datasets

    labels = datasets.load("fashion-mnist").y_test
    result = json.loads((finished.folder / "result.json").read_text())
    assert result["test_accuracy"] == (finished.test_probabilities().argmax(axis=1) == labels).mean()
    assert result["parameters"] == 1 * 25 * 4 + 4 + 16 + 4 * 25 * 8 + 8 + 128 * 16 + 16 + 170


def test_the_finished_model_is_that_of_the_best_epoch(tmp_path, monkeypatch, no_litert):
    plain = RunSpec(conv_blocks=SMALL.conv_blocks[1:], dense_layers=(DenseLayer(16),), epochs=3, train_limit=3000)
    run = Run.create(plain, tmp_path)
    begin = callbacks.EpochRandomness.on_epoch_begin

    def spoil_last_epoch(self, epoch, logs=None):
        begin(self, epoch, logs)
        if epoch == 2:
            self.model.set_weights([np.zeros_like(weights) for weights in self.model.get_weights()])

    monkeypatch.setattr(callbacks.EpochRandomness, "on_epoch_begin", spoil_last_epoch)
    training.fit(run)
    history = run.history()
    assert history["val_accuracy"].idxmax() < 2
    assert run.result["test_accuracy"] > 0.2  # zeroed weights would stay at one in ten


def test_a_diverging_run_ends_with_a_sentence_about_the_rate(tmp_path):
    run = Run.create(SMALL, tmp_path)
    model = _compiled()
    # Of the last layer: oneDNN's ReLU turns what is no number into 0 on the way.
    model.layers[-1].set_weights([np.full_like(weights, np.nan) for weights in model.layers[-1].get_weights()])
    images = np.zeros((64, 28, 28, 1), np.float32)
    labels = np.eye(10, dtype=np.float32)[np.zeros(64, int)]
    with pytest.raises(callbacks.Diverged, match="smaller learning rate"):
        model.fit(images, labels, batch_size=32, callbacks=[callbacks.EventLog(run, 2, 64)], verbose=0)


def test_early_stopping_remembers_the_epochs_before_the_resume():
    past = [{"epoch": e, "val_loss": loss} for e, loss in ((1, 0.5), (2, 0.6), (3, 0.7))]
    stopping = callbacks.EarlyStopping("val_loss", 3, past)
    stopping.set_model(keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)]))
    stopping.on_train_begin()
    stopping.on_epoch_end(3, {"val_loss": 0.8})
    assert stopping.model.stop_training


@pytest.mark.parametrize("patience", [2, 3])
def test_a_run_that_early_stopping_had_ended_is_not_trained_further(patience):
    spec = RunSpec(early_stopping="val_loss", patience=patience)
    past = [{"epoch": e, "val_loss": loss} for e, loss in ((1, 0.5), (2, 0.6), (3, 0.7))]
    assert training._was_stopped_early(spec, past) == (patience == 2)


def test_a_killed_run_resumes_in_a_new_process_and_completes(tmp_path):
    plain = RunSpec(conv_blocks=SMALL.conv_blocks[1:], dense_layers=(DenseLayer(16),), epochs=40, train_limit=3000)
    run = jobs.submit(plain, runs_folder=tmp_path)
    deadline = time.monotonic() + 120
    while len(run.history()) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(Claim.read(run.folder).pid, signal.SIGKILL)
    assert run.wait(120) == RunState.INTERRUPTED
    done = len(run.history())
    (run.folder / "spec.json").write_text(run.spec.replace(epochs=done + 1).to_json())
    jobs.resume(Run(run.folder))
    assert run.wait(120) == RunState.COMPLETED, run.log()
    assert run.history()["epoch"].tolist() == list(range(1, done + 2))
    starts = [event.epoch for event in run.events() if event.logs.get("phase") == "training"]
    assert starts[0] == 0
    assert starts[1] >= done - 1


def test_steps_per_execution_never_passes_the_epoch():
    assert phases.steps_per_execution(1, steps_per_epoch=3) == 3
    assert phases.steps_per_execution(10**12, steps_per_epoch=100) == 1


IMAGES = np.random.default_rng(0).integers(1, 256, (256, 28, 28), np.uint8)
LABELS = np.eye(10, dtype=np.float32)[np.arange(256) % 10]


def _epoch(spec: RunSpec, epoch: int) -> np.ndarray:
    made = batches.TrainingBatches(IMAGES, LABELS, spec)
    made.start_epoch(epoch)
    return np.concatenate([x for x, _ in made.dataset().as_numpy_iterator()])


def test_without_augmentation_an_epoch_is_a_permutation_of_the_prepared_images():
    spec = RunSpec(image_size_px=32, scaling="signed")
    seen, expected = _epoch(spec, 0), prepare(IMAGES, spec)
    order = [int(np.flatnonzero((expected == x).all(axis=(1, 2, 3)))[0]) for x in seen]
    assert sorted(order) == list(range(256))
    assert order != sorted(order)


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(64, [64] * 4), (100, [100, 100, 56]), (127, [86, 86, 84]), (512, [256])]
)
def test_no_step_of_a_short_epoch_is_on_a_handful_of_images(batch_size, sizes):
    made = batches.TrainingBatches(IMAGES, LABELS, RunSpec(batch_size=batch_size))
    assert [len(x) for x, _ in made.dataset().as_numpy_iterator()] == sizes
    assert made.steps_per_epoch == len(sizes)


def test_an_epoch_repeats_exactly_and_differs_from_the_next():
    assert np.array_equal(_epoch(SMALL, 3), _epoch(SMALL, 3))
    assert not np.array_equal(_epoch(SMALL, 3), _epoch(SMALL, 4))
    assert not np.array_equal(_epoch(SMALL, 3), _epoch(SMALL.replace(seed=1), 3))


def _augmented(**changes) -> np.ndarray:
    images = tf.constant(IMAGES[..., None].astype(np.float32))
    return batches.augment(images, tf.constant([1, 2]), RunSpec(**changes)).numpy()[..., 0]


def test_flip_mirrors_about_half_of_the_images_and_leaves_the_rest():
    flipped = _augmented(flip=True)
    mirrored = (flipped == IMAGES[:, :, ::-1]).all(axis=(1, 2))
    assert (mirrored | (flipped == IMAGES).all(axis=(1, 2))).all()
    assert 90 < mirrored.sum() < 166


def test_shift_moves_whole_pixels_and_fills_with_black():
    shifted, seen = _augmented(shift_px=2), set()
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2)))
    for index in range(256):
        places = [
            (y, x) for y in range(5) for x in range(5)
            if (padded[index, y : y + 28, x : x + 28] == shifted[index]).all()
        ]  # fmt: skip
        assert len(places) == 1
        seen.add(places[0])
    assert len(seen) == 25


def test_rotation_turns_about_the_middle():
    y, x = np.mgrid[:28, :28] - 13.5
    disc = (200 * np.exp(-(x**2 + y**2) / 50)).astype(np.float32)
    images = tf.constant(np.stack([disc] * 64)[..., None])
    turned = batches.augment(images, tf.constant([5, 6]), RunSpec(rotation_degrees=45.0)).numpy()[..., 0]
    assert np.abs(turned - disc).max() < 4  # a disc stays a disc where it is
    bar = np.zeros((1, 28, 28, 1), np.float32)
    bar[:, :, 13:15] = 255
    assert np.abs(batches.augment(bar, tf.constant([5, 7]), RunSpec(rotation_degrees=45.0)).numpy() - bar).mean() > 3


def test_erasing_blackens_a_box_of_bounded_area_in_half_of_the_images():
    erased = _augmented(erasing_fraction=0.25) == 0
    touched = erased.any(axis=(1, 2))
    assert 90 < touched.sum() < 166
    areas = erased[touched].sum(axis=(1, 2))
    assert areas.max() <= 1.3 * 0.25 * 784
    for box in erased[touched]:
        rows, columns = box.any(axis=1), box.any(axis=0)
        assert box.sum() == rows.sum() * columns.sum()


@pytest.fixture
def trained_on(finished, tmp_path):
    """A copy of the finished Run, as it was before its last word."""
    return Run(Path(shutil.copytree(finished.folder, tmp_path / "run")))


def test_a_run_interrupted_after_its_last_epoch_is_scored_without_more_training(trained_on, finished, no_litert):
    (trained_on.folder / "test_probabilities.npy").unlink()
    training.fit(trained_on)
    assert np.array_equal(trained_on.test_probabilities(), finished.test_probabilities())
    pd.testing.assert_frame_equal(trained_on.history(), finished.history())


def test_a_run_does_not_go_on_with_other_data(trained_on):
    events = trained_on.folder / "events.jsonl"
    events.write_text(events.read_text().replace('"sha256":"', '"sha256":"0'))
    with pytest.raises(RunError, match="Expected the data that the Run began with"):
        training.fit(trained_on)


def test_a_checkpoint_that_cannot_be_read_is_named(trained_on):
    weights = callbacks.read_checkpoint(trained_on.folder).weights
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(RunError, match=weights.name):
        training.fit(trained_on)


def test_a_stop_is_heeded_during_validation(tmp_path):
    run = Run.create(SMALL, tmp_path)
    (run.folder / STOP_FILE).touch()
    with pytest.raises(callbacks.StopRequested):
        callbacks.EventLog(run, 2, 64).on_test_batch_end(0)


def test_a_network_whose_answers_are_no_numbers_leaves_no_model(tmp_path):
    run = Run.create(SMALL, tmp_path)
    data = training_data.load_data(SMALL)
    model = _compiled()
    model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
    with pytest.raises(callbacks.Diverged, match="smaller learning rate"):
        finish(run, model, data, model, phases._test_batches(data, SMALL))
    assert not (run.folder / "model.keras").exists()


def test_label_marks_drop_and_relabel_training_images_and_are_kept_for_a_resume(tmp_path, monkeypatch):
    from fmnist_core import datasets
    from fmnist_core.overlay import Overlay

    cache = datasets.load("fashion-mnist")  # loaded before the workspace changes
    monkeypatch.setattr(datasets, "load", lambda *_, **__: cache)
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    spec = RunSpec(label_marks=True, split="last", validation_fraction=0.5)
    run = Run.create(spec, tmp_path / "runs")
    overlay = Overlay.read(cache.sha256).mark("train", 0, "drop")
    new = (int(cache.y_train[1]) + 1) % 10
    overlay = overlay.mark("train", 1, "relabel", new)
    data = training_data.load_data(spec, training_data.kept_marks(run))
    images, labels = data.train
    assert len(images) + len(data.validation[0]) == len(cache.y_train) - 1
    assert np.array_equal(images[0], cache.x_train[1])
    assert labels[0].argmax() == new
    overlay.mark("train", 2, "drop")
    again = training_data.load_data(spec, training_data.kept_marks(run))
    assert len(again.train[0]) == len(images)
    assert len(training_data.load_data(spec.replace(label_marks=False)).train[0]) == len(cache.y_train) // 2

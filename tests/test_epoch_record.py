"""Keeping epochs: what is written, that training does not notice, and that a new Run can fork from any of them."""

import numpy as np
import pandas as pd
import pytest
from kept_run import TEST_IMAGES, write_own_data
from stopping import fit_until_stopped

from fmnist_core import epoch_record, finishing, phases, training, training_data, zoo
from fmnist_core.epoch_record import FOLDER, EpochRecord, answers_file, to_bytes, weights_file, weights_stride
from fmnist_core.epoch_recording import KeepEpochs
from fmnist_core.errors import ModelError, RunError, SpecError
from fmnist_core.estimates import keeping_cost
from fmnist_core.fork import START_FOLDER, ancestry, check_fork, fork, same_images_validate
from fmnist_core.runs import Run
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec
from fmnist_core.zoo.transfer import HEAD, TRUNK


@pytest.fixture(scope="module", autouse=True)
def no_exports():
    """The finished model in its forms takes most of the time of so short a Run, and is not looked at here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finishing, "save_model", lambda run, network: None)
        yield


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A data set small enough to train on in a second: noise, each class with a bright row."""
    place = tmp_path_factory.mktemp("own")
    write_own_data(place)
    return place


@pytest.fixture(scope="module")
def spec(own):
    """Everything with a state is on: dropout, augmentation, averaged weights, mirror averaging, best epoch."""
    return RunSpec(
        title="Kept", dataset="own", dataset_folder=str(own), epochs=3, batch_size=32, learning_rate=3e-3,
        conv_blocks=(ConvBlock(3, 5, batch_norm=True, dropout=0.2),), dense_layers=(DenseLayer(12, dropout=0.2),),
        flip=True, shift_px=1, weight_averaging=0.8, mirror_averaging=True, schedule="one_cycle",
        keep_epochs="weights",
    )  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def kept(spec, runs):
    run = Run.create(spec, runs)
    training.fit(run)
    return run


def test_training_does_not_notice_that_its_epochs_are_kept(kept, spec, tmp_path):
    plain = Run.create(spec.replace(keep_epochs="none"), tmp_path)
    training.fit(plain)
    assert np.array_equal(plain.test_probabilities(), kept.test_probabilities())
    columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    pd.testing.assert_frame_equal(plain.history()[columns], kept.history()[columns])
    assert EpochRecord.read(plain) is None
    assert not (plain.folder / FOLDER).exists()


def test_the_best_epoch_was_kept_as_it_was_scored_in_the_end(kept):
    record = EpochRecord.read(kept)
    assert record.epochs == record.forkable == (1, 2, 3)
    assert (record.images, len(record.class_names)) == (TEST_IMAGES, 10)
    best = int(kept.history()["val_accuracy"].idxmax()) + 1
    # Averaged weights, and over the mirror image: as the finished model answers.
    final = kept.test_probabilities()
    assert np.abs(record.answers(best) / 255 - final).max() <= 1 / 170
    assert np.array_equal(record.answers(best).argmax(axis=1), final.argmax(axis=1))
    others = [record.answers(epoch) for epoch in record.epochs if epoch != best]
    assert not any(np.array_equal(answers, record.answers(best)) for answers in others)
    files = [path for path in record.folder.iterdir() if path.suffix == ".npy"]
    assert {path.stat().st_size for path in files} == {128 + 10 * TEST_IMAGES}


def test_a_run_that_is_stopped_and_resumed_keeps_the_same_epochs(kept, spec, tmp_path, monkeypatch):
    run = Run.create(spec, tmp_path)
    fit_until_stopped(run, 1, monkeypatch)
    assert EpochRecord.read(run).epochs == (1,)
    training.fit(run)
    first, second = EpochRecord.read(run), EpochRecord.read(kept)
    assert first.epochs == second.epochs
    assert all(np.array_equal(first.answers(epoch), second.answers(epoch)) for epoch in first.epochs)
    assert np.array_equal(run.test_probabilities(), kept.test_probabilities())


def test_a_fork_starts_with_the_weights_of_its_epoch_and_stays_whole_without_its_parent(kept, spec, runs, monkeypatch):
    monkeypatch.setattr("fmnist_core.fork.find_run", lambda run_id, folder=None: kept)
    made = fork(kept, 2)
    assert (made.start_run, made.start_epoch, made.epochs, made.title) == (kept.id, 2, 1, "Kept, from epoch 2")
    stored = epoch_record.read_weights(weights_file(kept.folder / FOLDER, 2))
    assert all(map(np.array_equal, zoo.build(made).get_weights(), stored))
    run = Run.create(made.replace(epochs=3, learning_rate=1e-4, keep_epochs="none"), runs)
    fit_until_stopped(run, 1, monkeypatch)
    begun = epoch_record.read_weights(run.folder / START_FOLDER / "weights.npz")
    assert all(map(np.array_equal, begun, stored))

    def gone(*_):
        raise RunError("gone")

    monkeypatch.setattr("fmnist_core.fork.find_run", gone)
    training.fit(run)
    assert len(run.history()) == 3


def test_a_fork_is_refused_where_layers_differ_or_weights_are_gone(kept, runs):
    made = fork(kept, 1)
    check_fork(made.replace(learning_rate=1e-5, dense_layers=(DenseLayer(12, dropout=0.5),)), runs)
    with pytest.raises(SpecError, match="Expected a network with the layers of Run"):
        check_fork(made.replace(dense_layers=(DenseLayer(13),)), runs)
    with pytest.raises(RunError, match="Received epoch 9"):
        fork(kept, 9)
    with pytest.raises(RunError, match="weights after epoch 9"):
        check_fork(made.replace(start_epoch=9), runs)
    with pytest.raises(SpecError, match="Expected start_run"):
        RunSpec(start_epoch=2)


def test_a_fork_knows_whence_it_came_and_whether_the_same_images_validate(kept, runs):
    made = fork(kept, 2)
    child = Run.create(made, runs)
    steps = ancestry(made.replace(start_run=child.id, start_epoch=1), runs)
    assert steps == [(child.id, 1, child), (kept.id, 2, kept)]
    assert same_images_validate(made.replace(learning_rate=1.0), kept.spec)
    assert not same_images_validate(made.replace(seed=7), kept.spec)


def test_torn_and_foreign_files_are_left_out(kept, tmp_path):
    folder = tmp_path / "run" / FOLDER
    folder.mkdir(parents=True)
    for file in (kept.folder / FOLDER).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    run = Run(folder.parent)
    torn = answers_file(folder, 2)
    torn.write_bytes(torn.read_bytes()[:300])
    (folder / ".1234-0004.npy").write_bytes(b"half")
    (folder / "notes.npy").write_bytes(b"")
    record = EpochRecord.read(run)
    assert record.epochs == (1, 3)
    with pytest.raises(RunError, match="Expected the answers after epoch 2"):
        record.answers(2)
    weights_file(folder, 1).write_bytes(b"PK")
    with pytest.raises(RunError, match="Expected the weights of an epoch"):
        epoch_record.read_weights(weights_file(folder, 1))
    (folder / "about.json").write_text('{"sha256": 1')
    with pytest.raises(RunError, match="about.json"):
        EpochRecord.read(run)


def test_rounding_keeps_the_answer_and_errs_by_little():
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.full(10, 0.3), 5000).astype(np.float32)
    probabilities[:3] = 0
    probabilities[0, [3, 7]] = 0.4999, 0.5001  # both round to 127.5
    probabilities[1] = 0.1
    probabilities[2, 9] = 1.0
    rounded = to_bytes(probabilities)
    assert np.array_equal(rounded.argmax(axis=1), probabilities.argmax(axis=1))
    assert np.abs(rounded / 255 - probabilities).max() <= 1.51 / 255


TRANSFER = {
    "network": "transfer", "backbone": "mobilenet", "cut": "2", "weights": "random", "image_size_px": 32,
    "scaling": "base", "global_pooling": "average", "conv_blocks": RunSpec().conv_blocks, "flip": False, "shift_px": 0,
    "epochs": 1, "fine_tune_epochs": 1, "fine_tune_layers": 2,
}  # fmt: skip


def test_a_head_on_kept_features_and_its_fine_tuning_are_kept_and_forked(spec, runs, monkeypatch):
    run = Run.create(spec.replace(**TRANSFER, title="Transfer"), runs)
    training.fit(run)
    record = EpochRecord.read(run)
    assert record.epochs == record.forkable == (1, 2)
    history = run.history()
    final = run.test_probabilities()
    best = int(history["val_accuracy"].idxmax()) + 1
    # The kept features and the whole network differ in the last digits.
    assert np.abs(record.answers(best) / 255 - final).max() <= 1 / 100
    head, whole = (epoch_record.read_weights(weights_file(record.folder, epoch)) for epoch in (1, 2))
    trunk = epoch_record.read_weights(record.folder / "trunk.npz")
    assert len(whole) == len(head) + len(trunk)
    monkeypatch.setattr("fmnist_core.fork.find_run", lambda run_id, folder=None: run)
    first, second = fork(run, 1), fork(run, 2)
    assert (first.epochs, first.fine_tune_epochs, second.epochs, second.fine_tune_epochs) == (1, 1, 1, 0)
    assert second.unfrozen_layers == 2
    network = zoo.build(first.replace(seed=9))  # another seed, other random weights, but for those that it takes
    assert all(map(np.array_equal, network.get_layer(TRUNK).get_weights(), trunk))
    assert all(map(np.array_equal, network.get_layer(HEAD).get_weights(), head))
    assert all(map(np.array_equal, zoo.build(second).get_weights(), whole))


def test_an_epoch_after_which_weights_are_no_numbers_is_not_kept_and_cannot_be_forked(spec, runs):
    run = Run.create(spec, runs)
    data = training_data.load_data(spec)
    network = zoo.build(spec)
    phase = phases.first_phase(run, network, data)
    keep = KeepEpochs(run, network, phase, data)
    keep.set_model(phase.model)
    phase.model.set_weights([np.full_like(array, np.nan) for array in phase.model.get_weights()])
    keep.on_epoch_end(0)
    assert [file.name for file in (run.folder / FOLDER).iterdir()] == ["about.json"]


def test_weights_that_do_not_fit_are_named(kept, spec):
    other = spec.replace(dense_layers=(DenseLayer(5),))
    file = weights_file(kept.folder / FOLDER, 1)
    with pytest.raises(ModelError, match="Expected weights of the shapes"):
        zoo.build_from_epoch(other, 10, file, file)


@pytest.mark.parametrize(("size", "epochs", "stride"), [(2_000_000, 30, 1), (60_000_000, 10, 2), (600_000_000, 3, 4)])
def test_weights_are_kept_within_bounds(size, epochs, stride):
    assert weights_stride(size, epochs) == stride


def test_the_cost_is_what_the_arithmetic_says(spec):
    plain = RunSpec(keep_epochs="answers")
    found = keeping_cost(plain, 48_000, 12_000, 10_000, 10)
    assert found.share == pytest.approx(10_000 / (3 * 48_000 + 12_000))
    assert (found.answers_bytes, found.weights_bytes) == (10 * 100_128, 0)
    mirrored = keeping_cost(plain.replace(mirror_averaging=True, keep_epochs="weights"), 48_000, 12_000, 10_000, 10)
    assert mirrored.share == pytest.approx(2 * found.share)
    parameters = sum(layer.parameters for layer in zoo.describe(plain))
    assert mirrored.weights_bytes == 10 * 4 * parameters


def test_a_run_without_kept_epochs_is_read_as_none(tmp_path):
    run = Run.create(RunSpec(), tmp_path)
    assert EpochRecord.read(run) is None

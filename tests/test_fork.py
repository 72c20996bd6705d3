"""What a fork is asked to train, and that it has what it starts from as soon as it stands in the queue."""

import shutil
from pathlib import Path

import pytest

from fmnist_core import jobs
from fmnist_core.epoch_record import FOLDER, weights_file
from fmnist_core.errors import RunError
from fmnist_core.fork import START_FILE, START_FOLDER, fork
from fmnist_core.progress import Progress
from fmnist_core.runs import Run, list_runs
from fmnist_core.spec import RunSpec

FINE_TUNED = RunSpec(
    title="Head, then base", network="transfer", backbone="mobilenet", cut="2", weights="random", image_size_px=32,
    scaling="base", global_pooling="average", epochs=20, learning_rate=1e-3, fine_tune_epochs=10, fine_tune_layers=2,
    fine_tune_learning_rate=1e-5, early_stopping="val_loss", keep_epochs="weights",
)  # fmt: skip


def run_with_weights(spec: RunSpec, folder: Path, *epochs: int) -> Run:
    run = Run.create(spec, folder)
    (run.folder / FOLDER).mkdir()
    for epoch in epochs:
        weights_file(run.folder / FOLDER, epoch).write_bytes(b"weights")
    return run


@pytest.mark.parametrize(("epoch", "left", "fine_tuning"), [(3, 17, 10), (4, 16, 10), (8, 6, 0), (14, 1, 0)])
def test_epochs_that_early_stopping_skipped_are_not_taken_for_done(tmp_path, epoch, left, fine_tuning):
    run = run_with_weights(FINE_TUNED, tmp_path, 3, 4, 8, 14)
    run.write_event("phase", epoch=0, phase="training", fine_tuning_from=None)
    run.write_event("phase", epoch=4, phase="training", fine_tuning_from=4)
    made = fork(run, epoch)
    assert (made.epochs, made.fine_tune_epochs) == (left, fine_tuning)


def test_a_fork_of_fine_tuning_goes_on_with_fine_tuning_alone(tmp_path):
    run = run_with_weights(FINE_TUNED, tmp_path, 4, 8)
    run.write_event("phase", epoch=4, phase="training", fine_tuning_from=4)
    head, base = fork(run, 4), fork(run, 8)
    assert (head.unfrozen_layers, head.learning_rate, head.keeps_features) == (0, 1e-3, True)
    assert (base.unfrozen_layers, base.learning_rate, base.keeps_features) == (2, 1e-5, False)


def test_a_run_that_never_fine_tuned_leaves_that_to_its_fork(tmp_path):
    run = run_with_weights(FINE_TUNED, tmp_path, 20)
    run.write_event("phase", epoch=0, phase="training", fine_tuning_from=None)
    made = fork(run, 20, Progress(run))
    assert (made.epochs, made.fine_tune_epochs) == (1, 10)


def test_a_fork_that_waits_can_do_without_its_parent(folder):
    parent = run_with_weights(RunSpec(title="quick"), folder, 2)
    slow = jobs.submit(RunSpec(title="slow"), runs_folder=folder)
    child = jobs.submit(fork(parent, 2), runs_folder=folder)
    shutil.rmtree(parent.folder)
    assert child in jobs.queue(folder)
    assert (child.folder / START_FOLDER / START_FILE).read_bytes() == b"weights"
    jobs.request_stop(child)
    jobs.stop(slow)


def test_a_fork_whose_weights_are_gone_leaves_nothing_behind(folder):
    parent = run_with_weights(RunSpec(title="quick"), folder, 2)
    spec = fork(parent, 2)
    weights_file(parent.folder / FOLDER, 2).unlink()
    with pytest.raises(RunError, match="Expected the weights after epoch 2"):
        jobs.submit(spec, runs_folder=folder)
    assert list_runs(folder) == [parent] and jobs.queue(folder) == []

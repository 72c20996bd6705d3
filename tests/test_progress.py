"""Progress: bounded series from unbounded events."""

from math import nan

import pytest

from fmnist_core.progress import MAX_POINTS, Progress, Series, Watcher
from fmnist_core.runs import Run, RunState
from fmnist_core.spec import RunSpec


@pytest.fixture
def run(tmp_path):
    return Run.create(RunSpec(epochs=10), tmp_path)


def _train(run, first, last):
    run.write_event("started")
    run.write_event("phase", epoch=first, phase="training", train_images=800)
    for epoch in range(first, last):
        run.write_event("batch", epoch=epoch + 0.5, loss=1.0, accuracy=0.5)
        run.write_event("epoch", epoch=epoch + 1, loss=1.0, accuracy=0.5, val_loss=1.0, val_accuracy=0.5)


def test_a_series_stays_bounded_and_keeps_the_mean():
    series = Series()
    for number in range(100_000):
        series.append({"epoch": number / 1000, "loss": float(number % 2)})
    assert MAX_POINTS / 2 <= len(series.columns["epoch"]) < MAX_POINTS
    assert set(series.columns["loss"]) == {0.5}
    assert series.columns["epoch"] == sorted(series.columns["epoch"])
    assert series.columns["epoch"][-1] > 99.5


def test_a_resumed_run_shows_repeated_epochs_once(run):
    _train(run, 0, 5)
    _train(run, 3, 6)
    progress = Progress(run)
    assert [row["epoch"] for row in progress.epochs] == [1, 2, 3, 4, 5, 6]
    assert progress.batches.columns["epoch"] == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert progress.fraction == pytest.approx(0.6)


def test_what_is_no_number_in_a_damaged_line_is_left_out(run):
    _train(run, 0, 1)
    run.write_event("batch", epoch=1.5, loss=None, accuracy=0.5)
    run.write_event("epoch", epoch=2, loss=1.0, accuracy=0.5, val_loss=[], val_accuracy="high")
    run.write_event("phase", epoch=2, phase="training", train_images=None)
    run.write_event("failed", message=None)
    progress = Progress(run)
    assert progress.epochs[-1] == {"epoch": 2, "loss": 1.0, "accuracy": 0.5}
    assert progress.batches.columns["loss"] == pytest.approx([1.0, nan], nan_ok=True)
    assert (progress.train_images, progress.message) == (0, "")


def test_a_viewer_who_comes_late_sees_what_one_from_the_start_sees(run):
    early = Progress(run)
    for epoch in range(4):
        _train(run, epoch, epoch + 1)
        early.update()
    late = Progress(run)
    assert late.epochs == early.epochs
    assert late.batches.columns == early.batches.columns


def test_an_update_without_news_says_so(run):
    run.write_event("queued")
    progress = Progress(run)
    assert progress.state == RunState.QUEUED
    assert not progress.update()
    run.write_event("stopped", message="Enough.")
    assert progress.update()
    assert (progress.state, progress.message) == (RunState.STOPPED, "Enough.")


def test_unknown_events_of_a_later_version_are_passed_over(run):
    run.write_event("queued")
    run.write_event("fireworks", colour="red")
    assert Progress(run).state == RunState.QUEUED


def test_the_watcher_keeps_one_progress_per_run(run, tmp_path):
    watcher = Watcher(capacity=1)
    first = watcher.progress(run)
    assert watcher.progress(Run(run.folder)) is first
    watcher.progress(Run.create(RunSpec(), tmp_path))
    assert watcher.progress(run) is not first


def test_the_time_taken_is_that_of_all_attempts_without_the_pause_between(run):
    for kind, time_s in (("queued", 0), ("started", 10), ("stopped", 40), ("queued", 9000), ("started", 9005)):
        with (run.folder / "events.jsonl").open("a") as file:
            file.write(f'{{"kind": "{kind}", "time_s": {time_s}}}\n')
        if kind == "queued" and time_s:
            assert Progress(run).elapsed_s == 30
    with (run.folder / "events.jsonl").open("a") as file:
        file.write('{"kind": "completed", "time_s": 9025}\n')
    assert Progress(run).elapsed_s == 50


def test_what_one_session_draws_does_not_change_under_it(run):
    _train(run, 0, 2)
    progress = Progress(run)
    columns, epochs = progress.batches.columns, progress.epochs
    before = {name: list(values) for name, values in columns.items()}, list(epochs)
    _train(run, 2, 3)
    assert progress.update()
    assert (columns, epochs) == before
    assert len(progress.epochs) == 3

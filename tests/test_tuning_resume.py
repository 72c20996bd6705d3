"""What stops, dies or is killed in the middle of a search, and that nothing is lost, repeated or judged by it."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
import tuning_toys
from driven_search import (
    DRIVERS,
    PATIENCE_S,
    SPAWN,
    START_WORKER,
    Death,
    drive_in_thread,
    ended,
    log_of,
    started,
    wait,
    wait_for_trials,
    work_in_thread,
    workspace,
)

from fmnist_core import jobs
from fmnist_core.processes import Claim
from fmnist_core.runs import RunState, list_runs
from fmnist_core.tuning import driver, launching
from fmnist_core.tuning import group as group_module
from fmnist_core.tuning.group import SearchGroup
from fmnist_core.tuning.space import Choice
from fmnist_core.tuning.trials import read_progress

pytestmark = pytest.mark.timeout(900)
TOYS = Path(tuning_toys.__file__)


@pytest.fixture
def home(tmp_path, monkeypatch):
    with workspace(tmp_path, monkeypatch):
        yield tmp_path


KILLED = {
    "random_search": {"max_trials": 6}, "grid_search": {"max_trials": 0}, "bayesian_optimization": {"max_trials": 8},
    "hyperband": {"max_trials": 0},
}  # fmt: skip
NINE = (Choice("learning_rate", (0.001, 0.002, 0.004)), Choice("batch_size", (16, 32, 64)))


def check_nothing_is_repeated(before, after, cut=None):
    assert after.state == RunState.COMPLETED, log_of(after.group)
    assert all(trial.state == RunState.COMPLETED for trial in after.trials)
    begun = after.trials[: len(before.trials)]
    assert 2 <= len(begun) < len(after.trials)
    assert [(one.id, one.values, one.runs) for one in begun] == [
        (one.id, one.values, one.runs) for one in before.trials
    ]
    runs = list_runs()
    assert {run.id for run in runs} == {run_id for trial in after.trials for run_id in trial.runs}
    for run in runs:
        kinds = [event.kind for event in run.events()]
        assert (kinds.count("started"), kinds.count("epoch")) == (1 + (run == cut), len(run.history()))


@pytest.mark.parametrize("tuner", KILLED)
def test_after_a_driver_s_death_no_trial_is_repeated_and_the_budget_is_kept(home, tuner, monkeypatch):
    monkeypatch.setenv("TOY_EPOCH_S", "0.1")
    with monkeypatch.context() as patch:
        patch.setattr(driver.Driver, "_reconcile", die_after_two)
        group = started(*NINE, tuner=tuner, epochs=4, **KILLED[tuner])
        DRIVERS[-1].join(PATIENCE_S)
    (group.folder / "worker.json").unlink()  # whose process is this one, which lives
    assert group.state == RunState.INTERRUPTED
    before = read_progress(group)
    group.start()
    after = ended(group)
    check_nothing_is_repeated(before, after)
    if tuner == "grid_search":
        assert len({tuple(trial.values.values()) for trial in after.trials}) == len(after.trials) == 9
    elif tuner == "hyperband":
        assert [trial.epochs for trial in after.trials].count(4) >= 3
    else:
        assert len(after.trials) == KILLED[tuner]["max_trials"]


def die_after_two(self):
    if len([told for told in self._told.values() if not told.is_open]) >= 2:
        raise Death


@pytest.mark.parametrize("place", ["a Run is made and nobody told", "a trial is over and the oracle not told"])
def test_a_driver_s_death_between_two_steps_repeats_nothing(home, place, monkeypatch):
    owner, name = (launching, "_write") if "made" in place else (driver.Driver, "_tell_oracle")
    step, calls = getattr(owner, name), []

    def die_at_the_second(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise Death
        step(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, die_at_the_second)
        group = started(max_trials=4, epochs=1)
        DRIVERS[-1].join(PATIENCE_S)
    (group.folder / "worker.json").unlink()  # whose process is this one, which lives
    left = {run.id for run in list_runs()}
    group.start()
    after = ended(group)
    assert (after.state, len(after.completed), len(list_runs())) == (RunState.COMPLETED, 4, 4), log_of(group)
    assert left <= {run_id for trial in after.trials for run_id in trial.runs}
    assert all([event.kind for event in run.events()].count("started") == 1 for run in list_runs())


def test_after_sigkill_of_driver_and_worker_others_go_on_with_the_same_trials(home, monkeypatch):
    monkeypatch.setenv("TOY_EPOCH_S", "0.3")
    monkeypatch.setattr(SearchGroup, "_spawn", SPAWN)
    monkeypatch.setattr(group_module, "DRIVER_COMMAND", (sys.executable, str(TOYS), "driver"))
    group = started(max_trials=6, epochs=4)
    wait_for_trials(group, 2)
    worker, cut = process_in_the_middle_of_a_run()
    os.kill(Claim.read(group.folder).pid, signal.SIGKILL)
    worker.kill()
    deadline = time.monotonic() + PATIENCE_S
    while cut.state != RunState.INTERRUPTED and time.monotonic() < deadline:
        time.sleep(0.02)  # a process does not die at once
    before = wait(group, RunState.INTERRUPTED)
    monkeypatch.setattr(SearchGroup, "_spawn", drive_in_thread)
    group.start()
    after = ended(group)
    check_nothing_is_repeated(before, after, cut)
    assert len(after.trials) == 6


def process_in_the_middle_of_a_run():
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for run in list_runs():
            claim = Claim.read(run.folder)
            if claim and len(run.history()) in (1, 2) and (process := claim.process()):
                process.suspend()  # while it runs on, the answer is old
                if not run.state.is_over and Claim.read(run.folder) == claim:
                    return process, run
                process.resume()
    raise AssertionError("No Run was caught in the middle.")


def test_stop_ends_driver_and_runs_and_resume_completes_the_same_trials(home, monkeypatch):
    monkeypatch.setenv("TOY_EPOCH_S", "0.2")
    group = started(max_trials=4, epochs=3)
    wait_for_trials(group, 1)
    group.request_stop()
    progress = wait(group, RunState.STOPPED)
    assert Claim.read(group.folder) is None
    assert all(run.state.is_over for run in list_runs())
    begun = len(progress.trials)
    group.start()
    progress = ended(group)
    assert len(progress.completed) == len(list_runs()) == 4 >= begun
    assert progress.state == RunState.COMPLETED


def test_a_run_that_is_killed_is_a_failed_trial(home, monkeypatch):
    monkeypatch.setenv("TOY_EPOCH_S", "0.3")
    monkeypatch.setattr(jobs, "_start_worker", START_WORKER)
    monkeypatch.setattr(jobs, "WORKER_COMMAND", (sys.executable, str(TOYS), "worker"))
    group = started(max_trials=3, epochs=3)
    wait_for_trials(group, 1)
    running = next(run for run in list_runs() if run.state == RunState.RUNNING)
    Claim.read(running.folder).process().kill()
    progress = ended(group)
    assert [trial.state for trial in progress.trials].count(RunState.FAILED) == 1
    assert len(progress.completed) == 2
    assert "killed" in next(trial.message for trial in progress.trials if trial.message)


def test_a_run_that_a_scheduler_took_with_it_is_queued_again_and_its_trial_stays_open(home, monkeypatch):
    lost = []

    def lose_the_first(run):
        if lost:
            work_in_thread(run)
            return
        lost.append(run)
        for kind in ("started", "interrupted"):  # as executor.look_after marks it
            run.write_event(kind, message="The scheduler was lost.")

    monkeypatch.setattr(jobs, "_start_worker", lose_the_first)
    progress = ended(started(max_trials=2, epochs=1))
    assert [trial.state for trial in progress.trials] == [RunState.COMPLETED] * 2
    kinds = [event.kind for event in lost[0].events()]
    assert (kinds.count("queued"), kinds.count("started")) == (2, 2)

"""Searches driven to their end with the real Keras Tuner: by a toy that trains nothing, and by real training."""

import math
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from fmnist_core import jobs, paths
from fmnist_core.errors import RunError
from fmnist_core.presets import PRESETS
from fmnist_core.processes import Claim
from fmnist_core.runs import RunState, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import ConvBlock, DenseLayer
from fmnist_core.tuning import driver, launching
from fmnist_core.tuning import group as group_module
from fmnist_core.tuning.group import SearchGroup, find_search, list_searches
from fmnist_core.tuning.plan import hyperband_rounds, plan
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Boolean, Choice, Condition, Float, Int
from fmnist_core.tuning.trials import read_progress
from tests import tuning_toys

pytestmark = pytest.mark.timeout(900)
PATIENCE_S = 400  # on a busy machine; each test takes seconds on a quiet one
TOYS = Path(tuning_toys.__file__)
BASE = PRESETS["C-lenet5"].replace(
    conv_blocks=(ConvBlock(4, 5),), dense_layers=(DenseLayer(16),), train_limit=300, title="Tiny", seed=0
)
RATE = Float("learning_rate", 1e-4, 1e-2, log=True)
UNITS = Choice("dense_layers[0].units", (8, 16))


def kill_all(home):
    for folder in [*home.glob("searches/*"), *home.glob("runs/*")]:
        claim = Claim.read(folder)
        if claim and not claim.is_mine and (process := claim.process()):
            process.kill()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A workspace whose Runs are toys, one at a time; drivers are real. Both are threads of this process.

    A process of its own would load Keras Tuner, and so TensorFlow, for every search.
    """
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(paths.PROJECT))
    monkeypatch.setattr(SearchGroup, "_spawn", drive_in_thread)
    monkeypatch.setattr(jobs, "_start_worker", work_in_thread)
    Settings(parallel_runs=1).write(paths.runs())
    yield tmp_path
    for thread in DRIVERS:
        thread.join(120)
    DRIVERS.clear()
    kill_all(tmp_path)


SPAWN, START_WORKER = SearchGroup._spawn, jobs._start_worker
DRIVERS = []


def drive_in_thread(group):
    Claim.of().write(group.folder)
    DRIVERS.append(threading.Thread(target=drive, args=(group,)))
    DRIVERS[-1].start()


def work_in_thread(run):
    Claim.of().write(run.folder)
    threading.Thread(target=tuning_toys.work, args=(run,), daemon=True).start()


def drive(group):
    with suppress(Death):
        driver.main([str(group.folder)])


def started(*space, **changes):
    group = SearchGroup.create(Search("A search", changes.pop("base", BASE), space or (RATE,), **changes))
    group.start()
    return group


def wait(group, *states, timeout_s=PATIENCE_S):
    deadline = time.monotonic() + timeout_s
    while (state := group.state) not in states and time.monotonic() < deadline:
        time.sleep(0.05)
    assert state in states, log_of(group)
    return read_progress(group)


def log_of(group):
    return (group.folder / "log.txt").read_text()


def ended(group, timeout_s=PATIENCE_S):
    return wait(group, RunState.COMPLETED, RunState.FAILED, RunState.STOPPED, timeout_s=timeout_s)


def wait_for_trials(group, count, timeout_s=PATIENCE_S):
    deadline = time.monotonic() + timeout_s
    while len(read_progress(group).completed) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(read_progress(group).completed) >= count, log_of(group)


# ---- with toys -------------------------------------------------------------------------------------------------------


def test_a_search_makes_its_trials_and_finds_the_best_of_them(home):
    group = started(max_trials=6, epochs=2)
    progress = ended(group)
    assert (progress.state, progress.message) == (RunState.COMPLETED, "All trials are done.")
    assert len(progress.completed) == len(list_runs()) == 6
    for trial in progress.trials:
        expected = tuning_toys.accuracy(trial.values["learning_rate"], 2)
        assert math.isclose(trial.objective, expected) and trial.best_epoch == 2 and trial.ended_s > 0
    assert progress.best.objective == max(trial.objective for trial in progress.trials)
    assert {run.spec.group for run in list_runs()} == {group.id}
    assert group.importance()["trials"] == 6
    assert list_searches() == [group] and find_search(group.id) == group
    with pytest.raises(RunError, match="not there"):
        find_search("search-absent")


def test_the_same_seed_draws_the_same_trials_another_seed_others(home):
    values = [
        [trial.values for trial in ended(started(max_trials=3, epochs=1, seed=seed)).trials] for seed in (0, 0, 1)
    ]
    assert values[0] == values[1] != values[2]


def test_a_diverging_trial_is_marked_and_the_search_goes_on(home):
    progress = ended(started(Choice("learning_rate", (0.001, 1.0, 0.01)), tuner="grid_search", max_trials=0, epochs=1))
    assert progress.state == RunState.COMPLETED
    good, bad, other = progress.trials
    assert (good.state, bad.state, other.state) == (RunState.COMPLETED, RunState.FAILED, RunState.COMPLETED)
    assert bad.message == "The loss stopped being a number in epoch 1."
    assert progress.best == good


def test_values_that_do_not_go_together_fail_as_a_trial_without_a_run(home):
    # Each value fits beside the base's others, and so do all at their first and at their last.
    space = (Choice("conv_blocks[1].kernel_px", (5, 11, 3)), Choice("conv_blocks[2].kernel_px", (3, 5, 1)))
    base = BASE.replace(conv_blocks=(ConvBlock(4, 5), ConvBlock(4, 5, pool=False), ConvBlock(4, 1, pool=False)))
    progress = ended(started(*space, base=base, tuner="grid_search", max_trials=0, epochs=1))
    bad = [trial for trial in progress.trials if trial.state == RunState.FAILED]
    assert [tuple(trial.values.values()) for trial in bad] == [(11, 3), (11, 5)]
    assert all("does not fit" in trial.message and not trial.runs for trial in bad)
    assert len(progress.completed) == len(list_runs()) == 7


def test_a_search_in_which_everything_fails_ends_with_the_reason(home):
    progress = ended(started(Float("learning_rate", 0.1, 1.0), max_trials=50, epochs=1))
    assert progress.state == RunState.FAILED
    assert "failures, the last: The loss stopped being a number" in progress.message
    assert 5 <= len(progress.trials) <= 7
    assert len(list_runs()) <= 7


def test_several_runs_per_trial_have_seeds_of_their_own_and_their_mean_counts(home):
    progress = ended(started(max_trials=2, epochs=1, executions_per_trial=3))
    assert sorted({run.spec.seed for run in list_runs()}) == [0, 1, 2]
    for trial in progress.completed:
        assert len(trial.runs) == 3
        assert math.isclose(trial.objective, tuning_toys.accuracy(trial.values["learning_rate"], 1) + 0.001)


def test_two_trials_train_at_once_where_the_settings_allow_it(home, monkeypatch):
    monkeypatch.setenv("TOY_EPOCH_S", "0.3")
    Settings(parallel_runs=2).write(paths.runs())
    ended(started(max_trials=4, epochs=2))
    spans = [(run.events()[1].time_s, run.events()[-1].time_s) for run in list_runs()]
    assert any(a[0] < b[0] < a[1] for a in spans for b in spans)


def test_conditions_hold_in_every_trial(home):
    space = (
        Int("dense_layers.count", 1, 2),
        Choice("dense_layers[1].units", (8, 24), when=Condition("dense_layers.count", (2,))), Boolean("flip"),
    )  # fmt: skip
    group = started(*space, tuner="grid_search", max_trials=0, epochs=1)
    progress = ended(group)
    assert len(progress.completed) == plan(group.search).trials == 6
    for trial in progress.trials:
        assert ("dense_layers[1].units" in trial.values) == (trial.values["dense_layers.count"] == 2)


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


class Death(BaseException):
    """Not caught by anybody, like SIGKILL."""


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
    worker = process_in_the_middle_of_a_run()
    os.kill(Claim.read(group.folder).pid, signal.SIGKILL)
    worker.kill()
    before = wait(group, RunState.INTERRUPTED)
    cut = [run for run in list_runs() if run.state == RunState.INTERRUPTED and len(run.history())]
    group.start()
    after = ended(group)
    assert len(cut) == 1
    check_nothing_is_repeated(before, after, *cut)
    assert len(after.trials) == 6


def process_in_the_middle_of_a_run():
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for run in list_runs():
            claim = Claim.read(run.folder)
            if claim and len(run.history()) in (1, 2) and (process := claim.process()):
                process.suspend()  # while it runs on, the answer is old
                if not run.state.is_over and Claim.read(run.folder) == claim:
                    return process
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


def test_time_ends_a_search_and_more_budget_goes_on_with_it(home, monkeypatch):
    monkeypatch.setenv("TOY_EPOCH_S", "0.2")
    group = started(max_trials=50, epochs=2, minutes=0.05)
    progress = ended(group)
    assert progress.state == RunState.COMPLETED and "minutes were up" in progress.message
    done = len(progress.completed)
    assert 0 < done == len(progress.trials) < 50
    group.extend(minutes=10, epochs=1)
    assert group.search.max_trials == 50 and group.search.epochs == 3
    wait_for_trials(group, done + 1)
    group.request_stop()
    progress = wait(group, RunState.STOPPED)
    assert [trial.epochs for trial in progress.trials[: done + 1]] == [2] * done + [3]


def test_further_trials_are_new_ones(home):
    group = started(max_trials=2, epochs=1)
    first = ended(group)
    group.extend(trials=2)
    progress = ended(group)
    assert progress.message == "All trials are done." and len(progress.completed) == len(list_runs()) == 4
    assert progress.trials[:2] == first.trials
    assert len({trial.values["learning_rate"] for trial in progress.trials}) == 4


def test_hyperband_has_the_planned_rounds_and_counts_a_failure_as_the_worst(home):
    rates = Choice("learning_rate", tuple(first * 1.1**place for first in (0.001, 0.1) for place in range(20)))
    group = started(rates, tuner="hyperband", max_trials=0, epochs=4)
    progress = ended(group)
    assert progress.state == RunState.COMPLETED
    budgets = [trial.epochs for trial in progress.trials]
    rounds = hyperband_rounds(4, 3)
    assert len(budgets) == sum(count for count, _ in rounds) == plan(group.search).trials
    assert sorted(budgets)[0] == 2 and budgets.count(2) == rounds[0][0]
    failed = [trial for trial in progress.trials if trial.state == RunState.FAILED]
    assert [trial for trial in progress.trials if trial.values["learning_rate"] > 0.05] == failed
    first = [trial for trial in progress.trials if trial.epochs == 2]
    bad = [trial for trial in first if trial in failed]
    assert (
        2 <= len(bad) <= len(first) - rounds[1][0]
    )  # a round is short of two without them, and full without promoting one
    promoted = [
        trial for trial in progress.trials if trial.values in [one.values for one in first] and trial.epochs == 4
    ]
    assert len(promoted) == rounds[1][0] and not any(trial in failed for trial in promoted)
    group.extend(passes=1)
    assert len(ended(group).trials) == 2 * len(budgets)
    with pytest.raises(RunError, match="more passes"):
        group.extend(epochs=1)


def test_values_that_come_twice_are_trained_once(home):
    group = started(Choice("learning_rate", (0.001, 0.002)), tuner="bayesian_optimization", max_trials=6, epochs=1)
    progress = ended(group)
    assert len(list_runs()) == 2
    assert len({trial.runs for trial in progress.completed}) == 2


# ---- with training ---------------------------------------------------------------------------------------------------

REAL = {
    "random_search": {"max_trials": 2, "epochs": 1},
    "grid_search": {"max_trials": 0, "epochs": 1},
    "bayesian_optimization": {"max_trials": 2, "epochs": 1},
    "hyperband": {"max_trials": 0, "epochs": 2, "factor": 2},
}


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """All four tuners at once on a tiny network, really trained; the queue keeps them apart, and TensorFlow loaded."""
    home = tmp_path_factory.mktemp("tuned")
    with pytest.MonkeyPatch.context() as patch:
        cache = paths.cache()
        patch.setenv("FMNIST_LAB_HOME", str(home))
        patch.setattr(SearchGroup, "_spawn", drive_in_thread)
        (home / "cache").symlink_to(cache)
        Settings(parallel_runs=1).write(paths.runs())
        groups = {
            tuner: started(RATE, UNITS, tuner=tuner, **limits) if tuner != "grid_search"
            else started(UNITS, tuner=tuner, **limits)
            for tuner, limits in REAL.items()
        }  # fmt: skip
        yield {tuner: wait(group, RunState.COMPLETED, RunState.FAILED) for tuner, group in groups.items()}
        kill_all(home)


@pytest.mark.parametrize("tuner", REAL)
def test_each_tuner_searches_with_real_training(searched, tuner):
    progress = searched[tuner]
    assert progress.state == RunState.COMPLETED, log_of(progress.group)
    assert len(progress.completed) == len(progress.trials) == plan(progress.search).trials
    for trial in progress.trials:
        (run_id,) = trial.runs
        run = next(run for run in list_runs(progress.group.runs_folder) if run.id == run_id)
        assert run.state == RunState.COMPLETED and run.spec.epochs == trial.epochs
        assert run.spec.learning_rate == trial.values.get("learning_rate", BASE.learning_rate)
        assert run.spec.dense_layers[0].units == trial.values["dense_layers[0].units"]
        assert math.isclose(trial.objective, run.history().val_accuracy.max())


def test_a_promoted_trial_goes_on_where_the_earlier_one_ended(searched):
    trials = searched["hyperband"].trials
    promoted = [trial for trial in trials if trial.initial_epoch]
    assert promoted
    runs = {run.id: run for run in list_runs(searched["hyperband"].group.runs_folder)}
    for trial in promoted:
        earlier = next(one for one in trials if one.values == trial.values and one.epochs == trial.initial_epoch)
        before, after = (runs[one.runs[0]].history() for one in (earlier, trial))
        assert len(after) == 2 and before.val_loss.tolist() == after.val_loss.tolist()[: len(before)]
        batches = [event.epoch for event in runs[trial.runs[0]].events() if event.kind == "batch"]
        assert min(batches) > trial.initial_epoch

"""Searches driven to their end with the real Keras Tuner: by a toy that trains nothing, and by real training."""

import math

import pytest
import tuning_toys
from driven_search import (
    BASE,
    RATE,
    drive_in_thread,
    ended,
    kill_all,
    log_of,
    started,
    wait,
    wait_for_trials,
    workspace,
)
from kept_run import write_own_data

from fmnist_core import paths
from fmnist_core.cluster.demand import Demand
from fmnist_core.errors import RunError
from fmnist_core.runs import RunState, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import ConvBlock
from fmnist_core.tuning.group import SearchGroup, find_search, list_searches
from fmnist_core.tuning.plan import hyperband_rounds, plan
from fmnist_core.tuning.space import Boolean, Choice, Condition, Float, Int

pytestmark = pytest.mark.timeout(900)
UNITS = Choice("dense_layers[0].units", (8, 16))


@pytest.fixture
def home(tmp_path, monkeypatch):
    with workspace(tmp_path, monkeypatch):
        yield tmp_path


# ---- with toys -------------------------------------------------------------------------------------------------------


def test_a_search_makes_its_trials_and_finds_the_best_of_them(home):
    group = started(max_trials=6, epochs=2, demand=Demand(cores=3))
    progress = ended(group)
    assert {Demand.read(run.folder) for run in list_runs()} == {Demand(cores=3)}
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


TUNERS = {
    "random_search": {"max_trials": 3, "epochs": 1}, "grid_search": {"max_trials": 0, "epochs": 1},
    "bayesian_optimization": {"max_trials": 3, "epochs": 1}, "hyperband": {"max_trials": 0, "epochs": 2, "factor": 2},
}  # fmt: skip


@pytest.mark.parametrize("tuner", TUNERS)
def test_each_tuner_searches_a_tiny_space_to_its_end(home, tuner):
    space = (UNITS,) if tuner == "grid_search" else (RATE, UNITS)
    progress = ended(started(*space, tuner=tuner, **TUNERS[tuner]))
    assert progress.state == RunState.COMPLETED
    assert len(progress.completed) == len(progress.trials) == plan(progress.search).trials
    runs = {run.id: run.spec for run in list_runs()}
    for trial in progress.trials:
        spec = runs[trial.runs[0]]
        assert spec.dense_layers[0].units == trial.values["dense_layers[0].units"]
        assert spec.learning_rate == trial.values.get("learning_rate", BASE.learning_rate)
        assert (spec.epochs, spec.group) == (trial.epochs, progress.group.id)


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


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """Hyperband on a tiny network and 200 images of noise, really trained; the queue keeps TensorFlow loaded."""
    home, own = tmp_path_factory.mktemp("tuned"), tmp_path_factory.mktemp("own")
    write_own_data(own)
    base = BASE.replace(dataset="own", dataset_folder=str(own), train_limit=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FMNIST_LAB_HOME", str(home))
        patch.setattr(SearchGroup, "_spawn", drive_in_thread)
        Settings(parallel_runs=1).write(paths.runs())
        group = started(RATE, UNITS, base=base, tuner="hyperband", max_trials=0, epochs=2, factor=2)
        yield wait(group, RunState.COMPLETED, RunState.FAILED)
        kill_all(home)


def test_a_search_learns_from_what_its_runs_really_came_to(searched):
    assert searched.state == RunState.COMPLETED, log_of(searched.group)
    assert len(searched.completed) == len(searched.trials) == plan(searched.search).trials
    for trial in searched.trials:
        (run_id,) = trial.runs
        run = next(run for run in list_runs(searched.group.runs_folder) if run.id == run_id)
        assert run.state == RunState.COMPLETED and run.spec.epochs == trial.epochs
        assert run.spec.learning_rate == trial.values["learning_rate"]
        assert run.spec.dense_layers[0].units == trial.values["dense_layers[0].units"]
        assert math.isclose(trial.objective, run.history().val_accuracy.max())


def test_a_promoted_trial_goes_on_where_the_earlier_one_ended(searched):
    trials = searched.trials
    promoted = [trial for trial in trials if trial.initial_epoch]
    assert promoted
    runs = {run.id: run for run in list_runs(searched.group.runs_folder)}
    for trial in promoted:
        earlier = next(one for one in trials if one.values == trial.values and one.epochs == trial.initial_epoch)
        before, after = (runs[one.runs[0]].history() for one in (earlier, trial))
        assert len(after) == 2 and before.val_loss.tolist() == after.val_loss.tolist()[: len(before)]
        batches = [event.epoch for event in runs[trial.runs[0]].events() if event.kind == "batch"]
        assert min(batches) > trial.initial_epoch

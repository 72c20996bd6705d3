"""Runs on a real Dask cluster: a scheduler and three worker processes, some of which die.

One cluster serves all tests. Those that kill its scheduler stand at the end and leave little of it to be started anew.
"""

import importlib
import time

import psutil
import pytest
import toy_worker
from cluster_processes import GPU, DaskProcesses
from driven_search import drive_in_thread

from fmnist_core import crossval, jobs, paths
from fmnist_core.cluster import executor, heartbeat
from fmnist_core.cluster.demand import Demand
from fmnist_core.cluster.executor import executor_of
from fmnist_core.errors import ClusterError
from fmnist_core.processes import THREADS, Claim
from fmnist_core.runs import Run, RunState, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec
from fmnist_core.tuning import driver
from fmnist_core.tuning.group import SearchGroup
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Float
from fmnist_core.tuning.trials import read_progress

pytest.importorskip("distributed", reason="pip install -r requirements-cluster.txt")
pytestmark = pytest.mark.timeout(900)

PATIENCE_S = 300.0  # on a machine that has other things to do
TINY = RunSpec(
    title="Tiny", epochs=5, train_limit=600, batch_size=8, conv_blocks=(ConvBlock(8, 3),),
    dense_layers=(DenseLayer(16),),
)  # fmt: skip
ON_A_GPU = Demand(gpus=1)


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    processes = DaskProcesses(tmp_path_factory.mktemp("dask"))
    yield processes
    processes.close()


@pytest.fixture
def cluster_folder(folder, dask):
    """A runs folder whose Runs go to the cluster, of three workers with a place each, one of them with a GPU."""
    dask.ensure(2, gpu=True)
    yield from _settled(folder, dask)


@pytest.fixture
def few(folder, dask):
    """The same with two workers, or those that are left: for tests that kill some, or the scheduler."""
    dask.ensure(2)
    yield from _settled(folder, dask)


def _settled(folder, dask):
    Settings(parallel_runs=1, scheduler=dask.address).write(folder)
    yield folder
    for run in list_runs(folder):
        jobs.request_stop(run)
    wait_until(lambda: (jobs.reconcile(folder), all(run.state.is_over for run in list_runs(folder)))[1])


def submit(folder, deed: str, demand: Demand | None = None) -> Run:
    return jobs.submit(RunSpec(title=deed), runs_folder=folder, demand=demand)


def wait_until(done, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, "That did not come true in time."
        time.sleep(0.05)


def wait_for(run: Run, state: RunState) -> None:
    """Wait for a state as the app does, which looks after the queue meanwhile."""
    deadline = time.monotonic() + PATIENCE_S
    while (now := run.state) != state and not now.is_over and time.monotonic() < deadline:
        jobs.reconcile(run.folder.parent)
        time.sleep(0.1)
    assert now == state, (now, run.events()[-3:], run.log())


def submit_and_begin(folder, deed: str, demand: Demand | None = None) -> Run:
    run = submit(folder, deed, demand)
    wait_until(lambda: started(run) and run.state == RunState.RUNNING)
    return run


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def started(run: Run) -> list[str]:
    return [event.logs["worker"] for event in run.events() if event.kind == "started"]


def test_runs_complete_on_the_workers_of_the_cluster(cluster_folder):
    runs = [submit(cluster_folder, "quick") for _ in range(4)]
    for run in runs:
        wait_for(run, RunState.COMPLETED)
    assert len({started(run)[0] for run in runs}) > 1
    left = ("cluster.json", "heartbeat", "worker.json")
    wait_until(lambda: not any((run.folder / name).exists() for run in runs for name in left), 5)


def test_a_run_has_the_worker_that_declares_what_it_asks_for_and_one_that_waits_for_it_stops_at_once(cluster_folder):
    busy = submit_and_begin(cluster_folder, "slow", ON_A_GPU)
    claim, plain = Claim.read(busy.folder), submit_and_begin(cluster_folder, "slow")
    assert claim.worker == GPU != Claim.read(plain.folder).worker
    assert claim.process().environ().get("CUDA_VISIBLE_DEVICES") != "-1"
    waiting = submit(cluster_folder, "quick", ON_A_GPU)  # though another worker is idle
    time.sleep(0.5)
    assert waiting.state == RunState.QUEUED
    assert waiting.stop() == RunState.STOPPED
    busy.stop(PATIENCE_S)
    jobs.resume(busy)
    wait_until(lambda: started(busy) == [GPU, GPU])
    assert (waiting.state, started(waiting)) == (RunState.STOPPED, [])
    jobs.resume(waiting)
    busy.stop(PATIENCE_S)
    wait_for(waiting, RunState.COMPLETED)


def test_a_nanny_restarts_its_worker_whose_run_is_queued_meanwhile_and_no_process_is_orphaned(cluster_folder):
    run = submit_and_begin(cluster_folder, "slow", ON_A_GPU)
    claim = Claim.read(run.folder)
    process = claim.process()
    process.parent().kill()
    wait_until(lambda: claim.process() is None)
    assert run.state == RunState.QUEUED
    wait_until(lambda: started(run) == [GPU, GPU] and run.state == RunState.RUNNING)
    assert is_gone(process)


def test_a_running_run_stops_and_its_process_is_gone(cluster_folder):
    run = submit_and_begin(cluster_folder, "slow")
    process = Claim.read(run.folder).process()
    assert run.stop(PATIENCE_S) == RunState.STOPPED
    assert is_gone(process)
    assert run.events()[-1].logs["message"] == "Stopped on request."


def test_a_run_that_does_not_listen_is_killed(cluster_folder):
    run = submit_and_begin(cluster_folder, "deaf")
    process = Claim.read(run.folder).process()
    assert run.stop(PATIENCE_S) == RunState.STOPPED
    assert is_gone(process)
    assert "Killed" in run.events()[-1].logs["message"]


def test_a_process_whose_run_was_claimed_by_somebody_else_ends(cluster_folder):
    run = submit_and_begin(cluster_folder, "slow")
    process = Claim.read(run.folder).process()
    Claim(0, 0.0, "elsewhere", "another attempt").write(run.folder)
    wait_until(lambda: is_gone(process), 15)


def test_a_process_that_dies_alone_fails_its_run_with_the_reason(cluster_folder):
    run = submit(cluster_folder, "killed")
    wait_for(run, RunState.FAILED)
    assert "a signal (9)" in run.events()[-1].logs["message"]


@pytest.fixture(scope="class")
def other_machine(dask, tmp_path_factory):
    """A larger worker with an address of its own, which does not see the storage while the file is there."""
    dask.ensure(2, gpu=True)
    blindness = tmp_path_factory.mktemp("other") / "blind"
    name = dask.start_worker("large", host="127.0.0.2", threads=4, resources="RUN=4 CORES=3", BLIND=str(blindness))
    dask.await_workers(4)
    yield blindness
    dask.kill_worker(name)


class TestOnAMachineOfItsOwn:
    """While it is there, all Runs ask for cores, which no other worker declares."""

    def test_a_worker_that_does_not_see_the_runs_folder_is_named_and_nothing_is_written(
        self, cluster_folder, other_machine
    ):
        other_machine.touch()
        executor_of(cluster_folder, wait_s=30).look_again()
        wait_until(lambda: executor_of(cluster_folder).snapshot.faults)
        with pytest.raises(ClusterError, match=r"Expected worker large on 127.0.0.2 to see the runs .* Received"):
            submit(cluster_folder, "quick")
        assert list_runs(cluster_folder) == []
        other_machine.unlink()
        executor_of(cluster_folder).look_again()
        wait_until(lambda: not executor_of(cluster_folder).problem)

    def test_a_worker_has_no_more_runs_at_once_than_it_has_cores_and_each_computes_with_its_own(
        self, cluster_folder, other_machine
    ):
        wait_until(lambda: len(executor_of(cluster_folder, wait_s=30).snapshot.workers) == 4)
        heavy, light, waiting = runs = [submit(cluster_folder, "slow", Demand(cores)) for cores in (2, 1, 2)]
        wait_until(lambda: started(heavy) == started(light) == ["large"])
        time.sleep(0.5)
        assert [run.state for run in runs] == [RunState.RUNNING, RunState.RUNNING, RunState.QUEUED]
        for run, cores in ((heavy, "2"), (light, "1")):
            assert {Claim.read(run.folder).process().environ()[name] for name in THREADS} == {cores}
        light.stop(PATIENCE_S)  # leaves two cores less one: too few
        time.sleep(0.5)
        assert waiting.state == RunState.QUEUED
        heavy.stop(PATIENCE_S)
        wait_until(lambda: started(waiting) == ["large"])


def test_the_fold_of_a_killed_worker_goes_on_from_its_checkpoint_elsewhere(cluster_folder, dask):
    group = crossval.launch(crossval.CrossValidation(TINY, folds=3), cluster_folder)
    run, *others = crossval.find_group(group, list_runs(cluster_folder)).runs
    wait_until((run.folder / "checkpoint.json").exists)
    claim = Claim.read(run.folder)
    process = claim.process()
    dask.kill_worker(claim.worker)
    wait_until(lambda: is_gone(process), 15)
    for each in (run, *others):
        wait_for(each, RunState.COMPLETED)
    first, second = started(run)
    assert first == claim.worker != second
    begun = [event.epoch for event in run.events() if event.logs.get("phase") == "training"]
    assert begun[0] == 0 < 1 <= begun[1]
    assert list(run.history()["epoch"]) == list(range(1, TINY.epochs + 1))


def test_a_search_whose_scheduler_is_killed_loses_no_trial_and_none_counts_as_failed(tmp_path, monkeypatch, dask):
    importlib.import_module("fmnist_core.tuning.oracles")  # TensorFlow comes with it: before any clock runs
    dask.ensure(2)
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(SearchGroup, "_spawn", drive_in_thread)
    monkeypatch.setattr(driver, "RECONCILE_S", 0.2)
    settled = _settled(paths.runs(), dask)
    folder = next(settled)
    search = Search("A search", RunSpec(title="trial"), (Float("learning_rate", 1e-4, 1e-2),), max_trials=6, epochs=4)
    group = SearchGroup.create(search)
    group.start()
    wait_until(lambda: read_progress(group).completed)
    dask.hold.touch()
    wait_until(lambda: any(map(is_held, list_runs(folder))))
    dask.kill_scheduler()
    before = read_progress(group)
    cut = [run for run in list_runs(folder) if is_held(run)]
    assert before.state == RunState.RUNNING and cut
    dask.hold.unlink()
    dask.ensure(2)
    wait_until(lambda: group.state.is_over)
    after, runs = read_progress(group), list_runs(folder)
    assert (after.state, len(after.completed), len(after.trials)) == (RunState.COMPLETED, 6, 6), after.message
    assert [one.runs for one in after.trials[: len(before.trials)]] == [one.runs for one in before.trials]
    assert {(run.id,) for run in runs} == {trial.runs for trial in after.trials}
    assert {run.id for run in runs if len(started(run)) == 2} >= {run.id for run in cut}
    for run in runs:  # no epoch is done twice
        assert [event.epoch for event in run.events() if event.kind == "epoch"] == [1, 2, 3, 4]
    assert after.best.objective == max(run.history()["val_accuracy"].max() for run in runs)
    next(settled, None)


def is_held(run: Run) -> bool:
    """Whether a trial stands after its first epoch."""
    last = next(reversed(run.events()), None)  # one that is just being created has no event yet
    return last is not None and last.kind == "epoch" and last.epoch == 1 and time.time() - last.time_s > 0.5


def test_a_run_that_outlives_too_many_workers_fails_with_the_reason_and_can_go_on(few, dask, monkeypatch):
    monkeypatch.setattr(executor, "SETTLE_S", 1.0)
    dask.on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 0))
    run = submit_and_begin(few, "slow")
    dask.kill_worker(Claim.read(run.folder).worker)
    wait_for(run, RunState.FAILED)
    assert "too many workers died" in run.events()[-1].logs["message"]
    jobs.resume(run)
    wait_for(run, RunState.RUNNING)
    assert run.stop(PATIENCE_S) == RunState.STOPPED
    wait_until(lambda: not heartbeat.is_fresh(run.folder), 15)  # the watcher takes it away after the process


def test_a_lost_scheduler_leaves_runs_marked_and_they_go_on_here(folder, dask, monkeypatch):
    monkeypatch.setattr(executor, "GONE_S", 2.0)
    dask.ensure(1)
    Settings(parallel_runs=1, scheduler=dask.address).write(folder)
    running, *_ = [submit_and_begin(folder, "slow") for _ in dask.workers]
    waiting = submit(folder, "quick")
    dask.kill_scheduler()
    wait_for(running, RunState.INTERRUPTED)
    assert "The scheduler at" in running.events()[-1].logs["message"]
    assert (waiting.state, jobs.queue(folder)) == (RunState.QUEUED, [waiting])
    assert "Expected a Dask scheduler at" in executor_of(folder).problem
    with toy_worker.in_threads(folder):
        Settings(parallel_runs=2).write(folder)
        wait_for(waiting, RunState.COMPLETED)
        jobs.resume(running)
        wait_for(running, RunState.RUNNING)
        assert Claim.read(running.folder).worker == ""
        assert running.stop() == RunState.STOPPED

"""Runs on a real Dask cluster: a scheduler and three worker processes, some of which die."""

import time
import urllib.request

import psutil
import pytest
from cluster_processes import DaskProcesses

from fmnist_core import crossval, jobs, paths
from fmnist_core.cluster import executor, heartbeat
from fmnist_core.cluster.executor import executor_of
from fmnist_core.errors import ClusterError
from fmnist_core.processes import THREADS, Claim
from fmnist_core.runs import Run, RunState, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec
from fmnist_core.tuning.group import SearchGroup
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Float
from fmnist_core.tuning.trials import read_progress

pytest.importorskip("distributed", reason="pip install -r requirements-cluster.txt")
pytestmark = pytest.mark.timeout(900)

PATIENCE_S = 300.0  # on a machine that has other things to do
TINY = RunSpec(
    title="Tiny", epochs=6, train_limit=1500, batch_size=16, conv_blocks=(ConvBlock(8, 3),),
    dense_layers=(DenseLayer(16),),
)  # fmt: skip


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    processes = DaskProcesses(tmp_path_factory.mktemp("dask"))
    processes.start_scheduler()
    yield processes
    processes.close()


@pytest.fixture
def cluster_folder(folder, dask):
    """A runs folder whose Runs go to the cluster, of three workers with a place each."""
    dask.ensure_workers(3)
    yield from _settled(folder, dask.address)


def _settled(folder, address):
    Settings(parallel_runs=1, scheduler=address).write(folder)
    yield folder
    for run in list_runs(folder):
        jobs.request_stop(run)
    wait_until(lambda: (jobs.reconcile(folder), all(run.state.is_over for run in list_runs(folder)))[1])


def submit(folder, deed: str) -> Run:
    return jobs.submit(RunSpec(title=deed), runs_folder=folder)


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


def submit_and_begin(folder, deed: str) -> Run:
    run = submit(folder, deed)
    wait_until(lambda: started(run) and run.state == RunState.RUNNING)
    return run


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def started(run: Run) -> list[str]:
    return [event.logs["worker"] for event in run.events() if event.kind == "started"]


def test_runs_complete_on_the_workers_of_the_cluster(cluster_folder):
    runs = [submit(cluster_folder, "quick") for _ in range(6)]
    for run in runs:
        wait_for(run, RunState.COMPLETED)
    assert len({started(run)[0] for run in runs}) > 1
    left = ("cluster.json", "heartbeat", "worker.json")
    wait_until(lambda: not any((run.folder / name).exists() for run in runs for name in left), 5)


def test_a_worker_has_no_more_runs_at_once_than_its_resources_bear(cluster_folder, dask):
    large = dask.start_worker(threads=4, resources="RUN=4 CORES=2")
    dask.await_workers(4)
    executor_of(cluster_folder, wait_s=30).look_again()
    wait_until(lambda: executor_of(cluster_folder).resources() == {"RUN": 1, "CORES": 1})
    Settings(parallel_runs=1, scheduler=dask.address, run_cores=2).write(cluster_folder)
    runs = [submit(cluster_folder, "slow") for _ in range(3)]
    wait_until(lambda: any(map(started, runs)))
    time.sleep(1)
    assert sorted(run.state for run in runs) == [RunState.QUEUED] * 2 + [RunState.RUNNING]
    claim = Claim.read(next(run for run in runs if started(run)).folder)
    assert claim.worker == large
    assert {claim.process().environ()[name] for name in THREADS} == {"2"}
    assert_answers(executor_of(cluster_folder).snapshot.dashboard)
    for run in runs:
        run.stop(PATIENCE_S)
    dask.kill_worker(large)


def assert_answers(dashboard: str) -> None:
    with urllib.request.urlopen(dashboard, timeout=60) as answer:
        assert "Dask" in answer.read().decode()


def test_the_fold_of_a_killed_worker_goes_on_from_its_checkpoint_elsewhere(cluster_folder, dask):
    group = crossval.launch(crossval.CrossValidation(TINY, folds=3), cluster_folder)
    runs = crossval.find_group(group, list_runs(cluster_folder)).runs
    run = runs[0]
    wait_until((run.folder / "checkpoint.json").exists)
    claim = Claim.read(run.folder)
    process = claim.process()
    dask.kill_worker(claim.worker)
    wait_until(lambda: is_gone(process), 10)
    for each in runs:
        wait_for(each, RunState.COMPLETED)
    first, second = started(run)
    assert first == claim.worker != second
    begun = [event.epoch for event in run.events() if event.logs.get("phase") == "training"]
    assert begun[0] == 0
    assert begun[1] >= 1
    assert list(run.history()["epoch"]) == list(range(1, TINY.epochs + 1))


def test_a_search_has_its_trials_trained_on_the_cluster(tmp_path, monkeypatch, dask):
    dask.ensure_workers(3)
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    settled = _settled(paths.runs(), dask.address)
    folder = next(settled)
    search = Search("A search", TINY, (Float("learning_rate", 1e-4, 1e-2, log=True),), max_trials=3, epochs=2)
    group = SearchGroup.create(search)
    group.start()
    wait_until(lambda: group.state.is_over)
    progress = read_progress(group)
    assert (group.state, len(progress.completed)) == (RunState.COMPLETED, 3), progress.message
    runs = list_runs(folder)
    assert [len(started(run)) for run in runs] == [1, 1, 1]
    assert progress.best.objective == max(run.history()["val_accuracy"].max() for run in runs)
    next(settled, None)


def test_a_run_that_waits_for_another_worker_is_queued_not_interrupted(cluster_folder, dask):
    runs = [submit(cluster_folder, "slow") for _ in range(3)]
    wait_until(lambda: all(run.state == RunState.RUNNING for run in runs))
    claim = Claim.read(runs[0].folder)
    dask.kill_worker(claim.worker)
    wait_until(lambda: claim.process() is None)
    assert runs[0].state == RunState.QUEUED
    runs[1].stop(PATIENCE_S)
    wait_until(lambda: runs[0].state == RunState.RUNNING)


def test_a_nanny_restarts_its_worker_and_no_process_is_orphaned(cluster_folder, dask):
    nanny = dask.start_worker(nanny=True)
    dask.await_workers(4)
    runs = [submit(cluster_folder, "slow") for _ in range(4)]
    wait_until(lambda: all(map(started, runs)))
    run = next(run for run in runs if Claim.read(run.folder).worker == nanny)
    process = Claim.read(run.folder).process()
    process.parent().kill()
    wait_until(lambda: len(started(run)) == 2 and run.state == RunState.RUNNING)
    assert is_gone(process)
    dask.kill_worker(nanny)  # its worker ends with it


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


def test_a_run_that_waits_at_the_scheduler_stops_at_once_and_never_begins(cluster_folder):
    busy = [submit(cluster_folder, "slow") for _ in range(3)]
    wait_until(lambda: all(run.state == RunState.RUNNING for run in busy))
    waiting = submit(cluster_folder, "quick")
    assert waiting.stop() == RunState.STOPPED
    busy[0].stop(PATIENCE_S)
    wait_for(submit(cluster_folder, "quick"), RunState.COMPLETED)
    assert waiting.state == RunState.STOPPED
    assert started(waiting) == []
    jobs.resume(waiting)
    wait_for(waiting, RunState.COMPLETED)


def test_a_process_whose_run_was_claimed_by_somebody_else_ends(cluster_folder):
    run = submit_and_begin(cluster_folder, "slow")
    process = Claim.read(run.folder).process()
    Claim(0, 0.0, "elsewhere", "another attempt").write(run.folder)
    wait_until(lambda: is_gone(process), 15)


def test_a_process_that_dies_alone_fails_its_run_with_the_reason(cluster_folder):
    run = submit(cluster_folder, "killed")
    wait_for(run, RunState.FAILED)
    assert "a signal (9)" in run.events()[-1].logs["message"]


def test_a_worker_that_does_not_see_the_runs_folder_is_named_and_nothing_is_written(cluster_folder, dask):
    blind = dask.start_worker(host="127.0.0.2", BLIND="1")
    dask.await_workers(4)
    executor_of(cluster_folder, wait_s=30).look_again()
    wait_until(lambda: executor_of(cluster_folder).snapshot.faults)
    with pytest.raises(ClusterError, match=rf"Expected worker {blind} on 127.0.0.2 to see the runs folder .* Received"):
        submit(cluster_folder, "quick")
    assert list_runs(cluster_folder) == []
    dask.kill_worker(blind)
    wait_until(lambda: not executor_of(cluster_folder).problem)


@pytest.fixture
def other(tmp_path_factory, folder):
    """A cluster of its own, whose scheduler may be killed; it forgives no lost worker."""
    processes = DaskProcesses(tmp_path_factory.mktemp("other"))
    processes.start_scheduler(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    processes.ensure_workers(1)
    Settings(parallel_runs=1, scheduler=processes.address).write(folder)
    yield processes
    processes.close()


def test_a_lost_scheduler_leaves_runs_marked_and_they_go_on_here(folder, other, monkeypatch):
    monkeypatch.setattr(executor, "GONE_S", 2.0)
    running = submit_and_begin(folder, "slow")
    waiting = submit(folder, "quick")
    other.kill_scheduler()
    wait_for(running, RunState.INTERRUPTED)
    assert "The scheduler at" in running.events()[-1].logs["message"]
    assert waiting.state == RunState.QUEUED
    assert jobs.queue(folder) == [waiting]
    assert "Expected a Dask scheduler at" in executor_of(folder).problem
    Settings(parallel_runs=2).write(folder)
    wait_for(waiting, RunState.COMPLETED)
    jobs.resume(running)
    wait_for(running, RunState.RUNNING)
    assert Claim.read(running.folder).worker == ""
    assert running.stop() == RunState.STOPPED


def test_a_run_that_outlives_too_many_workers_fails_with_the_reason_and_can_go_on(folder, other, monkeypatch):
    monkeypatch.setattr(executor, "SETTLE_S", 1.0)
    run = submit_and_begin(folder, "slow")
    (name,) = other.workers
    other.kill_worker(name)
    wait_for(run, RunState.FAILED)
    assert "too many workers died" in run.events()[-1].logs["message"]
    other.ensure_workers(1)
    jobs.resume(run)
    wait_for(run, RunState.RUNNING)
    assert run.stop(PATIENCE_S) == RunState.STOPPED
    assert not heartbeat.is_fresh(run.folder)

"""The pieces of executing Runs on a cluster, without one."""

import os
import re
import sys
import time
import tomllib
from pathlib import Path

import pytest

import fmnist_core
from fmnist_core import jobs
from fmnist_core.cluster import checks, executor, handover, heartbeat, leash
from fmnist_core.cluster.address import VARIABLE, scheduler_address, scheduler_of
from fmnist_core.cluster.demand import Demand
from fmnist_core.cluster.executor import Cluster, look_after
from fmnist_core.cluster.handover import Handover
from fmnist_core.cluster.link import Link, Snapshot, Worker
from fmnist_core.errors import ClusterError, SpecError
from fmnist_core.processes import Claim
from fmnist_core.queue_file import QUEUE_FILE
from fmnist_core.runs import Run, RunState, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import RunSpec

ADDRESS = "tcp://127.0.0.1:9"  # the port of "discard": nothing listens


@pytest.mark.parametrize(
    "text, address",
    [
        ("", ""), ("  ", ""), ("host:8786", "tcp://host:8786"), ("tls://node-1.example.org:1/", "tls://node-1.example.org:1"),
        ("tcp://[::1]:8786", "tcp://[::1]:8786"), (" tcp://10.0.0.1:08786 ", "tcp://10.0.0.1:8786"),
    ],
)  # fmt: skip
def test_an_address_is_written_in_full(text, address):
    assert scheduler_address(text) == address
    assert Settings(scheduler=text).scheduler == address


@pytest.mark.parametrize("text", ["host", "host:", "ftp://host:1", "host:0", "host:70000", "a b:1", "tcp://:8786", 5])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(SpecError, match="Expected the address of a"):
        Settings(scheduler=text)


def test_the_environment_wins_over_the_settings(tmp_path, monkeypatch):
    assert scheduler_of(tmp_path) == ""
    Settings(scheduler="filed:1").write(tmp_path)
    assert scheduler_of(tmp_path) == "tcp://filed:1"
    monkeypatch.setenv(VARIABLE, "set:2")
    assert scheduler_of(tmp_path) == "tcp://set:2"
    monkeypatch.setenv(VARIABLE, "nonsense")
    with pytest.raises(SpecError, match=rf"{VARIABLE}: Expected .* Received 'nonsense'"):
        scheduler_of(tmp_path)


def test_settings_of_before_clusters_are_read(tmp_path):
    (tmp_path / "settings.json").write_text('{"parallel_runs": 3}')
    assert Settings.read(tmp_path) == Settings(parallel_runs=3)


@pytest.mark.parametrize("change", [{"run_cores": 0}, {"run_gpus": -1}, {"run_memory_gb": 0}, {"run_cores": 1.5}])
def test_a_senseless_demand_is_refused(change):
    with pytest.raises(SpecError, match="Expected"):
        Settings(**change)


def test_only_resources_that_somebody_declares_are_asked_for():
    demand = Demand(cores=2, memory_gb=4)
    assert demand.resources([{}]) == {}
    assert demand.resources([{"RUN": 1}, {}]) == {"RUN": 1}
    assert demand.resources([{"CORES": 8, "MEMORY": 32e9, "GPU": 1}]) == {"CORES": 2, "MEMORY": 4e9}
    assert Demand(gpus=1).resources([{"GPU": 1}, {}]) == {"GPU": 1}


def test_a_demand_that_no_worker_meets_is_refused():
    with pytest.raises(ClusterError, match="Expected a worker that declares 1 GPU. Received none"):
        Demand(gpus=1).resources([{"CORES": 4}])
    with pytest.raises(ClusterError, match=r"with 16 cores, which .* at most 8 cores\.$"):
        Demand(cores=16).resources([{"CORES": 8}, {"CORES": 4}])
    with pytest.raises(ClusterError, match="with 8 cores, 2 GPUs, .* at most 8 cores, 2 GPUs, not all of it on one"):
        Demand(cores=8, gpus=2).resources([{"CORES": 8}, {"CORES": 4, "GPU": 2}])


def test_a_worker_shares_its_threads_among_the_runs_that_it_has_room_for():
    assert Demand().threads(8, {}) == 1
    assert Demand().threads(8, {"RUN": 1}) == 8
    assert Demand().threads(8, {"RUN": 3}) == 2
    assert Demand(cores=3).threads(8, {"CORES": 8}) == 3
    assert Demand(memory_gb=4).places(8, {"MEMORY": 9e9}) == 2
    assert Demand(gpus=1).places(8, {"GPU": 1, "RUN": 4}) == 1


def test_the_version_is_that_of_the_project():
    project = tomllib.loads((Path(__file__).resolve().parent.parent / "pyproject.toml").read_text())["project"]
    assert fmnist_core.__version__ == project["version"]


def run_of(folder, *events: str, claim: Claim | None = None, handed: Handover | None = None) -> Run:
    run = Run.create(RunSpec(title="quick"), folder)
    for kind in events:
        run.write_event(kind)
    for part in (claim, handed):
        if part:
            part.write(run.folder)
    return run


def handed_over(key: str = "key", *, age_s: float = 60.0) -> Handover:
    return Handover(key, ADDRESS, "Scheduler-1", time.time() - age_s)


ELSEWHERE = Claim(4711, 1.0, "another-machine", watch="attempt", worker="w1")


def test_a_process_on_another_machine_lives_as_long_as_it_beats(tmp_path):
    run = run_of(tmp_path, "queued", "started", claim=ELSEWHERE, handed=handed_over())
    assert run.state == RunState.QUEUED  # its worker is lost, the cluster will find another
    heartbeat.beat(run.folder)
    assert run.state == RunState.RUNNING
    old_s = time.time() - heartbeat.FRESH_S - 1
    os.utime(run.folder / heartbeat.FILE_NAME, (old_s, old_s))
    assert run.state == RunState.QUEUED
    handover.take_back(run.folder)
    assert run.state == RunState.INTERRUPTED


@pytest.mark.parametrize("ahead_s", [3600, -3600])
def test_a_clock_that_differs_from_the_storages_does_not_matter(tmp_path, monkeypatch, ahead_s):
    run = run_of(tmp_path, claim=ELSEWHERE)
    heartbeat.beat(run.folder)
    now = time.time
    monkeypatch.setattr(heartbeat.time, "time", lambda: now() + ahead_s)
    assert heartbeat.is_fresh(run.folder)


def test_a_dead_process_of_this_machine_is_dead_however_fresh_its_beat(tmp_path):
    claim = Claim(Claim.of().pid, 1.0, Claim.of().host, watch="attempt")
    run = run_of(tmp_path, "queued", "started", claim=claim)
    heartbeat.beat(run.folder)
    assert run.state == RunState.INTERRUPTED


def cluster(**found) -> Cluster:
    return Cluster(Link(ADDRESS, Path("unused")), Snapshot(time.monotonic(), **found))


UP = {"scheduler_id": "Scheduler-1", "workers": (Worker("a", "w1", "m1", 4, 0, {}),)}


def test_a_run_that_the_scheduler_knows_stays_with_it(tmp_path):
    run = run_of(tmp_path, "queued", handed=handed_over())
    for tasks in ({"key": "processing"}, {}):
        assert look_after(tmp_path, [run.id], cluster(**UP, tasks=tasks)).away == [run.id]
    assert look_after(tmp_path, [run.id], cluster(reason="silent", unreachable_s=5)).away == [run.id]


@pytest.mark.parametrize(
    "found",
    [
        {"reason": "silent", "unreachable_s": 60},
        UP | {"scheduler_id": "Scheduler-2"},
        UP | {"tasks": {"key": None}},
        None,
    ],
)
def test_a_lost_run_is_marked_if_it_had_begun_and_waits_again_if_not(tmp_path, found):
    begun = run_of(tmp_path, "queued", "handed_over", "started", claim=ELSEWHERE, handed=handed_over())
    fresh = run_of(tmp_path, "queued", "handed_over", handed=handed_over())
    fates = look_after(tmp_path, [begun.id, fresh.id], cluster(**found) if found else None)
    assert (fates.away, fates.waiting) == ([], [fresh.id])
    assert begun.state == (RunState.FAILED if found and "tasks" in found else RunState.INTERRUPTED)
    assert begun.events()[-1].logs["message"]
    assert (fresh.state, handover.is_handed_over(fresh.folder)) == (RunState.QUEUED, False)


def test_a_lost_run_whose_process_lives_on_is_left_alone(tmp_path):
    run = run_of(tmp_path, "queued", "started", claim=ELSEWHERE, handed=handed_over())
    heartbeat.beat(run.folder)
    fates = look_after(tmp_path, [run.id], cluster(reason="silent", unreachable_s=60))
    assert fates.away == [run.id]
    assert run.state == RunState.RUNNING


def test_a_run_that_never_begins_is_not_handed_over_for_ever(tmp_path):
    run = run_of(tmp_path, "queued", *["handed_over"] * executor.MOST_TRIES, handed=handed_over())
    assert look_after(tmp_path, [run.id], cluster(**UP, tasks={"key": None})).waiting == []
    assert run.state == RunState.FAILED


def test_a_lost_run_that_was_asked_to_stop_is_stopped(tmp_path):
    run = run_of(tmp_path, "queued", "started", handed=handed_over())
    (run.folder / "stop").touch()
    look_after(tmp_path, [run.id], cluster(reason="silent", unreachable_s=60))
    assert run.state == RunState.STOPPED


def test_a_run_does_not_start_here_while_a_process_elsewhere_works_on_it(folder):
    run = run_of(folder, "queued", "started", "stopped", claim=ELSEWHERE)
    heartbeat.beat(run.folder)
    jobs.resume(run)
    assert jobs.queue(folder) == [run]
    heartbeat.end(run.folder)
    jobs.reconcile(folder)
    assert run.wait(120) == RunState.COMPLETED


def test_a_queue_made_anew_knows_what_the_cluster_has(folder):
    run = run_of(folder, "queued", handed=handed_over())
    (folder / QUEUE_FILE).write_text("{")
    Settings(scheduler=ADDRESS).write(folder)
    jobs.reconcile(folder)
    assert jobs.queue(folder) == []
    assert run.state == RunState.QUEUED


def test_a_missing_package_is_named_with_the_command_that_installs_it(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    Settings(scheduler="tcp://127.0.0.1:10").write(folder)
    with pytest.raises(ClusterError, match="Expected the package distributed.*requirements-cluster.txt"):
        jobs.submit(RunSpec(title="quick"), runs_folder=folder)
    assert list_runs(folder) == []


def test_a_scheduler_that_does_not_answer_lets_runs_wait_without_blocking_anybody(folder, monkeypatch):
    pytest.importorskip("distributed")
    Settings(scheduler=ADDRESS).write(folder)
    run = jobs.submit(RunSpec(title="quick"), runs_folder=folder)
    assert jobs.queue(folder) == [run]
    began_s = time.monotonic()
    jobs.reconcile(folder)
    assert time.monotonic() - began_s < 1
    assert f"Expected a Dask scheduler at {ADDRESS}" in executor.executor_of(folder).problem
    Settings().write(folder)
    jobs.reconcile(folder)
    assert run.wait(120) == RunState.COMPLETED


def test_a_nonsense_address_in_the_environment_starts_nothing_and_says_why(folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, "nonsense")
    with pytest.raises(ClusterError, match=VARIABLE):
        jobs.submit(RunSpec(title="quick"), runs_folder=folder)
    jobs.reconcile(folder)


class AnsweringClient:
    """Stands in for a cluster of one worker whose machine sees `folder` as the runs folder."""

    def __init__(self, **answer) -> None:
        self._answer = answer

    def sync(self, function, client, folder, name, workers, **options):
        return {workers[0]: self._answer.get("raw") or checks.look(self._answer.get("folder", folder), name)}


def test_a_folder_that_a_machine_sees_passes_and_leaves_nothing(tmp_path):
    assert checks.faults(AnsweringClient(), tmp_path, {"a": "worker w1 on m1"}) == {}
    assert list(tmp_path.iterdir()) == []


def test_another_folder_an_absent_program_and_silence_are_told_apart(tmp_path):
    (runs := tmp_path / "runs").mkdir()
    for client, words in (
        (AnsweringClient(folder=str(tmp_path / "absent")), "Expected worker w1 on m1 to see .* Received FileNotFound"),
        (AnsweringClient(raw=ModuleNotFoundError("No module")), "Expected worker w1 on m1 to find this program"),
        (AnsweringClient(raw=TimeoutError("late")), "Expected worker w1 on m1 to answer"),
    ):
        fault = checks.faults(client, runs, {"a": "worker w1 on m1"})["a"]
        assert re.search(words, fault), fault


def test_a_process_that_is_not_on_the_leash_of_this_attempt_gives_way(tmp_path, monkeypatch):
    run = run_of(tmp_path, "queued", claim=ELSEWHERE, handed=handed_over())
    monkeypatch.setenv(leash.WATCH_VARIABLE, "an older attempt")
    monkeypatch.setenv(leash.PARENT_VARIABLE, str(os.getppid()))
    assert not leash.hold(run)

"""What each Run asks of a worker, from its launch to its hand-over, without a cluster."""

import time
from dataclasses import asdict

import pytest

from fmnist_core import jobs
from fmnist_core.cluster import handover, link
from fmnist_core.cluster.demand import FILE_NAME, Demand
from fmnist_core.cluster.executor import HANDED, MOST_TRIES, Cluster, executor_of
from fmnist_core.cluster.link import Snapshot, Worker
from fmnist_core.cluster.overview import why_waiting
from fmnist_core.errors import ClusterError, SpecError
from fmnist_core.runs import Run, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import RunSpec

ADDRESS = "tcp://127.0.0.1:9"  # the port of "discard": nothing listens
SMALL = Worker("a", "small", "m1", 4, 0, {"CORES": 4, "MEMORY": 8e9})
LARGE = Worker("b", "large", "m2", 16, 0, {"CORES": 16, "MEMORY": 64e9, "GPU": 2})


class Scheduler:
    """Stands in for one with some workers: notes what it is given, and for what it is asked."""

    def __init__(self, *workers: Worker) -> None:
        self.workers, self.taken = workers, []

    def snapshot(self, *_, **__) -> Snapshot:
        return Snapshot(time.monotonic(), scheduler_id="S", workers=self.workers)

    def submit(self, function, ticket, *, key, resources) -> bool:
        self.taken.append((Demand(**ticket.demand), resources))
        return True


@pytest.fixture
def scheduler(folder, monkeypatch):
    stand_in = Scheduler(SMALL, LARGE)
    monkeypatch.setattr(link.Link, "snapshot", stand_in.snapshot)
    monkeypatch.setattr(link.Link, "is_connected", True)
    monkeypatch.setattr(link.Link, "submit", lambda self, *args, **options: stand_in.submit(*args, **options))
    Settings(scheduler=ADDRESS, run_cores=2).write(folder)
    return stand_in


@pytest.fixture(autouse=True)
def no_process(monkeypatch):
    monkeypatch.setattr(jobs, "_start_worker", lambda run: None)


def submit(folder, demand: Demand | None = None) -> Run:
    return jobs.submit(RunSpec(title="quick"), runs_folder=folder, demand=demand)


def test_each_run_asks_for_its_own(folder, scheduler):
    plain, heavy = submit(folder), submit(folder, Demand(8, 1, 32))
    assert scheduler.taken == [
        (Demand(2, 0, 2), {"CORES": 2, "MEMORY": 2e9}),
        (Demand(8, 1, 32), {"CORES": 8, "MEMORY": 32e9, "GPU": 1}),
    ]
    assert (Demand.read(plain.folder), Demand.read(heavy.folder)) == (Demand(2, 0, 2), Demand(8, 1, 32))


def test_it_stays_the_runs_own_when_the_settings_change_and_it_is_queued_again(folder, scheduler):
    runs = [submit(folder), submit(folder, Demand(3))]
    Settings(scheduler=ADDRESS, run_cores=4).write(folder)
    for run in runs:
        handover.take_back(run.folder)
        run.write_event("failed", message="Its worker died.")
        jobs.resume(run)
    assert [demand.cores for demand, _ in scheduler.taken] == [2, 3, 2, 3]
    Demand(3, memory_gb=16).write(runs[1].folder)  # as the page does, where it needs more
    runs[1].write_event("failed")
    jobs.resume(runs[1])
    assert scheduler.taken[-1] == (Demand(3, 0, 16), {"CORES": 3, "MEMORY": 16e9})


def test_more_than_any_worker_has_is_refused_and_nothing_is_written(folder, scheduler):
    for demand, reason in ((Demand(32), "32 cores.* at most 16 cores"), (Demand(4, 4), "4 GPUs.* at most 2 GPUs")):
        with pytest.raises(ClusterError, match=reason):
            submit(folder, demand)
    assert list_runs(folder) == []


def test_a_run_whose_worker_has_left_waits_with_the_reason_and_those_behind_it_pass(folder, scheduler):
    scheduler.workers = ()
    heavy, light = submit(folder, Demand(8)), submit(folder)
    assert scheduler.taken == []
    scheduler.workers = (SMALL,)
    jobs.reconcile(folder)
    assert [demand.cores for demand, _ in scheduler.taken] == [2]
    assert (jobs.queue(folder), handover.is_handed_over(light.folder)) == ([heavy], True)
    assert "Expected a worker with 8 cores" in why_waiting(executor_of(folder), jobs.queue(folder))
    scheduler.workers = (SMALL, LARGE)
    assert why_waiting(executor_of(folder), jobs.queue(folder)) == ""
    jobs.reconcile(folder)
    assert (scheduler.taken[-1][0].cores, jobs.queue(folder)) == (8, [])


def test_only_workers_that_have_it_count_as_places():
    def places(demand, *workers):
        return Cluster(link.Link(ADDRESS, None), Scheduler(*workers).snapshot()).places(demand)

    assert [places(Demand(cores, gpus), SMALL, LARGE) for cores, gpus in ((1, 0), (4, 0), (4, 1), (5, 0), (99, 0))] == [
        4 + 16, 1 + 4, 2, 3, 0,
    ]  # fmt: skip
    assert places(Demand(8)) == 0


def test_where_no_cluster_is_set_nothing_is_written_unless_it_is_asked_for(folder):
    assert not (submit(folder).folder / FILE_NAME).exists()
    assert Demand.read(submit(folder, Demand(4)).folder) == Demand(4)


def test_one_that_is_damaged_counts_as_what_the_settings_name(folder):
    run = Run.create(RunSpec(), folder)
    Settings(run_cores=7).write(folder)
    for text in ("{", "[]", '{"cores": 0}', '{"cpus": 2}'):
        (run.folder / FILE_NAME).write_text(text)
        assert (Demand.read(run.folder), Demand.of(run.folder)) == (None, Demand(7))


def test_words_and_bad_numbers():
    assert Demand().words == "1 core, 2 GB"
    assert Demand(4, 1, 0.5).words == "4 cores, 1 GPU, 0.5 GB"
    for change in ({"cores": 0}, {"gpus": -1}, {"memory_gb": 0}, {"cores": 1.5}, {"memory_gb": "2"}):
        with pytest.raises(SpecError, match="Expected .* of a Run"):
            Demand(**asdict(Demand()) | change)


def test_what_no_worker_declares_is_said_to_count_for_nothing():
    def uncounted(*declared):
        workers = [Worker("a", "w", "m", 4, 0, resources) for resources in declared]
        return Cluster(link.Link(ADDRESS, None), Scheduler(*workers).snapshot()).uncounted

    assert uncounted({"RUN": 1}) == ["cores", "memory"]
    assert uncounted({"CORES": 4}, {"MEMORY": 1e9}) == []
    assert uncounted() == []


def test_while_the_connection_is_broken_nothing_counts_as_a_try(folder, scheduler, monkeypatch):
    monkeypatch.setattr(link.Link, "is_connected", False)
    run = submit(folder)
    for _ in range(MOST_TRIES):
        jobs.reconcile(folder)
    assert ([event.kind for event in run.events()], jobs.queue(folder)) == (["queued"], [run])
    monkeypatch.setattr(link.Link, "is_connected", True)
    jobs.reconcile(folder)
    assert [event.kind for event in run.events()] == ["queued", HANDED]

"""The queue after crashes, kills and set clocks: what is left behind is repaired, and never twice at work."""

import os
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from fmnist_core import claims, jobs
from fmnist_core.processes import Claim
from fmnist_core.queue_file import QUEUE_FILE, Queue, write_queue
from fmnist_core.runs import Run, RunState
from fmnist_core.spec import RunSpec


def submit(folder: Path, deed: str) -> Run:
    return jobs.submit(RunSpec(title=deed), runs_folder=folder)


@pytest.fixture
def sleeper():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def held_run(folder: Path, process: subprocess.Popen, *events: str, stop_asked_s_ago: float | None = None) -> Run:
    """A Run that the process works on, or worked on, as the queue knows it."""
    run = Run.create(RunSpec(title="quick"), folder)
    for kind in ("queued", "started", *events):
        run.write_event(kind)
    Claim.of(process.pid).write(run.folder)
    write_queue(folder, Queue(active=[run.id]))
    if stop_asked_s_ago is not None:
        (run.folder / "stop").touch()
        asked_s = time.time() - stop_asked_s_ago
        os.utime(run.folder / "stop", (asked_s, asked_s))
    return run


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_set_does_not_lose_the_worker(folder, sleeper, monkeypatch, hours):
    run = held_run(folder, sleeper)
    create_time, boot_time = psutil.Process.create_time, psutil.boot_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: create_time(self) + 3600 * hours)
    monkeypatch.setattr(psutil, "boot_time", lambda: boot_time() + 3600 * hours)
    assert run.state == RunState.RUNNING


def test_a_clock_that_was_set_back_does_not_put_off_the_kill(folder, sleeper):
    run = held_run(folder, sleeper, stop_asked_s_ago=-3600)
    jobs.reconcile(folder)
    assert run.state == RunState.STOPPED
    assert sleeper.poll() is not None


def test_a_run_that_completes_while_it_is_killed_stays_completed(folder, sleeper, monkeypatch):
    run, kill = held_run(folder, sleeper, stop_asked_s_ago=60), jobs._kill
    monkeypatch.setattr(jobs, "_kill", lambda claim: (run.write_event("completed"), kill(claim)))
    jobs.reconcile(folder)
    assert run.state == RunState.COMPLETED


def test_a_process_that_lives_on_after_its_stop_keeps_its_place_and_is_killed(folder, sleeper):
    run = held_run(folder, sleeper, "stopped", stop_asked_s_ago=0)
    following = submit(folder, "quick")
    jobs.reconcile(folder)
    assert (sleeper.poll(), following.state) == (None, RunState.QUEUED)
    os.utime(run.folder / "stop", (0, 0))
    jobs.reconcile(folder)
    assert sleeper.poll() is not None
    assert following.wait(120) == RunState.COMPLETED
    assert run.state == RunState.STOPPED


def test_a_resumed_run_never_has_two_processes(folder, sleeper):
    run = held_run(folder, sleeper, "stopped")
    jobs.resume(run)
    assert sleeper.poll() is not None
    assert run.wait(120) == RunState.COMPLETED


def test_a_worker_that_ends_leaves_the_claim_of_the_next_attempt_alone(folder, sleeper):
    run = held_run(folder, sleeper, "failed")
    assert claims.claim_next(run) is None
    assert Claim.read(run.folder).pid == sleeper.pid


def test_an_app_that_dies_while_it_queues_a_run_leaves_none_queued_for_ever(folder, monkeypatch):
    write_event, run = Run.write_event, Run.create(RunSpec(title="quick"), folder)

    def die(self, kind, **values):
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "write_event", die)
    with pytest.raises(KeyboardInterrupt):
        jobs._enqueue(run)
    monkeypatch.setattr(Run, "write_event", write_event)
    jobs.reconcile(folder)
    assert run.wait(120) == RunState.COMPLETED


def test_a_queue_made_anew_is_kept(folder):
    Run.create(RunSpec(), folder).write_event("completed")
    for text in ("{", None):
        (folder / QUEUE_FILE).write_text(text) if text else (folder / QUEUE_FILE).unlink()
        jobs.reconcile(folder)
        assert (folder / QUEUE_FILE).read_text() == '{"waiting": [], "active": [], "away": []}'


def test_a_run_deleted_while_it_waits_can_be_taken_out(folder, sleeper):
    held_run(folder, sleeper)
    run = submit(folder, "quick")
    for path in run.folder.iterdir():
        path.unlink()
    run.folder.rmdir()
    jobs.request_stop(run)
    assert jobs.queue(folder) == []


def test_a_run_started_by_hand_does_not_heed_an_old_stop(folder):
    run = Run.create(RunSpec(title="quick"), folder)
    (run.folder / "stop").touch()
    assert claims.claim(run)
    assert not (run.folder / "stop").exists()
    (run.folder / "worker.json").unlink()  # else the fixture ends the process that holds it: this one

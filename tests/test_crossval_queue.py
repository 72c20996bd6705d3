"""A Run that starts from another's weights waits for it, and nobody waits for that Run in turn."""

import time
from pathlib import Path

import pytest
import toy_worker

from fmnist_core import jobs
from fmnist_core.runs import Run, RunState
from fmnist_core.settings import Settings
from fmnist_core.spec import RunSpec


def submit(folder: Path, deed: str, start: str = "") -> Run:
    return jobs.submit(RunSpec(title=deed, start_run=start, start_whole=bool(start)), runs_folder=folder)


def wait_for(run: Run, state: RunState, timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while run.state != state and time.monotonic() < deadline:
        time.sleep(0.02)
    assert run.state == state


@pytest.fixture
def folder(folder):
    with toy_worker.in_threads(folder):
        yield folder


@pytest.fixture
def two_at_once(folder):
    Settings(parallel_runs=2).write(folder)
    return folder


def test_it_starts_when_the_other_is_completed(folder):
    first = submit(folder, "quick")
    second = submit(folder, "quick", first.id)
    third = submit(folder, "quick", second.id)
    assert [run.wait(120) for run in (first, second, third)] == [RunState.COMPLETED] * 3
    begun = [next(e.time_s for e in run.events() if e.kind == "started") for run in (first, second, third)]
    assert begun == sorted(begun)


def test_while_it_waits_those_behind_it_pass(two_at_once):
    first = submit(two_at_once, "slow")
    waiting = submit(two_at_once, "quick", first.id)
    behind = submit(two_at_once, "quick")
    assert behind.wait(120) == RunState.COMPLETED
    assert waiting.state == RunState.QUEUED
    assert jobs.queue(two_at_once) == [waiting]
    jobs.stop(first)


def test_it_fails_with_the_reason_when_the_other_is_stopped_and_so_does_who_waits_for_it(two_at_once):
    first = submit(two_at_once, "slow")
    second = submit(two_at_once, "quick", first.id)
    third = submit(two_at_once, "quick", second.id)
    wait_for(first, RunState.RUNNING)
    jobs.stop(first)
    jobs.reconcile(two_at_once)
    assert (second.state, third.state) == (RunState.FAILED, RunState.FAILED)
    assert f"Expected Run {first.id}" in second.events()[-1].logs["message"]
    assert "Received one that is stopped" in second.events()[-1].logs["message"]
    assert "Received one that is failed" in third.events()[-1].logs["message"]


def test_resumed_in_their_order_all_are_done(folder):
    first = submit(folder, "broken")
    second = submit(folder, "quick", first.id)
    assert (first.wait(120), second.wait(120)) == (RunState.FAILED, RunState.FAILED)
    (first.folder / "spec.json").write_text(RunSpec(title="quick").to_json())
    jobs.resume(Run(first.folder))
    jobs.resume(second)
    assert second.wait(120) == RunState.COMPLETED


def test_one_whose_other_is_absent_is_left_to_its_worker(folder):
    assert submit(folder, "quick", "absent").wait(120) == RunState.COMPLETED


def test_it_may_be_taken_out_of_the_queue(two_at_once):
    first = submit(two_at_once, "slow")
    waiting = submit(two_at_once, "quick", first.id)
    jobs.request_stop(waiting)
    assert waiting.state == RunState.STOPPED
    jobs.stop(first)

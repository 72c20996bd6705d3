"""The queue and its processes, with a toy worker in place of training."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import toy_worker

from fmnist_core import claims, jobs, machine
from fmnist_core.errors import RunError, SpecError
from fmnist_core.processes import FILE_NAME as CLAIM_FILE
from fmnist_core.processes import Claim
from fmnist_core.queue_file import QUEUE_FILE, Queue, write_queue
from fmnist_core.runs import Run, RunState, find_run, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import ConvBlock, RunSpec

TOY = Path(toy_worker.__file__)


@pytest.fixture
def threads(folder):
    """The folder with workers that are threads: for what does not hang on their being processes."""
    with toy_worker.in_threads(folder):
        yield folder


def submit(folder: Path, deed: str) -> Run:
    return jobs.submit(RunSpec(title=deed), runs_folder=folder)


def wait_for(run: Run, state: RunState, timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while run.state != state and time.monotonic() < deadline:
        time.sleep(0.02)
    assert run.state == state


def test_a_submitted_run_completes_without_anybody_watching(folder):
    assert submit(folder, "quick").wait(120) == RunState.COMPLETED


def test_runs_beyond_the_limit_wait_and_start_in_order(threads):
    slow = submit(threads, "slow")
    waiting = [submit(threads, "quick") for _ in range(3)]
    wait_for(slow, RunState.RUNNING)
    assert [run.state for run in waiting] == [RunState.QUEUED] * 3
    assert jobs.queue(threads) == waiting
    jobs.stop(slow)
    jobs.reconcile(threads)
    assert [run.wait(120) for run in waiting] == [RunState.COMPLETED] * 3
    started = [next(e.time_s for e in run.events() if e.kind == "started") for run in waiting]
    assert started == sorted(started)


def test_a_worker_that_finishes_takes_the_next_run_in_the_same_process(folder):
    first, second = (Run.create(RunSpec(title="quick"), folder) for _ in range(2))
    for run in (first, second):
        run.write_event("queued")
    write_queue(folder, Queue(waiting=[first.id, second.id]))
    jobs.reconcile(folder)
    assert (first.wait(120), second.wait(120)) == (RunState.COMPLETED, RunState.COMPLETED)
    # The second got its claim from the first one's worker, which needed no new process and so no log line of a start.
    assert not (second.folder / "log.txt").exists()


def test_a_worker_whose_share_of_the_cores_has_changed_gives_way_to_new_ones(folder, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 4)
    finished = Run.create(RunSpec(), folder)
    finished.write_event("completed")
    Settings(parallel_runs=2).write(folder)
    run = Run.create(RunSpec(title="quick"), folder)
    run.write_event("queued")
    write_queue(folder, Queue(waiting=[run.id]))
    assert claims.claim_next(finished, made_for=1) is None
    assert run.wait(120) == RunState.COMPLETED
    pid = next(event.logs["pid"] for event in run.events() if event.kind == "started")
    assert pid != os.getpid()
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(120)  # until then it would take the Run again
    write_queue(folder, Queue(waiting=[run.id]))
    assert claims.claim_next(finished, made_for=2) == run
    (run.folder / CLAIM_FILE).unlink()  # of this process


def test_a_higher_limit_starts_more_at_once(threads):
    Settings(parallel_runs=2).write(threads)
    first, second, third = (submit(threads, "slow") for _ in range(3))
    wait_for(first, RunState.RUNNING)
    wait_for(second, RunState.RUNNING)
    assert third.state == RunState.QUEUED


def test_a_waiting_run_can_move_up_and_be_taken_out(threads):
    submit(threads, "slow")
    first, second = submit(threads, "quick"), submit(threads, "quick")
    jobs.move_up(second)
    assert jobs.queue(threads) == [second, first]
    jobs.request_stop(first)
    assert jobs.queue(threads) == [second]
    assert first.state == RunState.STOPPED
    with pytest.raises(RunError, match="waits in the queue"):
        jobs.move_up(first)


def test_a_running_run_stops_gracefully_and_its_process_is_gone(folder):
    run = submit(folder, "slow")
    while not any(event.kind == "started" for event in run.events()):
        time.sleep(0.02)
    process = Claim.read(run.folder).process()
    assert run.stop() == RunState.STOPPED
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert "request" in run.events()[-1].logs["message"]


def test_a_run_that_does_not_listen_is_killed(folder, monkeypatch):
    monkeypatch.setattr(jobs, "GRACE_S", 0.3)
    run = submit(folder, "deaf")
    wait_for(run, RunState.RUNNING)
    process = Claim.read(run.folder).process()
    assert run.stop() == RunState.STOPPED
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert "Killed" in run.events()[-1].logs["message"]


def test_a_killed_worker_leaves_its_run_interrupted_the_next_one_starts_and_it_can_be_resumed_at_once(folder):
    run, following = submit(folder, "slow"), submit(folder, "quick")
    wait_for(run, RunState.RUNNING)
    os.kill(Claim.read(run.folder).pid, signal.SIGKILL)
    wait_for(run, RunState.INTERRUPTED, timeout_s=60)
    jobs.resume(run)
    assert following.wait(120) == RunState.COMPLETED
    wait_for(run, RunState.RUNNING)


def test_a_reused_pid_is_not_taken_for_the_worker(folder):
    run = Run.create(RunSpec(), folder)
    run.write_event("queued")
    Claim(os.getpid(), Claim.of().created_s - 60, Claim.of().host).write(run.folder)
    run.write_event("started")
    assert run.state == RunState.INTERRUPTED


def test_only_a_run_that_ended_before_its_time_can_be_resumed(threads):
    run = submit(threads, "slow")
    with pytest.raises(RunError, match="Expected a stopped, failed or interrupted Run"):
        jobs.resume(run)
    run.stop()
    jobs.resume(run)
    wait_for(run, RunState.RUNNING)
    run.stop()
    assert [e.kind for e in run.events()].count("queued") == 2


def test_a_failed_run_says_why_and_lets_the_queue_go_on(threads):
    run, following = submit(threads, "broken"), submit(threads, "quick")
    assert run.wait(120) == RunState.FAILED
    assert run.events()[-1].logs["message"] == "Broken on purpose."
    assert following.wait(120) == RunState.COMPLETED


def test_a_worker_outlives_the_process_that_submitted(folder):
    code = (
        "import sys; from pathlib import Path; from fmnist_core import jobs; from fmnist_core.spec import RunSpec;"
        f"jobs.WORKER_COMMAND = (sys.executable, {str(TOY)!r});"
        f"print(jobs.submit(RunSpec(title='slow'), runs_folder=Path({str(folder)!r})).id, flush=True);"
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=TOY.parent.parent)
    run = find_run(done.stdout.strip(), folder)
    wait_for(run, RunState.RUNNING)
    time.sleep(0.5)
    assert run.state == RunState.RUNNING
    run.stop()


def test_a_second_worker_on_the_same_run_gives_way(folder):
    run = submit(folder, "slow")
    wait_for(run, RunState.RUNNING)
    second = subprocess.run([sys.executable, str(TOY), str(run.folder)], cwd=TOY.parent.parent)
    assert second.returncode == 1


def test_a_network_that_does_not_fit_is_refused_before_anything_is_written(folder):
    with pytest.raises(SpecError):
        jobs.submit(RunSpec(conv_blocks=(ConvBlock(4, 5),) * 4), runs_folder=folder)
    assert list_runs(folder) == []


def test_a_damaged_queue_file_loses_no_run(threads):
    slow = submit(threads, "slow")
    wait_for(slow, RunState.RUNNING)
    waiting = [submit(threads, "quick"), submit(threads, "quick")]
    (threads / QUEUE_FILE).write_text("{")
    assert jobs.queue(threads) == waiting
    jobs.reconcile(threads)
    assert [run.state for run in waiting] == [RunState.QUEUED] * 2  # the slow one still counts against the limit
    slow.stop()
    jobs.reconcile(threads)
    assert [run.wait(120) for run in waiting] == [RunState.COMPLETED] * 2


def test_a_worker_that_cannot_start_fails_its_run_with_the_reason(folder, monkeypatch):
    monkeypatch.setattr(jobs, "WORKER_COMMAND", (str(folder / "absent-python"),))
    run = submit(folder, "quick")
    assert run.state == RunState.FAILED
    assert "absent-python" in run.events()[-1].logs["message"]


def test_a_run_deleted_while_it_waits_is_passed_over(threads):
    slow = submit(threads, "slow")
    wait_for(slow, RunState.RUNNING)
    gone, following = submit(threads, "quick"), submit(threads, "quick")
    for path in gone.folder.iterdir():
        path.unlink()
    gone.folder.rmdir()
    slow.stop()
    jobs.reconcile(threads)
    assert following.wait(120) == RunState.COMPLETED


@pytest.mark.parametrize("run_id", ["", "..", ".", "absent", "../secrets", "a/b", "a" * 300, "a\0b"])
def test_an_id_that_is_no_run_is_refused(folder, run_id):
    with pytest.raises(RunError, match="Expected the id of a Run"):
        find_run(run_id, folder)


def test_a_damaged_spec_is_reported_with_its_run(folder):
    run = Run.create(RunSpec(), folder)
    (run.folder / "spec.json").write_text("{")
    with pytest.raises(RunError, match=f"Run {run.id}: spec.json is damaged"):
        _ = Run(run.folder).spec

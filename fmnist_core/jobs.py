"""Jobs: a queue of Runs and the processes that execute them, on this machine or on a cluster.

There is no daemon. The queue is a file beside the Runs, changed under a lock. Whoever changes it also dispatches:
starts detached workers up to the limit. A worker that finishes claims the next Run itself, which keeps TensorFlow
loaded; see claims.py. `reconcile` repairs what a crash left behind and may be called by anybody at any time.

Where a scheduler's address is set, waiting Runs are handed to its cluster instead; see cluster/executor.py.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from fmnist_core import paths, zoo
from fmnist_core.cluster import executor
from fmnist_core.cluster.demand import Demand
from fmnist_core.cluster.executor import executor_of
from fmnist_core.errors import RunError
from fmnist_core.fork import keep_start
from fmnist_core.processes import FILE_NAME as CLAIM_FILE
from fmnist_core.processes import Claim, kill_family
from fmnist_core.queue_file import Queue, locked, read_queue, write_queue
from fmnist_core.runs import LOG_FILE, STOP_FILE, Run, RunState
from fmnist_core.settings import Settings
from fmnist_core.spec import RunSpec
from fmnist_core.turns import take_next

WORKER_COMMAND = (sys.executable, "-m", "fmnist_core.worker")
GRACE_S = 10.0  # from the request to stop until the process is killed


def submit(
    spec: RunSpec, *, runs_folder: Path | None = None, prepare: Callable[[Run], object] | None = None,
    demand: Demand | None = None,
) -> Run:  # fmt: skip
    """Make a Run of the spec, put it at the end of the queue and start it as soon as there is room.

    What it takes over from an earlier Run's epoch is in its folder then, so that the earlier one may be deleted.

    Args:
        prepare: called with the Run before it stands in the queue, to put into its folder what it must not find
            elsewhere.
        demand: what it asks of a cluster's worker; without it, what the settings name.

    Raises:
        SpecError: if the network does not fit the images; nothing is written then.
        RunError: if it starts from an epoch whose weights are not there; nothing is written then.
        ClusterError: if a cluster should execute it that cannot; nothing is written then.
    """
    zoo.describe(spec)
    executor.check(runs_folder or paths.runs(), demand)
    run = Run.create(spec, runs_folder)
    try:
        if spec.start_epoch:
            keep_start(run)
        if prepare:
            prepare(run)
        if demand:
            demand.write(run.folder)
    except BaseException:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise
    _enqueue(run)
    return run


def resume(run: Run) -> Run:
    """Queue a stopped, failed or interrupted Run again; it goes on from its last checkpoint.

    Raises:
        RunError: if the Run is in another state.
    """
    if not (state := run.state).is_resumable:
        raise RunError(f"Expected a stopped, failed or interrupted Run to resume. Received one that is {state}.")
    _enqueue(run)
    return run


def queue(runs_folder: Path | None = None) -> list[Run]:
    """Return the Runs that wait, next first."""
    folder = runs_folder or paths.runs()
    return [Run(folder / run_id) for run_id in read_queue(folder).waiting]


def places(runs_folder: Path | None = None, demand: Demand | None = None) -> int:
    """Return how many Runs may execute at once: what the settings say, or what the cluster bears; at least 1.

    demand: what each asks for, if not what the settings name.
    """
    folder = runs_folder or paths.runs()
    settings, cluster = Settings.read(folder), executor_of(folder)
    return max(1, cluster.places(demand or settings.demand)) if cluster else settings.parallel_runs


def move_up(run: Run) -> None:
    """Let a waiting Run change places with the one before it; the first stays where it is."""
    with locked(run.folder.parent) as (_, waiting_and_active):
        waiting = waiting_and_active.waiting
        if run.id not in waiting:
            raise RunError(f"Expected a Run that waits in the queue. Received {run.id}, which is {run.state}.")
        place = waiting.index(run.id)
        waiting.insert(max(0, place - 1), waiting.pop(place))


def request_stop(run: Run) -> None:
    """Ask a Run to stop at its next batch, or take it out of the queue; returns at once.

    `reconcile` kills the process if it has not ended GRACE_S seconds later.
    """
    with locked(run.folder.parent) as (_, known):
        if run.id in known.waiting:
            known.waiting.remove(run.id)
            if run.folder.is_dir():  # else somebody deleted it by hand
                run.write_event("stopped", message="Taken out of the queue before it started.")
        elif not run.state.is_over and run.id in known.away:
            (run.folder / STOP_FILE).touch()
            if executor.withdraw(run, executor_of(run.folder.parent)):
                known.forget(run.id)
                run.write_event("stopped", message="Taken back while it waited for a worker of the cluster.")
        elif not run.state.is_over:
            (run.folder / STOP_FILE).touch()


def stop(run: Run, *, timeout_s: float = 20.0) -> RunState:
    """Stop a Run and return once its process is proven dead.

    Raises:
        RunError: if that did not happen in time.
    """
    request_stop(run)
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        reconcile(run.folder.parent)
        claim = Claim.read(run.folder)
        if (state := run.state).is_over and (claim is None or not claim.is_alive(run.folder)):
            return state
        time.sleep(0.1)
    raise RunError(f"Expected Run {run.id} to stop within {timeout_s:g} s. Received: it is still {run.state}.")


def reconcile(runs_folder: Path | None = None) -> None:
    """Bring queue and processes together: forget ended Runs, kill those that ignore a stop, start what may start."""
    folder = runs_folder or paths.runs()
    with locked(folder) as (_, known):
        for run_id in known.active:
            _kill_if_overdue(Run(folder / run_id))
        if known.away:
            fates = executor.look_after(folder, known.away, executor_of(folder))
            known.away, known.waiting = fates.away, fates.waiting + known.waiting
        dispatch(folder, known)


def _enqueue(run: Run) -> None:
    with locked(run.folder.parent) as (folder, known):
        if (held := Claim.read(run.folder)) and run.state == RunState.STOPPED:
            _kill(held)  # it has said its last word, yet lives on
        executor.release(run)
        for name in (CLAIM_FILE, STOP_FILE):
            (run.folder / name).unlink(missing_ok=True)
        executor.settle_demand(run)
        known.forget(run.id)  # it may stand there from an attempt that was killed
        known.waiting.append(run.id)
        # Before the event: if this process dies between the two, the Run starts anyway; the other way round it would
        # be queued for ever without standing in the queue.
        write_queue(folder, known)
        run.write_event("queued")
        dispatch(folder, known)


def dispatch(folder: Path, known: Queue) -> None:
    """Start the waiting Runs that may start, here or on the cluster; called under the lock."""
    cluster = executor_of(folder)
    for _ in range(executor.MOST_AT_ONCE):  # the rest soon again: others want the lock, too
        if (run := take_next(folder, known, cluster)) is None:
            break
        if cluster is None:
            known.active.append(run.id)
            _start_worker(run)
        elif cluster.hand_over(run):
            known.away.append(run.id)
        else:
            known.waiting.insert(0, run.id)
            break


def _start_worker(run: Run) -> None:
    """Start a process of its own session: signals to the app, and the app's end, do not reach it."""
    try:
        with (run.folder / LOG_FILE).open("ab") as log:
            process = subprocess.Popen(
                [*WORKER_COMMAND, str(run.folder)],
                cwd=paths.PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
                env={
                    **os.environ, "FMNIST_LAB_HOME": str(paths.home()), "TF_CPP_MIN_LOG_LEVEL": "2",
                    "PYTHONUNBUFFERED": "1",
                },
            )  # fmt: skip
        Claim.of(process.pid).write(run.folder)
    except (OSError, psutil.NoSuchProcess) as error:
        run.write_event("failed", message=f"Expected a worker process to start. Received: {error}")


def _kill_if_overdue(run: Run) -> None:
    """Called under the lock, so the worker cannot claim another Run between the look and the kill."""
    try:
        asked_s = (run.folder / STOP_FILE).stat().st_mtime
    except FileNotFoundError:
        return
    claim = Claim.read(run.folder)
    # Both ways, so that a clock that was set back does not put off the end.
    if claim is None or abs(time.time() - asked_s) < GRACE_S or run.state not in (RunState.RUNNING, RunState.STOPPED):
        return
    _kill(claim)
    if run.state == RunState.INTERRUPTED:  # else its last word came just before the end
        run.write_event("stopped", message=f"Killed: it did not stop by itself within {GRACE_S:g} s.")


def _kill(claim: Claim) -> None:
    """End the claim's process and what it started, and wait for it; nothing happens if it is gone."""
    if (process := claim.process()) and not claim.is_mine:
        kill_family(process)

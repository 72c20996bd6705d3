"""Jobs: a queue of Runs and the processes that execute them, on this machine.

There is no daemon. The queue is a file beside the Runs, changed under a lock. Whoever changes it also dispatches:
starts detached workers up to the limit. A worker that finishes claims the next Run itself, which keeps TensorFlow
loaded. `reconcile` repairs what a crash left behind and may be called by anybody at any time.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from filelock import FileLock

from fmnist_core import paths, zoo
from fmnist_core.errors import LabError, RunError
from fmnist_core.files import write_atomically
from fmnist_core.processes import FILE_NAME as CLAIM_FILE
from fmnist_core.processes import Claim
from fmnist_core.runs import LOG_FILE, STOP_FILE, Run, RunState, find_run, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import RunSpec

QUEUE_FILE = "queue.json"
WORKER_COMMAND = (sys.executable, "-m", "fmnist_core.worker")
GRACE_S = 10.0  # from the request to stop until the process is killed


@dataclass
class _Queue:
    """Ids of Runs: waiting in order, and handed to a worker."""

    waiting: list[str] = field(default_factory=list)
    active: list[str] = field(default_factory=list)


def submit(spec: RunSpec, *, runs_folder: Path | None = None) -> Run:
    """Make a Run of the spec, put it at the end of the queue and start it as soon as there is room.

    Raises:
        SpecError: if the network does not fit the images; nothing is written then.
    """
    zoo.describe(spec)
    run = Run.create(spec, runs_folder)
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
    return [Run(folder / run_id) for run_id in _read_queue(folder).waiting]


def move_up(run: Run) -> None:
    """Let a waiting Run change places with the one before it; the first stays where it is."""
    with _locked(run.folder.parent) as (_, waiting_and_active):
        waiting = waiting_and_active.waiting
        if run.id not in waiting:
            raise RunError(f"Expected a Run that waits in the queue. Received {run.id}, which is {run.state}.")
        place = waiting.index(run.id)
        waiting.insert(max(0, place - 1), waiting.pop(place))


def request_stop(run: Run) -> None:
    """Ask a Run to stop at its next batch, or take it out of the queue; returns at once.

    `reconcile` kills the process if it has not ended GRACE_S seconds later.
    """
    with _locked(run.folder.parent) as (_, known):
        if run.id in known.waiting:
            known.waiting.remove(run.id)
            if run.folder.is_dir():  # else somebody deleted it by hand
                run.write_event("stopped", message="Taken out of the queue before it started.")
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
        if (state := run.state).is_over and (claim is None or claim.process() is None):
            return state
        time.sleep(0.1)
    raise RunError(f"Expected Run {run.id} to stop within {timeout_s:g} s. Received: it is still {run.state}.")


def reconcile(runs_folder: Path | None = None) -> None:
    """Bring queue and processes together: forget ended Runs, kill those that ignore a stop, start what may start."""
    folder = runs_folder or paths.runs()
    with _locked(folder) as (_, known):
        for run_id in known.active:
            _kill_if_overdue(Run(folder / run_id))
        _dispatch(folder, known)


def claim(run: Run) -> bool:
    """For a worker that starts: make sure that the Run is its own; False if another living process has it.

    Waits for the lock, so a claim that the starter of this process is about to write is seen.
    """
    with _locked(run.folder.parent) as (_, known):
        present = Claim.read(run.folder)
        if present and present.process():
            return present.is_mine
        (run.folder / STOP_FILE).unlink(missing_ok=True)  # of an earlier attempt: this one was begun by hand
        known.waiting = [run_id for run_id in known.waiting if run_id != run.id]
        known.active = [*(run_id for run_id in known.active if run_id != run.id), run.id]
        Claim.of().write(run.folder)
        return True


def claim_next(finished: Run) -> Run | None:
    """For a worker that has finished a Run: let go of it, and claim the next waiting one if the limit allows."""
    with _locked(finished.folder.parent) as (folder, known):
        if (held := Claim.read(finished.folder)) and held.is_mine:  # else it was resumed meanwhile, by another process
            (finished.folder / CLAIM_FILE).unlink(missing_ok=True)
        run = _take_next(folder, known)
        if run:
            Claim.of().write(run.folder)
        return run


def _enqueue(run: Run) -> None:
    with _locked(run.folder.parent) as (folder, known):
        if (held := Claim.read(run.folder)) and run.state == RunState.STOPPED:
            _kill(held)  # it has said its last word, yet lives on
        for name in (CLAIM_FILE, STOP_FILE):
            (run.folder / name).unlink(missing_ok=True)
        known.active = [run_id for run_id in known.active if run_id != run.id]  # of an attempt that was killed
        known.waiting = [*(run_id for run_id in known.waiting if run_id != run.id), run.id]
        # Before the event: if this process dies between the two, the Run starts anyway; the other way round it would
        # be queued for ever without standing in the queue.
        _write_queue(folder, known)
        run.write_event("queued")
        _dispatch(folder, known)


def _dispatch(folder: Path, known: _Queue) -> None:
    while run := _take_next(folder, known):
        _start_worker(run)


def _take_next(folder: Path, known: _Queue) -> Run | None:
    """Move the first waiting Run that can start to the active ones, if the limit allows.

    One that starts from the weights of a Run that is not done yet keeps its place, and those behind it pass.
    """
    known.active = [run_id for run_id in known.active if _is_at_work(Run(folder / run_id))]
    if len(known.active) >= Settings.read(folder).parallel_runs:
        return None
    for run_id in list(known.waiting):
        run = Run(folder / run_id)
        state = _state_of_start(run) if run.folder.is_dir() else None
        if state is not None and not state.is_over:
            continue
        known.waiting.remove(run_id)
        if state is not None and state.is_resumable:
            run.write_event(
                "failed",
                message=f"Expected Run {run.spec.start_run}, whose weights this one starts from, to complete. "
                f"Received one that is {state}: resume it first, then this one.",
            )
        elif run.folder.is_dir():  # else deleted by hand while it waited
            known.active.append(run.id)
            return run
    return None


def _state_of_start(run: Run) -> RunState | None:
    """Return the state of the Run whose weights this one starts from; None if there is none, or it cannot be read."""
    try:
        return find_run(run.spec.start_run, run.folder.parent).state if run.spec.start_run else None
    except LabError:
        return None  # the worker says what is wrong


def _is_at_work(run: Run) -> bool:
    """Whether the Run is under way, or has stopped but not yet ended its process: a worker ends after a stop."""
    state = run.state
    if state == RunState.STOPPED:
        claim = Claim.read(run.folder)
        return claim is not None and claim.process() is not None
    return not state.is_over


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
    if (process := claim.process()) is None or claim.is_mine:
        return
    with suppress(psutil.NoSuchProcess):
        family = [*process.children(recursive=True), process]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=5)


def _read_queue(folder: Path) -> _Queue:
    try:
        return _Queue(**json.loads(_queue_text(folder)))
    except (ValueError, TypeError):
        return _rebuilt_queue(folder)


def _write_queue(folder: Path, known: _Queue) -> None:
    if (text := json.dumps(vars(known))) != _queue_text(folder):
        write_atomically(folder / QUEUE_FILE, text)


def _queue_text(folder: Path) -> str:
    try:
        return (folder / QUEUE_FILE).read_text()
    except OSError:
        return ""


def _rebuilt_queue(folder: Path) -> _Queue:
    """Make the queue anew from the Runs themselves: its file is absent or damaged, and no Run may be forgotten."""
    runs = [(run, run.state) for run in list_runs(folder)]
    waiting = sorted((run.events()[-1].time_s, run.id) for run, state in runs if state == RunState.QUEUED)
    return _Queue([run_id for _, run_id in waiting], [run.id for run, state in runs if state == RunState.RUNNING])


@contextmanager
def _locked(folder: Path) -> Iterator[tuple[Path, _Queue]]:
    """Hold the queue's lock; write the queue back if it changed, or had to be made anew."""
    with FileLock(folder / "queue.lock", timeout=30):
        known = _read_queue(folder)
        yield folder, known
        _write_queue(folder, known)

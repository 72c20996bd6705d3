"""The process that executes Runs: python -m fmnist_core.worker [--one] RUN_DIR

It executes one Run, then claims the next in the queue, because loading TensorFlow is the slowest part of starting.
After a stop it ends: whoever stopped a Run may rely on its process being gone.

With --one a worker of a cluster has started it and watches it: it executes that Run alone, and never takes the queue's
lock.
"""

import os
import platform
import sys
import traceback
from pathlib import Path

from fmnist_core import claims
from fmnist_core.cluster import leash
from fmnist_core.errors import LabError
from fmnist_core.machine import threads_of_each
from fmnist_core.processes import ONEDNN, THREADS, Claim
from fmnist_core.runs import LOG_FILE, Run, RunState
from fmnist_core.settings import Settings


def main(arguments: list[str]) -> int:
    """Execute the Run in the folder that the last argument names, then, without --one, what waits in the queue."""
    one, arguments = arguments[:1] == ["--one"], [argument for argument in arguments if argument != "--one"]
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print(f"Expected the folder of a Run. Received: {arguments}", file=sys.stderr)
        return 2
    run: Run | None = Run(Path(arguments[0]).resolve())
    if one:
        return _execute_one(run)
    if not claims.claim(run):
        print(f"Another process works on Run {run.id}.", file=sys.stderr)
        return 1
    parallel_runs = Settings.read(run.folder.parent).parallel_runs
    _prepare_tensorflow(parallel_runs)
    while run:
        if execute(run) == RunState.STOPPED:
            break
        run = claims.claim_next(run, parallel_runs)
        if run:
            _log_to(run)
    return 0


def _execute_one(run: Run) -> int:
    if not leash.hold(run):
        print(f"Run {run.id} belongs to another attempt.", file=sys.stderr)
        return leash.LET_GO
    _choose_kernels()  # how many threads, the watcher has said
    execute(run)
    return 0


def execute(run: Run) -> RunState:
    """Train the Run and write how it ended; never raises for what the Run itself did wrong."""
    claim = Claim.read(run.folder)
    run.write_event(
        "started", pid=os.getpid(), host=platform.node(), cores=os.cpu_count(), worker=claim.worker if claim else ""
    )
    print(f"Run {run.id} in process {os.getpid()}", flush=True)
    try:
        from fmnist_core import training  # loads TensorFlow: seconds, after the event that says so
        from fmnist_core.callbacks import StopRequested
    except ImportError as error:
        return _end(run, RunState.FAILED, f"Expected TensorFlow to load. Received: {error}")
    try:
        result = training.fit(run)
    except StopRequested:
        return _end(run, RunState.STOPPED, "Stopped on request.")
    except LabError as error:
        return _end(run, RunState.FAILED, str(error))
    except MemoryError:
        return _end(run, RunState.FAILED, "Expected enough memory. Received an allocation that this machine refused.")
    except Exception as error:  # whatever else: the Run failed, the worker goes on with the next
        traceback.print_exc()
        return _end(
            run,
            RunState.FAILED,
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
        )
    run.write_event("completed", test_accuracy=result["test_accuracy"], test_loss=result["test_loss"])
    return RunState.COMPLETED


def _end(run: Run, state: RunState, message: str) -> RunState:
    print(f"{state}: {message}", flush=True)
    run.write_event(str(state), message=message)
    return state


def _prepare_tensorflow(parallel_runs: int) -> None:
    """Choose the fast kernels, and give each of several workers its share of the cores; read when TensorFlow loads."""
    _choose_kernels()
    if (threads := threads_of_each(parallel_runs)) is not None:
        os.environ.update(dict.fromkeys(THREADS, str(threads)))


def _choose_kernels() -> None:
    for name, value in ONEDNN.items():
        os.environ.setdefault(name, value)


def _log_to(run: Run) -> None:
    """Send what this process prints from now on to the log of another Run."""
    descriptor = os.open(run.folder / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(descriptor, stream.fileno())
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A worker that trains nothing: it claims, obeys and ends as the real one does, within milliseconds of starting.

The title of the spec says what to do: "quick" completes, "slow" works until asked to stop, "deaf" never listens,
"broken" fails.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fmnist_core.processes import FILE_NAME as CLAIM_FILE
from fmnist_core.processes import Claim
from fmnist_core.runs import STOP_FILE, Run, list_runs


def execute(run: Run, deed: str = "") -> str:
    """Do the deed, by default that of the title, and return how that ended."""
    run.write_event("started", pid=os.getpid(), worker=Claim.read(run.folder).worker)
    deed = deed or run.spec.title
    if deed == "broken":
        run.write_event("failed", message="Broken on purpose.")
        return "failed"
    while deed in ("slow", "deaf"):
        time.sleep(0.02)
        if deed == "slow" and (run.folder / STOP_FILE).exists():
            run.write_event("stopped", message="Stopped on request.")
            return "stopped"
    run.write_event("completed", test_accuracy=0.9)
    return "completed"


def work(run: Run | None) -> Run | None:
    """Execute the Run and what waits behind it, as worker.py does; return the Run that was stopped.

    Raises:
        SystemExit: if another process has the Run.
    """
    from fmnist_core import claims  # toys of a cluster need it not, and it takes as long as all the rest

    if not claims.claim(run):
        sys.exit(1)
    while run and execute(run) != "stopped":
        run = claims.claim_next(run)
    return run


@contextmanager
def in_threads(folder: Path) -> Iterator[None]:
    """Let workers be threads of this process, which take no time to start, until all that they have is over."""
    from fmnist_core import jobs

    threads: list[threading.Thread] = []

    def start(run: Run) -> None:
        Claim.of().write(run.folder)
        threads.append(threading.Thread(target=work_and_let_go, args=(run,)))
        threads[-1].start()

    start_process, jobs._start_worker = jobs._start_worker, start
    yield
    for run in list_runs(folder):
        (run.folder / STOP_FILE).touch()
    for thread in threads:
        thread.join(60)
    jobs._start_worker = start_process


def work_and_let_go(run: Run) -> None:
    if stopped := work(run):
        (stopped.folder / CLAIM_FILE).unlink(missing_ok=True)  # as a process does that ends


if __name__ == "__main__":
    work(Run(Path(sys.argv[1])))

"""A worker that trains nothing: it claims, obeys and ends as the real one does, within milliseconds of starting.

The title of the spec says what to do: "quick" completes, "slow" works until asked to stop, "deaf" never listens,
"broken" fails.
"""

import os
import sys
import time
from pathlib import Path

from fmnist_core import jobs
from fmnist_core.processes import Claim
from fmnist_core.runs import STOP_FILE, Run


def execute(run: Run) -> str:
    run.write_event("started", pid=os.getpid(), worker=Claim.read(run.folder).worker)
    deed = run.spec.title
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


if __name__ == "__main__":
    run = Run(Path(sys.argv[1]))
    if not jobs.claim(run):
        sys.exit(1)
    while run and execute(run) != "stopped":
        run = jobs.claim_next(run)

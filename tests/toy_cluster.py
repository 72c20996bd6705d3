"""What a Dask worker loads in tests (--preload): Runs whose title is a toy deed are executed by this file, in no time.

The deeds are those of toy_worker.py. Any other Run is executed as usual, by the real worker process.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEEDS = ("quick", "slow", "deaf", "broken", "killed")


def dask_setup(worker) -> None:
    from fmnist_core.cluster import checks, watching

    watching.COMMAND = (sys.executable, os.environ["TOY_CLUSTER"])  # Dask has loaded a copy of this file
    watching.GRACE_S = 1.0
    if os.environ.get("BLIND"):  # a machine that lacks the storage
        look = checks.look
        checks.look = lambda folder, name: look(f"{folder}-is-elsewhere", name)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from toy_worker import execute

    from fmnist_core.cluster import leash
    from fmnist_core.runs import Run

    run = Run(Path(sys.argv[1]))
    if run.spec.title not in DEEDS:
        os.execv(sys.executable, [sys.executable, "-m", "fmnist_core.worker", "--one", str(run.folder)])
    if not leash.hold(run):
        sys.exit(leash.LET_GO)
    if run.spec.title == "killed":
        os.kill(os.getpid(), 9)
    execute(run)

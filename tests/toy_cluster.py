"""What a Dask worker loads in tests (--preload): Runs whose title ends with a toy deed are executed by this file, in no
time.

The deeds are those of toy_worker.py, and "trial", a trial of tuning_toys.py. Of a cross-validation only the first fold
is trained. Any other Run is executed as usual, by the real worker process.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEEDS = ("quick", "slow", "deaf", "broken", "killed", "trial")


def dask_setup(worker) -> None:
    from fmnist_core.cluster import checks, watching

    watching.COMMAND = (sys.executable, os.environ["TOY_CLUSTER"])  # Dask has loaded a copy of this file
    watching.GRACE_S = 1.0
    if blindness := os.environ.get("BLIND"):  # a machine that lacks the storage, as long as this file is there
        look = checks.look
        checks.look = lambda folder, name: look(folder + "-is-elsewhere" * Path(blindness).exists(), name)


def deed_of(spec) -> str:
    """Return what the toy does, or nothing where the Run is to be trained."""
    if spec.fold and spec.fold.number > 1:
        return "quick"
    return deed if (deed := spec.title.split(", ")[-1]) in DEEDS else ""


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from fmnist_core.cluster import leash
    from fmnist_core.runs import Run

    run = Run(Path(sys.argv[1]))
    if not (deed := deed_of(run.spec)):
        os.execv(sys.executable, [sys.executable, "-m", "fmnist_core.worker", "--one", str(run.folder)])
    if not leash.hold(run):
        sys.exit(leash.LET_GO)
    if deed == "killed":
        os.kill(os.getpid(), 9)
    if deed == "trial":
        import tuning_toys

        tuning_toys.execute(run)
    else:
        import toy_worker

        toy_worker.execute(run, deed)

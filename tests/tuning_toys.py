"""A driver and a worker for tests: python tuning_toys.py driver FOLDER, python tuning_toys.py worker RUN_DIR.

Both need the project in PYTHONPATH. The driver is the real one, with the real Keras Tuner; its Runs train nothing, but
claim, count epochs and end as real ones do. After the first epoch they wait while the file $TOY_HOLD is there. The
closer a learning rate is to 0.001 the better; above 0.05 it diverges.
"""

import math
import os
import sys
import time
from pathlib import Path

from fmnist_core.processes import FILE_NAME as CLAIM_FILE
from fmnist_core.processes import Claim
from fmnist_core.runs import RESULT_FILE, STOP_FILE, Run

ME = str(Path(__file__).resolve())


def accuracy(learning_rate: float, epoch: int) -> float:
    return 0.8 - abs(math.log10(learning_rate) + 3) / 10 + 0.01 * min(epoch, 5)


def execute(run: Run) -> str:
    claim = Claim.read(run.folder)
    run.write_event("started", worker=claim.worker if claim else "")
    if run.spec.learning_rate > 0.05:
        run.write_event("failed", message="The loss stopped being a number in epoch 1.")
        return "failed"
    done = [event.kind for event in run.events()].count("epoch")
    run.write_event("phase", phase="training", epoch=float(done), train_images=100)
    for epoch in range(done + 1, run.spec.epochs + 1):
        time.sleep(float(os.environ.get("TOY_EPOCH_S", "0.05")))
        while epoch == 2 and Path(os.environ.get("TOY_HOLD", "/absent")).exists():
            time.sleep(0.05)
        if (run.folder / STOP_FILE).exists():
            run.write_event("stopped", message="Stopped on request.")
            return "stopped"
        value = accuracy(run.spec.learning_rate, epoch) + run.spec.seed / 1000
        run.write_event("epoch", epoch=epoch, loss=0.5, accuracy=value, val_loss=1 - value, val_accuracy=value)
    (run.folder / RESULT_FILE).write_text("{}")
    run.write_event("completed", test_accuracy=0.9)
    return "completed"


def work(run: Run | None) -> None:
    """Execute the Run and what waits behind it; let go of what was stopped, as a process does that ends."""
    from fmnist_core import claims  # toys of a cluster need it not

    if not claims.claim(run):
        return
    while run and execute(run) != "stopped":
        run = claims.claim_next(run)
    if run:
        (run.folder / CLAIM_FILE).unlink(missing_ok=True)


if __name__ == "__main__":
    if sys.argv[1] == "driver":
        from fmnist_core import jobs
        from fmnist_core.tuning import driver

        jobs.WORKER_COMMAND = (sys.executable, ME, "worker")
        sys.exit(driver.main(sys.argv[2:]))
    work(Run(Path(sys.argv[2])))

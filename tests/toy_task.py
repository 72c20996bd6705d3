"""Tasks for tests, carried out by fmnist_core.tasks in a process of its own: python toy_task.py NAME JSON."""

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent)]

TOYS = {
    "quick": "toy_task:quick", "ahead": "toy_task:quick", "slow": "toy_task:slow", "broken": "toy_task:broken",
    "refused": "toy_task:refused",
}  # fmt: skip


def quick(dataset, report, **parameters):
    report("Half way", 0.5)


def slow(dataset, report, seconds=60):
    report("Sleeping", 0.25)
    time.sleep(seconds)


def broken(dataset, report):
    raise ValueError("out of luck\nand more")


def refused(dataset, report):
    from fmnist_core.errors import DataError

    raise DataError("Expected more images. Received 3.")


if __name__ == "__main__":
    from fmnist_core import tasks

    tasks.TASKS.update(TOYS)
    tasks.AHEAD = ("ahead",)
    sys.exit(tasks.main(sys.argv[1:]))

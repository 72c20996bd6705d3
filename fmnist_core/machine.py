"""What this machine has to give: cores and memory that this process may use, and how many Runs they bear.

In a container the limits of its control group count, not what the machine has (cgroup v2; Linux only).
"""

import os
from contextlib import suppress
from pathlib import Path

import psutil

from fmnist_core.errors import SpecError

_GROUP = Path("/sys/fs/cgroup")
# What a worker takes at its peak, with all 60,000 images: 1.1 GB for preset C, 1.2 GB for A. Larger networks take more.
WORKER_BYTES = 1_400_000_000
SPARE_BYTES = 1_000_000_000  # for the app and the system


def cores() -> int:
    """Return how many cores this process may use, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = (_GROUP / "cpu.max").read_text().split()
        if quota != "max":
            return max(1, min(allowed, round(int(quota) / int(period))))
    return max(1, allowed)


def free_bytes() -> int:
    """Return how much memory is free for new processes."""
    free = psutil.virtual_memory().available
    with suppress(OSError, ValueError):
        limit, used = ((_GROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        if limit != "max":
            return max(0, min(free, int(limit) - int(used)))
    return free


def most_runs(running: int = 0) -> int:
    """Return how many Runs the memory bears at once, at least 1; `running` ones have theirs already."""
    return max(1, running + int((free_bytes() - SPARE_BYTES) // WORKER_BYTES))


def sensible_runs(running: int = 0) -> int:
    """Return up to how many Runs at once make sense: a core and enough memory for each."""
    return min(cores(), most_runs(running))


def check_runs(parallel: int, running: int = 0) -> None:
    """Raise SpecError if the memory does not bear so many Runs at once."""
    if parallel > (most := most_runs(running)) and parallel > 1:
        raise SpecError(
            f"Expected at most {most} Run{'s' * (most != 1)} at once: each takes about {WORKER_BYTES / 1e9:.1f} GB, "
            f"and {free_bytes() / 1e9:.1f} GB are free. Received {parallel}."
        )


def threads_of_each(parallel: int) -> int | None:
    """Return how many threads each of so many Runs should compute with; None where one may choose by itself."""
    if parallel <= 1 and cores() == os.cpu_count():
        return None
    return max(1, cores() // parallel)

"""Leash: what ties the process of a Run to the worker that watches it.

A process that outlives its watcher would train on while another one trains the same Run elsewhere. So it ends when the
watcher dies, when the watcher has stopped beating, and when somebody else has claimed the Run.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from contextlib import suppress

from fmnist_core.cluster import handover, heartbeat
from fmnist_core.processes import Claim
from fmnist_core.runs import Run

WATCH_VARIABLE, PARENT_VARIABLE = "FMNIST_LAB_WATCH", "FMNIST_LAB_WATCHER"
LET_GO = 75  # exit code: the Run is not this process's any more, and may be executed elsewhere
PERIOD_S = 1.0
_MISSES = 5  # looks in a row that must fail, so that a machine that slept may find its watcher awake again
_PR_SET_PDEATHSIG = 1


def is_watched() -> bool:
    """Whether a worker of a cluster has started this process."""
    return WATCH_VARIABLE in os.environ


def hold(run: Run) -> bool:
    """Tie this process to its watcher; False if the Run is not this attempt's."""
    name, parent = os.environ[WATCH_VARIABLE], int(os.environ[PARENT_VARIABLE])
    if not (_is_mine(run, name) and handover.is_handed_over(run.folder)):
        return False
    if sys.platform == "linux":
        # The kernel kills this process when its parent ends, even one that is busy in C code.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before that
        return False
    threading.Thread(target=_keep, args=(run, name, parent), name="leash", daemon=True).start()
    return True


def _keep(run: Run, name: str, parent: int) -> None:
    misses = 0
    while os.getppid() == parent and misses < _MISSES:
        time.sleep(PERIOD_S)
        with suppress(OSError):
            misses = 0 if _is_mine(run, name) and heartbeat.is_fresh(run.folder) else misses + 1
    os._exit(LET_GO)


def _is_mine(run: Run, name: str) -> bool:
    claim = Claim.read(run.folder)
    return claim is not None and claim.watch == name

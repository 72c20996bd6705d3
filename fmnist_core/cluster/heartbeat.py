"""Heartbeat: a file in the run folder, touched while a process works on its Run on some machine.

Clocks of machines differ, so the file's time is held against the storage's own clock, never against this machine's:
both are set by whoever keeps the files (on NFS the server).
"""

import os
import tempfile
import threading
import time
from pathlib import Path

FILE_NAME = "heartbeat"
PERIOD_S = 2.0
FRESH_S = 20.0  # ten beats: a loaded file server or a long collection of garbage may swallow a few
_CLOCK_PERIOD_S = 60.0

_lock = threading.Lock()
_clocks: dict[Path, tuple[float, float]] = {}  # per folder: when it was read (monotonic), storage minus this machine


def beat(folder: Path) -> None:
    """Say that the process lives.

    Raises:
        OSError: if the storage does not take it, or the run folder is gone.
    """
    (folder / FILE_NAME).touch()


def end(folder: Path) -> None:
    """Say that no process lives any more."""
    (folder / FILE_NAME).unlink(missing_ok=True)


def is_fresh(folder: Path) -> bool:
    """Whether a process of some machine worked on the Run within the last FRESH_S seconds."""
    try:
        # Opened, because NFS answers a mere question for the time out of its cache.
        with (folder / FILE_NAME).open("rb") as file:
            changed_s = os.fstat(file.fileno()).st_mtime
    except OSError:
        return False
    return abs(time.time() + _clock_difference_s(folder.parent) - changed_s) < FRESH_S


def _clock_difference_s(storage: Path) -> float:
    """Return by how much the storage's clock is ahead of this machine's, in seconds."""
    with _lock:
        read_s, difference_s = _clocks.get(storage, (-_CLOCK_PERIOD_S, 0.0))
        if (now_s := time.monotonic()) - read_s < _CLOCK_PERIOD_S:
            return difference_s
        try:
            with tempfile.TemporaryFile(dir=storage, prefix=".clock-") as file:
                difference_s = os.fstat(file.fileno()).st_mtime - time.time()
        except OSError:
            pass  # not allowed to write here: the last difference known
        if abs(difference_s) < 1.0:  # a file's time is a little coarse; nobody can tell the two clocks apart
            difference_s = 0.0
        _clocks[storage] = now_s, difference_s
        return difference_s

"""Whether the process that worked on a Run still lives. Pids are reused, so a pid counts only with its start time."""

import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from fmnist_core.cluster import heartbeat
from fmnist_core.files import write_atomically

FILE_NAME = "worker.json"
# Intel's oneDNN kernels, which TensorFlow leaves off on most AMD processors: they make the backward
# convolutions much faster. Elsewhere the setting changes nothing.
ONEDNN = {"TF_ENABLE_ONEDNN_OPTS": "1"}
# Threads within an operation, which oneDNN shares in TensorFlow's wheels; operations at once; and OpenMP, for others.
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


@dataclass(frozen=True)
class Claim:
    """Who works on a Run: written into its folder before the work begins.

    Attributes:
        pid: of the process.
        created_s: seconds from the machine's start to the process's. Not since 1970: setting the clock moves that.
        host: name of the machine.
        watch: name of the attempt where a cluster's worker watches the process; "" on the app's own machine.
        worker: name of that worker.
    """

    pid: int
    created_s: float
    host: str
    watch: str = ""
    worker: str = ""

    @classmethod
    def of(cls, pid: int | None = None) -> "Claim":
        """Return the claim of a living process, by default this one."""
        process = psutil.Process(pid)
        return cls(process.pid, _created_s(process), socket.gethostname())

    @classmethod
    def read(cls, folder: Path) -> "Claim | None":
        """Return the claim in a run folder; None if there is none that can be read."""
        try:
            return cls(**json.loads((folder / FILE_NAME).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        """Put the claim into a run folder."""
        write_atomically(folder / FILE_NAME, json.dumps(asdict(self)))

    def process(self) -> psutil.Process | None:
        """Return the claim's process if it lives on this machine, else None."""
        if self.host != socket.gethostname():
            return None
        try:
            process = psutil.Process(self.pid)
            # Two readings of one process agree within a clock tick; a reused pid started later.
            same = self.pid > 0 and abs(_created_s(process) - self.created_s) < 0.05
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None

    def is_alive(self, folder: Path) -> bool:
        """Whether the process that claims the Run in this folder lives, here or on a machine of the cluster."""
        if self.process() is not None:
            return True
        return bool(self.watch) and self.host != socket.gethostname() and heartbeat.is_fresh(folder)

    @property
    def is_mine(self) -> bool:
        """Whether the claim is this very process's."""
        return self.pid == os.getpid() and self.process() is not None


def kill_family(process: psutil.Process) -> None:
    """End a process and what it started, and wait for it."""
    try:
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=5)


def _created_s(process: psutil.Process) -> float:
    # Both terms are what the kernel counts since its start plus the same guess at when that was.
    return process.create_time() - psutil.boot_time()

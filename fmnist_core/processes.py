"""Whether the process that worked on a Run still lives. Pids are reused, so a pid counts only with its start time."""

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from fmnist_core.files import write_atomically

FILE_NAME = "worker.json"
# Intel's oneDNN kernels, which TensorFlow leaves off on most AMD processors: they make the backward
# convolutions much faster. Elsewhere the setting changes nothing.
ONEDNN = {"TF_ENABLE_ONEDNN_OPTS": "1"}


@dataclass(frozen=True)
class Claim:
    """Who works on a Run: written into its folder before the work begins.

    Attributes:
        pid: of the process.
        created_s: seconds from the machine's start to the process's. Not since 1970: setting the clock moves that.
        host: name of the machine.
    """

    pid: int
    created_s: float
    host: str

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
            same = abs(_created_s(process) - self.created_s) < 0.05
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None

    @property
    def is_mine(self) -> bool:
        """Whether the claim is this very process's."""
        return self.pid == os.getpid() and self.process() is not None


def _created_s(process: psutil.Process) -> float:
    # Both terms are what the kernel counts since its start plus the same guess at when that was.
    return process.create_time() - psutil.boot_time()

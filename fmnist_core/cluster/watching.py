"""Watching: what the task of a Run does on a worker of the cluster.

It starts one process that executes the Run, and stays with it: beats while the process lives, has it stop when asked
to and kills it when it does not listen, and ends it at once if the Run belongs to another attempt. A Run that lost its
worker comes here again, on another one, and its process goes on from the last checkpoint.
"""

import os
import socket
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

import fmnist_core
from fmnist_core import paths
from fmnist_core.cluster import handover, heartbeat
from fmnist_core.cluster.demand import Demand
from fmnist_core.cluster.leash import LET_GO, PARENT_VARIABLE, WATCH_VARIABLE
from fmnist_core.events import LIFECYCLE
from fmnist_core.processes import FILE_NAME as CLAIM_FILE
from fmnist_core.processes import THREADS, Claim, kill_family
from fmnist_core.runs import LOG_FILE, STOP_FILE, Run

COMMAND = (sys.executable, "-m", "fmnist_core.worker", "--one")
GRACE_S = 10.0  # from the request to stop until the process is killed
LOOK_S = 0.25
LEASE_S = heartbeat.FRESH_S / 2  # beats did not arrive for so long: end before others take the process for dead
_ENDS = ("completed", "stopped", "failed")


@dataclass(frozen=True)
class Ticket:
    """What a task needs to know: the run folder, the app's workspace, its key, the demand, and the app's version."""

    folder: str
    home: str
    key: str
    demand: dict[str, Any]
    version: str

    @classmethod
    def of(cls, run: Run, key: str, demand: Demand) -> "Ticket":
        """Return the ticket of a Run of this app."""
        return cls(str(run.folder), str(paths.home()), key, asdict(demand), fmnist_core.__version__)


class _LostHold(Exception):
    """The Run is no longer this attempt's."""


def execute(ticket: Ticket) -> str:
    """The task: execute the Run of the ticket and return how that ended, in a word.

    Raises:
        distributed.Reschedule: if this worker cannot, and another may.
    """
    from distributed import Reschedule, get_worker

    worker = get_worker()
    folder = Path(ticket.folder)
    if not folder.parent.is_dir():  # this worker does not see the storage
        time.sleep(5)
        raise Reschedule
    watch = _Watch(ticket, worker)
    try:
        return watch.through()
    except _LostHold:
        return "let go"
    except OSError as error:  # the storage is full, or went away
        watch.give_up(f"Expected the runs folder to take files on {socket.gethostname()}. Received: {error}")
        raise
    finally:
        watch.close()


class _Watch:
    """One attempt on one worker."""

    def __init__(self, ticket: Ticket, worker: Any) -> None:
        self._ticket = ticket
        self._worker = worker
        self._demand = Demand(**ticket.demand)
        self._run = Run(Path(ticket.folder))
        self._name = uuid.uuid4().hex
        self._process: subprocess.Popen | None = None
        self._beat_s: float | None = None
        self._asked_s: float | None = None

    def through(self) -> str:
        """Take the Run, start its process, and stay until its end."""
        if not self._has_handover():
            raise _LostHold
        self._take_over()
        if (self._run.folder / STOP_FILE).exists():
            return self._finish("stopped", "Stopped before it began on a worker.")
        if self._ticket.version != fmnist_core.__version__:
            return self._finish(
                "failed",
                f"Expected FMNIST Lab {self._ticket.version}, as the app is, on {socket.gethostname()}. Received "
                f"{fmnist_core.__version__}.",
            )
        self._start()
        while (code := self._process.poll()) is None:
            time.sleep(LOOK_S)
            self._look_after()
        return self._after_end(code)

    def give_up(self, message: str) -> None:
        """End the process and say why the attempt failed, if the storage still takes it."""
        self._kill()
        with suppress(OSError, _LostHold):
            self._finish("failed", message)

    def close(self) -> None:
        """End the process, and say that none lives any more; another attempt's files are left alone."""
        self._kill()
        with suppress(OSError):  # then the heartbeat grows old by itself
            # Somebody else who has claimed the Run waits until the last beat is old, or its file is gone.
            if self._beat_s is not None and time.monotonic() - self._beat_s < LEASE_S:
                heartbeat.end(self._run.folder)
            if self._was_taken_back() and (self._run.folder / STOP_FILE).exists() and not self._is_over():
                self._run.write_event("stopped", message="Stopped on request.")

    def _take_over(self) -> None:
        """Claim the Run, and wait until a process of an earlier attempt is gone: it ends when it sees the claim."""
        earlier = Claim.read(self._run.folder)
        Claim(0, 0.0, socket.gethostname(), self._name, str(self._worker.name)).write(self._run.folder)
        if earlier and (process := earlier.process()):  # on this machine
            kill_family(process)
        was_here = earlier is not None and earlier.pid > 0 and earlier.host == socket.gethostname()
        while not was_here and heartbeat.is_fresh(self._run.folder):
            time.sleep(LOOK_S)
            self._require_hold()
        self._require_hold()  # after the claim: either this sees that the Run was taken back, or that sees the claim

    def _start(self) -> None:
        environment = os.environ | {
            "FMNIST_LAB_HOME": self._ticket.home, "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUNBUFFERED": "1",
            WATCH_VARIABLE: self._name, PARENT_VARIABLE: str(os.getpid()),
        }  # fmt: skip
        state = self._worker.state
        threads = self._demand.threads(state.nthreads, state.total_resources)
        environment |= dict.fromkeys(THREADS, str(threads))  # Dask sets OMP_NUM_THREADS=1 in its workers
        if "GPU" in state.total_resources and not self._demand.gpus:
            environment["CUDA_VISIBLE_DEVICES"] = "-1"  # else it would take one that belongs to another Run
        heartbeat.beat(self._run.folder)
        self._beat_s = time.monotonic()
        with (self._run.folder / LOG_FILE).open("ab") as log:
            self._process = subprocess.Popen(
                [*COMMAND, str(self._run.folder)], cwd=paths.PROJECT, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True, env=environment,
            )  # fmt: skip
        try:
            claim = Claim.of(self._process.pid)
        except psutil.NoSuchProcess:
            return  # ended at once; the loop sees it
        Claim(claim.pid, claim.created_s, claim.host, self._name, str(self._worker.name)).write(self._run.folder)
        self._require_hold()

    def _look_after(self) -> None:
        from distributed import Reschedule

        if self._worker.status.name not in ("running", "paused"):  # closing: the Run goes to another worker
            raise Reschedule
        now_s = time.monotonic()
        if self._asked_s is None and (self._run.folder / STOP_FILE).exists():
            self._asked_s = now_s
        if self._asked_s is not None and now_s - self._asked_s > GRACE_S:
            self._kill()
            self._write_end("stopped", f"Killed: it did not stop by itself within {GRACE_S:g} s.")
        elif now_s - self._beat_s >= heartbeat.PERIOD_S:
            self._beat(now_s)

    def _beat(self, now_s: float) -> None:
        from distributed import Reschedule

        try:
            self._require_hold()
            heartbeat.beat(self._run.folder)
            self._beat_s = now_s
        except OSError:
            if now_s - self._beat_s > LEASE_S:
                raise Reschedule from None

    def _after_end(self, code: int) -> str:
        """The process is gone: by itself with a last word, or without one."""
        from distributed import Reschedule

        if self._is_over():
            return self._finish()
        if code == LET_GO:
            self._require_hold()
            raise Reschedule
        how = f"a signal ({-code}); the system sends 9 when memory runs out" if code < 0 else f"code {code}"
        return self._finish("failed", f"Its process on {socket.gethostname()} ended with {how}. The log may say more.")

    def _finish(self, kind: str = "", message: str = "") -> str:
        """Write the last word, if one is given, and end the handover: the Run is no longer the cluster's."""
        if kind:
            self._write_end(kind, message)
        self._require_hold()
        handover.take_back(self._run.folder)
        (self._run.folder / CLAIM_FILE).unlink(missing_ok=True)  # after that nobody else may claim it
        return kind or "over"

    def _write_end(self, kind: str, message: str) -> None:
        self._require_hold()
        if not self._is_over():
            self._run.write_event(kind, message=message)

    def _is_over(self) -> bool:
        last = next((e.kind for e in reversed(self._run.events()) if e.kind in LIFECYCLE), "")
        return last in _ENDS

    def _has_handover(self) -> bool:
        handed = handover.Handover.read(self._run.folder)
        return handed is not None and handed.key == self._ticket.key

    def _was_taken_back(self) -> bool:
        return self._run.folder.is_dir() and not handover.is_handed_over(self._run.folder)

    def _require_hold(self) -> None:
        """Raise _LostHold unless handover and claim are this attempt's; OSError if the storage does not say."""
        try:
            for name in (handover.FILE_NAME, CLAIM_FILE):
                (self._run.folder / name).read_bytes()
        except FileNotFoundError as error:
            raise _LostHold from error
        claim = Claim.read(self._run.folder)
        if not (self._has_handover() and claim is not None and claim.watch == self._name):
            raise _LostHold

    def _kill(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        with suppress(psutil.NoSuchProcess):
            kill_family(psutil.Process(self._process.pid))
        self._process.wait()

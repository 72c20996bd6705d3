"""Link: this process's connection to a scheduler. One thread asks; everybody else reads what it found last.

So no page, and nobody who holds the queue's lock, ever waits for the network.
"""

import importlib.util
import logging
import socket
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fmnist_core.cluster import checks
from fmnist_core.cluster.demand import Resources

PERIOD_S = 2.0
CONNECT_S = 5.0
KNOCK_S = 2.0
IDLE_S = 120.0  # nobody asked for so long: the connection is given up until somebody does
RECHECK_S = 10.0  # a worker with a fault is asked again after that


@dataclass(frozen=True)
class Worker:
    """A worker of the cluster: where it is, its threads, its memory in bytes, and the resources that it declares."""

    address: str
    name: str
    host: str
    threads: int
    memory_bytes: int
    resources: Resources


@dataclass(frozen=True)
class Snapshot:
    """What the link found last.

    Attributes:
        time_s: when, on this process's monotonic clock.
        reason: why the scheduler cannot be reached; "" if it answers.
        is_missing: whether the package is not installed, so that no scheduler can be reached.
        unreachable_s: for how many seconds it has not been reached.
        scheduler_id: Dask's name for this one life of the scheduler.
        dashboard: address of Dask's own pages; "" without.
        workers: by name.
        faults: by address of the worker, what keeps it from executing Runs.
        tasks: state at the scheduler by key, None where it knows none; keys that were not asked for are absent.
    """

    time_s: float
    reason: str = ""
    is_missing: bool = False
    unreachable_s: float = 0.0
    scheduler_id: str = ""
    dashboard: str = ""
    workers: tuple[Worker, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def is_up(self) -> bool:
        """Whether the scheduler answers."""
        return not self.reason


class Link:
    """A connection that is made in the background and made again when it breaks. Thread-safe."""

    def __init__(self, address: str, runs_folder: Path) -> None:
        self.address = address
        self._folder = runs_folder
        self._lock = threading.Lock()
        self._looked = threading.Condition(self._lock)
        self._wake = threading.Event()
        self._again = threading.Event()
        self._keys: frozenset[str] = frozenset()
        self._unwanted: deque[str] = deque(maxlen=10_000)
        self._checked: dict[str, tuple[float, str]] = {}  # per worker: when, and its fault
        self._client: Any = None
        self._snapshot: Snapshot | None = None
        self._reached_s = self._asked_s = time.monotonic()
        self._thread: threading.Thread | None = None

    def snapshot(self, wait_s: float = 0.0, *, newer_than_s: float | None = None) -> Snapshot | None:
        """Return what was found last; None if nothing is known yet after wait_s.

        Args:
            wait_s: up to how long to wait for a first one, or for one newer than newer_than_s (monotonic).
        """
        with self._lock:
            self._asked_s = time.monotonic()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="cluster", daemon=True)
                self._thread.start()
            if wait_s:
                self._wake.set()
                self._looked.wait_for(
                    lambda: self._snapshot and self._snapshot.time_s > (newer_than_s or 0.0), timeout=wait_s
                )
            return self._snapshot

    def watch(self, keys: Iterable[str]) -> None:
        """Say which tasks' states the next snapshots shall tell."""
        self._keys = frozenset(keys)

    @property
    def is_connected(self) -> bool:
        """Whether a task could be handed over at this moment."""
        return (client := self._client) is not None and client.status == "running"

    def submit(self, function: Any, *arguments: Any, key: str, resources: Resources) -> bool:
        """Hand a task over, without waiting; False if there is no connection."""
        if (client := self._client) is None or not self.is_connected:
            return False
        from distributed import fire_and_forget

        fire_and_forget(client.submit(function, *arguments, key=key, pure=False, resources=dict(resources) or None))
        return True

    def cancel(self, key: str) -> None:
        """Have the scheduler forget a task that waits there, soon; nothing happens without a connection."""
        self._unwanted.append(key)
        self._wake.set()

    def look_again(self) -> None:
        """Look at once, and ask every worker anew whether it is fit."""
        self._again.set()
        self._wake.set()

    def close(self) -> None:
        """End the thread and the connection."""
        self._asked_s = float("-inf")
        self._wake.set()

    def _serve(self) -> None:
        while time.monotonic() - self._asked_s < IDLE_S:
            try:
                found = self._look()
                self._reached_s = found.time_s
            except Exception as error:
                self._drop()
                found = self._failed(error)
            with self._lock:
                self._snapshot = found
                self._looked.notify_all()
            # The scheduler tells about 1 kB of each worker: a large cluster is asked less often.
            self._wake.wait(max(PERIOD_S, len(found.workers) / 100))
            self._wake.clear()
        self._drop()
        self._snapshot = None

    def _look(self) -> Snapshot:
        client = self._client or self._connect()
        self._cancel_unwanted(client)
        identity = client.sync(client.scheduler.identity, n_workers=-1, callback_timeout=CONNECT_S)
        found = [_worker(worker, about) for worker, about in identity["workers"].items()]
        workers = tuple(sorted(found, key=lambda worker: (worker.host, worker.name)))
        faults = self._faults(client, workers)
        tasks = {}
        if keys := list(self._keys):
            tasks = client.sync(client.scheduler.get_task_status, keys=keys, callback_timeout=CONNECT_S)
        port = identity["services"].get("dashboard")
        host = identity["address"].partition("://")[2].rpartition(":")[0]
        return Snapshot(
            time.monotonic(), scheduler_id=identity["id"], workers=workers, faults=faults, tasks=tasks,
            dashboard=f"http://{host}:{port}/status" if port else "",
        )  # fmt: skip

    def _cancel_unwanted(self, client: Any) -> None:
        from distributed import Future

        if keys := [self._unwanted.popleft() for _ in range(len(self._unwanted))]:
            client.cancel([Future(key, client) for key in keys], force=True)

    def _connect(self) -> Any:
        import distributed

        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # a lost scheduler is told here, in words
        host, port = self.address.partition("://")[2].rsplit(":", 1)
        # Dask knocks for all of its patience at a door that is shut, and then says only that time is up.
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_S).close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other versions of packages; what must be equal is checked
            client = distributed.Client(self.address, timeout=CONNECT_S, set_as_default=False, name="fmnist-lab")
        self._client, self._checked = client, {}
        return client

    def _faults(self, client: Any, workers: tuple[Worker, ...]) -> dict[str, str]:
        """Ask one worker of each host that is new, or had a fault, and return all faults known."""
        if self._again.is_set():
            self._again.clear()
            self._checked = {}
        present, now_s = {worker.address: worker for worker in workers}, time.monotonic()
        self._checked = {address: known for address, known in self._checked.items() if address in present}
        sound = {present[address].host for address, (_, fault) in self._checked.items() if not fault}
        due = [
            (address, worker.host)
            for address, worker in present.items()
            if worker.host not in sound and now_s - self._checked.get(address, (float("-inf"),))[0] > RECHECK_S
        ]
        asked = {
            address: f"worker {present[address].name} on {present[address].host}"
            for address in checks.one_of_each_host(due)
        }
        if asked:
            found = checks.faults(client, self._folder, asked)
            self._checked |= {address: (now_s, found.get(address, "")) for address in asked}
        return {address: fault for address, (_, fault) in self._checked.items() if fault}

    def _failed(self, error: Exception) -> Snapshot:
        now_s = time.monotonic()
        missing = isinstance(error, ImportError)
        if missing:
            reason = (
                f"Expected the package distributed, which talks to {self.address}. Received: {error}. Install it where "
                f"the app runs: {_install_command()}."
            )
        else:
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            what = said.splitlines()[0].rstrip(".")[:200]
            reason = f"Expected a Dask scheduler at {self.address}. Received: {what}."
        return Snapshot(now_s, reason, missing, now_s - self._reached_s)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):  # it is broken, or else idle; what matters is handed over already
                client.close(timeout=1)


def _install_command() -> str:
    by_pip = importlib.util.find_spec("pip") is not None  # an environment that uv has made has none
    how = f"{sys.executable} -m pip install" if by_pip else f"uv pip install --python {sys.executable}"
    return f"{how} -r requirements-cluster.txt"


def _worker(address: str, identity: Mapping[str, Any]) -> Worker:
    return Worker(
        address, str(identity["name"]), identity["host"], int(identity["nthreads"]), int(identity["memory_limit"] or 0),
        dict(identity["resources"]),
    )  # fmt: skip


_links: dict[tuple[str, Path], Link] = {}
_links_lock = threading.Lock()


def link_to(address: str, runs_folder: Path) -> Link:
    """Return this process's link to a scheduler for the Runs of a folder; links to others are given up."""
    with _links_lock:
        wanted = (address, runs_folder)
        for other in [key for key in _links if key != wanted and key[1] == runs_folder]:
            _links.pop(other).close()
        if wanted not in _links:
            _links[wanted] = Link(address, runs_folder)
        return _links[wanted]

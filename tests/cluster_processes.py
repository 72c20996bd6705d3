"""A Dask cluster of real processes, started as a user starts them."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
TOY = ROOT / "tests" / "toy_cluster.py"
GPU = "gpu"  # name of the worker that declares one


class DaskProcesses:
    """A scheduler and its workers. Each worker has one place, and a machine's address of its own if asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.hold = folder / "hold"  # while it is there, trials of the toys stand after their first epoch
        self.scheduler: subprocess.Popen | None = None
        self.workers: dict[str, subprocess.Popen] = {}
        self._count = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"

    def start_scheduler(self) -> None:
        port = self.address.rpartition(":")[2]
        self.scheduler = self._start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")

    def start_worker(
        self, name: str = "", *, host: str = "127.0.0.1", nanny: bool = False, threads: int = 1,
        resources: str = "RUN=1", **environment: str,
    ) -> str:  # fmt: skip
        self._count += 1
        name = name or f"worker-{self._count}"
        options = (
            "--name", name, "--nthreads", str(threads), "--resources", resources, "--host", host, "--no-dashboard",
            "--local-directory", str(self._folder), "--preload", str(TOY), *(() if nanny else ("--no-nanny",)),
        )  # fmt: skip
        self.workers[name] = self._start(name, "worker", self.address, *options, **environment)
        return name

    def ensure(self, plain: int, *, gpu: bool = False) -> None:
        """Start what is missing of a scheduler, so many plain workers, and one with a nanny that declares a GPU."""
        self.hold.unlink(missing_ok=True)  # of a test that failed meanwhile: its trials would keep the workers
        if self.scheduler is None or self.scheduler.poll() is not None:
            self.start_scheduler()
        self.workers = {name: process for name, process in self.workers.items() if process.poll() is None}
        if gpu and GPU not in self.workers:
            self.start_worker(GPU, nanny=True, resources="RUN=1 GPU=1")
        for _ in range(plain - len(set(self.workers) - {GPU})):
            self.start_worker()
        self.await_workers(len(self.workers))

    def await_workers(self, count: int, timeout_s: float = 90) -> None:
        deadline = time.monotonic() + timeout_s
        while self.on_scheduler(lambda dask_scheduler: len(dask_scheduler.workers)) != count:
            assert time.monotonic() < deadline, f"{count} workers did not arrive; logs are in {self._folder}"
            time.sleep(0.1)

    def on_scheduler(self, function):
        """Return what a lambda makes of the scheduler, its argument dask_scheduler; others would not be found there."""
        from distributed import Client

        with Client(self.address, set_as_default=False, timeout=90) as client:
            return client.run_on_scheduler(function)

    def kill_worker(self, name: str) -> None:
        self.workers.pop(name).send_signal(signal.SIGKILL)

    def kill_scheduler(self) -> None:
        """Kill it, and wait until its workers have ended by themselves."""
        self.scheduler.kill()
        self.scheduler.wait()
        for process in self.workers.values():
            process.wait(60)
        self.workers.clear()

    def close(self) -> None:
        for process in [*self.workers.values(), self.scheduler]:
            if process and process.poll() is None:
                for member in [*psutil.Process(process.pid).children(recursive=True), process]:
                    member.kill()
                process.wait()

    def _start(self, name: str, *arguments: str, **environment: str) -> subprocess.Popen:
        toys = {"TOY_CLUSTER": str(TOY), "TOY_HOLD": str(self.hold)}
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | toys | environment,
            )  # fmt: skip

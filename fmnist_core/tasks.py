"""Tasks: heavy computations in a process of their own, one at a time, with progress; the app only looks on.

    task = Task("tsne", dataset.name, folder, dataset.sha256, {"perplexity": 30})
    task.start()
    task.status()     # Status("running", 0.4, "Iteration 400 of 1,000")

A task keeps its result with memory.remembered, so that whoever needs it reads it from there. What it says of itself
lies in a folder of the cache; that is all that app and process share. So a task outlives the app that started it.
A new computation is one function `(dataset, report, **parameters)` and one line in TASKS.
"""

import contextlib
import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import psutil
from filelock import FileLock

from fmnist_core import paths
from fmnist_core.errors import LabError
from fmnist_core.files import write_atomically
from fmnist_core.processes import ONEDNN, Claim, kill_family

# "module:function", strings, so that the app imports none of them to start one.
TASKS: dict[str, str] = {
    "arrival": "fmnist_core.exports.arrival:remember",
    "batch": "fmnist_core.batch.keeping:remember",
    "depth": "fmnist_core.depth_probe:remember",
    "label_issues": "fmnist_core.label_issues:remember",
    "export": "fmnist_core.exports.making:remember",
    "neighbours": "fmnist_core.neighbours:remember",
    "robustness": "fmnist_core.robustness:remember",
    "run-features": "fmnist_core.explain_features:remember",
    "run-map": "fmnist_core.explain_features:remember_map",
    "tsne": "fmnist_core.projection:remember_tsne",
    "umap": "fmnist_core.projection:remember_umap",
}
COMMAND = (sys.executable, "-m", "fmnist_core.tasks")
PROGRESS_FILE, END_FILE, LOG_FILE = "progress.json", "end.json", "log.txt"
REPORT_PERIOD_S = 0.2
# On busy cores OpenBLAS' threads wait for each other: the neighbours took 15 s with one thread and 27 s with two.
# TensorFlow, where a task loads it, reads the others.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "2", **ONEDNN}
NICENESS = 10  # the app and the trainings come first
# Begun before a page asks for them: whoever asks for another computation does not wait for these.
AHEAD = ("neighbours",)

State = Literal["absent", "waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Status:
    """How a task stands: its state, the share done, 0..1, and a sentence for the user."""

    state: State
    fraction: float = 0.0
    sentence: str = ""

    @property
    def is_active(self) -> bool:
        """Whether a process works on it, or waits for its turn."""
        return self.state in ("waiting", "running")


@dataclass(frozen=True)
class Task:
    """One computation: its name in TASKS, the data by key, folder and content hash, and its parameters (JSON).

    With an empty key it works on no data set, and is given None; the hash then names what it does work on.
    """

    name: str
    dataset: str
    folder: str
    sha256: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in TASKS:
            raise LabError(f"Expected a task out of {', '.join(TASKS)}. Received {self.name!r}.")

    @property
    def place(self) -> Path:
        """The folder of what the task says of itself; the same for equal data and parameters."""
        text = json.dumps([self.sha256, self.parameters], sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        return _folder() / f"{self.name}-{digest}"

    def start(self) -> Status:
        """Start the task unless it is under way; it waits for others. What an earlier attempt said is forgotten."""
        with FileLock(_folder() / "start.lock", timeout=30):
            if (status := self.status()).is_active:
                return status
            shutil.rmtree(self.place, ignore_errors=True)
            self.place.mkdir(parents=True)
            try:
                self._spawn()
            except (OSError, psutil.Error) as error:
                _end(self.place, "failed", f"Expected a process to start. Received: {error}")
            return self.status()

    def begin(self) -> None:
        """Start the task unless somebody has: what failed or was cancelled is started again by a person only."""
        if self.status().state in ("absent", "done"):  # done, and yet asked for: the result was deleted
            self.start()

    def status(self) -> Status:
        """Say how the task stands, from its files and whether its process lives."""
        claim = Claim.read(self.place)
        alive = claim is not None and claim.process() is not None
        end = _read(self.place / END_FILE)  # after the look at the process: it writes this before it ends
        if end:
            return Status(end.get("state", "failed"), float(end.get("state") == "done"), end.get("message", ""))
        if alive:
            progress = _read(self.place / PROGRESS_FILE)
            return Status(
                progress.get("state", "waiting"), progress.get("fraction", 0.0), progress.get("sentence", "Starting")
            )
        if claim is None:
            return Status("absent")
        return Status("failed", sentence="Expected the computation to finish. Received: its process was killed.")

    def cancel(self) -> None:
        """Kill the process of the task, if there is one, and say so."""
        with FileLock(_folder() / "start.lock", timeout=30):
            claim = Claim.read(self.place)
            process = claim and claim.process()
            if process and self.status().is_active:
                kill_family(process)
                _end(self.place, "cancelled", "Cancelled.")

    def _spawn(self) -> None:
        """Start a process of its own session: signals to the app, and the app's end, do not reach it."""
        with (self.place / LOG_FILE).open("ab") as log:
            process = subprocess.Popen(
                [*COMMAND, self.name, json.dumps(asdict(self))], cwd=paths.PROJECT, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, **ENVIRONMENT},
            )  # fmt: skip
        Claim.of(process.pid).write(self.place)


def main(arguments: list[str]) -> int:
    """Carry out a task: its name, and itself as JSON."""
    task = Task(**json.loads(arguments[1]))
    _give_way()
    report = _reporter(task.place)
    report("Waiting for another computation to finish", 0.0, state="waiting")
    lock = f"{task.name}.lock" if task.name in AHEAD else "running.lock"
    with FileLock(_folder() / lock):  # the system frees it when a process dies
        try:
            _carry_out(task, report)
            _end(task.place, "done", "")
        except LabError as error:
            _end(task.place, "failed", str(error))
        except MemoryError:
            _end(task.place, "failed", "Expected enough memory. Received an allocation that this machine refused.")
        except Exception as error:  # whatever else: the page says it, the log has the rest
            traceback.print_exc()
            _end(task.place, "failed", f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")
    return 0


def _give_way() -> None:
    """Let the app and the trainings come first."""
    os.nice(NICENESS)
    # Linux may divide time among sessions before it looks at niceness within one, and a task has a session of its own.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICENESS))


def _carry_out(task: Task, report: Callable[..., None]) -> None:
    from fmnist_core import datasets  # here, so that a process that waits is small

    report("Reading the images", 0.0)
    dataset = datasets.load(task.dataset, task.folder or None) if task.dataset else None
    if dataset is not None and dataset.sha256 != task.sha256:
        raise LabError("Expected the data that the page showed. Received others: they were changed meanwhile.")
    module, function = TASKS[task.name].split(":")
    getattr(importlib.import_module(module), function)(dataset, report, **task.parameters)


def _reporter(place: Path) -> Callable[..., None]:
    """Return report(sentence, fraction), which writes the progress at most a few times a second.

    A sentence that begins with another word than the one before is a new stage, and is always written: it may last.
    """
    last, stage = 0.0, ""

    def report(sentence: str, fraction: float, state: State = "running") -> None:
        nonlocal last, stage
        before, stage = stage, sentence.partition(" ")[0]
        if fraction and stage == before and time.monotonic() - last < REPORT_PERIOD_S:
            return
        last = time.monotonic()
        progress = {"state": state, "sentence": sentence, "fraction": min(max(float(fraction), 0.0), 1.0)}
        write_atomically(place / PROGRESS_FILE, json.dumps(progress))

    return report


def _end(place: Path, state: State, message: str) -> None:
    write_atomically(place / END_FILE, json.dumps({"state": state, "message": message}))


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _folder() -> Path:
    folder = paths.cache() / "tasks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

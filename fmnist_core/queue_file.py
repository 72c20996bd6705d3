"""The queue's file: which Runs wait, which execute here and which a cluster has; changed under a lock."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from fmnist_core.cluster.handover import is_handed_over
from fmnist_core.files import write_atomically
from fmnist_core.runs import RunState, list_runs

QUEUE_FILE = "queue.json"


@dataclass
class Queue:
    """Ids of Runs: waiting in order, handed to a worker of this machine, and handed to a cluster."""

    waiting: list[str] = field(default_factory=list)
    active: list[str] = field(default_factory=list)
    away: list[str] = field(default_factory=list)

    def forget(self, run_id: str) -> None:
        """Take a Run out of all lists."""
        for ids in (self.waiting, self.active, self.away):
            if run_id in ids:
                ids.remove(run_id)


def read_queue(folder: Path) -> Queue:
    """Return the queue of a runs folder, made anew where its file is absent or damaged."""
    try:
        return Queue(**json.loads(_text(folder)))
    except (ValueError, TypeError):
        return _rebuilt(folder)


def write_queue(folder: Path, known: Queue) -> None:
    """Save the queue if it has changed."""
    if (text := json.dumps(vars(known))) != _text(folder):
        write_atomically(folder / QUEUE_FILE, text)


@contextmanager
def locked(folder: Path) -> Iterator[tuple[Path, Queue]]:
    """Hold the queue's lock; write the queue back if it changed, or had to be made anew."""
    with FileLock(folder / "queue.lock", timeout=30):
        known = read_queue(folder)
        yield folder, known
        write_queue(folder, known)


def _text(folder: Path) -> str:
    try:
        return (folder / QUEUE_FILE).read_text()
    except OSError:
        return ""


def _rebuilt(folder: Path) -> Queue:
    """Make the queue anew from the Runs themselves: no Run may be forgotten."""
    found = [(run, run.state, is_handed_over(run.folder)) for run in list_runs(folder)]
    queued = [run for run, state, away in found if state == RunState.QUEUED and not away]
    return Queue(
        [run.id for run in sorted(queued, key=lambda run: (run.events()[-1].time_s, run.id))],
        [run.id for run, state, away in found if state == RunState.RUNNING and not away],
        [run.id for run, state, away in found if not state.is_over and away],
    )

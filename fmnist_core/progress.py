"""Progress: a Run's events gathered into bounded series for live curves.

Reading is incremental and the per-batch series are thinned by merging neighbours, so that a tick late in a long
Run costs what a tick early in a short one does.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from math import nan
from pathlib import Path

from fmnist_core.events import LIFECYCLE, Event, EventReader
from fmnist_core.runs import Run, RunState

MAX_POINTS = 600


@dataclass
class Series:
    """Columns of numbers over `epoch`, halved by averaging neighbours whenever they pass MAX_POINTS."""

    columns: dict[str, list[float]] = field(default_factory=dict)
    _merge: int = 1
    _pending: list[dict[str, float]] = field(default_factory=list)

    def append(self, row: dict[str, float]) -> None:
        """Add one point; it may be merged with its neighbours."""
        self._pending.append(row)
        if len(self._pending) < self._merge:
            return
        self._add(_mean(self._pending))
        self._pending.clear()
        if len(self.columns["epoch"]) >= MAX_POINTS:  # even, so that every point finds its pair
            rows = self.rows()
            self.columns.clear()
            for pair in zip(rows[::2], rows[1::2], strict=False):
                self._add(_mean(list(pair)))
            self._merge *= 2

    def copy(self) -> "Series":
        """Return a Series of the same points that no longer grows with this one."""
        columns = {name: list(values) for name, values in self.columns.items()}
        return Series(columns, self._merge, list(self._pending))

    def rows(self) -> list[dict[str, float]]:
        """Return the points as dictionaries."""
        return [dict(zip(self.columns, values, strict=True)) for values in zip(*self.columns.values(), strict=True)]

    def cut(self, epoch: float) -> None:
        """Forget all points after this epoch: a resumed Run does them again."""
        kept = [row for row in self.rows() if row["epoch"] <= epoch]
        self.columns.clear()
        self._pending.clear()
        for row in kept:
            self._add(row)

    def _add(self, row: dict[str, float]) -> None:
        before = len(self.columns.get("epoch", ()))
        for name in {**self.columns, **row}:  # NaN where a line lacks a number
            self.columns.setdefault(name, [nan] * before).append(row.get(name, nan))


class Progress:
    """What is known of one Run so far. `update` reads what is new; the attributes then hold it.

    `batches` and `epochs` are replaced, never changed in place: another session may be drawing them.

    Attributes:
        run: the Run.
        state: its state at the last update.
        batches: thinned Series over fractional epochs: loss, accuracy, learning_rate, images_per_s, cpu_percent,
            memory_mb.
        epochs: finished epochs, one dictionary each, Keras' log names and duration_s.
        phase: what the worker says it is doing.
        message: why the Run failed or stopped.
        started_s, ended_s, queued_s: seconds since 1970, of the last attempt; None before.
        earlier_s: seconds that the attempts before it took.
        train_images: images per epoch.
        fine_tuning_from: epochs finished when fine-tuning began; None before and without.
        fraction: share of all epochs done, 0..1.
        version: grows with each update that brought something new.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._reader = EventReader(run.folder)
        self.last: Event | None = None
        self._batches = self.batches = Series()
        self._epochs: list[dict[str, float]] = []
        self.epochs: list[dict[str, float]] = []
        self.phase = ""
        self.message = ""
        self.queued_s: float | None = None
        self.started_s: float | None = None
        self.earlier_s = 0.0
        self.training_s: float | None = None
        self.ended_s: float | None = None
        self.first_epoch = 0.0
        self.epoch_done = 0.0
        self.now_s: float | None = None
        self.train_images = 0
        self.fine_tuning_from: int | None = None
        self.version = 0
        self.state = RunState.INTERRUPTED
        self.update()

    def update(self) -> bool:
        """Take in new events; return whether anything changed."""
        before = self.version, self.state
        self._take_new()
        self.state = self.run.state_after([self.last] if self.last else [])
        if self.state == RunState.INTERRUPTED and self._take_new():
            self.state = self.run.state_after([self.last] if self.last else [])
        return (self.version, self.state) != before

    @property
    def fraction(self) -> float:
        """Share of all epochs done, 0..1."""
        return 1.0 if self.state == RunState.COMPLETED else min(1.0, self.epoch_done / self.run.spec.total_epochs)

    @property
    def remaining_s(self) -> float | None:
        """Estimated seconds until the last epoch is done, from this attempt's pace; None if unknown."""
        done = self.epoch_done - self.first_epoch
        if self.state != RunState.RUNNING or self.training_s is None or self.now_s is None or done <= 0:
            return None
        return (self.now_s - self.training_s) / done * (self.run.spec.total_epochs - self.epoch_done)

    @property
    def elapsed_s(self) -> float | None:
        """Seconds of work in all attempts: each from its start to its end or its last event; None before the first."""
        if self.started_s is None:
            return self.earlier_s or None
        end = self.ended_s or self.now_s
        return self.earlier_s + (max(0.0, end - self.started_s) if end else 0.0)

    def _take_new(self) -> bool:
        if not (events := self._reader.read()):
            return False
        for event in events:
            if event.kind in LIFECYCLE:
                self.last = event
            getattr(self, f"_on_{event.kind}", lambda event: None)(event)
            self.now_s = event.time_s
        self.batches, self.epochs = self._batches.copy(), list(self._epochs)
        self.version += 1
        return True

    def _on_queued(self, event: Event) -> None:
        self.earlier_s, self.started_s = self.elapsed_s or 0.0, None
        self.queued_s, self.ended_s, self.message, self.phase = event.time_s, None, "", ""

    def _on_started(self, event: Event) -> None:
        self.earlier_s = self.elapsed_s or 0.0
        self.started_s, self.training_s, self.ended_s = event.time_s, None, None
        self.phase, self.message = "starting", ""

    def _on_phase(self, event: Event) -> None:
        self.phase = str(event.logs.get("phase") or "")
        if self.phase == "training":
            numbers = _numbers(event)
            self.training_s = event.time_s
            self.train_images = numbers.get("train_images", 0)
            self.fine_tuning_from = numbers.get("fine_tuning_from")
            self.first_epoch = self.epoch_done = event.epoch or 0.0
            self._batches.cut(self.first_epoch)
            self._epochs = [row for row in self._epochs if row["epoch"] <= self.first_epoch]

    def _on_batch(self, event: Event) -> None:
        self.epoch_done = event.epoch or 0.0
        self._batches.append({"epoch": self.epoch_done, **_numbers(event)})

    def _on_epoch(self, event: Event) -> None:
        self.epoch_done = event.epoch or 0.0
        self._epochs.append({"epoch": self.epoch_done, **_numbers(event)})

    def _on_end(self, event: Event) -> None:
        self.ended_s = event.time_s
        self.message = str(event.logs.get("message") or "")

    _on_completed = _on_stopped = _on_failed = _on_interrupted = _on_end


class Watcher:
    """Keeps the Progress of recently asked Runs, for all sessions of a process. Thread-safe."""

    def __init__(self, capacity: int = 5000) -> None:
        self._capacity = capacity
        self._known: OrderedDict[Path, Progress] = OrderedDict()
        self._lock = threading.Lock()

    def progress(self, run: Run) -> Progress:
        """Return the Run's up-to-date Progress, reading only what is new since anybody asked last."""
        with self._lock:
            progress = self._known.pop(run.folder, None) or Progress(run)
            self._known[run.folder] = progress
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)
            progress.update()
            return progress


def _numbers(event: Event) -> dict[str, float]:
    """Return an event's logs without what a damaged line may hold instead of numbers."""
    return {name: value for name, value in event.logs.items() if isinstance(value, int | float)}


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    if len(rows) == 1:
        return rows[0]
    return {name: sum(row.get(name, 0.0) for row in rows) / len(rows) for name in rows[-1]}

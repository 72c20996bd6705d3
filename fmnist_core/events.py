"""Events: what a Run says of itself, one JSON line each, appended by one process and read by many.

Readers keep an offset and take complete lines only, so reading costs what is new, and a line torn by a crash
is skipped, never an error (the idea: Optuna's journal file storage).
"""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE_NAME = "events.jsonl"

# Kinds that change the state of a Run; the last of them decides, together with whether its worker lives.
LIFECYCLE = ("queued", "started", "completed", "stopped", "failed", "interrupted")

_LATEST_S, _MOST = 1e11, 1e12  # years that the calendar has; epochs and steps


@dataclass(frozen=True)
class Event:
    """One line of a Run's story.

    Attributes:
        kind: queued, handed_over (to a cluster), started, phase, batch, epoch, completed, stopped, failed, interrupted
            (by the loss of a scheduler; elsewhere nobody is left to say so).
        time_s: seconds since 1970.
        epoch: epochs finished, as a fraction within an epoch; None where it means nothing.
        step: batches finished since the first epoch; None where it means nothing.
        logs: numbers and words by name, Keras' names where Keras has one.
    """

    kind: str
    time_s: float
    epoch: float | None = None
    step: int | None = None
    logs: dict[str, Any] = field(default_factory=dict)


class EventWriter:
    """Appends events to a run folder. One line is one write, so that lines of two writers do not mix."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def write(self, kind: str, *, epoch: float | None = None, step: int | None = None, **logs: Any) -> Event:
        """Append one event with the present time, and return it."""
        event = Event(kind, time.time(), epoch, step, logs)
        line = json.dumps(vars(event), separators=(",", ":"), default=float)
        with self._path.open("ab") as file:
            torn = file.tell() > 0 and not _ends_with_newline(self._path)
            file.write(b"\n" * torn + line.encode() + b"\n")
        return event


class EventReader:
    """Reads the events appended since the last call."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._offset = 0

    def read(self) -> list[Event]:
        """Return new events, oldest first. Lines that are no event are skipped; a torn last line is left for later."""
        try:
            if (size := self._path.stat().st_size) == self._offset:
                return []  # the usual case in a list of finished Runs: without opening the file
            with self._path.open("rb") as file:
                if size < self._offset:
                    self._offset = 0  # the file was replaced by a shorter one
                file.seek(self._offset)
                block = file.read()
        except OSError:
            return []
        complete = block.rfind(b"\n") + 1
        self._offset += complete
        return list(_parse(block[:complete]))


def read_events(folder: Path) -> list[Event]:
    """Return all events of a run folder, oldest first."""
    return EventReader(folder).read()


def _parse(block: bytes) -> Iterator[Event]:
    for line in block.splitlines():
        try:
            event = Event(**json.loads(line))
        except (ValueError, TypeError, RecursionError):
            continue
        if _is_sound(event):
            yield event


def _is_sound(event: Event) -> bool:
    """Whether each field is of its kind; JSON that is whole can still hold anything."""
    return (
        isinstance(event.kind, str)
        and isinstance(event.logs, dict)
        and _is_within(event.time_s, _LATEST_S)
        and (event.epoch is None or _is_within(event.epoch, _MOST))
        and (event.step is None or _is_within(event.step, _MOST))
    )


def _is_within(value: Any, most: float) -> bool:
    return isinstance(value, int | float) and 0 <= value <= most  # false for NaN, too


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"

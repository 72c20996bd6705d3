"""Try one source after the other, keep what each said, and never wait twice for the same dead end."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from fmnist_core.datasets import store
from fmnist_core.datasets.base import Attempt, Progress
from fmnist_core.errors import DataError, SourceUnavailable

# How long the failure of a slow source (network, apt) is believed, by all processes.
PATIENCE_S = 30 * 60
# Comma-separated keys of the sources that may be used; unset: all. "sample" alone works without real data.
ALLOWED_VARIABLE = "FMNIST_LAB_SOURCES"


@dataclass(frozen=True)
class Found:
    """What a source gave: a cache entry, the phrase to show, and whether it equals the published content."""

    entry: store.Entry
    phrase: str
    verified: bool = False
    synthetic: bool = False


@dataclass(frozen=True)
class Source:
    """A place to get a data set from.

    key: short name, as in FMNIST_LAB_SOURCES; phrase: as the user reads it; read: returns the data or raises
    DataError; slow: reaches beyond this machine: failure is remembered, and only one process tries at a time.
    """

    key: str
    phrase: str
    read: Callable[[Progress], Found]
    slow: bool = False


def first_available(
    name: str, sources: Sequence[Source], *, refresh: bool = False, progress: Progress | None = None
) -> tuple[Found, tuple[Attempt, ...]]:
    """Return what the first working source gives, and the attempts before it.

    refresh: try slow sources again even if they failed a moment ago.
    Raises DataError with all reasons if none works.
    """
    report = progress or (lambda text, fraction: None)
    attempts: list[Attempt] = []
    for source in sources:
        if not _is_allowed(source.key):
            attempts.append(Attempt(source.phrase, f"switched off by {ALLOWED_VARIABLE}"))
            continue
        try:
            return _read(name, source, sources, refresh, report), tuple(attempts)
        except DataError as error:
            attempts.append(Attempt(source.phrase, str(error)))
    reasons = "; ".join(f"{a.source}: {a.reason}" for a in attempts)
    raise SourceUnavailable(f"Expected a source for {name}. Received none. {reasons}")


def _is_allowed(key: str) -> bool:
    allowed = os.environ.get(ALLOWED_VARIABLE, "")
    return not allowed.strip() or key in [word.strip() for word in allowed.split(",")]


def _read(name: str, source: Source, sources: Sequence[Source], refresh: bool, report: Progress) -> Found:
    if not source.slow:
        return source.read(report)
    note = store.folder() / f"failed-{name}-{source.key}"
    if not refresh and (reason := _recent(note)):
        raise SourceUnavailable(reason)
    with _one_process_at_a_time(name, report) as waited:
        if waited:  # the process that we waited for has filled the cache, or failed as we would
            if found := _from_cache(sources, report):
                return found
            if reason := _recent(note):
                raise SourceUnavailable(reason)
        report(f"Trying {source.phrase}", 0.0)
        try:
            found = source.read(report)
        except DataError as error:
            store.write_atomically(note, str(error))
            raise
        note.unlink(missing_ok=True)
        return found


def _from_cache(sources: Sequence[Source], report: Progress) -> Found | None:
    for source in sources:
        if source.key == "cache" and _is_allowed(source.key):
            with suppress(DataError):
                return source.read(report)
    return None


def _recent(note: Path) -> str:
    """Return the reason of a failure within the last PATIENCE_S, else an empty string."""
    try:
        if time.time() - note.stat().st_mtime < PATIENCE_S:
            return note.read_text()
    except OSError:
        pass
    return ""


@contextmanager
def _one_process_at_a_time(name: str, report: Progress) -> Iterator[bool]:
    """Hold the data set's lock (freed by the system if we die); yields whether another process had it."""
    lock = FileLock(store.folder() / f".{name}.lock")
    waited = False
    while True:
        try:
            lock.acquire(timeout=0.5 if waited else 0)
            break
        except Timeout:
            waited = True
            report("Waiting for another process that is fetching the data", 0.0)
    try:
        yield waited
    finally:
        lock.release()

"""Download one file so that an interruption costs nothing: .part file, Range requests, one atomic rename.

urllib rather than requests: nothing to add to the requirements, and a worker process needs no web framework's
dependencies. What arrives is checked before it gets its name.
"""

import hashlib
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from fmnist_core.datasets.base import Progress
from fmnist_core.errors import DataError, SourceUnavailable

TIMEOUT_S = 5.0
_CHUNK_BYTES = 1 << 17
_TRIES = 4
_PAUSE_S = 0.3
_AGENT = "FMNIST-Lab (download)"


def download(
    url: str,
    target: Path,
    *,
    verify: Callable[[Path], object],
    max_bytes: int,
    progress: Progress | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Path:
    """Fetch url into target, going on where an earlier attempt stopped.

    verify: raises DataError if the file is not the expected one; a file that fails it is removed.
    max_bytes: a longer answer is refused. timeout_s: for the name look-up, the connection and each read.
    Raises SourceUnavailable if the place does not answer, DataError if it answers with something else.
    """
    part = _part_file(url, target)
    resumed = part.exists() and part.stat().st_size > 0
    _fetch_all(url, part, max_bytes, progress, timeout_s)
    try:
        verify(part)
    except DataError:
        part.unlink(missing_ok=True)
        if not resumed:
            raise
        # The first bytes may be of another edition or damaged: once more from the start.
        return download(url, target, verify=verify, max_bytes=max_bytes, progress=progress, timeout_s=timeout_s)
    os.replace(part, target)
    return target


def _part_file(url: str, target: Path) -> Path:
    """One per address, so that two mirrors never write into one file."""
    return target.with_name(f"{target.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part")


def _fetch_all(url: str, part: Path, max_bytes: int, progress: Progress | None, timeout_s: float) -> None:
    """Connect again after each cut as long as bytes keep coming, at most _TRIES times in a row without."""
    fruitless, gained_any = 0, False
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _resolve(url, timeout_s)
            if _fetch_rest(url, part, before, max_bytes, progress, timeout_s):
                return
            reason = "the connection was cut"
        except urllib.error.HTTPError as error:
            if error.code != 416:  # Range not satisfiable: what we hold is not a beginning of this file
                raise SourceUnavailable(
                    f"{url}: Expected the file. Received HTTP {error.code} ({error.reason})."
                ) from error
            part.unlink(missing_ok=True)
            reason = "the server refused to go on with an earlier download"
        except urllib.error.URLError as error:
            if not gained_any:  # offline: say so at once
                raise SourceUnavailable(f"{url}: Expected an answer. Received none: {_words(error)}.") from error
            reason = _words(error)
        except (OSError, HTTPException) as error:
            reason = str(error) or type(error).__name__
        gained = (part.stat().st_size if part.exists() else 0) > before
        gained_any |= gained
        fruitless = 0 if gained else fruitless + 1
        if fruitless >= _TRIES:
            raise SourceUnavailable(f"{url}: Expected the whole file. Received a part of it: {reason}.")
        time.sleep(_PAUSE_S * (fruitless + 1))


def _words(error: urllib.error.URLError) -> str:
    """Return the system's words without its error number."""
    return getattr(error.reason, "strerror", None) or str(error.reason)


def _fetch_rest(url: str, part: Path, start: int, max_bytes: int, progress: Progress | None, timeout_s: float) -> bool:
    """Append what is missing; return whether the file is complete."""
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT})
    if start:
        request.add_header("Range", f"bytes={start}-")
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:
        if answer.status != 206:
            start = 0  # the server ignores Range and sends everything
        total = start + int(answer.headers.get("Content-Length") or 0)
        received = start
        with open(part, "ab" if start else "wb") as file:
            while chunk := answer.read(_CHUNK_BYTES):
                received += len(chunk)
                if max(received, total) > max_bytes:
                    break
                file.write(chunk)
                if progress and total:
                    amount = f"{received / 1e6:.0f} of {total / 1e6:.0f} MB"
                    progress(f"Downloading from {urlsplit(url).netloc}: {amount}", received / total)
    if max(received, total) > max_bytes:
        part.unlink(missing_ok=True)
        raise DataError(f"{url}: Expected at most {max_bytes:,} bytes. Received {max(received, total):,} or more.")
    return received >= total


def _resolve(url: str, timeout_s: float) -> None:
    """Look the host up within timeout_s: the system's own patience can last half a minute."""
    parts = urlsplit(url)
    if parts.scheme in urllib.request.getproxies():
        return  # the proxy looks names up
    outcome: list[Exception | None] = []

    def look_up() -> None:
        try:
            socket.getaddrinfo(parts.hostname, parts.port or parts.scheme, type=socket.SOCK_STREAM)
            outcome.append(None)
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(timeout_s)
    error = outcome[0] if outcome else TimeoutError(f"no name server answered in {timeout_s:g} s")
    if error:
        raise urllib.error.URLError(error)

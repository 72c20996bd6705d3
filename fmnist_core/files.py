"""Writing files so that a reader, or a crash, never meets half of one; and waiting for who else writes."""

import os
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import AcquireReturnProxy, FileLock, Timeout


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a whole file beside its place, then move it there in one step."""
    data = content.encode() if isinstance(content, str) else content
    replace_atomically(path, lambda temporary: temporary.write_bytes(data))


def replace_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file under a temporary name with the same ending, then move it to `path` in one step."""
    temporary = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def patient_lock(file: Path, meanwhile: Callable[[], object]) -> AcquireReturnProxy:
    """Return the held lock, for a `with`; `meanwhile` is called while another has it, and may raise to give up."""
    lock = FileLock(file)
    while True:
        with suppress(Timeout):
            return lock.acquire(timeout=0.5)
        meanwhile()
        time.sleep(0.1)

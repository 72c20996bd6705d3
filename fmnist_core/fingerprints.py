"""A hash of a file, computed once as long as its size and date stay."""

import functools
import hashlib
from pathlib import Path

from fmnist_core.errors import ModelError


def file_fingerprint(path: Path) -> str:
    """Return 16 hexadecimal digits of a file's SHA-256.

    Raises:
        ModelError: there is no such file.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise ModelError(f"Run {path.parent.name}: expected {path.name}. Received: no such file.") from error
    return _hash(str(path), state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _hash(path: str, size: int, modified_ns: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]

"""Keep files that came through the browser, under names and sizes of our choosing."""

import hashlib
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from fmnist_core import paths
from fmnist_core.datasets import own
from fmnist_core.datasets.base import Progress
from fmnist_core.datasets.files import refusals_told
from fmnist_core.errors import DataError

MAX_UPLOAD_BYTES = 200 << 20
_MAX_FILES = 6


def save_upload(files: Sequence[tuple[str, bytes]], progress: Progress | None = None) -> Path:
    """Save (name, content) pairs in a folder of their own, prove that they load, and return the folder.

    The same files give the same folder. Raises DataError, and leaves nothing, if they are too many, too large
    or not of the form that datasets.load("own", ...) reads.
    """
    size = sum(len(content) for _, content in files)
    if not 1 <= len(files) <= _MAX_FILES:
        raise DataError(f"Expected 1 to {_MAX_FILES} files. Received {len(files)}.")
    if size > MAX_UPLOAD_BYTES:
        raise DataError(f"Expected at most {MAX_UPLOAD_BYTES >> 20} MB in all. Received {size / (1 << 20):.0f} MB.")
    digest = hashlib.sha256()
    for name, content in sorted(files):
        digest.update(f"{name}:{hashlib.sha256(content).hexdigest()}\n".encode())
    folder = paths.home() / "uploads" / digest.hexdigest()[:12]
    is_new = not folder.exists()
    try:
        with refusals_told():
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in files:
                (folder / _safe_name(name)).write_bytes(content)
        own.load(folder, progress=progress)
    except DataError as error:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        # The user knows the file by its own name, not by where we put it.
        raise DataError(str(error).replace(f"{folder}/", "").replace(str(folder), "The upload")) from error
    return folder


def _safe_name(name: str) -> str:
    """Return the last part of the name with nothing in it that a file system or a shell could mistake."""
    last = re.split(r"[\\/]", name)[-1]
    cleaned = re.sub(r"[^A-Za-z0-9._-]", "_", last).lstrip(".")[-100:]
    if not cleaned:
        raise DataError(f"Expected a file name with letters or digits. Received {name!r}.")
    return cleaned

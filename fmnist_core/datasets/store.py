"""The cache of decompressed arrays: verified once, then memory-mapped.

cache/datasets/<key>/{x_train,y_train,x_test,y_test}.npy and entry.json. Every process maps the same files, so
the system holds one copy of the pixels however many pages, users and workers read them. An entry is written
beside its place and renamed in one step: two writers do no harm, and a half-written entry is never found.
Later loads compare file sizes only; hashing 55 MB on each would cost more than all the rest.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from fmnist_core import paths
from fmnist_core.datasets.base import Arrays
from fmnist_core.datasets.idx import header

_FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """Arrays from the cache (read-only, memory-mapped), their content hash, and their first origin.

    notes: what else was learned while the files were read, as JSON keeps it. It belongs to the key, that is to those
    very files, and not to the content hash: files that differ in what was left out may agree in the rest.
    """

    arrays: Arrays
    sha256: str
    origin: str
    notes: dict[str, Any] = field(default_factory=dict)


def folder() -> Path:
    """Return the cache's folder, made if absent."""
    place = paths.cache() / "datasets"
    place.mkdir(parents=True, exist_ok=True)
    return place


def file_hash(array: np.ndarray) -> str:
    """Return the SHA-256, in hex, that the array has as an uncompressed IDX file."""
    digest = hashlib.sha256(header(array))
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def content_hash(file_hashes: Iterable[str]) -> str:
    """Return one SHA-256 for a data set: of its four file hashes in the order of Arrays, one per line."""
    return hashlib.sha256("\n".join(file_hashes).encode()).hexdigest()


def find(key: str) -> Entry | None:
    """Return the entry of this key, or None if it is absent or its files do not have their sizes."""
    place = folder() / key
    try:
        about = json.loads((place / "entry.json").read_text())
        if about["format"] != _FORMAT:
            return None
        states = {name: (place / f"{name}.npy").stat() for name in Arrays._fields}
        if any(state.st_size != about["sizes"][name] for name, state in states.items()):
            return None
        arrays = Arrays(
            **{n: _mapped(place / f"{n}.npy", one.st_ino, one.st_size, one.st_mtime_ns) for n, one in states.items()}
        )
        return Entry(arrays, about["sha256"], about["origin"], dict(about.get("notes", {})))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=16)  # four data sets
def _mapped(file: Path, *state: int) -> np.ndarray:
    """Map a file of this state once for the process: the first look at each page of a new map takes its time."""
    # np.asarray: a plain view on the map, without np.memmap's cost on each slice
    return np.asarray(np.load(file, mmap_mode="r"))


def keep(key: str, arrays: Arrays, sha256: str, origin: str, notes: dict[str, Any] | None = None) -> Entry:
    """Write an entry, replacing one of the same key, and return it memory-mapped.

    If the disk refuses (full, read-only), the arrays themselves are returned: the app works on, only slower.
    """
    unsaved = Entry(arrays, sha256, origin, notes or {})
    try:
        workplace = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=folder()))
    except OSError:
        return unsaved
    try:
        _write(workplace, unsaved)
        _put_in_place(workplace, folder() / key)
    except OSError:
        return find(key) or unsaved
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    return find(key) or unsaved


def _write(workplace: Path, entry: Entry) -> None:
    sizes = {}
    for name, array in entry.arrays._asdict().items():
        file = workplace / f"{name}.npy"
        np.save(file, array, allow_pickle=False)
        sizes[name] = file.stat().st_size
    about = {"format": _FORMAT, "sha256": entry.sha256, "origin": entry.origin, "sizes": sizes}
    if entry.notes:
        about["notes"] = entry.notes
    (workplace / "entry.json").write_text(json.dumps(about, indent=1))
    os.chmod(workplace, 0o755)  # mkdtemp makes it private; other users of the cache read too


def _put_in_place(workplace: Path, place: Path) -> None:
    """Rename the finished folder into place; an older one moves out first (open maps of it stay valid)."""
    if place.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{place.name}-old-", dir=place.parent))
        try:
            os.replace(place, old / "entry")
        except FileNotFoundError:  # another process was quicker
            pass
        finally:
            shutil.rmtree(old, ignore_errors=True)
    os.replace(workplace, place)


def fingerprint(files: Iterable[Path]) -> str:
    """Return a hash of paths, sizes and modification times: equal while nobody has touched the files."""
    facts = []
    for file in files:
        status = file.stat()
        facts.append(f"{file.resolve()}|{status.st_size}|{status.st_mtime_ns}|{status.st_ino}")
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def recall(fingerprint: str) -> Entry | None:
    """Return the entry that files of this fingerprint gave when they were last read."""
    try:
        return find((folder() / f"seen-{fingerprint[:32]}").read_text())
    except OSError:
        return None


def remember(fingerprint: str, key: str) -> None:
    """Note that files of this fingerprint hold the content of entry `key`."""
    write_atomically(folder() / f"seen-{fingerprint[:32]}", key)


def write_atomically(file: Path, text: str) -> None:
    """Write a small note in one step; a disk that refuses is no reason to stop."""
    try:
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".note-")
        with os.fdopen(handle, "w") as stream:
            stream.write(text)
        os.replace(temporary, file)
    except OSError:
        return

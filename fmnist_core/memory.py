"""Results computed once per data set: arrays on disk, keyed by the data's hash, memory-mapped when read again."""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fmnist_core import paths


def remembered(
    sha256: str, name: str, version: int, compute: Callable[[], dict[str, np.ndarray]], **parameters: Any
) -> dict[str, np.ndarray]:
    """Return compute()'s arrays, from disk if they were computed before for this data, name and parameters.

    Args:
        sha256: hash of the data set.
        name: of the computation; fits into a file name.
        version: of its code; raise it when the result changes.
        compute: returns arrays by name; called at most once per key, by the first process that needs it.
        parameters: everything else that the result depends on; JSON types.

    Returns read-only arrays, memory-mapped.
    """
    folder = _folder(sha256, name, version, parameters)
    if (arrays := _read(folder)) is None:
        _write(folder, compute(), parameters)
        arrays = _read(folder) or {}
    return arrays


def is_remembered(sha256: str, name: str, version: int, **parameters: Any) -> bool:
    """Whether the result is on disk already."""
    return _read(_folder(sha256, name, version, parameters)) is not None


def _folder(sha256: str, name: str, version: int, parameters: dict[str, Any]) -> Path:
    text = json.dumps(parameters, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return paths.cache() / "results" / sha256[:16] / f"{name}-{version}-{digest}"


def _read(folder: Path) -> dict[str, np.ndarray] | None:
    try:
        names = json.loads((folder / "entry.json").read_text())["arrays"]
        return {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(folder: Path, arrays: dict[str, np.ndarray], parameters: dict[str, Any]) -> None:
    """Fill a folder beside the place and move it there in one step; another process may have been first."""
    temporary = folder.with_name(f".{uuid.uuid4().hex[:8]}")
    temporary.mkdir(parents=True)
    try:
        for name, array in arrays.items():
            np.save(temporary / f"{name}.npy", array)
        (temporary / "entry.json").write_text(json.dumps({"arrays": list(arrays), "parameters": parameters}))
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)  # damaged, or just written by another: either may go
        os.replace(temporary, folder)
    except OSError:
        if _read(folder) is None:
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)

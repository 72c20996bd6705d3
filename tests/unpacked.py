"""The real data, unpacked and verified once for all tests of a process: a fresh workspace finds them there already.

Hundreds of tests have a workspace of their own; each would unpack and hash 55 MB before its first page.
"""

import functools
import os
from pathlib import Path

import pytest

from fmnist_core import paths
from fmnist_core.datasets import debian, fashion_mnist, store

plain_cache = paths.cache


def cache() -> Path:
    """Stand in for paths.cache: a folder that is new knows the data."""
    folder = plain_cache()
    if not (folder / "datasets").exists():
        know_data(folder)
    return folder


def know_data(cache_folder: Path) -> None:
    """Let a cache folder that may not exist yet know the real data, by links; nothing where they are not installed."""
    _link(cache_folder, {f"datasets/{entry.name}": entry for entry in _entries()})


def know_results(cache_folder: Path) -> None:
    """Let it know what was computed of the real data in any of these folders, and share what is computed in it."""
    shared = Path(os.environ["FMNIST_LAB_TESTS"]) / "results" / fashion_mnist.EDITION.sha256[:16]
    shared.mkdir(parents=True, exist_ok=True)
    _link(cache_folder, {f"results/{shared.name}": shared})


def _link(cache_folder: Path, targets: dict[str, Path]) -> None:
    for name, target in targets.items():
        link = cache_folder / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(target)


@functools.cache
def _entries() -> tuple[Path, ...]:
    """Return the paths of the data in the cache of all tests, and of the note that the installed files hold them."""
    if not debian.INSTALLED_FOLDER.is_dir():
        return ()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FMNIST_LAB_HOME", os.environ["FMNIST_LAB_TESTS"])
        patch.setattr(paths, "cache", plain_cache)
        fashion_mnist.sources()[0].read(lambda sentence, fraction: None)
        place, key = store.folder(), fashion_mnist.EDITION.key
        return place / key, *(note for note in place.glob("seen-*") if note.read_text() == key)

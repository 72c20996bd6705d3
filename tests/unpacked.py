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


def know_data(cache_folder: Path, *, results: bool = False) -> None:
    """Let a cache folder that may not exist yet know the real data, by links; nothing where they are not installed.

    results: it knows what was computed of them in any of these folders, and shares what is computed in it.
    """
    links = {cache_folder / "datasets" / entry.name: entry for entry in _entries()}
    if results:
        shared = Path(os.environ["FMNIST_LAB_TESTS"]) / "results" / fashion_mnist.EDITION.sha256[:16]
        shared.mkdir(parents=True, exist_ok=True)
        links[cache_folder / "results" / shared.name] = shared
    for link, target in links.items():
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

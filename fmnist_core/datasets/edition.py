"""A published data set of four IDX files, known by the hashes of their decompressed content.

The .gz files differ from mirror to mirror, so only what is inside can be checked.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fmnist_core import paths
from fmnist_core.datasets import store
from fmnist_core.datasets.base import Arrays, Progress
from fmnist_core.datasets.fetch import TIMEOUT_S, download
from fmnist_core.datasets.files import refusals_told
from fmnist_core.datasets.idx import read_idx
from fmnist_core.datasets.sources import Found
from fmnist_core.errors import DataError, SourceUnavailable

# Publisher's names, in the order of Arrays.
FILE_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_KINDS = ("images", "labels", "images", "labels")
# Share of each file in a download, for one progress bar over the four.
_SHARES = (0.855, 0.002, 0.141, 0.002)
_MAX_DOWNLOAD_BYTES = 60 << 20


@dataclass(frozen=True)
class Edition:
    """name: key of the data set; hashes: SHA-256 of the four decompressed files, ordered as FILE_NAMES."""

    name: str
    hashes: tuple[str, str, str, str]

    @property
    def sha256(self) -> str:
        """The content hash of the whole."""
        return store.content_hash(self.hashes)

    @property
    def key(self) -> str:
        """The key of its cache entry."""
        return f"{self.name}-{self.sha256[:12]}"

    def read_file(self, file: Path, position: int, name: str = "") -> np.ndarray:
        """Read and verify one of the four files; raises DataError if it is damaged or of other content."""
        shown = name or str(file)
        array = read_idx(file, _KINDS[position], name=shown)
        received = store.file_hash(array)
        if received != self.hashes[position]:
            raise DataError(
                f"{shown}: Expected content of SHA-256 {self.hashes[position][:12]}…. Received {received[:12]}…."
            )
        return array

    def from_cache(self) -> Found:
        """Return the cached copy or raise SourceUnavailable."""
        entry = store.find(self.key)
        if entry is None:
            raise SourceUnavailable("nothing kept from an earlier load")
        return Found(entry, f"this project's cache, first read from {entry.origin}", verified=True)

    @refusals_told()
    def from_folder(self, folder: Path, phrase: str, report: Progress) -> Found:
        """Return a folder's four files; reads and hashes them only if they changed since the last time."""
        files = [find_file(folder, name) for name in FILE_NAMES]
        print_ = store.fingerprint(files)
        entry = store.recall(print_)
        if entry is None or entry.sha256 != self.sha256:
            report(f"Verifying {phrase}", 0.5)
            arrays = Arrays(*(self.read_file(file, i) for i, file in enumerate(files)))
            entry = self.keep(arrays, phrase)
            store.remember(print_, self.key)
        return Found(entry, phrase, verified=True)

    def from_mirror(self, address: str, phrase: str, report: Progress, timeout_s: float = TIMEOUT_S) -> Found:
        """Download the four .gz files below an address; those that arrived stay for the next attempt."""
        place = paths.cache() / "downloads" / self.name
        place.mkdir(parents=True, exist_ok=True)
        arrays, done = [], 0.0
        for i, (name, share) in enumerate(zip(FILE_NAMES, _SHARES, strict=True)):
            target = place / f"{name}.gz"
            url = f"{address.rstrip('/')}/{name}.gz"
            arrays.append(self._arrived(target, i))
            if arrays[i] is None:
                download(
                    url, target, max_bytes=_MAX_DOWNLOAD_BYTES, timeout_s=timeout_s,
                    verify=lambda part, i=i, url=url: self.read_file(part, i, url),
                    progress=lambda text, fraction, a=done, b=share: report(text, a + b * fraction),
                )  # fmt: skip
                arrays[i] = self.read_file(target, i)
            done += share
        entry = self.keep(Arrays(*arrays), phrase)
        for name in FILE_NAMES:
            (place / f"{name}.gz").unlink(missing_ok=True)
        for part in place.glob("*.part"):
            part.unlink(missing_ok=True)
        return Found(entry, phrase, verified=True)

    def _arrived(self, target: Path, position: int) -> np.ndarray | None:
        """Return a file that an earlier, unfinished download has left, or None."""
        try:
            return self.read_file(target, position) if target.exists() else None
        except DataError:
            target.unlink(missing_ok=True)
            return None

    def keep(self, arrays: Arrays, origin: str) -> store.Entry:
        """Put verified arrays into the cache, unless they are there already."""
        return store.find(self.key) or store.keep(self.key, arrays, self.sha256, origin)


def find_file(folder: Path, name: str) -> Path:
    """Return folder/name or folder/name.gz; raises SourceUnavailable if neither is there."""
    for spelling in (name, name.replace("-idx", ".idx")):
        for suffix in ("", ".gz"):
            if (file := folder / f"{spelling}{suffix}").is_file():
                return file
    if not folder.is_dir():
        raise SourceUnavailable(f"{folder}: Expected a folder. Received none of that name.")
    raise SourceUnavailable(f"{folder}: Expected the file {name}.gz (or without .gz). Received {_listing(folder)}.")


def _listing(folder: Path) -> str:
    names = sorted(file.name for file in folder.iterdir())
    return (
        ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") if names else "an empty folder"
    )

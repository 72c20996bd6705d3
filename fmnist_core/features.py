"""Features: what a frozen trunk makes of each image, computed once and kept on disk.

A store belongs to one trunk: the hash of its weights, its cut, the size and the scaling. Inside, an image is known by
the hash of its pixels, so that train, validation and test set, other splits, cleaned labels and other editions of the
data find what any of them has computed. Rows are only ever appended, under a lock; whoever reads maps the file.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock, Timeout

from fmnist_core import paths
from fmnist_core.files import patient_lock
from fmnist_core.spec import RunSpec

if TYPE_CHECKING:
    import keras

ROWS_FILE, DIGESTS_FILE, ABOUT_FILE = "rows.f32", "digests.bin", "about.json"
DIGEST_BYTES = 16
_OF_SPEC = ("backbone", "cut", "image_size_px", "resizing", "scaling", "global_pooling")  # what a trunk is, but weights
CHUNK = 250  # images per pass through the trunk: what a stop may have to wait for


@dataclass(frozen=True)
class Features:
    """Features of some images: row i of `index` says where in `rows` image i stands.

    Attributes:
        rows: (m, d) float32, memory-mapped.
        index: (n,) int64.
    """

    rows: np.ndarray
    index: np.ndarray

    def take(self, images: np.ndarray) -> np.ndarray:
        """Return the features of these images, by their position: (b,) -> (b, d) float32."""
        return self.rows[self.index[images]]


def limit_bytes() -> int:
    """Return how much all stores together may take: $FMNIST_LAB_FEATURES_GB, by default 8 GB."""
    with suppress(ValueError):
        return int(float(os.environ.get("FMNIST_LAB_FEATURES_GB", "8")) * 1e9)
    return 8_000_000_000


def fits(spec: RunSpec, width: int, images: int) -> bool:
    """Whether the features of so many images may be kept: within the limit, and half of the disk's free space."""
    wanted = width * 4 * images * max(1, spec.feature_copies)
    return wanted <= min(limit_bytes(), shutil.disk_usage(paths.cache()).free // 2)


class FeatureStore:
    """The features of one trunk."""

    def __init__(self, trunk: "keras.Model", spec: RunSpec) -> None:
        """Find the store of a trunk: pixels (b, s, s, 1) float32 -> (b, d) float32."""
        self._trunk = trunk
        self._width = trunk.output.shape[-1]
        self.about = _about(spec) | {"weights": _weights_hash(trunk), "width": self._width}
        digest = hashlib.sha256(json.dumps(self.about, sort_keys=True).encode()).hexdigest()[:16]
        self.folder = _all_stores() / f"{spec.backbone}-{digest}"

    def features(
        self,
        digests: np.ndarray,
        inputs: Callable[[np.ndarray], np.ndarray],
        report: Callable[[int, int], None] = lambda done, total: None,
    ) -> Features:
        """Return the features of images, computing those that the store does not hold.

        Args:
            digests: (n,) of `digests_of`, a row per image.
            inputs: returns the model input of the images at these positions: (b,) int64 -> (b, s, s, 1) float32.
            report: called with images done and images to compute; it may raise to stop. What is done stays done.
        """
        with patient_lock(self.folder.with_suffix(".lock"), lambda: report(0, 0)):
            self.folder.mkdir(exist_ok=True)  # within the lock: until then another Run may evict it
            (self.folder / ABOUT_FILE).write_text(json.dumps(self.about, indent=2))  # its time is that of the last use
            known = self._known()
            missing = _first_of_each(digests, known)
            if len(missing) and (len(known) + len(missing)) * 4 * self._width > limit_bytes():
                self._forget()
                missing = _first_of_each(digests, {})
            self._append(missing, digests, inputs, report)
            known = self._known()
            rows = np.memmap(self.folder / ROWS_FILE, np.float32, "r").reshape(-1, self._width)
            index = np.array([known[digest] for digest in digests.tolist()], np.int64)
        evict(keep=self.folder)
        return Features(rows, index)

    def _append(
        self, missing: np.ndarray, digests: np.ndarray, inputs: Callable, report: Callable[[int, int], None]
    ) -> None:
        with (self.folder / ROWS_FILE).open("ab") as rows, (self.folder / DIGESTS_FILE).open("ab") as names:
            for start in range(0, len(missing), CHUNK):
                report(start, len(missing))
                chunk = missing[start : start + CHUNK]
                rows.write(self._compute(inputs(chunk)).tobytes())
                rows.flush()  # before the digests: a digest without its row would be a lie
                names.write(digests[chunk].tobytes())
                names.flush()

    def _forget(self) -> None:
        """Begin anew: each seed's augmented copies add rows, so a store can outgrow the limit by itself.

        The files are unlinked, not cut: a Run that has mapped one goes on reading it.
        """
        for name in (DIGESTS_FILE, ROWS_FILE):
            (self.folder / name).unlink(missing_ok=True)

    def _compute(self, pixels: np.ndarray) -> np.ndarray:
        # Always the same shape, so that TensorFlow traces once.
        short = CHUNK - len(pixels)
        padded = np.pad(pixels, ((0, short), (0, 0), (0, 0), (0, 0))) if short else pixels
        return np.ascontiguousarray(self._trunk.predict_on_batch(padded)[: len(pixels)], np.float32)

    def _known(self) -> dict[bytes, int]:
        """Return the row of each digest; what a killed process left half-written is cut off."""
        rows, names = self.folder / ROWS_FILE, self.folder / DIGESTS_FILE
        rows.touch()
        names.touch()
        count = min(rows.stat().st_size // (4 * self._width), names.stat().st_size // DIGEST_BYTES)
        for file, size in ((rows, count * 4 * self._width), (names, count * DIGEST_BYTES)):
            if file.stat().st_size > size:
                os.truncate(file, size)
        digests = np.fromfile(names, f"V{DIGEST_BYTES}", count)
        return {digest: row for row, digest in enumerate(digests.tolist())}


def has_store(spec: RunSpec) -> bool:
    """Whether features of such a trunk are kept. Its weights, and so whether it is this very one, only TensorFlow could
    tell: good enough to say beforehand about how long something takes, and for nothing else."""
    for file in _all_stores().glob(f"{spec.backbone}-*/{ABOUT_FILE}"):
        with suppress(OSError, ValueError, AttributeError):
            if _about(spec).items() <= json.loads(file.read_text()).items():
                return True
    return False


def digests_of(images: np.ndarray) -> np.ndarray:
    """Return a hash of each image's pixels: (n, ...) of any dtype -> (n,) of 16 bytes each (BLAKE2b)."""
    images = np.ascontiguousarray(images)
    hashes = b"".join(hashlib.blake2b(image.tobytes(), digest_size=DIGEST_BYTES).digest() for image in images)
    return np.frombuffer(hashes, f"V{DIGEST_BYTES}")


def _first_of_each(digests: np.ndarray, known: dict[bytes, int]) -> np.ndarray:
    """Return the positions of images that are not known, in order, each digest once: (n,) -> (m,) int64."""
    firsts = {digest: i for i, digest in reversed(list(enumerate(digests.tolist()))) if digest not in known}
    return np.array(sorted(firsts.values()), np.int64)


def evict(keep: Path) -> None:
    """Delete the stores that were not used for longest until all fit the limit; never `keep`, nor one in use.

    A Run that has mapped a deleted file goes on reading it: the system keeps it until the last reader is gone.
    """
    stores = [path for path in _all_stores().iterdir() if path.is_dir() and path != keep]
    stores.sort(key=_last_use_s)
    total = _size(keep) + sum(map(_size, stores))
    for store in stores:
        if total <= limit_bytes():
            return
        with suppress(Timeout), FileLock(store.with_suffix(".lock"), timeout=0):
            total -= _size(store)
            shutil.rmtree(store, ignore_errors=True)


def _about(spec: RunSpec) -> dict[str, str | int]:
    return {name: getattr(spec, name) for name in _OF_SPEC}


def _weights_hash(model: "keras.Model") -> str:
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def _size(folder: Path) -> int:
    """Return the bytes in a store; 0 for one that another Run evicts meanwhile."""
    with suppress(FileNotFoundError):
        return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    return 0


def _last_use_s(store: Path) -> float:
    with suppress(FileNotFoundError):
        return (store / ABOUT_FILE).stat().st_mtime
    return 0.0


def _all_stores() -> Path:
    folder = paths.cache() / "features"
    folder.mkdir(parents=True, exist_ok=True)
    return folder

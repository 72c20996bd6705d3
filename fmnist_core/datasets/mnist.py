"""MNIST: 70,000 handwritten digits.

Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", CC BY-SA 3.0.
"""

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fmnist_core import paths
from fmnist_core.datasets import digits, store
from fmnist_core.datasets.base import Arrays, Dataset, Progress
from fmnist_core.datasets.edition import FILE_NAMES, Edition, find_file
from fmnist_core.datasets.fetch import download
from fmnist_core.datasets.files import named_path, refusals_told
from fmnist_core.datasets.sources import Found, Source, first_available
from fmnist_core.datasets.split import split_stratified
from fmnist_core.errors import DataError

NAME = "mnist"
CLASS_NAMES = tuple(str(digit) for digit in range(10))
EDITION = Edition(
    NAME,
    (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
KERAS_ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
# As Keras itself checks it: keras/src/datasets/mnist.py.
_KERAS_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
IDX_ADDRESS = "https://ossci-datasets.s3.amazonaws.com/mnist/"

# Where only the 10,000 test digits are at hand.
_TEST_ONLY_KEY = "mnist-t10k-8000-2000"
_TEST_ONLY_NOTE = "only the 10,000 test digits are there, split into 8,000 for training and 2,000 for testing"
_TEST_ONLY_COUNT, _TEST_ONLY_SEED = 2_000, 0


def load(folder: str | Path | None = None, *, refresh: bool = False, progress: Progress | None = None) -> Dataset:
    """Return MNIST from the first source that has it, else scikit-learn's small digits (synthetic)."""
    return load_from(sources(folder), refresh=refresh, progress=progress)


def load_from(places: Sequence[Source], *, refresh: bool = False, progress: Progress | None = None) -> Dataset:
    """Return MNIST from the first of these sources that has it."""
    found, attempts = first_available(NAME, places, refresh=refresh, progress=progress)
    return Dataset(
        NAME, *found.entry.arrays, CLASS_NAMES, found.phrase, found.entry.sha256,
        synthetic=found.synthetic, verified=found.verified, attempts=attempts,
    )  # fmt: skip


def sources(
    folder: str | Path | None = None, *, keras_address: str = KERAS_ADDRESS, idx_address: str = IDX_ADDRESS
) -> list[Source]:
    """Return the sources in the order of trial; the arguments are for tests and private mirrors."""
    keras, idx = "Keras's mirror (mnist.npz)", "PyTorch's mirror of the IDX files"
    named = []
    if folder:
        named = [Source("folder", f"the folder {folder}", lambda report: _from_folder(named_path(folder), report))]
    return [
        *named,
        Source("cache", "this project's cache", lambda report: EDITION.from_cache()),
        Source("keras", keras, lambda report: _from_keras(keras_address, keras, report), slow=True),
        Source("idx-mirror", idx, lambda report: EDITION.from_mirror(idx_address, idx, report), slow=True),
        Source("sample", digits.PHRASE, lambda report: Found(digits.load(report), digits.PHRASE, synthetic=True)),
    ]


@refusals_told()
def _from_folder(folder: Path, report: Progress) -> Found:
    """Return the folder's four files, or its two test files split in two; anything else is an error."""
    if not folder.is_dir() or any((folder / f"{name}{s}").exists() for name in FILE_NAMES[:2] for s in ("", ".gz")):
        return EDITION.from_folder(folder, f"the folder {folder}", report)
    files = [find_file(folder, name) for name in FILE_NAMES[2:]]
    print_ = store.fingerprint(files)
    entry = store.recall(print_)
    if entry is None:
        report("Verifying the test digits", 0.5)
        images, labels = (EDITION.read_file(file, i) for i, file in enumerate(files, start=2))
        train, test = split_stratified(labels, _TEST_ONLY_COUNT, _TEST_ONLY_SEED)
        arrays = Arrays(images[train], labels[train], images[test], labels[test])
        sha256 = store.content_hash(store.file_hash(a) for a in arrays)
        entry = store.keep(_TEST_ONLY_KEY, arrays, sha256, f"the folder {folder}")
        store.remember(print_, _TEST_ONLY_KEY)
    return Found(entry, f"the folder {folder}: {_TEST_ONLY_NOTE} (stratified, seed {_TEST_ONLY_SEED})", verified=True)


def _from_keras(address: str, phrase: str, report: Progress) -> Found:
    place = paths.cache() / "downloads" / NAME
    place.mkdir(parents=True, exist_ok=True)
    file = download(address, place / "mnist.npz", verify=_check_npz, max_bytes=20 << 20, progress=report)
    try:
        arrays = _read_npz(file)
    finally:
        file.unlink(missing_ok=True)
    for array, wanted, name in zip(arrays, EDITION.hashes, FILE_NAMES, strict=True):
        if store.file_hash(array) != wanted:
            raise DataError(f"{address}: Expected the content of {name}. Received other content.")
    return Found(EDITION.keep(arrays, phrase), phrase, verified=True)


def _check_npz(file: Path) -> None:
    """Check the archive's own hash, so that no unknown archive is ever opened."""
    with open(file, "rb") as stream:
        received = hashlib.file_digest(stream, "sha256").hexdigest()
    if received != _KERAS_SHA256:
        raise DataError(f"mnist.npz: Expected SHA-256 {_KERAS_SHA256[:12]}…. Received {received[:12]}….")


def _read_npz(file: Path) -> Arrays:
    try:
        with np.load(file, allow_pickle=False) as archive:
            return Arrays(*(archive[field] for field in Arrays._fields))
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{file.name}: Expected the four arrays of MNIST. Received: {error}.") from error

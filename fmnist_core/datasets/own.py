"""The user's own files, of the same form: 2 to 10 classes, 28x28 pixels, as IDX or as CSV in the Kaggle form.

In a folder: train-images.../train-labels... and t10k-images.../t10k-labels... (IDX), or *train*.csv and
*test*.csv; each plain, .gz or .zip. Without test files one image in seven is held out. An optional
classes.txt names the classes, one per line; without it the highest label says how many there are. Rows of a CSV that
lack a value are left out.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

from fmnist_core.datasets import store
from fmnist_core.datasets.base import CLASS_COUNT, Arrays, Dataset, Progress, check_images_and_labels
from fmnist_core.datasets.files import display_name, named_path, refusals_told
from fmnist_core.datasets.gaps import Gaps
from fmnist_core.datasets.idx import read_idx
from fmnist_core.datasets.kaggle_csv import Table, read_table
from fmnist_core.datasets.split import split_stratified
from fmnist_core.errors import DataError

NAME = "own"
DEFAULT_CLASS_NAMES = tuple(f"class {label}" for label in range(CLASS_COUNT))
CLASSES_FILE = "classes.txt"
LEAST_CLASSES = 2
_SPLIT_SEED = 0
_IDX_NAME = re.compile(r"^(train|t10k|test)-?(images|labels)([-.]idx[13])?([-.]ubyte)?(\.gz|\.zip)?$", re.I)
_CSV_NAME = re.compile(r"\.csv(\.gz|\.zip)?$|\.zip$", re.I)
_TEST_WORD = re.compile(r"(?<![a-z])(test|t10k|valid)", re.I)


@dataclass(frozen=True)
class Files:
    """train, test: () if absent, (csv,) or (images, labels); classes: classes.txt or None."""

    train: tuple[Path, ...]
    test: tuple[Path, ...]
    classes: Path | None = None

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file that decides about the content of the arrays."""
        return self.train + self.test


def load(folder: str | Path | None = None, *, refresh: bool = False, progress: Progress | None = None) -> Dataset:
    """Read the user's files in `folder` (or one CSV file); parsed once, then from the cache by their SHA-256.

    Raises DataError that names the file and the line.
    """
    if not folder:
        raise DataError("Expected the folder of your own files. Received none.")
    place = named_path(folder)
    files = find_files(place)
    entry = _cached(files, refresh, progress)
    class_names = _class_names(entry.arrays, files)
    phrase = f"your files in {place}" if place.is_dir() else f"your file {place}"
    if not files.test:
        count = len(entry.arrays.y_test)
        phrase += (
            f"; there is no test file, so {count:,} images are held out (one in seven, stratified, seed {_SPLIT_SEED})"
        )
    sha256 = entry.sha256
    if len(class_names) != CLASS_COUNT:  # what is kept by class must not be mistaken for that of another number of them
        sha256 = store.content_hash((sha256, f"{len(class_names)} classes"))
    return Dataset(NAME, *entry.arrays, class_names, phrase, sha256, gaps=_gaps(entry, files))


@refusals_told()
def find_files(place: Path) -> Files:
    """Say which files of a folder make up the data; raises DataError if that is not clear."""
    if place.is_file():
        return Files((place,), ())
    if not place.is_dir():
        raise DataError(f"{place}: Expected a folder, or one CSV file. Received nothing of that name.")
    files = sorted(file for file in place.iterdir() if file.is_file())
    classes = next((file for file in files if file.name.lower() == CLASSES_FILE), None)
    parts: dict[tuple[str, str], Path] = {}
    for file in files:
        if match := _IDX_NAME.match(file.name):
            part = "train" if match[1].lower() == "train" else "test"
            parts.setdefault((part, match[2].lower()), file)
    if parts:
        train, test = _idx_pair(parts, "train", place), _idx_pair(parts, "test", place)
        return Files(train or test, test if train else (), classes)
    tables = [file for file in files if _CSV_NAME.search(file.name)]
    test = [file for file in tables if _TEST_WORD.search(file.name)]
    train = [file for file in tables if file not in test]
    if not train:
        train, test = test, []
    if len(train) != 1 or len(test) > 1:
        names = ", ".join(file.name for file in (tables or files)[:5]) or "an empty folder"
        raise DataError(
            f"{place}: Expected train-images and train-labels (IDX), or one CSV for training "
            f"and at most one with 'test' in its name. Received {names}."
        )
    return Files(tuple(train), tuple(test), classes)


def _idx_pair(parts: dict[tuple[str, str], Path], part: str, place: Path) -> tuple[Path, ...]:
    pair = tuple(parts[part, kind] for kind in ("images", "labels") if (part, kind) in parts)
    if len(pair) == 1:
        raise DataError(f"{place}: Expected images and labels for the {part} set. Received only {pair[0].name}.")
    return pair


@refusals_told()
def read_class_names(file: Path) -> tuple[str, ...]:
    """Read 2 to 10 different names, one per line, UTF-8."""
    try:
        text = file.read_bytes()[:10_000].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: Expected text in UTF-8. Received other bytes.") from error
    names = [line.strip() for line in text.splitlines() if line.strip()]
    if not LEAST_CLASSES <= len(names) == len(set(names)) <= CLASS_COUNT:
        raise DataError(
            f"{file}: Expected {LEAST_CLASSES} to {CLASS_COUNT} different class names, one per line. "
            f"Received {len(names)}, {len(set(names))} of them different."
        )
    return tuple(name[:40] for name in names)


def _class_names(arrays: Arrays, files: Files) -> tuple[str, ...]:
    """Return the names in classes.txt, or default ones of as many classes as the highest label says."""
    count = 1 + int(max(arrays.y_train.max(), arrays.y_test.max()))
    if not files.classes:
        return DEFAULT_CLASS_NAMES[: max(count, LEAST_CLASSES)]
    names = read_class_names(files.classes)
    if len(names) < count:
        raise DataError(
            f"{files.classes}: Expected a name for each class, {count} for labels from 0 to {count - 1}. "
            f"Received {len(names)}."
        )
    return names


def _cached(files: Files, refresh: bool, progress: Progress | None) -> store.Entry:
    """Return the arrays of these files: untouched files and known content are not parsed again."""
    with refusals_told():
        print_ = store.fingerprint(files.all)
    entry = None if refresh else store.recall(print_)
    if entry is None:
        key = f"own-{_hash_files(files)[:12]}"
        entry = None if refresh else store.find(key)
        if entry is None:
            arrays, gaps = _read(files, progress)
            sha256 = store.content_hash(store.file_hash(a) for a in arrays)
            notes = {"gaps": [one.to_json() for one in gaps]} if gaps else None
            entry = store.keep(key, arrays, sha256, ", ".join(f.name for f in files.all), notes)
        store.remember(print_, key)
    return entry


@refusals_told()
def _hash_files(files: Files) -> str:
    digest = hashlib.sha256()
    for position, file in enumerate(files.all):
        role = "train" if position < len(files.train) else "test"
        with open(file, "rb") as stream:
            digest.update(f"{role}:{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _gaps(entry: store.Entry, files: Files) -> tuple[Gaps, ...]:
    """Return what the files lack, under the names that they have now: equal files may have been read elsewhere."""
    found = (Gaps.from_json(one) for one in entry.notes.get("gaps", ()))
    return tuple(replace(one, file=(files.test if one.part == "test" else files.train)[0].name) for one in found)


def _read(files: Files, progress: Progress | None) -> tuple[Arrays, list[Gaps]]:
    """Return the arrays, and what the files lack of which rows are left out."""
    images, labels, missing = read_pair(files.train, progress)
    if files.test:
        x_test, y_test, missing_test = read_pair(files.test, progress)
        parts = (("train", missing), ("test", missing_test))
        return Arrays(images, labels, x_test, y_test), [replace(one, part=part) for part, one in parts if one]
    test_count = round(len(labels) / 7)
    if not test_count:
        raise DataError(
            f"{files.train[0]}: Expected at least 4 images, to hold some out for testing. Received {len(labels)}."
        )
    train, test = split_stratified(labels, test_count, _SPLIT_SEED)
    return Arrays(images[train], labels[train], images[test], labels[test]), [missing] if missing else []


def read_pair(files: tuple[Path, ...], progress: Progress | None = None) -> Table:
    """Read one CSV, or images and labels as IDX: images (n, 28, 28) uint8, labels (n,) uint8 below 10."""
    if len(files) == 1:
        return read_table(files[0], progress=progress)
    images, labels = read_idx(files[0], "images"), read_idx(files[1], "labels")
    where = f"{display_name(files[0])} and {Path(files[1]).name}"
    check_images_and_labels(images, labels, CLASS_COUNT, where)
    return Table(images, labels, None)

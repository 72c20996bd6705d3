"""Which reader a file needs, told by its first bytes, not by its name."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from fmnist_core.batch.archive import lone_data_file, read_pictures
from fmnist_core.batch.rows import MAX_ROWS, NO_LABEL, Chunk, Labels, Notes, Report
from fmnist_core.batch.rows import printable as shown
from fmnist_core.batch.table import read_table
from fmnist_core.datasets.files import GZIP_MAGIC, ZIP_MAGIC, opened
from fmnist_core.datasets.idx import read_idx
from fmnist_core.errors import DataError
from fmnist_core.intake import framing_for

CHUNK = 4096
_IDX_MAGIC = b"\x00\x00"
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")
_FORMS = "Expected a .zip of pictures, one CSV, or images and labels as IDX."

File = tuple[Path, str]  # where it lies, and what the user calls it


def read_rows(files: Sequence[File], class_names: Sequence[str], notes: Notes, report: Report) -> Iterator[Chunk]:
    """Yield the rows of one zip, one CSV, IDX images, or IDX images with their labels.

    Raises:
        DataError: the files are something else, damaged as a whole, or too many rows.
    """
    labels, kinds = Labels(class_names), [_kind(*file) for file in files]
    if kinds == ["pictures"]:
        yield from read_pictures(*files[0], labels, framing_for(class_names), notes, report)
    elif kinds == ["table"]:
        yield from read_table(*files[0], labels, notes, report)
    elif kinds in (["idx"], ["idx", "idx"]):
        yield from _read_idx(files, len(class_names), notes, report)
    else:
        raise DataError(f"{_FORMS} Received {len(files)} files: {', '.join(shown(name) for _, name in files[:4])}.")


def _kind(path: Path, name: str) -> str:
    """Return pictures, table or idx."""
    with path.open("rb") as raw:
        magic = raw.read(4)
    if magic.startswith(_PICTURES):
        raise DataError(f"{shown(name)}: {_FORMS} Received a single picture: the Predict page takes those.")
    if magic.startswith(ZIP_MAGIC):
        if not lone_data_file(path, name):
            return "pictures"
        with opened(path, shown(name)) as stream:
            magic = stream.read(4)
    elif magic.startswith(GZIP_MAGIC):
        try:
            with gzip.open(path) as stream:
                magic = stream.read(4)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{shown(name)}: Expected whole .gz data. Received damage: {error}.") from error
    return "idx" if magic.startswith(_IDX_MAGIC) else "table"


def _read_idx(files: Sequence[File], n_classes: int, notes: Notes, report: Report) -> Iterator[Chunk]:
    report("Reading IDX", 0.0)
    arrays = [(read_idx(path, name=shown(name)), shown(name)) for path, name in files]
    arrays.sort(key=lambda pair: -pair[0].ndim)
    images, name = arrays[0]
    others = [array for array, _ in arrays[1:]]
    if images.ndim != 3 or any(array.ndim != 1 for array in others):
        received = "only labels" if images.ndim != 3 else "images twice"
        raise DataError(f"{name}: Expected IDX images, and labels beside them if there are any. Received {received}.")
    if len(images) > MAX_ROWS:
        raise DataError(f"{name}: Expected at most {MAX_ROWS:,} images. Received {len(images):,}: split the file.")
    if others and len(others[0]) != len(images):
        raise DataError(
            f"{name}: Expected as many labels as images. Received {len(images):,} images and {len(others[0]):,} labels."
        )
    classes = np.full(len(images), NO_LABEL, np.int16)
    if others:
        classes = others[0].astype(np.int16)
        for value in classes[classes >= n_classes]:
            notes.note_unknown(str(value))
        classes[classes >= n_classes] = NO_LABEL
    for start in range(0, len(images), CHUNK):
        end = min(start + CHUNK, len(images))
        yield Chunk([f"image {at}" for at in range(start, end)], images[start:end], classes[start:end])

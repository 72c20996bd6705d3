"""Write a cleaned data set as files that this app, pandas and everybody else can read.

Two forms: CSV as Kaggle has it (label, pixel1 to pixel784; gzipped) and IDX, as the publishers have it (images and
labels apart; gzipped). Neither holds the names of the classes: classes.txt beside it does. What is left out or
relabelled is decided here; the original data are never changed.
"""

import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fmnist_core.datasets.idx import header
from fmnist_core.errors import DataError
from fmnist_core.overlay import Overlay
from fmnist_core.quality.columns import COLUMN_NAMES
from fmnist_core.quality.copies import kept_by_policy

# Beyond this level a file gets hardly smaller and takes twice the time.
_GZIP_LEVEL = 4
_ROWS = 4096


@dataclass(frozen=True)
class Cleaned:
    """What remains of a set of images: positions (m,) int64, sorted, and their labels (m,) uint8."""

    positions: np.ndarray
    labels: np.ndarray
    left_out: int
    relabelled: int = 0


def clean(
    images: np.ndarray,
    labels: np.ndarray,
    *,
    duplicates: str = "keep",
    without: np.ndarray | None = None,
    overlay: Overlay | None = None,
) -> Cleaned:
    """Choose what to export, in the order of training: first the marks of a person, then the duplicates policy.

    Args:
        images: (n, 28, 28) uint8.
        labels: (n,) uint8.
        duplicates: keep, keep_first or drop_all (splits.keep_by_policy).
        without: positions to leave out whatever the policy says.
        overlay: decisions about the training images; give it for these only.

    Raises:
        DataError: if nothing remains.
    """
    marks = {place.index: mark for place, mark in (overlay.marks if overlay else {}).items() if place.split == "train"}
    dropped = [index for index, mark in marks.items() if mark.action == "drop"]
    relabelled = {index: mark.label for index, mark in marks.items() if mark.action == "relabel"}
    labels = labels.copy()
    labels[list(relabelled)] = list(relabelled.values())
    rest = np.ones(len(labels), bool)
    rest[np.concatenate([dropped, [] if without is None else without]).astype(np.int64)] = False
    positions = np.flatnonzero(rest)
    if duplicates != "keep":
        positions = positions[kept_by_policy(images if rest.all() else images[positions], duplicates)]
    if not len(positions):
        raise DataError("Expected at least one image to export. Received none: every image is left out.")
    return Cleaned(positions, labels[positions], len(labels) - len(positions), len(relabelled))


def to_csv_gz(images: np.ndarray, labels: np.ndarray) -> bytes:
    """Return a gzipped CSV with a header; images (n, 28, 28) uint8, labels (n,) uint8. Equal data, equal bytes."""
    import pyarrow as pa
    from pyarrow import csv

    rows = images.reshape(len(images), -1)
    options = csv.WriteOptions(include_header=False)
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=_GZIP_LEVEL, mtime=0) as file:
        file.write((",".join(COLUMN_NAMES) + "\n").encode())
        for start in range(0, len(rows), _ROWS):
            part = slice(start, start + _ROWS)
            columns = np.ascontiguousarray(np.column_stack([labels[part], rows[part]]).T)
            table = pa.table([pa.array(column) for column in columns], names=list(COLUMN_NAMES))
            block = pa.BufferOutputStream()
            csv.write_csv(table, block, options)
            file.write(block.getvalue())
    return stream.getvalue()


def to_classes_txt(class_names: Sequence[str]) -> bytes:
    """Return the names of the classes, one per line, as datasets.own reads them beside a CSV or IDX file."""
    return "".join(f"{name}\n" for name in class_names).encode()


def to_idx_gz(array: np.ndarray) -> bytes:
    """Return images (n, 28, 28) uint8 or labels (n,) uint8 as a gzipped IDX file. Equal data, equal bytes."""
    content = header(array) + np.ascontiguousarray(array).tobytes()
    return gzip.compress(content, compresslevel=_GZIP_LEVEL, mtime=0)

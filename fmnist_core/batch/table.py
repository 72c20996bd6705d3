"""CSV of a batch: 784 pixels a line, with or without a label, with or without a header; bad lines are left out.

The data set's own reader (datasets/kaggle_csv.py) refuses a file at its first bad line: half of a training set is
none. A batch goes on. Arrow parses whole blocks; only a block that it refuses is read line by line.
"""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from fmnist_core.batch.rows import MAX_ROWS, MAX_UNPACKED_BYTES, NO_LABEL, Chunk, Labels, Notes, Problem, Report
from fmnist_core.batch.rows import printable as shown
from fmnist_core.datasets.base import IMAGE_SHAPE
from fmnist_core.datasets.files import GZIP_MAGIC, ZIP_MAGIC, opened
from fmnist_core.datasets.kaggle_csv import is_pixel
from fmnist_core.errors import DataError

PIXELS = IMAGE_SHAPE[0] * IMAGE_SHAPE[1]
_BLOCK_BYTES = 8 << 20
_MAX_LINE_BYTES = 40_000
_PACKED = 4  # times smaller: about what .gz and .zip make of such a CSV; only the progress bar relies on it
_LABEL_WORDS = ("label", "class", "target", "y")


class Form(NamedTuple):
    """How the lines are made: the number of cells, and which one is the label; None if there is none."""

    cells: int
    label: int | None


def read_table(path: Path, name: str, labels: Labels, notes: Notes, report: Report) -> Iterator[Chunk]:
    """Yield the lines of a CSV, plain, .gz or .zip, as images; names are their lines, from 1 as an editor counts.

    Raises:
        DataError: the file is no such CSV, has more than 100,000 lines, or none that can be read.
    """
    form, count, done = None, 0, 0
    expected = path.stat().st_size * (_PACKED if _is_packed(path) else 1)
    with opened(path, shown(name)) as stream:
        for first, block in _blocks(stream, shown(name)):
            done += len(block)
            if form is None:
                form, header = _form(block.split(b"\n", 1)[0], shown(name))
                if header:
                    first, block = first + 1, block.partition(b"\n")[2]
            if not block.strip():
                continue
            count += block.rstrip().count(b"\n") + 1
            if count > MAX_ROWS:
                raise DataError(f"{shown(name)}: Expected at most {MAX_ROWS:,} rows. Received more: split the file.")
            report(f"Reading {shown(name)}: {count:,} rows", min(1.0, done / expected))
            chunk = _fast(block, first, form, labels, notes)
            yield _slowly(block, first, form, labels, notes) if chunk is None else chunk


def _is_packed(path: Path) -> bool:
    with path.open("rb") as raw:
        return raw.read(2) in (GZIP_MAGIC, ZIP_MAGIC)


def _blocks(stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the first line, whole lines)."""
    line, rest, total = 1, b"", 0
    while fresh := stream.read(_BLOCK_BYTES):
        total += len(fresh)
        if total > MAX_UNPACKED_BYTES:
            raise DataError(f"{name}: Expected at most {MAX_UNPACKED_BYTES >> 30} GB once unpacked. Received more.")
        data = rest + fresh
        data = data.removeprefix(codecs.BOM_UTF8) if line == 1 and not rest else data
        cut = data.rfind(b"\n") + 1
        block, rest = data[:cut], data[cut:]
        if len(rest) > _MAX_LINE_BYTES:
            raise DataError(f"{name}: Expected lines of {PIXELS} numbers. Received a line without end.")
        if block:
            yield line, block
        line += block.count(b"\n")
    if rest:
        yield line, rest


def _form(line: bytes, name: str) -> tuple[Form, bool]:
    """Return how lines are made, from the first one, and whether that is a header: two cells or more are words."""
    cells = _cells(line.decode("utf-8", errors="replace"))
    header = sum(any(c.isalpha() for c in cell) for cell in cells) > 1
    if len(cells) not in (PIXELS, PIXELS + 1):
        hint = " Separate them by commas." if len(cells) == 1 and (b";" in line or b"\t" in line) else ""
        raise DataError(
            f"{name}, line 1: Expected {PIXELS} pixels, or a label and {PIXELS} pixels. Received {len(cells):,} "
            f"cells.{hint} Files are read as .zip, CSV or IDX."
        )
    if len(cells) == PIXELS:
        return Form(PIXELS, None), header
    words = [cell.lower() for cell in cells]
    place = next((words.index(word) for word in _LABEL_WORDS if word in words), None) if header else 0
    if place is None:
        raise DataError(f"{name}, line 1: Expected a column named label beside {PIXELS} pixels. Received none.")
    return Form(PIXELS + 1, place), header


def _fast(block: bytes, first: int, form: Form, labels: Labels, notes: Notes) -> Chunk | None:
    """Parse a block at once: None where a line is not of the form."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    if b"0x" in block or b"0X" in block:
        return None  # Arrow reads 0x1F as a number
    columns = [str(i) for i in range(form.cells)]
    types = {name: pa.string() if i == form.label else pa.uint8() for i, name in enumerate(columns)}
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(block),
            arrow_csv.ReadOptions(column_names=columns, block_size=2 * _BLOCK_BYTES),
            arrow_csv.ParseOptions(ignore_empty_lines=False),
            arrow_csv.ConvertOptions(column_types=types, null_values=[]),
        )
    except pa.ArrowInvalid:
        return None
    images = np.empty((table.num_rows, PIXELS), np.uint8)
    for at, column in enumerate(i for i in range(form.cells) if i != form.label):
        images[:, at] = table.column(column).to_numpy()
    words = [""] * len(images) if form.label is None else table.column(form.label).to_pylist()
    return _chunk(range(first, first + len(images)), images, words, labels, notes)


def _slowly(block: bytes, first: int, form: Form, labels: Labels, notes: Notes) -> Chunk:
    """Parse line by line; what is not of the form is noted and left out."""
    numbers, images, words = [], [], []
    for number, line in enumerate(block.decode("utf-8", errors="replace").splitlines(), start=first):
        cells = _cells(line)
        if not line.strip():
            continue
        if reason := _fault(cells, form):
            notes.problems.append(Problem(f"line {number}", reason))
            continue
        words.append("" if form.label is None else cells.pop(form.label))
        numbers.append(number)
        images.append(np.array(cells, dtype=np.uint8))
    stacked = np.stack(images) if images else np.empty((0, PIXELS), np.uint8)
    return _chunk(numbers, stacked, words, labels, notes)


def _fault(cells: list[str], form: Form) -> str:
    if len(cells) != form.cells:
        return f"Expected {form.cells} cells. Received {len(cells):,}."
    for at, cell in enumerate(cells):
        if at != form.label and not is_pixel(cell):
            received = repr(cell[:40]) if cell else "an empty cell"
            return f"Expected a whole number from 0 to 255 in column {at + 1}. Received {received}."
    return ""


def _chunk(numbers: range | list[int], images: np.ndarray, words: list[str], labels: Labels, notes: Notes) -> Chunk:
    classes = np.full(len(images), NO_LABEL, np.int16)
    for at, word in enumerate(words):
        if word.strip():
            classes[at] = labels.of_word(word)
            if classes[at] == NO_LABEL:
                notes.note_unknown(shown(word.strip()))
    return Chunk([f"line {number}" for number in numbers], images.reshape(-1, *IMAGE_SHAPE), classes)


def _cells(line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line.strip("\r\n\0")]), [])]
    except csv.Error:
        return []

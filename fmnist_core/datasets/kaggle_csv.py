"""CSV in the Kaggle form: a header `label,pixel1,...,pixel784`, then one image per line.

Arrow parses the file in blocks of whole lines, in uint8 from the start: 60,000 images take about a second,
and memory stays near the size of the result. Only a block that Arrow refuses is read again, slowly, to find
the line and column to blame. A file without header (all 785 cells of line 1 are numbers) is accepted:
the digits are widely passed around in that form.

A row that lacks a value (an empty cell, NaN, NA, null) is left out and counted; nothing is guessed in its place.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from fmnist_core.datasets.base import CLASS_COUNT, IMAGE_SHAPE, MAX_IMAGES, Progress
from fmnist_core.datasets.files import display_name, opened
from fmnist_core.datasets.gaps import NULLS, Gaps
from fmnist_core.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

COLUMN_COUNT = 1 + IMAGE_SHAPE[0] * IMAGE_SHAPE[1]
_BLOCK_BYTES = 16 << 20
# 785 quoted column names of 20 characters; longer lines are not of this form (zero bytes have no line end).
_MAX_LINE_BYTES = 20_000
_PLAIN_BYTES = b'0123456789,\r\n" '
_NULL_BYTES = "".join({*"".join(NULLS)} | {*"".join(NULLS).upper()}).encode()
_ARROW_NULLS = [space + word for word in NULLS for space in ("", " ")]


class Table(NamedTuple):
    """images (n, 28, 28) uint8 in 0..255, labels (n,) uint8, and what the rows lacked that were left out, if any."""

    images: np.ndarray
    labels: np.ndarray
    gaps: Gaps | None


class _Rows(NamedTuple):
    """Rows of a block that lack nothing, (m, 785) uint8, and their lines, (m,) int64.

    count: of all its rows; nulls: (785,) int64, the rows that lack a value, by column.
    """

    rows: np.ndarray
    lines: np.ndarray
    count: int
    nulls: np.ndarray


def read_csv(
    source: str | Path | bytes,
    n_classes: int = CLASS_COUNT,
    *,
    name: str = "",
    progress: Progress | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Read one CSV file, plain, .gz or .zip.

    source: path, or the file's bytes; name: for messages; progress: told the number of images so far.
    Returns images (n, 28, 28) uint8 in 0..255 and labels (n,) uint8 below n_classes, an image for every row.
    Raises DataError that names file, line (from 1, header included, as a text editor counts) and column; also if a
    row lacks a value: read_table leaves such rows out.
    """
    images, labels, gaps = read_table(source, n_classes, name=name, progress=progress)
    if gaps:
        raise DataError(
            f"{display_name(source, name)}: Expected a value in every column of every row. Received {gaps.left_out:,} "
            f"of {gaps.rows:,} rows without: {gaps.worst()}."
        )
    return images, labels


def read_table(
    source: str | Path | bytes,
    n_classes: int = CLASS_COUNT,
    *,
    name: str = "",
    progress: Progress | None = None,
) -> Table:
    """Read one CSV file as read_csv does, but leave out the rows that lack a value, and say what was missing.

    Raises DataError as read_csv does, and if no row is left.
    """
    shown = display_name(source, name)
    parts: list[np.ndarray] = []
    count, nulls = 0, np.zeros(COLUMN_COUNT, np.int64)
    with opened(source, name) as stream:
        for line_number, block in _data_blocks(stream, shown):
            part = _parse(block, line_number, shown)
            _check_labels(part, n_classes, shown)
            parts.append(part.rows)
            count, nulls = count + part.count, nulls + part.nulls
            if count > MAX_IMAGES:
                raise DataError(f"{shown}: Expected at most {MAX_IMAGES:,} images. Received more.")
            if progress:
                progress(f"Reading {Path(shown).name}: {count:,} images", 0.0)
    if not count:
        raise DataError(f"{shown}: Expected at least one image after the header. Received none.")
    images = np.concatenate([rows[:, 1:] for rows in parts]).reshape(-1, *IMAGE_SHAPE)
    return Table(images, np.concatenate([rows[:, 0] for rows in parts]), _gaps(shown, count, len(images), nulls))


def _gaps(shown: str, count: int, complete: int, nulls: np.ndarray) -> Gaps | None:
    """Say what `count` rows lack, of which `complete` lack nothing; raises DataError if that is none."""
    if complete == count:
        return None
    columns = tuple((f"pixel{at}" if at else "label", int(nulls[at])) for at in np.flatnonzero(nulls))
    gaps = Gaps(Path(shown).name, count, count - complete, columns)
    if not complete:
        what = "no row has a label" if nulls[0] == count else f"values are missing in {gaps.worst()}"
        raise DataError(f"{shown}: Expected a row with a value in every column. Received none of {count:,}: {what}.")
    return gaps


def _data_blocks(stream: BinaryIO, shown: str) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the first line, whole lines) without header and without blank lines at the end."""
    line_number, rest = 1, b""
    while True:
        fresh = stream.read(_BLOCK_BYTES)
        data = rest + fresh
        # The last line with something in it waits, with the blanks after it, for what comes next.
        visible = len(data.rstrip(b"\r\n "))
        cut = data.rfind(b"\n", 0, visible) + 1 if fresh else visible
        block, rest = data[:cut], data[cut:] if fresh else b""
        _check_line_length(rest, line_number + block.count(b"\n"), shown)
        if line_number == 1 and block:
            skipped = _header_length(block, shown)
            block, line_number = block[skipped:], line_number + (skipped > 0)
        if block:
            yield line_number, block
        line_number += block.count(b"\n")
        if not fresh:
            return


def _check_line_length(line: bytes, line_number: int, shown: str) -> None:
    if len(line) > _MAX_LINE_BYTES:
        raise DataError(
            f"{shown}, line {line_number}: Expected {COLUMN_COUNT} values in at most "
            f"{_MAX_LINE_BYTES:,} bytes. Received a line without end, or nothing but blanks."
        )


def _header_length(block: bytes, shown: str) -> int:
    """Return how many bytes the header takes, 0 if line 1 holds an image; DataError if it is neither."""
    line = block.split(b"\n", 1)[0]
    cells = [c.strip().strip('"') for c in line.decode("utf-8-sig", errors="replace").split(",")]
    _check_column_count(cells, 1, shown)
    if not any(any(c.isalpha() for c in cell) for cell in cells if cell.lower() not in NULLS):
        return 0
    if cells[0].lower() != "label":
        raise DataError(
            f"{shown}, line 1: Expected the header label, pixel1, ..., pixel784. Received {cells[0][:40]!r} first."
        )
    first = 0 if cells[1].lower() == "pixel0" else 1
    for position, cell in enumerate(cells[1:]):
        wanted = f"pixel{position + first}"
        if cell.lower().startswith("pixel") and cell.lower() != wanted:
            raise DataError(f"{shown}, line 1, column {position + 2}: Expected {wanted}. Received {cell[:40]!r}.")
    return min(len(line) + 1, len(block))


def _parse(block: bytes, line_number: int, shown: str) -> _Rows:
    """Turn whole lines into numbers."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    columns = [str(i) for i in range(COLUMN_COUNT)]
    # Arrow also reads 0x1F as a number and skips blank lines; neither belongs to the form.
    strange = block.translate(None, _PLAIN_BYTES)
    if strange.translate(None, _NULL_BYTES) or b"\n\n" in block or b"\n\r\n" in block:
        _blame(block, line_number, shown)
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(block.lower() if strange else block),
            arrow_csv.ReadOptions(column_names=columns),
            arrow_csv.ParseOptions(ignore_empty_lines=False),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.uint8()), null_values=_ARROW_NULLS),
        )
    except pa.ArrowInvalid as error:
        _blame(block, line_number, shown)
        raise DataError(f"{shown}, from line {line_number}: Expected numbers. Received: {error}.") from error
    return _complete_rows(table, line_number)


def _complete_rows(table: "pa.Table", line_number: int) -> _Rows:
    rows = np.empty((table.num_rows, COLUMN_COUNT), dtype=np.uint8)
    nulls, complete = np.zeros(COLUMN_COUNT, np.int64), np.ones(table.num_rows, bool)
    for i, column in enumerate(table.columns):
        if column.null_count:
            nulls[i] = column.null_count
            complete &= column.is_valid().to_numpy()
            column = column.fill_null(0)
        rows[:, i] = column.to_numpy()
    lines = line_number + np.arange(table.num_rows)
    return _Rows(rows if complete.all() else rows[complete], lines[complete], table.num_rows, nulls)


def _blame(block: bytes, line_number: int, shown: str) -> None:
    """Raise DataError for the first line of the block that is not 785 whole numbers in 0..255, or gaps."""
    for number, line in enumerate(block.splitlines(), start=line_number):
        cells = line.decode("utf-8", errors="replace").split(",")
        _check_column_count(cells, number, shown)
        for position, cell in enumerate(cells):
            text = cell.strip().strip('"').strip()
            if not is_pixel(text) and text.lower() not in NULLS:
                column = "label" if position == 0 else f"pixel {position}"
                raise DataError(
                    f"{shown}, line {number}, column {position + 1} ({column}): "
                    f"Expected a whole number from 0 to 255. Received {text[:40]!r}."
                )


def is_pixel(text: str) -> bool:
    """Whether a cell holds a whole number from 0 to 255 and nothing else; however long it is."""
    return text.isascii() and text.isdigit() and int(text.lstrip("0")[:4] or 0) <= 255


def _check_column_count(cells: list[str], line_number: int, shown: str) -> None:
    if len(cells) == COLUMN_COUNT:
        return
    received = "an empty line" if cells == [""] else f"{len(cells):,}"
    hint = " Separate them by commas." if len(cells) == 1 and (";" in cells[0] or "\t" in cells[0]) else ""
    raise DataError(
        f"{shown}, line {line_number}: Expected {COLUMN_COUNT} columns (label, pixel1 to pixel784). "
        f"Received {received}.{hint}"
    )


def _check_labels(part: _Rows, n_classes: int, shown: str) -> None:
    labels = part.rows[:, 0]
    if labels.max(initial=0) >= n_classes:
        position = int(np.argmax(labels >= n_classes))
        raise DataError(
            f"{shown}, line {part.lines[position]}, column 1 (label): "
            f"Expected a class from 0 to {n_classes - 1}. Received {labels[position]}."
        )

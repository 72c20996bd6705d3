"""IDX, the form in which MNIST and Fashion-MNIST are published: a big-endian header, then raw bytes.

Source: http://yann.lecun.com/exdb/mnist/, "the IDX file format".
"""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fmnist_core.datasets.base import IMAGE_SHAPE, MAX_IMAGES
from fmnist_core.datasets.files import display_name, opened
from fmnist_core.errors import DataError

# 00 00, type 08 (unsigned byte), number of dimensions
_MAGICS = {b"\x00\x00\x08\x01": "labels", b"\x00\x00\x08\x03": "images"}


def header(array: np.ndarray) -> bytes:
    """Return the IDX header of a uint8 array: 4 bytes of magic number, then 4 bytes per dimension."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)


def read_idx(source: str | Path | bytes, expected: str | None = None, *, name: str = "") -> np.ndarray:
    """Read one IDX file, plain, .gz or .zip.

    source: path, or the file's bytes; expected: "images", "labels" or None for either; name: for messages.
    Returns images (n, 28, 28) uint8 in 0..255, or labels (n,) uint8, read-only.
    Raises DataError on a wrong magic number, a wrong image size, and too few or too many bytes.
    """
    shown = display_name(source, name)
    with opened(source, name) as stream:
        kind = _read_kind(stream.read(4), expected, shown)
        shape = _read_shape(stream, kind, shown)
        size = int(np.prod(shape))
        content = stream.read(size)
        if len(content) < size:
            raise DataError(
                f"{shown}: Expected {size:,} bytes for {shape[0]:,} {kind}. "
                f"Received {len(content):,}: the file is cut short."
            )
        if stream.read(1):
            raise DataError(f"{shown}: Expected the file to end after {shape[0]:,} {kind}. Received more bytes.")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def _read_kind(magic: bytes, expected: str | None, shown: str) -> str:
    kind = _MAGICS.get(magic)
    if kind is None or expected not in (None, kind):
        wanted = " or ".join(f"{m.hex(' ')} ({k})" for m, k in _MAGICS.items() if expected in (None, k))
        received = f"{magic.hex(' ')}{f' ({kind})' if kind else ''}" or "nothing"
        raise DataError(f"{shown}: Expected an IDX file that starts with {wanted}. Received {received}.")
    return kind


def _read_shape(stream: BinaryIO, kind: str, shown: str) -> tuple[int, ...]:
    dimensions = 3 if kind == "images" else 1
    raw = stream.read(4 * dimensions)
    if len(raw) < 4 * dimensions:
        raise DataError(
            f"{shown}: Expected a header of {4 + 4 * dimensions} bytes. Received {4 + len(raw)}: the file is cut short."
        )
    shape = struct.unpack(f">{dimensions}I", raw)
    if shape[1:] not in ((), IMAGE_SHAPE):
        raise DataError(f"{shown}: Expected images of 28x28 pixels. Received {shape[1]}x{shape[2]}.")
    if not 1 <= shape[0] <= MAX_IMAGES:
        raise DataError(f"{shown}: Expected 1 to {MAX_IMAGES:,} {kind}. Received a header that says {shape[0]:,}.")
    return shape

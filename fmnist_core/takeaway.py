"""Chosen images as files: a sheet as PNG, the Kaggle form of CSV, and numpy's own."""

import io

import numpy as np

from fmnist_core import samples

COLUMNS = 10


def sheet_png(images: np.ndarray) -> bytes:
    """Return images (n, 28, 28) uint8 on one sheet, ten in a row, each pixel a square of 4 dots."""
    columns = max(1, min(COLUMNS, len(images)))
    return samples.to_png(samples.sheet(images, np.arange(len(images)), columns))


def table_csv(images: np.ndarray, labels: np.ndarray) -> bytes:
    """Return images (n, 28, 28) uint8 and labels (n,) as CSV: label, pixel1 to pixel784, row by row of the image."""
    head = ",".join(["label", *(f"pixel{number}" for number in range(1, images[0].size + 1))])
    rows = np.column_stack([labels.astype(np.uint8), images.reshape(len(images), -1)])
    stream = io.BytesIO()
    np.savetxt(stream, rows, fmt="%d", delimiter=",", header=head, comments="")
    return stream.getvalue()


def arrays_npz(images: np.ndarray, labels: np.ndarray, places: list[str]) -> bytes:
    """Return a compressed .npz: images (n, 28, 28) uint8, labels (n,) uint8, places (n,) such as train-123."""
    stream = io.BytesIO()
    np.savez_compressed(stream, images=images, labels=labels, places=np.array(places))
    return stream.getvalue()

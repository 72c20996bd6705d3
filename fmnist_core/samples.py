"""Samples of a data set as one picture: which images to show, and the sheet that holds them."""

import io

import numpy as np
from PIL import Image

from fmnist_core.datasets import Dataset

EMPTY = -1


def sample(labels: np.ndarray, count: int, seed: int, label: int | None = None) -> np.ndarray:
    """Draw positions without repetition, of all classes or of one.

    labels: (n,) integers. Returns (count,) int64; where a class has too few images, EMPTY fills the end.
    """
    pool = np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)
    drawn = np.random.default_rng(seed).permutation(pool)[:count]
    return np.concatenate([drawn, np.full(count - len(drawn), EMPTY, dtype=np.int64)])


def sample_by_class(labels: np.ndarray, n_classes: int, per_class: int, seed: int) -> np.ndarray:
    """Draw per_class positions of each class: -> (n_classes * per_class,) int64, class after class."""
    return np.concatenate([sample(labels, per_class, seed, label) for label in range(n_classes)])


def sheet(images: np.ndarray, positions: np.ndarray, columns: int, *, gap_px: int = 2, zoom: int = 4) -> np.ndarray:
    """Lay images out line by line on one sheet; what is not an image is transparent.

    images: (n, h, w) uint8; positions: (m,) into images, EMPTY leaves a tile out.
    gap_px: between tiles, before the zoom. zoom: every pixel becomes a square of this side, so that a browser
    that scales keeps edges sharp.
    Returns (height, width, 2) uint8: grey and opacity.
    """
    rows = -(-len(positions) // columns)
    height, width = images.shape[1:]
    tiles = np.zeros((rows * columns, height + gap_px, width + gap_px, 2), dtype=np.uint8)
    shown = positions != EMPTY
    filled = np.flatnonzero(shown)
    tiles[filled, :height, :width, 0] = images[positions[shown]]
    tiles[filled, :height, :width, 1] = 255
    lines = tiles.reshape(rows, columns, height + gap_px, width + gap_px, 2).swapaxes(1, 2)
    whole = lines.reshape(rows * (height + gap_px), columns * (width + gap_px), 2)
    whole = whole[: whole.shape[0] - gap_px, : whole.shape[1] - gap_px]
    return whole.repeat(zoom, axis=0).repeat(zoom, axis=1)


def to_png(picture: np.ndarray) -> bytes:
    """Encode a sheet, (height, width, 2) uint8 of grey and opacity, as PNG."""
    stream = io.BytesIO()
    # Level 1: a third of the time for a few kilobytes more.
    Image.fromarray(picture, mode="LA").save(stream, format="PNG", compress_level=1)
    return stream.getvalue()


def class_counts(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Count the images of each class: (n,) integers -> (n_classes,) int64."""
    return np.bincount(labels, minlength=n_classes)


def describe(dataset: Dataset) -> str:
    """Say how much data there is, where it comes from, and whether its content is proven."""
    height, width = dataset.x_train.shape[1:]
    proof = " Content verified: it equals the published files by SHA-256." if dataset.verified else ""
    return (
        f"{len(dataset.x_train):,} training and {len(dataset.x_test):,} test images of {height}x{width} "
        f"pixels in {len(dataset.class_names)} classes, from {dataset.source}.{proof}"
    )

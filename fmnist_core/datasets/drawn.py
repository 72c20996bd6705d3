"""The offline sample: 2,500 garments drawn by code, for when no source gives the real data.

Good enough to try every page and to train a network that learns something; never to be taken for the real
thing.
"""

import numpy as np
from PIL import Image

from fmnist_core.datasets import store
from fmnist_core.datasets.base import CLASS_COUNT, IMAGE_SHAPE, Arrays, Progress
from fmnist_core.datasets.garments import DRAWINGS
from fmnist_core.datasets.pen import SCALE, Pen

PHRASE = "drawings made by this program instead of Fashion-MNIST"
TRAIN_COUNT, TEST_COUNT = 2_000, 500
_KEY = "fashion-mnist-drawn-v1"
# Tilt in radians, and stretch as a fraction, that a garment may have.
_TILT, _STRETCH = 0.05, 0.05


def load(report: Progress | None = None) -> store.Entry:
    """Return the sample from the cache, drawn if absent (about two seconds)."""
    entry = store.find(_KEY)
    if entry is None:
        if report:
            report("Drawing the offline sample", 0.5)
        x_train, y_train = draw(TRAIN_COUNT, seed=0)
        x_test, y_test = draw(TEST_COUNT, seed=1)
        arrays = Arrays(x_train, y_train, x_test, y_test)
        sha256 = store.content_hash(store.file_hash(a) for a in arrays)
        entry = store.keep(_KEY, arrays, sha256, "this program")
    return entry


def draw(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw `count` garments, equally many of each class (give or take one), in random order.

    Returns images (count, 28, 28) uint8, light on black, and labels (count,) uint8; the same on each call.
    """
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % CLASS_COUNT).astype(np.uint8)
    shapes = np.stack([_draw_one(label, rng) for label in labels])
    return _weave(shapes, rng), labels


def _draw_one(label: int, rng: np.random.Generator) -> np.ndarray:
    """Return one garment (28, 28) uint8, a little tilted and stretched."""
    pen = Pen(rng)
    DRAWINGS[label](pen)
    side = 28 * SCALE
    tilt, (sx, sy) = rng.uniform(-_TILT, _TILT), 1 + rng.uniform(-_STRETCH, _STRETCH, 2)
    cos, sin, middle = np.cos(tilt), np.sin(tilt), side / 2
    a, b, d, e = cos * sx, -sin * sx, sin * sy, cos * sy
    matrix = (a, b, middle - a * middle - b * middle, d, e, middle - d * middle - e * middle)
    picture = pen.picture.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return np.asarray(picture.reduce(SCALE))


def _weave(shapes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give drawn shapes the look of cloth: light from one side, folds and grain; the background stays black.

    shapes: (n, 28, 28) uint8 -> (n, 28, 28) uint8.
    """
    n = len(shapes)
    y, x = np.mgrid[0:1:28j, 0:1:28j].astype(np.float32)
    slope = rng.uniform(-0.22, 0.22, (2, n, 1, 1)).astype(np.float32)
    waves = rng.uniform(0, 2 * np.pi, (n, 1, 1)).astype(np.float32)
    turns = rng.uniform(5, 16, (n, 1, 1)).astype(np.float32)
    light = 1 + slope[0] * (x - 0.5) + slope[1] * (y - 0.5) + 0.06 * np.sin(turns * (x + 0.4 * y) + waves)
    strength = (0.08 * rng.uniform(0, 1, (n, 1, 1)) ** 2).astype(np.float32)  # most cloth is smooth
    grain = 1 + strength * rng.standard_normal((n, *IMAGE_SHAPE), dtype=np.float32)
    return np.clip(shapes * light * grain, 0, 255).astype(np.uint8)

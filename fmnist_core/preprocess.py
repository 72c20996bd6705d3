"""The one path from raw pixels to model input, used by training and by prediction alike.

Geometry works on uint8 (cheap to keep for 70,000 images); scaling is one multiplication and one addition, so
that the training pipeline can do it batch by batch with the same two constants.
"""

import numpy as np

from fmnist_core.spec import RunSpec

# Mean and standard deviation of pixel/255 over Fashion-MNIST's 60,000 training images.
FASHION_MEAN, FASHION_STD = 0.28604, 0.35302

_RANGES = {
    "unit": (1 / 255, 0.0),
    "signed": (2 / 255, -1.0),
    "standard": (1 / (255 * FASHION_STD), -FASHION_MEAN / FASHION_STD),
}


def resize(images: np.ndarray, spec: RunSpec) -> np.ndarray:
    """Bring images to the network's size: (n, 28, 28) uint8 -> (n, s, s, 1) uint8, padded evenly with black."""
    margin = (spec.image_size_px - images.shape[1]) // 2
    if margin:
        images = np.pad(images, ((0, 0), (margin, margin), (margin, margin)))
    return images[..., np.newaxis]


def scale_and_offset(spec: RunSpec) -> tuple[np.float32, np.float32]:
    """Return (a, b) such that input = pixel * a + b, with pixel in 0..255."""
    scale, offset = _RANGES[spec.scaling]
    return np.float32(scale), np.float32(offset)


def prepare(images: np.ndarray, spec: RunSpec) -> np.ndarray:
    """Turn raw images into model input: (n, 28, 28) uint8 -> (n, s, s, 1) float32."""
    scale, offset = scale_and_offset(spec)
    return resize(images, spec).astype(np.float32) * scale + offset

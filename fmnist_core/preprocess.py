"""The one path from raw pixels to model input, used by training and by prediction alike.

Padding works on uint8 (cheap to keep for 70,000 images); enlarging and scaling are a product with a small matrix, one
multiplication and one addition, so that the training pipeline can do them batch by batch with the same constants.
"""

import functools

import numpy as np

from fmnist_core.spec import RunSpec

# Mean and standard deviation of pixel/255 over Fashion-MNIST's 60,000 training images.
FASHION_MEAN, FASHION_STD = 0.28604, 0.35302

_RANGES = {
    "unit": (1 / 255, 0.0),
    "signed": (2 / 255, -1.0),
    "standard": (1 / (255 * FASHION_STD), -FASHION_MEAN / FASHION_STD),
    "base": (1.0, 0.0),  # the network itself brings 0..255 into its base's range
}


def pad(images: np.ndarray, spec: RunSpec) -> np.ndarray:
    """Pad evenly with black if the spec says so: (n, 28, 28) uint8 -> (n, p, p, 1) uint8, p = 28 if it enlarges."""
    margin = (spec.image_size_px - images.shape[1]) // 2 if spec.resizing == "pad" else 0
    if margin:
        images = np.pad(images, ((0, 0), (margin, margin), (margin, margin)))
    return images[..., np.newaxis]


def enlarging(spec: RunSpec, side_px: int = 28) -> np.ndarray | None:
    """Return the (s, 28) float32 matrix M of bilinear enlargement, image -> M image M^T; None where there is none.

    Pixel centres lie at half-integers and the border repeats, as in tf.image.resize and Pillow.
    """
    if spec.resizing == "pad" or spec.image_size_px == side_px:
        return None
    return _bilinear(spec.image_size_px, side_px)


def resize(images: np.ndarray, spec: RunSpec) -> np.ndarray:
    """Bring images to the network's size: (n, 28, 28) uint8 -> (n, s, s, 1), uint8 or, where enlarged, float32."""
    images = pad(images, spec)
    if (matrix := enlarging(spec)) is None:
        return images
    return (matrix @ images[..., 0].astype(np.float32) @ matrix.T)[..., np.newaxis]


def scale_and_offset(spec: RunSpec) -> tuple[np.float32, np.float32]:
    """Return (a, b) such that input = pixel * a + b, with pixel in 0..255."""
    scale, offset = _RANGES[spec.scaling]
    return np.float32(scale), np.float32(offset)


def prepare(images: np.ndarray, spec: RunSpec) -> np.ndarray:
    """Turn raw images into model input: (n, 28, 28) uint8 -> (n, s, s, 1) float32."""
    scale, offset = scale_and_offset(spec)
    return resize(images, spec).astype(np.float32) * scale + offset


@functools.cache
def _bilinear(size_px: int, side_px: int) -> np.ndarray:
    places = (np.arange(size_px) + 0.5) * side_px / size_px - 0.5
    low = np.floor(places).astype(int)
    share = (places - low).astype(np.float32)
    matrix = np.zeros((size_px, side_px), np.float32)
    rows = np.arange(size_px)
    np.add.at(matrix, (rows, low.clip(0, side_px - 1)), 1 - share)
    np.add.at(matrix, (rows, (low + 1).clip(0, side_px - 1)), share)
    return matrix

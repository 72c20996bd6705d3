"""Ways to break an image, each along one slider: images and an amount in, images out. numpy alone, so it is live.

Every corruption is fixed: the same amount always gives the same image (noise is one pattern, made stronger), so that a
curve along the slider is smooth where the model is. The ground of the data is black: what comes in from outside the
frame is black as well. The attack needs the gradient of a network, which comes from a process that has TensorFlow
(explain_client.py); the arithmetic is here.

Sources: Hendrycks and Dietterich, 2019, https://arxiv.org/abs/1903.12261 (corruptions at rising severity);
Goodfellow, Shlens, Szegedy, 2015, https://arxiv.org/abs/1412.6572 (fast gradient sign method).
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fmnist_core.errors import LabError

SIDE = 28
_SEED = 0
_ROWS = 2000  # images worked on at once: bounds the memory


@dataclass(frozen=True)
class Corruption:
    """One way to break an image.

    Attributes:
        key: in files and addresses.
        title: for people.
        unit: of the amount, as it follows the number.
        what: one sentence: what is done, and what the amount is.
        neutral: the amount that changes nothing.
        lowest, highest, step: of the slider; neutral is one of its places.
        levels: amounts at which a whole test set is scored, mildest first.
        change: (images (n, 28, 28) uint8, amount) -> the same shape, float32; None for the attack, which needs a slope.
    """

    key: str
    title: str
    unit: str
    what: str
    neutral: float
    lowest: float
    highest: float
    step: float
    levels: tuple[float, ...]
    change: Callable[[np.ndarray, float], np.ndarray] | None

    @property
    def amounts(self) -> np.ndarray:
        """The places of the slider, ascending: (k,) float64."""
        count = round((self.highest - self.lowest) / self.step) + 1
        return (self.lowest + self.step * np.arange(count)).round(6)

    @property
    def neutral_at(self) -> int:
        """Where among the amounts nothing is changed."""
        return int(np.abs(self.amounts - self.neutral).argmin())

    def say(self, amount: float) -> str:
        """Write an amount with its unit."""
        return f"{amount:g}{self.unit}".replace("-", "\N{MINUS SIGN}")


def apply(corruption: Corruption, images: np.ndarray, amount: float, slope: np.ndarray | None = None) -> np.ndarray:
    """Break images, (n, 28, 28) uint8, by one amount: the same shape and dtype.

    slope: for the attack, (n, 28, 28): the gradient of the loss by each pixel.

    Raises:
        LabError: the images have another shape or dtype, or the attack lacks its slope.
    """
    if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE):
        raise LabError(f"Expected images (n, 28, 28) uint8. Received {images.dtype} of shape {images.shape}.")
    if corruption.change is None:
        if slope is None or slope.shape != images.shape:
            raise LabError("Expected the gradient of the loss for each image. Received none.")
        return _bytes(images + np.float32(amount) * np.sign(slope).astype(np.float32))
    if amount == corruption.neutral:
        return images.copy()
    broken = np.empty_like(images)
    for start in range(0, len(images), _ROWS):
        chunk = slice(start, start + _ROWS)
        broken[chunk] = _bytes(corruption.change(images[chunk], amount))
    return broken


@dataclass(frozen=True)
class Flip:
    """Where along a slider the answer changes: between two places, `before` and `after` being labels.

    at: the amount half-way. outward: the place, counted from the neutral one, at which the answer is another.
    """

    at: float
    place: int
    before: int
    after: int


def flips(amounts: np.ndarray, answers: np.ndarray, neutral_at: int) -> list[Flip]:
    """Return where the answer changes, walking from the neutral place to both ends: nearest to it first.

    amounts: (k,) ascending; answers: (k,) integers, the label named at each.
    """
    found = []
    for direction in (-1, 1):
        place = neutral_at + direction
        while 0 <= place < len(amounts):
            if answers[place] != answers[place - direction]:
                half = float(amounts[place] + amounts[place - direction]) / 2
                found.append(Flip(half, place, int(answers[place - direction]), int(answers[place])))
            place += direction
    return sorted(found, key=lambda flip: abs(flip.place - neutral_at))


def _bytes(images: np.ndarray) -> np.ndarray:
    return np.rint(images).clip(0, 255).astype(np.uint8)


def _noise(images: np.ndarray, sigma: float) -> np.ndarray:
    return images + np.float32(sigma) * _pattern(len(images))


def _pattern(count: int) -> np.ndarray:
    """Return standard normal noise, (count, 28, 28) float32; each place in a chunk has its own, the same each time."""
    return _patterns(-(-count // 100) * 100)[:count]


@functools.lru_cache(maxsize=4)
def _patterns(count: int) -> np.ndarray:
    return np.random.default_rng(_SEED).standard_normal((count, SIDE, SIDE), np.float32)


def _blur(images: np.ndarray, sigma: float) -> np.ndarray:
    spread = _gaussian(sigma)
    return spread @ images.astype(np.float32) @ spread.T


@functools.lru_cache(maxsize=128)
def _gaussian(sigma: float) -> np.ndarray:
    """Return the (28, 28) matrix that blurs columns; light that leaves the frame is lost."""
    far = np.arange(-3 * SIDE, 3 * SIDE + 1)
    whole = np.exp(-0.5 * (far / sigma) ** 2).sum()
    apart = np.subtract.outer(np.arange(SIDE), np.arange(SIDE))
    return (np.exp(-0.5 * (apart / sigma) ** 2) / whole).astype(np.float32)


def _rotate(images: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return _moved(images, np.array([[cos, -sin], [sin, cos]]), np.zeros(2))


def _scale(images: np.ndarray, factor: float) -> np.ndarray:
    if factor >= 1:
        return _moved(images, np.eye(2) / factor, np.zeros(2))
    # Smaller: without averaging first, single pixels would be picked out.
    softened = _blur(images, 0.5 * np.sqrt(1 / factor**2 - 1))
    return _moved(softened, np.eye(2) / factor, np.zeros(2))


def _shift(images: np.ndarray, pixels: float) -> np.ndarray:
    return _moved(images, np.eye(2), np.array([0.0, -pixels]))


def _moved(images: np.ndarray, matrix: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Look each pixel up at matrix @ (place - centre) + offset + centre, (row, column), by bilinear interpolation."""
    centre = (SIDE - 1) / 2
    rows, columns = np.mgrid[:SIDE, :SIDE] - centre
    from_row = matrix[0, 0] * rows + matrix[0, 1] * columns + offset[0] + centre
    from_column = matrix[1, 0] * rows + matrix[1, 1] * columns + offset[1] + centre
    low_row, low_column = np.floor(from_row).astype(int), np.floor(from_column).astype(int)
    share_row, share_column = from_row - low_row, from_column - low_column
    result = np.zeros(images.shape, np.float32)
    for row, row_weight in ((low_row, 1 - share_row), (low_row + 1, share_row)):
        for column, column_weight in ((low_column, 1 - share_column), (low_column + 1, share_column)):
            inside = (row >= 0) & (row < SIDE) & (column >= 0) & (column < SIDE)
            weight = (row_weight * column_weight * inside).astype(np.float32)
            result += weight * images[:, row.clip(0, SIDE - 1), column.clip(0, SIDE - 1)]
    return result


def _contrast(images: np.ndarray, factor: float) -> np.ndarray:
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
    return mean + np.float32(factor) * (images - mean)


def _occlude(images: np.ndarray, side_px: float) -> np.ndarray:
    start = (SIDE - round(side_px)) // 2
    covered = images.astype(np.float32)
    covered[:, start : start + round(side_px), start : start + round(side_px)] = 0
    return covered


FGSM = Corruption(
    "fgsm", "Attack (FGSM)", " levels", "Every pixel moves by so many of 255 grey levels, each in the direction that "
    "hurts the answer most: the sign of the loss's gradient.", 0, 0, 40, 1, (2, 4, 8, 16, 32), None,
)  # fmt: skip
CORRUPTIONS: tuple[Corruption, ...] = (
    Corruption(
        "noise", "Noise", " levels", "Normal noise on every pixel; its standard deviation in grey levels of 255.",
        0, 0, 120, 3, (10, 20, 40, 60, 100), _noise,
    ),
    Corruption(
        "blur", "Blur", " px", "Gaussian blur; its standard deviation in pixels.", 0, 0, 4, 0.1,
        (0.5, 1, 1.5, 2, 3), _blur,
    ),
    Corruption(
        "rotation", "Rotation", "°", "Turned about the middle of the frame, clockwise above 0.", 0, -180, 180, 6,
        (6, 12, 24, 48, 90), _rotate,
    ),
    Corruption(
        "shift", "Shift", " px", "Moved sideways, to the right above 0; what leaves is lost.", 0, -14, 14, 0.5,
        (1, 2, 3, 5, 8), _shift,
    ),
    Corruption(
        "scale", "Scale", "×", "Smaller or larger about the middle of the frame.", 1, 0.3, 1.7, 0.05,
        (0.9, 0.8, 0.7, 0.5, 0.3), _scale,
    ),
    Corruption(
        "contrast", "Contrast", "×", "The distance of every pixel from the image's mean, times this; at 0 all is grey.",
        1, 0, 2, 0.05, (0.8, 0.6, 0.4, 0.2, 0.1), _contrast,
    ),
    Corruption(
        "occlusion", "Occlusion", " px", "A black square in the middle of the frame; its side.", 0, 0, 28, 1,
        (4, 8, 12, 16, 20), _occlude,
    ),
    FGSM,
)  # fmt: skip
BY_KEY = {corruption.key: corruption for corruption in CORRUPTIONS}

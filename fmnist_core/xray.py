"""From a picture to an item, step by step: every step can be switched, and shows what it made of the one before.

The usual steps frame a picture as the authors of the data framed theirs: Fashion-MNIST (Xiao et al., 2017, section 2)
trims the background, brings the longer side to 28 px and centres the box; MNIST (LeCun et al., 1998, section III.A)
fits digits into 20x20 px and centres their mass.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from PIL import Image
from scipy import ndimage

from fmnist_core.content import (
    FAINTEST,
    Polarity,
    background,
    content_mask,
    detect_polarity,
    fill_closed,
    otsu_threshold,
    reduce,
)
from fmnist_core.decoding import Picture
from fmnist_core.errors import ImageError

ITEM_PX = 28
MAX_MARGIN_PX = 10


class Kind(StrEnum):
    """Where a picture came from; it decides which steps are usual."""

    DRAWING = "drawing"
    PICTURE = "picture"
    ITEM = "item"  # an image of the data, light on dark or not: nothing is done to it
    SMALL = "small"  # another of 28x28 pixels: at most its polarity is turned


class Grey(StrEnum):
    """How three colours become one brightness."""

    EYE = "As the eye sees"
    MEAN = "Mean"
    RED = "Red only"
    GREEN = "Green only"
    BLUE = "Blue only"


class Ground(StrEnum):
    """What becomes of the surroundings."""

    SUBTRACT = "Subtract"
    THRESHOLD = "Threshold"
    KEEP = "Keep"


class Resize(StrEnum):
    """How many pixels become few."""

    LANCZOS = "Lanczos"
    BICUBIC = "Bicubic"
    BILINEAR = "Bilinear"
    AREA = "Mean of area"
    NEAREST = "Nearest"


class Centring(StrEnum):
    """What stands in the middle."""

    BOX = "Box"
    MASS = "Mass"
    PLACE = "As it lay"


_FILTERS = {
    Resize.LANCZOS: Image.Resampling.LANCZOS, Resize.BICUBIC: Image.Resampling.BICUBIC,
    Resize.BILINEAR: Image.Resampling.BILINEAR, Resize.AREA: Image.Resampling.BOX,
    Resize.NEAREST: Image.Resampling.NEAREST,
}  # fmt: skip


@dataclass(frozen=True)
class Framing:
    """Where the content stands in the 28x28 frame.

    Attributes:
        longer_side_px: length of the content's longer side.
        by_mass: centre the mass of the light; else centre the bounding box.
    """

    longer_side_px: int
    by_mass: bool


# Fashion-MNIST's test images: the longer side has a median of 28 px in every class, and the box is centred to 0.3 px on
# average (tests/test_xray.py).
FASHION = Framing(28, by_mass=False)
DIGITS = Framing(20, by_mass=True)


@dataclass(frozen=True)
class Recipe:
    """Which way each step is taken.

    Attributes:
        polarity: None detects it.
        fill: fill closed outlines, for line drawings.
        crop: to the content.
        margin_px: black pixels left on each end of the longer side of 28, 0 to 10.
    """

    grey: Grey = Grey.EYE
    polarity: Polarity | None = None
    ground: Ground = Ground.SUBTRACT
    fill: bool = False
    crop: bool = True
    resize: Resize = Resize.LANCZOS
    margin_px: int = 0
    centring: Centring = Centring.BOX

    def __post_init__(self) -> None:
        if not 0 <= self.margin_px <= MAX_MARGIN_PX:
            raise ImageError(f"Expected a margin of 0 to {MAX_MARGIN_PX} pixels. Received {self.margin_px}.")


@dataclass(frozen=True, eq=False)
class Step:
    """One step and the picture after it: (h, w) or (h, w, 3) uint8; `said` tells what it did."""

    name: str
    pixels: np.ndarray
    said: str = ""


@dataclass(frozen=True, eq=False)
class Trace:
    """A picture's way. `item`: (28, 28) uint8, None if the picture is blank. `polarity`: as given or detected."""

    steps: tuple[Step, ...]
    item: np.ndarray | None
    polarity: Polarity


def usual(kind: Kind, framing: Framing = FASHION) -> Recipe:
    """Return the steps that make a picture of a kind look like the data."""
    if kind in (Kind.ITEM, Kind.SMALL):
        polarity = Polarity.LIGHT_ON_DARK if kind == Kind.ITEM else None  # as the model learned it, whatever it is
        return Recipe(polarity=polarity, ground=Ground.KEEP, crop=False, centring=Centring.PLACE)
    recipe = Recipe(
        margin_px=(ITEM_PX - framing.longer_side_px) // 2, centring=Centring.MASS if framing.by_mass else Centring.BOX
    )
    if kind == Kind.DRAWING:  # white on pure black, whatever was drawn
        return replace(recipe, ground=Ground.KEEP, polarity=Polarity.LIGHT_ON_DARK)
    return recipe


def kind_of(picture: Picture) -> Kind:
    """A picture from outside of 28x28 pixels is taken as an item already, but for its polarity."""
    return Kind.SMALL if picture.pixels.shape == (ITEM_PX, ITEM_PX) else Kind.PICTURE


def trace(picture: Picture, recipe: Recipe) -> Trace:
    """Take the steps one by one.

    Raises:
        ImageError: if the picture has fewer than 8x8 pixels.
    """
    grey = _grey(picture, recipe.grey)
    polarity = recipe.polarity or detect_polarity(grey)
    small = reduce(grey)
    turned = 255 - small if polarity == Polarity.DARK_ON_LIGHT else small
    light = _without_ground(turned, recipe.ground)
    original = grey if picture.colours is None else picture.colours
    steps = [
        Step("Original", original, " ".join(picture.notes)),
        Step("Greyscale", grey, "Already grey." if picture.colours is None else ""),
        Step("Polarity", _to_uint8(turned), f"Taken as {polarity}." if recipe.polarity is None else ""),
    ]
    if light is None:
        return Trace(tuple(steps), None, polarity)
    steps.append(Step("Background", light))
    light = fill_closed(light) if recipe.fill else light
    steps.append(Step("Outlines", light))
    box, middle = _crop(light) if recipe.crop else (light, (0.5, 0.5))
    steps.append(Step("Crop", box, f"{box.shape[1]} × {box.shape[0]} pixels"))
    small = _resized(box, ITEM_PX - 2 * recipe.margin_px, recipe.resize)
    steps.append(Step("Resize", small, f"{small.shape[1]} × {small.shape[0]} pixels"))
    steps.append(Step("Padding", _placed(small, Centring.BOX, middle)))
    item = _placed(small, recipe.centring, middle)
    steps.append(Step("Centring", item))
    return Trace(tuple(steps), item, polarity)


def switched(recipe: Recipe, polarity: Polarity, *, coloured: bool) -> dict[str, tuple[str, Recipe]]:
    """Return for each step what it is called, and the recipe, if that step alone is taken the other way."""
    keep, mass = recipe.ground == Ground.KEEP, recipe.centring == Centring.BOX
    nearest, inverted = recipe.resize != Resize.NEAREST, Polarity.LIGHT_ON_DARK
    if polarity == Polarity.LIGHT_ON_DARK:
        inverted = Polarity.DARK_ON_LIGHT
    others = {
        "Polarity": ("Turned", replace(recipe, polarity=inverted)),
        "Background": ("Subtracted", replace(recipe, ground=Ground.SUBTRACT)) if keep
        else ("Kept", replace(recipe, ground=Ground.KEEP)),
        "Outlines": ("Left open" if recipe.fill else "Filled", replace(recipe, fill=not recipe.fill)),
        "Crop": ("Not cropped" if recipe.crop else "Cropped", replace(recipe, crop=not recipe.crop)),
        "Resize": ("Nearest pixels", replace(recipe, resize=Resize.NEAREST)) if nearest
        else ("Lanczos", replace(recipe, resize=Resize.LANCZOS)),
        "Padding": ("4 pixels", replace(recipe, margin_px=4)) if not recipe.margin_px
        else ("None", replace(recipe, margin_px=0)),
        "Centring": ("By mass", replace(recipe, centring=Centring.MASS)) if mass
        else ("By its box", replace(recipe, centring=Centring.BOX)),
    }  # fmt: skip
    if coloured:
        other = Grey.EYE if recipe.grey == Grey.MEAN else Grey.MEAN
        others["Greyscale"] = (
            "As the eye sees" if other == Grey.EYE else "Mean of colours",
            replace(recipe, grey=other),
        )
    return others


def _grey(picture: Picture, grey: Grey) -> np.ndarray:
    """Return (h, w) uint8. The eye's weights are Pillow's: ITU-R BT.601."""
    if picture.colours is None or grey == Grey.EYE:
        return picture.pixels
    ways: dict[Grey, Callable[[np.ndarray], np.ndarray]] = {
        Grey.MEAN: lambda colours: np.rint(colours.mean(axis=2)).astype(np.uint8),
        Grey.RED: lambda colours: colours[..., 0],
        Grey.GREEN: lambda colours: colours[..., 1],
        Grey.BLUE: lambda colours: colours[..., 2],
    }
    return np.ascontiguousarray(ways[grey](picture.colours))


def _without_ground(turned: np.ndarray, ground: Ground) -> np.ndarray | None:
    """Take the surroundings away: (h, w) float32 0..255, light on dark -> the same as uint8; None if all is ground."""
    if ground == Ground.KEEP:
        return _to_uint8(turned) if turned.max() - turned.min() >= FAINTEST else None
    above = (turned - background(turned)).clip(0, None)
    content = content_mask(above)
    if not content.any():
        return None
    stretched = np.where(content, above, 0) * (255 / np.percentile(above[content], 99))
    light = stretched.clip(0, 255).astype(np.uint8)
    if ground == Ground.THRESHOLD:
        return np.where(light > otsu_threshold(light), np.uint8(255), np.uint8(0))
    return light


def _crop(light: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """Cut to what is not black; return it and where its middle lay, in shares of height and width."""
    rows, columns = np.nonzero(light.any(axis=1))[0], np.nonzero(light.any(axis=0))[0]
    box = light[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    middle = (rows[0] + rows[-1] + 1) / 2 / len(light), (columns[0] + columns[-1] + 1) / 2 / light.shape[1]
    return box, middle


def _resized(box: np.ndarray, longer_side_px: int, resize: Resize) -> np.ndarray:
    scale = longer_side_px / max(box.shape)
    height, width = (max(1, round(side * scale)) for side in box.shape)
    return np.asarray(Image.fromarray(box).resize((width, height), _FILTERS[resize]))


def _placed(small: np.ndarray, centring: Centring, middle: tuple[float, float]) -> np.ndarray:
    """Put what is at most 28 px long on black: -> (28, 28) uint8."""
    height, width = small.shape
    top, left = (ITEM_PX - height + 1) // 2, (ITEM_PX - width + 1) // 2  # odd remainders go above, as in the data
    if centring == Centring.MASS and small.any():
        y, x = ndimage.center_of_mass(small)
        top, left = round(ITEM_PX / 2 - 0.5 - y), round(ITEM_PX / 2 - 0.5 - x)
    elif centring == Centring.PLACE and middle != (0.5, 0.5):
        top, left = round(middle[0] * ITEM_PX - height / 2), round(middle[1] * ITEM_PX - width / 2)
    top, left = min(max(0, top), ITEM_PX - height), min(max(0, left), ITEM_PX - width)
    item = np.zeros((ITEM_PX, ITEM_PX), np.uint8)
    item[top : top + height, left : left + width] = small
    return item


def _to_uint8(values: np.ndarray) -> np.ndarray:
    return np.rint(values).astype(np.uint8)

"""Reading picture files that nobody has checked: bytes in, grey pixels out, or an error that says what came."""

import io
import re
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from fmnist_core.errors import ImageError

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MAX_BYTES = 32 * 2**20
MAX_PIXELS = 50_000_000  # a 48-megapixel phone picture
MIN_SIDE_PX = 8
LONGEST_PX = 1024  # of the grey kept: four times what the steps work on
_DRAFT_PX = 512  # JPEG can decode at a fraction of its size; more than this is thrown away later anyway
_COLOURLESS = 8  # of 255: channels that differ by no more are rounding and compression

Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # for whatever else opens pictures in this process


@dataclass(frozen=True)
class Picture:
    """A picture from outside.

    Attributes:
        pixels: (h, w) uint8, grey, upright, read-only; from a file at most LONGEST_PX on its longer side.
        notes: what was done to it, one sentence each.
        colours: (h', w', 3) uint8, the same in red, green and blue, about 512 on its longer side; None if it is grey.
    """

    pixels: np.ndarray
    notes: tuple[str, ...] = ()
    colours: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.pixels.flags.writeable = False


def from_file(content: bytes, name: str = "picture", *, colours: bool = True) -> Picture:
    """Decode a PNG, JPEG, WebP or GIF file: turned upright, transparency laid on a ground that contrasts, made grey.

    Args:
        content: the whole file.
        name: what error messages call it.
        colours: whether somebody will look at them.

    Raises:
        ImageError: if it is no such file, damaged, smaller than 8x8 or larger than 50 million pixels.
    """
    if not 0 < len(content) <= MAX_BYTES:
        raise ImageError(f"{name}: expected a file of up to {MAX_BYTES >> 20} MB. Received {len(content):,} bytes.")
    image = _open(content, name)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_large(name, f"{width:,}x{height:,}")
    if min(width, height) < MIN_SIDE_PX:
        raise ImageError(
            f"{name}: expected a picture of at least {MIN_SIDE_PX}x{MIN_SIDE_PX} pixels. Received {width}x{height}."
        )
    notes = ["Took its first frame."] if getattr(image, "is_animated", False) else []
    try:
        image.draft("RGB", (_DRAFT_PX, _DRAFT_PX))
        upright = ImageOps.exif_transpose(image)  # decodes
        if upright.size != image.size or image.getexif().get(0x0112, 1) != 1:
            notes.append("Turned upright as the camera noted.")
        pixels, ground = _grey(upright, notes)
        pixels = _reduced(pixels)
        kept = _colours(upright, ground) if colours else None
    except (OSError, ValueError, SyntaxError, MemoryError, EOFError, IndexError, OverflowError) as error:
        raise ImageError(
            f"{name}: expected a whole {image.format} picture. Received a damaged one: {error}."
        ) from error
    return Picture(pixels, tuple(notes), kept)


def _open(content: bytes, name: str) -> Image.Image:
    """Read the header only."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # its size is checked next
            return Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        count = re.search(r"\((\d+) pixels\)", str(error))  # Pillow says no more of it than that
        received = f"{int(count[1]) / 1e6:,.0f} million" if count else "more than twice that"
        raise _too_large(name, received) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise ImageError(f"{name}: expected a PNG, JPEG, WebP or GIF picture. Received {_guess(content)}.") from error


def _too_large(name: str, size: str) -> ImageError:
    return ImageError(f"{name}: expected at most {MAX_PIXELS // 10**6} million pixels. Received {size}.")


def _guess(content: bytes) -> str:
    """Name what a file seems to be, from its first bytes."""
    head = content[:512].lstrip().lower()
    known = {
        b"gif8": "a GIF with a damaged header", b"bm": "a BMP", b"%pdf": "a PDF", b"<svg": "an SVG drawing",
        b"<!doctype": "a web page",
        b"<html": "a web page", b"ii*": "a TIFF", b"mm\0*": "a TIFF", b"\x89png": "a PNG with a damaged header",
        b"\xff\xd8": "a JPEG with a damaged header",
    }  # fmt: skip
    if found := next((kind for start, kind in known.items() if head.startswith(start)), None):
        return found
    if b"<svg" in head:
        return "an SVG drawing"
    if head[4:8] == b"ftyp":
        return "a HEIC, AVIF or video file"
    return f"{len(content):,} bytes that are none of these"


def _grey(image: Image.Image, notes: list[str]) -> tuple[np.ndarray, int]:
    """Return (h, w) uint8, whatever the picture's mode, and the brightness on which transparent parts were laid."""
    if image.mode.startswith(("I", "F")):  # 16 bits and more per pixel
        notes.append("Reduced from 16 to 8 bits.")
        return (np.asarray(image).astype(np.float32) / 257).clip(0, 255).round().astype(np.uint8), 0
    if not image.has_transparency_data:
        return np.array(image.convert("L")), 0
    grey, alpha = (np.asarray(band, np.float32) for band in image.convert("LA").split())
    alpha = alpha / 255
    if alpha.min() == 1:
        return grey.astype(np.uint8), 0
    ground = _contrasting_ground(grey, alpha)
    notes.append(f"Laid its transparent parts on {'white' if ground else 'black'}.")
    return (grey * alpha + ground * (1 - alpha)).round().astype(np.uint8), ground


def _reduced(pixels: np.ndarray) -> np.ndarray:
    """Bring the longer side to at most LONGEST_PX by averaging, for pictures stay in memory while they are looked at:
    (h, w) uint8 -> (h', w') uint8."""
    height, width = pixels.shape
    size = _size((width, height), LONGEST_PX)
    if size == (width, height):
        return pixels
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def _size(size: tuple[int, int], longest_px: int) -> tuple[int, int]:
    """Return width and height, the longer at most so long, neither under MIN_SIDE_PX: hair-thin pictures get wider."""
    scale = min(1.0, longest_px / max(size))
    width, height = (max(MIN_SIDE_PX, round(side * scale)) for side in size)
    return width, height


def _contrasting_ground(grey: np.ndarray, alpha: np.ndarray) -> int:
    """Return white if a transparent picture's content is dark, black if it is light: it stays visible."""
    return 255 if (grey * alpha).sum() / max(alpha.sum(), 1e-6) < 128 else 0


def _colours(image: Image.Image, ground: int) -> np.ndarray | None:
    """Return the picture's colours, reduced, transparent parts laid on the ground; None if it has none."""
    if image.mode in ("1", "L", "LA") or image.mode.startswith(("I", "F")):
        return None
    size = _size(image.size, _DRAFT_PX)
    if image.has_transparency_data:
        whole = image.convert("RGBA").resize(size, Image.Resampling.BOX)
        image = Image.alpha_composite(Image.new("RGBA", size, (ground, ground, ground, 255)), whole)
    else:
        image = image.convert("RGB").resize(size, Image.Resampling.BOX)
    colours = np.array(image.convert("RGB"))
    apart = colours.max(axis=2).astype(np.int16) - colours.min(axis=2)
    return colours if apart.max() > _COLOURLESS else None

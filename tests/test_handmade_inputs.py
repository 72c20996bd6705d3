"""Pictures that broke other apps, made by hand, each with what is expected of it.

Every one shows the same trouser, where it shows anything: the same item must come of it, and the ready-made model must
call it a trouser.
"""

import io
import time

import numpy as np
import pytest
from PIL import Image, ImageDraw

from fmnist_core import prediction
from fmnist_core.content import Polarity
from fmnist_core.errors import ImageError
from fmnist_core.intake import from_file
from fmnist_core.ready_made import ready_made
from fmnist_core.xray import FASHION, Kind, kind_of, trace, usual

OUTLINE = [(95, 20), (205, 20), (225, 380), (165, 380), (150, 140), (135, 380), (75, 380)]
MOST_APART = 12.0  # mean difference to the plain picture's item, 0..255: codecs and colour tables


def trouser(mode="RGB", ground="white", item="#203050", size=(300, 400)):
    image = Image.new(mode, size, ground)
    ImageDraw.Draw(image).polygon([(x * size[0] / 300, y * size[1] / 400) for x, y in OUTLINE], fill=item)
    return image


def saved(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def transparent():
    """Dark on nothing; the colour of the nothing is black, which many programs write."""
    image = Image.new("RGBA", (300, 400), (0, 0, 0, 0))
    ImageDraw.Draw(image).polygon(OUTLINE, fill=(32, 48, 80, 255))
    return image


def sixteen_bits():
    return Image.fromarray(np.asarray(trouser("L", 255, 40)).astype(np.uint16) * 257)


def transparent_palette():
    image = trouser("P", 0, 1)
    image.putpalette([255, 0, 255, 30, 40, 60])
    return saved(image, transparency=0)


def turned_by_the_camera():
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(trouser().rotate(90, expand=True), "JPEG", quality=92, exif=exif.tobytes())


def animated():
    blank = Image.new("RGB", (300, 400), "white")
    return saved(trouser(), "GIF", save_all=True, append_images=[blank, blank], duration=100, loop=0)


# Name: the file, how it is called, and what is noted on the page.
READ = {
    "white ground": (lambda: saved(trouser()), "white.png", None),
    "transparent PNG": (lambda: saved(transparent()), "cut-out.png", "Laid its transparent parts on white."),
    "CMYK JPEG": (lambda: saved(trouser().convert("CMYK"), "JPEG", quality=92), "print.jpg", None),
    "16-bit PNG": (lambda: saved(sixteen_bits()), "scan.png", "Reduced from 16 to 8 bits."),
    "palette PNG": (lambda: saved(trouser().quantize(8)), "palette.png", None),
    "transparent palette": (transparent_palette, "sticker.png", "Laid its transparent parts on white."),
    "EXIF rotation": (turned_by_the_camera, "phone.jpg", "Turned upright as the camera noted."),
    "animated GIF": (animated, "moving.gif", "Took its first frame."),
    "one bit": (lambda: saved(trouser("1", 1, 0)), "fax.png", None),
    "JPEG called PNG": (lambda: saved(trouser(), "JPEG", quality=92), "renamed.png", None),
}

REFUSED = {
    "1x1": (lambda: saved(Image.new("L", (1, 1))), "dot.png", "of at least 8x8 pixels. Received 1x1"),
    "12,000x12,000": (
        lambda: saved(Image.new("1", (12_000, 12_000)), compress_level=1), "wall.png",
        "expected at most 50 million pixels. Received 144 million",
    ),
    "SVG called PNG": (
        lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>', "logo.png",
        "expected a PNG, JPEG, WebP or GIF picture. Received an SVG drawing",
    ),
    "truncated PNG": (lambda: saved(trouser())[:600], "half.png", "expected a whole PNG picture. Received a damaged"),
    "truncated JPEG": (lambda: saved(trouser(), "JPEG")[:2000], "half.jpg", "expected a whole JPEG picture. Received"),
    "truncated GIF": (lambda: animated()[:400], "half.gif", "expected a whole GIF picture. Received a damaged one"),
    "empty file": (lambda: b"", "nothing.png", "expected a file of up to 32 MB. Received 0 bytes"),
    "text called PNG": (lambda: b"hello", "note.png", "Received 5 bytes that are none of these"),
}  # fmt: skip


@pytest.fixture(scope="module")
def predictor():
    return prediction.load(ready_made())


@pytest.fixture(scope="module")
def plain_item():
    return trace(from_file(saved(trouser())), usual(Kind.PICTURE, FASHION)).item


@pytest.mark.parametrize("name", READ)
def test_it_is_read_framed_as_the_data_and_called_a_trouser(name, predictor, plain_item):
    make, called, note = READ[name]
    picture = from_file(make(), called)
    assert kind_of(picture) == Kind.PICTURE
    found = trace(picture, usual(Kind.PICTURE, FASHION))
    assert found.polarity == Polarity.DARK_ON_LIGHT
    assert np.abs(found.item.astype(int) - plain_item).mean() < MOST_APART
    assert predictor.ranked(found.item)[0].class_name == "Trouser"
    assert picture.notes == ((note,) if note else ())


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_by_name_with_what_was_expected_and_what_came(name):
    make, called, message = REFUSED[name]
    with pytest.raises(ImageError) as caught:
        from_file(make(), called)
    assert str(caught.value).startswith(f"{called}: expected") and message in str(caught.value)


def test_a_picture_as_large_as_a_wall_is_refused_before_it_is_decoded():
    content = saved(Image.new("1", (12_000, 12_000)), compress_level=1)
    began = time.process_time()
    with pytest.raises(ImageError):
        from_file(content)
    assert time.process_time() - began < 0.1  # decoding it takes seconds


def test_a_picture_of_nothing_gives_no_item():
    for ground in ("white", "black", "#777777"):
        picture = from_file(saved(Image.new("RGB", (300, 400), ground)))
        assert trace(picture, usual(Kind.PICTURE, FASHION)).item is None


def test_light_on_dark_needs_no_turning(plain_item):
    found = trace(from_file(saved(trouser(ground="#101010", item="#e8e8e8"))), usual(Kind.PICTURE, FASHION))
    assert found.polarity == Polarity.LIGHT_ON_DARK
    assert np.abs(found.item.astype(int) - plain_item).mean() < MOST_APART

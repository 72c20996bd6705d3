"""Pictures from outside: every form becomes an item like those of the data, and every bad one is refused in words."""

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from finished_run import REAL_DATA, trained_run
from PIL import Image, ImageDraw

from fmnist_core import datasets, decoding, intake, prediction
from fmnist_core.errors import ImageError
from fmnist_core.intake import DIGITS, FASHION, Polarity, detect_polarity, from_file, to_item

real_data = pytest.mark.skipif(not REAL_DATA, reason="Fashion-MNIST is not installed on this machine")


def encode(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def photo(size=(300, 400), ground=230, item=40, mode="L"):
    """A dark upright bar, left of the middle, on a light ground."""
    image = Image.new("L", size, ground)
    ImageDraw.Draw(image).rectangle((60, 50, 140, 350), fill=item)
    return image.convert(mode)


def png_header(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    checked = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + checked + struct.pack(">I", 100) + b"IDAT"


# ---- files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_formats_give_the_same_grey(kind, mode):
    options = {} if kind in ("PNG", "GIF") else {"quality": 95}
    pixels = from_file(encode(photo(mode=mode), kind, **options)).pixels
    assert pixels.shape == (400, 300) and pixels.dtype == np.uint8
    assert abs(int(pixels[10, 10]) - 230) <= 2 and abs(int(pixels[200, 100]) - 40) <= 2


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK"])
def test_other_colour_modes_give_the_same_item(mode):
    image = photo(ground=255, item=0)
    expected = to_item(from_file(encode(image)).pixels)
    content = encode(image.convert("RGB").convert(mode), "JPEG" if mode == "CMYK" else "PNG")
    item = to_item(from_file(content).pixels)
    assert np.abs(item.astype(int) - expected).mean() < 6


def test_sixteen_bits_are_reduced_to_eight():
    deep = Image.fromarray(np.asarray(photo()).astype(np.uint16) * 257)
    picture = from_file(encode(deep))
    np.testing.assert_array_equal(picture.pixels, np.asarray(photo()))
    assert "Reduced from 16 to 8 bits." in picture.notes


@pytest.mark.parametrize(("colour", "ground"), [(20, "white"), (240, "black")])
def test_a_transparent_picture_is_laid_on_a_ground_that_contrasts(colour, ground):
    image = Image.new("LA", (200, 200), (0, 0))
    ImageDraw.Draw(image).rectangle((70, 20, 120, 180), fill=(colour, 255))
    picture = from_file(encode(image))
    assert f"Laid its transparent parts on {ground}." in picture.notes
    item = to_item(picture.pixels)
    assert item[14, 14] > 200 and item[14, 0] == 0


def test_a_transparent_palette_is_honoured():
    image = Image.new("P", (100, 100), 0)
    image.putpalette([255, 0, 255, 10, 10, 10])
    ImageDraw.Draw(image).rectangle((30, 10, 60, 90), fill=1)
    picture = from_file(encode(image, transparency=0))
    assert to_item(picture.pixels)[14, 14] > 200


def test_the_camera_s_orientation_is_followed():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to see it upright
    picture = from_file(encode(photo().rotate(90, expand=True), "JPEG", quality=95, exif=exif.tobytes()))
    assert picture.pixels.shape == (400, 300)
    assert picture.pixels[200, 100] < 60
    assert "Turned upright as the camera noted." in picture.notes


def test_a_large_jpeg_is_decoded_small():
    picture = from_file(encode(photo().resize((6000, 8000)), "JPEG"))
    assert max(picture.pixels.shape) <= 2 * decoding._DRAFT_PX


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_large_picture_is_kept_small_and_gives_the_same_item(mode):
    large = photo(mode=mode).resize((3000, 4000))
    picture = from_file(encode(large, compress_level=1))
    assert picture.pixels.shape == (1024, 768)
    whole = to_item(np.array(large.convert("L")))
    assert np.abs(to_item(picture.pixels).astype(int) - whole).max() <= 2


def test_a_hair_thin_picture_is_kept_small_too():
    thin = Image.new("RGB", (200_000, 9), "red")
    thin.paste("white", (90_000, 2, 110_000, 6))
    picture = from_file(encode(thin))
    assert picture.pixels.shape == (8, 1024) and picture.colours.shape == (8, 512, 3)
    assert from_file(encode(thin), colours=False).colours is None
    to_item(picture.pixels)


def test_the_first_frame_of_an_animation_is_taken():
    frames = [photo(), photo(ground=0)]
    content = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    picture = from_file(content)
    assert picture.pixels[10, 10] > 200 and "Took its first frame." in picture.notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a file of up to 32 MB. Received 0 bytes"),
        (b"hello", "Received 5 bytes that are none of these"),
        (b"<?xml version='1.0'?><svg xmlns='x'/>", "Received an SVG drawing"),
        (b"<svg/>", "Received an SVG drawing"),
        (b"%PDF-1.7", "Received a PDF"),
        (b"GIF89a", "Received a GIF with a damaged header"),
        (encode(photo(), "BMP"), "Received a BMP"),
        (encode(photo(), "TIFF"), "Received a TIFF"),
        (b"\0\0\0\x20ftypheic" + bytes(40), "Received a HEIC"),
        (encode(Image.new("L", (1, 1))), "at least 8x8 pixels. Received 1x1"),
        (encode(Image.new("L", (400, 4))), "at least 8x8 pixels. Received 400x4"),
        (png_header(30_000, 30_000), "at most 50 million pixels"),
        (png_header(9_000, 9_000), "at most 50 million pixels. Received 9,000x9,000"),
        (png_header(100, 100), "a whole PNG picture. Received a damaged one"),
        (encode(photo())[:300], "a whole PNG picture. Received a damaged one"),
        (encode(photo(), "JPEG")[:900], "a whole JPEG picture. Received a damaged one"),
        (encode(photo(), "WEBP")[:60], "Received"),
        (encode(photo())[:8] + bytes(200), "Received a PNG with a damaged header"),
    ],
)
def test_a_bad_file_is_refused_in_words(content, message):
    with pytest.raises(ImageError, match=message) as caught:
        from_file(content, "mine.png")
    assert str(caught.value).startswith("mine.png: expected")


def test_a_huge_file_is_refused_before_it_is_looked_at():
    with pytest.raises(ImageError, match="up to 32 MB"):
        from_file(bytes(decoding.MAX_BYTES + 1))


def test_damage_anywhere_in_a_file_raises_nothing_but_image_errors():
    generator = np.random.default_rng(0)
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        whole = encode(photo(mode="RGB"), kind)
        for _ in range(60):
            broken = bytearray(whole)
            for place in generator.integers(0, len(broken), 5):
                broken[place] = generator.integers(256)
            with suppress(ImageError):
                to_item(from_file(bytes(broken)).pixels)


# ---- polarity ------------------------------------------------------------------------------------------------------


@real_data
def test_polarity_is_right_on_the_data_and_on_their_negatives():
    images = datasets.load("fashion-mnist").x_test[:1000]
    light = [detect_polarity(image) == Polarity.LIGHT_ON_DARK for image in images]
    dark = [detect_polarity(255 - image) == Polarity.DARK_ON_LIGHT for image in images]
    assert np.mean(light) >= 0.99 and np.mean(dark) >= 0.99


@pytest.mark.parametrize("shade", [0, 60, -60])
def test_polarity_is_right_under_a_shadow(shade):
    slope = np.linspace(0, shade, 300)[None, :]
    dark = np.clip(np.asarray(photo(ground=170, item=60)) + slope, 0, 255).astype(np.uint8)
    assert detect_polarity(dark) == Polarity.DARK_ON_LIGHT
    assert detect_polarity(255 - dark) == Polarity.LIGHT_ON_DARK


# ---- items ---------------------------------------------------------------------------------------------------------


@real_data
def test_a_picture_of_the_data_passes_pixel_for_pixel():
    for image in datasets.load("fashion-mnist").x_test[:300]:
        item = to_item(from_file(encode(Image.fromarray(np.array(image)))).pixels)
        np.testing.assert_array_equal(item, image)


def test_only_the_polarity_of_a_small_picture_can_be_turned():
    image = np.zeros((28, 28), np.uint8)
    image[5:20, 10:18] = 200
    np.testing.assert_array_equal(to_item(image), image)
    np.testing.assert_array_equal(to_item(255 - image), image)
    np.testing.assert_array_equal(to_item(image, polarity=Polarity.DARK_ON_LIGHT), 255 - image)


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("side", [28, 200])
def test_a_blank_picture_gives_no_item(value, side):
    assert to_item(np.full((side, side), value, np.uint8)) is None


def test_noise_without_content_gives_no_item():
    noise = np.random.default_rng(0).normal(200, 6, (300, 300)).clip(0, 255).astype(np.uint8)
    assert to_item(noise) is None


def box_of(item):
    rows, columns = np.nonzero(item.any(axis=1))[0], np.nonzero(item.any(axis=0))[0]
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


@pytest.mark.parametrize("place", [(10, 10), (150, 60), (220, 90)])
@pytest.mark.parametrize("size", [(60, 160), (160, 60)])
def test_content_fills_the_frame_centred_with_its_aspect_kept(place, size):
    image = Image.new("L", (400, 400), 255)
    ImageDraw.Draw(image).rectangle((*place, place[0] + size[0] - 1, place[1] + size[1] - 1), fill=0)
    top, bottom, left, right = box_of(to_item(np.asarray(image)))
    assert max(bottom - top, right - left) == 28
    assert min(bottom - top, right - left) in (10, 11)
    assert abs((top + bottom) / 2 - 14) <= 0.5 and abs((left + right) / 2 - 14) <= 0.5


def test_digits_are_framed_as_in_mnist():
    item = to_item(np.asarray(photo()), framing=DIGITS)
    top, bottom, _, _ = box_of(item)
    assert bottom - top == 20
    assert intake.framing_for([str(digit) for digit in range(10)]) == DIGITS
    assert intake.framing_for(["Trouser", "Dress"]) == FASHION


def test_shadow_and_dust_do_not_become_content():
    pixels = np.asarray(photo((400, 400), ground=210, item=60)).astype(float)
    pixels += np.linspace(-35, 35, 400)[None, :] + np.random.default_rng(0).normal(0, 3, (400, 400))
    pixels[380:384, 380:384] = 20  # a speck
    item = to_item(pixels.clip(0, 255).astype(np.uint8))
    top, bottom, left, right = box_of(item)
    assert bottom - top == 28 and right - left <= 9


def test_contrast_is_stretched_to_the_full_range():
    assert to_item(np.asarray(photo(ground=140, item=100))).max() >= 250


def test_closed_outlines_are_filled_on_request_only():
    image = Image.new("L", (300, 300), 255)
    ImageDraw.Draw(image).ellipse((50, 50, 250, 250), outline=0, width=8)
    assert to_item(np.asarray(image))[14, 14] == 0
    assert to_item(np.asarray(image), fill=True)[14, 14] == 255


@pytest.mark.parametrize("pixels", [np.zeros((50, 50)), np.zeros((50, 50, 3), np.uint8), np.zeros((50, 4), np.uint8)])
def test_pixels_of_another_form_are_refused(pixels):
    with pytest.raises(ImageError, match="Expected grey pixels"):
        to_item(pixels)


@real_data
@pytest.mark.parametrize("ground", [0, 255])
def test_enlarged_pictures_of_the_data_are_recognised_almost_as_well(ground):
    """As a photo would show them: ten times larger, off centre, with a ground all around."""
    dataset = datasets.load("fashion-mnist")
    images, labels = dataset.x_test[:300], dataset.y_test[:300]
    items = []
    for image in images:
        scene = np.zeros((420, 400), np.uint8)
        scene[40:320, 90:370] = np.asarray(
            Image.fromarray(np.array(image)).resize((280, 280), Image.Resampling.BICUBIC)
        )
        items.append(to_item(255 - scene if ground else scene))
    predictor = prediction.load(trained_run())
    before = (predictor.probabilities(images).argmax(axis=1) == labels).mean()
    after = (predictor.probabilities(np.array(items)).argmax(axis=1) == labels).mean()
    assert after > before - 0.05

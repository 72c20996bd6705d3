"""Input X-ray: the usual steps make what the data are, each switch changes its own step, and blanks end early."""

from dataclasses import replace

import numpy as np
import pytest
from finished_run import REAL_DATA
from PIL import Image, ImageDraw

from fmnist_core import datasets
from fmnist_core.content import Polarity, otsu_threshold
from fmnist_core.decoding import Picture
from fmnist_core.errors import ImageError
from fmnist_core.xray import (
    DIGITS,
    FASHION,
    Centring,
    Grey,
    Ground,
    Kind,
    Recipe,
    Resize,
    kind_of,
    switched,
    trace,
    usual,
)

real_data = pytest.mark.skipif(not REAL_DATA, reason="Fashion-MNIST is not installed on this machine")
NAMES = ["Original", "Greyscale", "Polarity", "Background", "Outlines", "Crop", "Resize", "Padding", "Centring"]


def photo(colour=(40, 60, 120)):
    """A dark thing, left of the middle and unevenly shaped, on a light ground."""
    image = Image.new("RGB", (240, 300), (230, 220, 200))
    ImageDraw.Draw(image).polygon([(40, 60), (100, 60), (130, 260), (30, 260)], fill=colour)
    return Picture(np.array(image.convert("L")), colours=np.array(image))


def box_of(item):
    rows, columns = np.nonzero(item.any(axis=1))[0], np.nonzero(item.any(axis=0))[0]
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def test_each_step_is_shown_in_its_order_and_the_last_one_is_the_item():
    found = trace(photo(), usual(Kind.PICTURE))
    assert [step.name for step in found.steps] == NAMES
    np.testing.assert_array_equal(found.steps[-1].pixels, found.item)
    assert all(step.pixels.dtype == np.uint8 for step in found.steps)
    assert found.polarity == Polarity.DARK_ON_LIGHT


@real_data
def test_an_image_of_the_data_passes_unchanged():
    for image in datasets.load("fashion-mnist").x_test[:60]:
        for pixels in (image, 255 - image):  # data of one's own may be dark on light
            picture = Picture(np.array(pixels))
            np.testing.assert_array_equal(trace(picture, usual(Kind.ITEM)).item, pixels)
            assert kind_of(picture) == Kind.SMALL  # from outside
            np.testing.assert_array_equal(trace(picture, usual(Kind.SMALL)).item, image)


@real_data
def test_the_data_are_framed_as_pictures_will_be():
    dataset = datasets.load("fashion-mnist")
    light = np.asarray(dataset.x_test) > 0
    rows, columns = light.any(axis=2), light.any(axis=1)
    boxes = np.array([[ends.argmax(axis=1), 28 - ends[:, ::-1].argmax(axis=1)] for ends in (rows, columns)])
    longer = (boxes[:, 1] - boxes[:, 0]).max(axis=0)
    off = boxes.mean(axis=1) - 14
    for label in range(10):
        own = dataset.y_test == label
        assert np.median(longer[own]) == FASHION.longer_side_px and (np.abs(off[:, own].mean(axis=1)) < 0.3).all()


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("framing", [FASHION, DIGITS])
def test_every_switch_changes_the_item_of_a_photo_or_the_step_it_names(kind, framing):
    recipe = usual(kind, framing)
    found = trace(photo(), recipe)
    before = {step.name: step.pixels for step in found.steps}
    others = switched(recipe, found.polarity, coloured=True)
    assert set(others) == set(NAMES) - {"Original"}
    for name, (words, other) in others.items():
        after = {step.name: step.pixels for step in trace(photo(), other).steps}
        assert words and other != recipe
        first = "Resize" if name == "Padding" else name  # the margin decides the size as well
        for earlier in NAMES[: NAMES.index(first)]:
            np.testing.assert_array_equal(before[earlier], after[earlier], err_msg=f"{name} changed {earlier}")


def test_grey_can_be_one_colour_or_the_mean():
    means = {grey: trace(photo(), Recipe(grey=grey)).steps[1].pixels[150, 70] for grey in Grey}
    assert (means[Grey.RED], means[Grey.GREEN], means[Grey.BLUE]) == (40, 60, 120)
    assert means[Grey.MEAN] == 73 and abs(int(means[Grey.EYE]) - 61) <= 1


def test_a_grey_picture_has_no_colours_to_choose_from():
    picture = Picture(photo().pixels.copy())
    items = [trace(picture, Recipe(grey=grey)).item for grey in Grey]
    assert all((item == items[0]).all() for item in items)
    assert "Greyscale" not in switched(Recipe(), Polarity.DARK_ON_LIGHT, coloured=False)


def test_a_threshold_leaves_black_and_white_only():
    light = trace(photo(), Recipe(ground=Ground.THRESHOLD)).steps[3].pixels
    assert set(np.unique(light)) == {0, 255}


def test_a_kept_ground_stays():
    kept = trace(photo(), Recipe(ground=Ground.KEEP)).steps[3].pixels
    assert kept[5, 5] > 20  # 255 - 220, about


@pytest.mark.parametrize("margin", [0, 4, 10])
def test_padding_leaves_so_many_pixels_at_each_end_of_the_longer_side(margin):
    top, bottom, _, _ = box_of(trace(photo(), Recipe(margin_px=margin)).item)
    assert (top, bottom) == (margin, 28 - margin)


def test_centring_by_box_by_mass_or_not_at_all_puts_it_elsewhere():
    items = {way: trace(photo(), Recipe(margin_px=4, centring=way)).item for way in Centring}
    boxes = {way: box_of(item) for way, item in items.items()}
    _, _, left, right = boxes[Centring.BOX]
    assert abs((left + right) / 2 - 14) <= 0.5
    y, x = (np.average(np.arange(28), weights=items[Centring.MASS].sum(axis=axis)) for axis in (1, 0))
    assert abs(y - 13.5) <= 0.6 and abs(x - 13.5) <= 0.6
    _, _, left, right = boxes[Centring.PLACE]
    assert abs((left + right) / 2 - 28 * 80 / 240) <= 1  # where it lay


def test_without_cropping_the_whole_picture_is_kept_in_its_proportions():
    item = trace(photo(), Recipe(crop=False)).item
    top, bottom, left, right = box_of(item)
    assert 18 < bottom - top < 26 and left < 8 and right < 20


def test_methods_of_resizing_differ():
    items = [trace(photo(), Recipe(resize=way)).item for way in Resize]
    assert len({item.tobytes() for item in items}) == len(items)
    assert set(np.unique(trace(photo(), Recipe(ground=Ground.THRESHOLD, resize=Resize.NEAREST)).item)) == {0, 255}


@pytest.mark.parametrize("ground", list(Ground))
def test_a_blank_picture_ends_without_an_item(ground):
    found = trace(Picture(np.full((60, 60), 200, np.uint8)), Recipe(ground=ground))
    assert found.item is None and [step.name for step in found.steps] == NAMES[:3]


def test_a_margin_that_leaves_nothing_is_refused():
    with pytest.raises(ImageError, match="Expected a margin of 0 to 10 pixels. Received 14."):
        replace(Recipe(), margin_px=14)


def test_otsu_divides_two_heaps_between_them():
    heaps = np.concatenate([np.full(700, 40), np.full(300, 200)]).astype(np.uint8).reshape(20, 50)
    assert 40 <= otsu_threshold(heaps) < 200

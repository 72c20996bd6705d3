"""Pixel and image statistics, against pandas and numpy on the real data and against images made for the purpose."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fmnist_core import datasets, pixels
from fmnist_core.figures import pixel_sheet
from fmnist_core.figures import pixels as figures

DATA = datasets.load("fashion-mnist")
FLAT = DATA.x_train.reshape(len(DATA.x_train), -1)
CHOSEN = [0, 27, 202, 406, 783]


@pytest.fixture(scope="module")
def counts():
    return pixels.value_counts(DATA.x_train, DATA.y_train, 10)


@pytest.fixture(scope="module")
def measures():
    return pixels.measure(DATA.x_train)


def blank(n=1):
    return np.zeros((n, 28, 28), np.uint8)


def test_value_counts_hold_every_pixel_of_every_image_once(counts):
    assert counts.shape == (10, 784, 256)
    assert (counts.sum(axis=2) == np.bincount(DATA.y_train)[:, np.newaxis]).all()
    assert np.array_equal(counts[:, 406].sum(axis=0), np.bincount(FLAT[:, 406], minlength=256))


def test_counts_of_all_classes_together_are_their_sum(counts):
    assert np.array_equal(pixels.total_counts(DATA.x_train), counts.sum(axis=0))
    assert not pixels.total_counts(blank(0)).any()


def test_one_pixel_is_described_class_by_class_as_pandas_does(counts):
    names = DATA.class_names
    for pixel in CHOSEN:
        ours = pixels.describe(counts[:, pixel], names)
        theirs = pd.Series(FLAT[:, pixel]).groupby(DATA.y_train).describe().set_axis(list(names))
        pd.testing.assert_frame_equal(ours[theirs.columns].astype(float), theirs.astype(float))
        zeros = pd.Series(FLAT[:, pixel] == 0).groupby(DATA.y_train).mean()
        assert np.allclose(ours["zeros"], zeros)


def test_mean_median_and_deviation_image_of_a_class_are_those_of_numpy(counts):
    coats = DATA.x_train[DATA.y_train == 4]
    assert np.allclose(pixels.picture(counts[4], "mean"), coats.mean(axis=0))
    assert np.array_equal(pixels.picture(counts[4], "median"), np.median(coats, axis=0))
    assert np.allclose(pixels.picture(counts[4], "std"), coats.std(axis=0, ddof=1))
    assert np.allclose(pixels.picture(counts[4], "zeros"), 100 * (coats == 0).mean(axis=0))


def test_all_pixels_have_the_mean_and_deviation_known_of_the_published_files(counts):
    row = counts.sum(axis=(0, 1))
    assert pixels.means(row) / 255 == pytest.approx(0.28604, abs=5e-6)
    assert pixels.deviations(row) / 255 == pytest.approx(0.35302, abs=5e-6)


@pytest.mark.parametrize("share", [0, 0.1, 0.25, 0.5, 0.9, 1])
def test_quantiles_interpolate_as_numpy_does(share):
    values = np.random.default_rng(1).integers(0, 256, (7, 37), dtype=np.uint8)
    rows = np.stack([np.bincount(row, minlength=256) for row in values])
    assert np.allclose(pixels.quantiles(rows, share), np.quantile(values, share, axis=1))


def test_what_was_never_counted_has_no_statistics():
    empty = np.zeros((1, 256), np.uint32)
    assert pixels.describe(empty, ("none",)).drop(columns="count").isna().all(axis=None)
    assert pixels.count_boxes(empty, ("none",)).loc["none", ["q1", "median", "low"]].isna().all()


def test_sums_are_those_of_each_class():
    sizes, sums = pixels.value_sums(DATA.x_test, DATA.y_test, 10)
    assert sizes.tolist() == [1000] * 10
    assert np.array_equal(sums[9], DATA.x_test[DATA.y_test == 9].reshape(1000, -1).sum(axis=0))


def test_ink_and_brightness_are_means_over_all_and_over_drawn_pixels(measures):
    assert np.allclose(measures["ink"], FLAT.mean(axis=1), rtol=1e-5)
    drawn = np.ma.masked_equal(FLAT[:500], 0).mean(axis=1)
    assert np.allclose(measures["nonzero_mean"][:500], drawn, rtol=1e-5)


def test_a_mirrored_image_is_symmetric_and_a_half_is_not():
    images = blank(3)
    images[0, 5:9, 10:18] = 200
    images[1, 5:9, :14] = 200
    images[2, 5:9, 13] = images[2, 5:9, 14] = 100
    images[2, 5:9, 20] = 100
    assert pixels.measure(images)["symmetry"] == pytest.approx([1, 0, 2 / 3])


def test_the_mirror_is_numpys_flip(measures):
    images = DATA.x_train[:300].astype(int)
    apart = np.abs(images - images[:, :, ::-1]).sum(axis=(1, 2))
    assert measures["symmetry"][:300] == pytest.approx(1 - apart / (2 * images.sum(axis=(1, 2))), abs=1e-6)


def test_the_box_holds_every_drawn_pixel_and_a_blank_image_has_none():
    images = blank(2)
    images[0, 3, 4] = images[0, 10, 20] = 1
    result = pixels.measure(images)
    assert [result[name].tolist() for name in ("height", "width", "area")] == [[8, 0], [17, 0], [136, 0]]
    assert np.isnan(result["symmetry"][1]) and np.isnan(result["nonzero_mean"][1])
    assert pixels.measure(blank(0))["ink"].shape == (0,)


def test_box_plots_have_pandas_quartiles_and_count_outliers_by_tukeys_rule(measures):
    boxes = pixels.boxes(measures["ink"], DATA.y_train, dict(enumerate(DATA.class_names)))
    groups = pd.Series(measures["ink"].astype(float)).groupby(DATA.y_train)
    for share, column in ((0.25, "q1"), (0.5, "median"), (0.75, "q3")):
        assert np.allclose(boxes.frame[column], groups.quantile(share))
    trousers = measures["ink"][DATA.y_train == 1].astype(float)
    q1, q3 = np.quantile(trousers, (0.25, 0.75))
    outside = (trousers < q1 - 1.5 * (q3 - q1)) | (trousers > q3 + 1.5 * (q3 - q1))
    row = boxes.frame.loc["Trouser"]
    assert row["below"] + row["above"] == outside.sum() == len(boxes.outliers["Trouser"])
    assert (row["low"], row["high"]) == (trousers[~outside].min(), trousers[~outside].max())
    assert (DATA.y_train[boxes.outliers["Trouser"]] == 1).all()


def test_boxes_from_counts_are_boxes_from_values(counts):
    from_values = pixels.boxes(FLAT[:, 406].astype(float), DATA.y_train, dict(enumerate(DATA.class_names)))
    from_counts = pixels.count_boxes(counts[:, 406], DATA.class_names)
    pd.testing.assert_frame_equal(from_counts.astype(float), from_values.frame.astype(float))


def test_nearest_images_are_of_the_class_and_in_order():
    values = np.array([5.0, np.nan, 1.0, 4.0, 9.0, 4.4])
    labels = np.array([1, 1, 1, 1, 1, 0])
    assert pixels.nearest(values, labels, 1, 4.5, 2).tolist() == [3, 0]
    assert pixels.nearest(values, labels, 1, 9.0, 99).tolist() == [2, 3, 0, 4]


def test_composition_names_the_commonest_classes():
    assert pixels.composition(np.array([1, 1, 1, 0]), ("hat", "cap", "bag")) == "cap 75%, hat 25%"


def test_the_furthest_pixels_come_first_whatever_their_sign():
    values = np.zeros((28, 28))
    values[3, 4], values[5, 6], values[0, 0] = 7, -9, np.nan
    assert pixels.extremes(values, 2).to_numpy().tolist() == [[5, 6, -9], [3, 4, 7]]


def test_every_colour_scale_ends_where_it_says_and_leaves_nan_transparent():
    colours = figures.coloured(np.array([-1.0, 0.0, 1.0, np.nan]), figures.DIVERGING, -1, 1)
    assert colours[:, :3].tolist()[:3] == [[0x05, 0x30, 0x61], [0xF7, 0xF7, 0xF7], [0x67, 0x00, 0x1F]]
    assert colours[:, 3].tolist() == [255, 255, 255, 0]
    assert figures.limits(np.array([-3.0, 2.0, np.nan]), "diverging") == (-3, 3)


def test_classes_without_an_image_are_named():
    words = [figures.absent_text(names) for names in ((), ("hat",), ("hat", "cap"), ("hat", "cap", "bag"))]
    assert words == [
        "", "hat has no image here.", "hat and cap have no image here.", "hat, cap and bag have no image here."
    ]  # fmt: skip


def test_a_share_of_zeros_is_said_only_where_something_was_counted():
    rows = np.zeros((3, 256), int)
    rows[0, :2] = 1, 3
    assert figures.histogram_text(rows, ("hat", "cap", "bag"), "pixels") == (
        "Histogram of pixels. Share that is exactly 0: hat 25.0%. cap and bag have no image here."
    )
    assert figures.histogram_text(rows[1:], ("cap", "bag"), "pixels") == (
        "Histogram of pixels. cap and bag have no image here."
    )


def test_the_sheet_has_the_histogram_of_each_pixel_at_its_place(counts):
    totals = counts.sum(axis=0)
    heights = pixel_sheet.sheet_heights(totals)
    assert heights.shape == (784, 32) and heights.max() <= pixel_sheet.HEIGHT_PX
    assert np.array_equal(heights > 0, totals.reshape(784, 32, 8).any(axis=2))
    sheet = np.array(Image.open(io.BytesIO(pixel_sheet.sheet_png(totals))).convert("RGBA"))
    high, wide = pixel_sheet.HEIGHT_PX + pixel_sheet.GAP_PX, 32 + pixel_sheet.GAP_PX
    row, column = divmod(406, 28)
    cell = sheet[row * high :, column * wide :][: pixel_sheet.HEIGHT_PX, :32]
    ink = (cell == sheet[pixel_sheet.HEIGHT_PX - 1, 0]).all(axis=2)  # of the first pixel's lowest bar: it is mostly 0
    assert np.array_equal(ink.sum(axis=0), heights[406]) and ink[-1, heights[406] > 0].all()
    assert set(np.unique(sheet[..., 3])) == {0, 40, 255}
    often = int(((FLAT == 0).mean(axis=0) >= 0.99).sum())
    assert 0 < often < 784 and f"{often} pixels are exactly 0 in 99% of the images" in pixel_sheet.sheet_text(totals)


def test_figures_have_titled_axes_and_class_colours(counts, measures):
    colours = figures.class_colours((3, 8))
    rows = counts[[3, 8]].sum(axis=1)
    panels = figures.class_histograms_figure(rows, ("Dress", "Bag"), colours, what="pixels", log=True, bin_width=1)
    assert panels.data[0].line.color == colours[0] and panels.data[2].line.color == colours[1]
    boxes = pixels.boxes(measures["ink"], DATA.y_train, {3: "Dress", 8: "Bag"})
    figure = figures.boxes_figure(
        {"Training": boxes}, {"Training": measures["ink"]}, ("Dress", "Bag"), colours, pixels.MEASURES["ink"]
    )
    assert figure.layout.xaxis.title.text == "Ink (mean value, 0 to 255)"
    assert figure.layout.yaxis.title.text == "Class"
    assert "highest for Bag" in figures.boxes_text(boxes, "Ink")

"""Correlations against numpy and scipy on the real data, and with a constant column planted."""

import numpy as np
import pandas as pd
import pytest

from fmnist_core import correlation, datasets, pixels, products
from fmnist_core.correlation import Sums
from fmnist_core.datasets import debian
from fmnist_core.figures import correlation as figures

DATA = datasets.load("fashion-mnist")
needs_real = pytest.mark.skipif(not debian.INSTALLED_FOLDER.is_dir(), reason="the real Fashion-MNIST is not here")


def sums_of(images, labels, n_classes=10):
    sizes, sums = pixels.value_sums(images, labels, n_classes)
    of_classes = products.product_sums(images, labels, n_classes)
    return Sums(sizes, sums, of_classes.sum(axis=0, dtype=np.float64))


@pytest.fixture(scope="module")
def real_sums():
    return sums_of(DATA.x_test, DATA.y_test)


@pytest.fixture(scope="module")
def planted():
    """A hundred images of noise in which pixel 5 is constant, 11 repeats 10, and 13 is the negative of 12."""
    images = np.random.default_rng(0).integers(0, 256, (100, 28, 28), dtype=np.uint8)
    flat = images.reshape(100, -1)
    flat[:, 5], flat[:, 11], flat[:, 13] = 7, flat[:, 10], 255 - flat[:, 12]
    return images, np.arange(100, dtype=np.uint8) % 10


def test_sums_of_products_are_exact(planted):
    images, labels = planted
    flat = images.reshape(100, -1).astype(np.int64)
    sums = products.product_sums(images, labels, 10)
    assert np.array_equal(sums[3], flat[labels == 3].T @ flat[labels == 3])


def test_sums_of_products_stay_exact_in_large_blocks_of_extreme_values():
    images = np.full((3000, 28, 28), 255, np.uint8)
    images[1::2, :, 1::2] = 0
    sums = products.product_sums(images, np.zeros(3000, np.uint8), 1)[0]
    assert sums[0, 0] == 3000 * 255**2 and sums[1, 1] == sums[0, 1] == 1500 * 255**2


def test_correlations_are_numpys_on_the_real_data(real_sums):
    theirs = np.corrcoef(DATA.x_test.reshape(len(DATA.x_test), -1), rowvar=False)
    assert np.allclose(correlation.correlations(real_sums), theirs, atol=1e-12)


@needs_real
def test_the_strongest_pair_of_the_training_set_is_columns_203_and_231():
    matrix = correlation.correlations(sums_of(DATA.x_train, DATA.y_train))
    top = correlation.strongest_pairs(matrix, 1).iloc[0]
    assert {int(top["first"]) + 1, int(top["second"]) + 1} == {203, 231}
    assert top["correlation"] == pytest.approx(0.956, abs=5e-4)
    assert correlation.count_above(matrix, figures.REDUNDANT) == 0
    assert not len(correlation.constant_pixels(matrix))
    text = figures.matrix_text(correlation.strongest_pairs(matrix), 0, 0)
    assert "0.956 (columns 203 and 231" in text and "none is redundant" in text


def test_a_constant_pixel_has_no_correlation_and_is_named(planted):
    sums = sums_of(*planted)
    matrix = correlation.correlations(sums)
    assert correlation.constant_pixels(matrix).tolist() == [5]
    assert np.isnan(matrix[5]).all() and np.isnan(matrix[:, 5]).all()
    assert np.isfinite(np.delete(np.delete(matrix, 5, 0), 5, 1)).all()
    assert np.isnan(correlation.with_classes(sums)[:, 5]).all() and np.isnan(correlation.with_label(sums)[5])
    assert 5 not in correlation.partners(matrix, 10, 783)["pixel"].tolist()
    assert "same value in all these images" in figures.partners_text(5, correlation.partners(matrix, 5))
    assert "1 pixel is the same" in figures.matrix_text(correlation.strongest_pairs(matrix), 2, 1)


def test_planted_pairs_are_found_with_their_signs(planted):
    matrix = correlation.correlations(sums_of(*planted))
    pairs = correlation.strongest_pairs(matrix, 2).set_index(["first", "second"])["correlation"]
    assert pairs[10, 11] == 1 and pairs[12, 13] == -1
    assert correlation.count_above(matrix, 0.98) == 2
    partners = correlation.partners(matrix, 12, 3)
    assert partners.iloc[3][["pixel", "correlation"]].tolist() == [13, -1]
    assert (partners["correlation"].iloc[:3] > 0).all() and partners["correlation"].iloc[:3].is_monotonic_decreasing


def test_images_that_are_all_alike_correlate_nowhere():
    sums = sums_of(np.zeros((4, 28, 28), np.uint8), np.zeros(4, np.uint8))
    matrix = correlation.correlations(sums)
    assert np.isnan(matrix).all() and correlation.strongest_pairs(matrix).empty
    assert "nothing to correlate" in figures.matrix_text(correlation.strongest_pairs(matrix), 0, 784)


def test_correlation_with_a_class_is_scipys_point_biserial(real_sums):
    from scipy.stats import pointbiserialr

    ours = correlation.with_classes(real_sums)
    for label, pixel in ((1, 406), (9, 202), (0, 117)):
        theirs = pointbiserialr(DATA.y_test == label, DATA.x_test.reshape(len(DATA.x_test), -1)[:, pixel])
        assert ours[label, pixel] == pytest.approx(theirs.statistic, abs=1e-12)


def test_one_class_alone_cannot_be_told_from_others():
    maps = correlation.with_classes(sums_of(DATA.x_test[DATA.y_test == 2], DATA.y_test[DATA.y_test == 2]))
    assert np.isnan(maps).all()
    assert "cannot be told" in figures.class_map_text("Pullover", maps[2])


def test_the_first_fifty_columns_are_those_of_pandas(real_sums):
    table = pd.DataFrame(DATA.x_test.reshape(len(DATA.x_test), -1)[:, :49])
    table.insert(0, "label", DATA.y_test)
    ours = correlation.first_columns(real_sums, correlation.correlations(real_sums))
    assert list(ours.columns[:3]) == ["label", "pixel1", "pixel2"] and ours.shape == (50, 50)
    assert np.allclose(ours, table.astype(float).corr(), atol=1e-12, equal_nan=True)


def test_similarity_of_mean_images_is_numpys_and_names_the_closest_two(real_sums):
    means = np.stack([DATA.x_test[DATA.y_test == label].mean(axis=0).ravel() for label in range(10)])
    pearson = correlation.class_similarity(real_sums, "pearson")
    assert np.allclose(pearson, np.corrcoef(means))
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    assert np.allclose(correlation.class_similarity(real_sums, "cosine"), unit @ unit.T)
    first, second = correlation.closest_classes(pearson)
    off = pearson - np.eye(10)
    assert off[first, second] == pytest.approx(off.max())
    text = figures.similarity_text(pearson, DATA.class_names)
    assert f"{DATA.class_names[first]} and {DATA.class_names[second]} are closest" in text


def test_the_largest_differences_of_two_tables_are_found_and_what_is_blank_is_left_out():
    difference = np.array([[0.0, 0.1, np.nan], [-0.4, 0.2, 0.0]])
    frame = correlation.largest_differences(difference, 4)
    assert frame[["first", "second"]].to_numpy().tolist() == [[1, 0], [1, 1], [0, 1]]
    assert frame["difference"].tolist() == [-0.4, 0.2, 0.1]


def test_halves_drawn_alike_differ_by_no_more_than_chance_and_other_classes_do():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 2000, 40))
    difference = np.corrcoef(first, rowvar=False) - np.corrcoef(second, rowvar=False)
    bound = correlation.chance_difference(2000, 2000, 40 * 39 // 2)
    assert 0.6 * bound < np.abs(difference).max() <= bound
    text = figures.difference_text(pd.DataFrame(
        {"first": [3], "second": [31], "training": [0.5], "test": [0.1], "difference": [0.4]}
    ), bound, 780)  # fmt: skip
    assert "row 0, column 3 with row 1, column 3, 0.500 in training and 0.100 in test" in text
    assert "hardly explains it" in text


def test_pixels_that_hardly_vary_in_one_of_the_sets_are_not_compared(planted):
    images, labels = planted
    dim = images.copy()
    dim.reshape(100, -1)[:, 20] //= 8
    kept = correlation.comparable(sums_of(images, labels), sums_of(dim, labels))
    assert np.flatnonzero(~kept).tolist() == [5, 20]


def test_an_empty_class_has_no_similarity():
    kept = DATA.y_test < 2
    similarity = correlation.class_similarity(sums_of(DATA.x_test[kept], DATA.y_test[kept]), "pearson")
    assert np.isnan(similarity[2:]).all() and correlation.closest_classes(similarity) == (0, 1)
    assert correlation.closest_classes(np.full((3, 3), np.nan)) is None


def test_classes_named_by_numbers_stand_side_by_side_and_not_at_their_numbers():
    figure = figures.similarity_figure(np.eye(2), ("3", "8"), "cosine")
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "category"


def test_images_are_sorted_by_which_of_two_pixels_is_bright():
    first, second = np.array([127, 128, 0, 255], np.uint8), np.array([0, 127, 128, 255], np.uint8)
    assert correlation.pair_groups(first, second).tolist() == [0, 1, 2, 3]


def test_the_packed_matrix_holds_every_value_and_what_is_blank(planted):
    from pages.ui.correlation.matrix import packed

    matrix = correlation.correlations(sums_of(*planted))
    numbers = np.frombuffer(packed(matrix), "<i2")
    assert len(numbers) == 784 * 785 // 2
    place = 10 * 784 - 10 * 9 // 2 + 40 - 10
    assert numbers[place] / 32767 == pytest.approx(matrix[10, 40], abs=2e-5)
    assert (numbers == -32768).sum() == 784

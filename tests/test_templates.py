"""Templates: outlines of the classes' mean images, which a board fills and a model recognises; of any data set."""

import numpy as np
import pytest
from finished_run import REAL_DATA

from fmnist_core import datasets, prediction
from fmnist_core.datasets import Dataset
from fmnist_core.drawing import Drawing
from fmnist_core.ready_made import ready_made
from fmnist_core.templates import outline, templates

real_data = pytest.mark.skipif(not REAL_DATA, reason="Fashion-MNIST is not installed on this machine")


def mean_of(shape):
    """A mean image, (28, 28) float, from a function of y and x."""
    y, x = np.mgrid[:28, :28]
    return np.where(shape(y, x), 200.0, 5.0)


def filled(mean):
    strokes = [
        {"points": points.ravel().tolist(), "width": 60 if erase else 36, "erase": erase}
        for points, erase in outline(mean)
    ]
    return Drawing.from_dict({"strokes": strokes, "fill": True}).pixels()


def test_the_outline_of_a_disc_goes_around_it():
    ((points, erase),) = outline(mean_of(lambda y, x: (y - 13.5) ** 2 + (x - 13.5) ** 2 < 100))
    radius = np.hypot(*(points - 500).T)
    assert not erase and (points[0] == points[-1]).all()
    assert radius.std() < 8 and abs(radius.mean() - 0.92 * 1000 * 10 / 28) < 15


def test_a_hole_stays_a_hole_when_the_board_fills():
    ring = filled(mean_of(lambda y, x: (np.hypot(y - 13.5, x - 13.5) < 12) & (np.hypot(y - 13.5, x - 13.5) > 5)))
    assert ring[84, 84] == 0 and ring[84, 30] == 255 and ring[5, 5] == 0


def test_two_parts_give_two_outlines_and_specks_none():
    mean = mean_of(lambda y, x: ((x < 10) | (x > 18)) & (y > 3) & (y < 24))
    mean[26, 14] = 200
    assert [erase for _, erase in outline(mean)] == [False, False]


def test_a_uniform_mean_has_no_outline():
    assert outline(np.full((28, 28), 17.0)) == []


def dataset_of(x_train, y_train, names, sha256):
    return Dataset(
        name="own", x_train=x_train, y_train=y_train, x_test=x_train[:1], y_test=y_train[:1], class_names=names,
        source="this test", sha256=sha256,
    )  # fmt: skip


def test_a_class_without_training_images_has_no_template():
    images = np.stack([mean_of(lambda y, x: y > 14), mean_of(lambda y, x: x > 14)]).astype(np.uint8)
    found = templates(dataset_of(images, np.array([0, 2], np.uint8), tuple("abcdefghij"), "a" * 64))
    assert [template.class_name for template in found] == ["a", "c"]
    for template in found:
        assert Drawing.from_dict(template.to_dict()).to_item().any()


@real_data
def test_most_templates_of_the_real_data_are_recognised():
    predictor = prediction.load(ready_made())
    right = 0
    for template in templates(datasets.load("fashion-mnist")):
        item = Drawing.from_dict(template.to_dict()).to_item()
        right += predictor.ranked(item)[0].class_name == template.class_name
    assert right >= 7

"""Explore where a class, a set or nearly everything has no image: a sentence says so, and nothing breaks."""

import numpy as np
import pytest
from explore_page import components, open_page, text_of

from fmnist_core.datasets.idx import header

LACKING, DARK = 3, 2  # the class that the test set lacks, and the one that a condition on the first pixel leaves out
BRIGHT_FIRST, ONE_IMAGE = ["100", "255"], ["255", "255"]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Sixty training images of noise of all classes, and test images of all but one."""
    place, generator = tmp_path_factory.mktemp("sparse"), np.random.default_rng(0)
    labels = np.arange(60, dtype=np.uint8) % 10
    for part, kept in (("train", labels), ("t10k", labels[labels != LACKING])):
        images = generator.integers(0, 256, (len(kept), 28, 28), np.uint8)
        images[:, 0, 0] = np.where(kept == DARK, 0, 200)
        images[0, 0, 0] = 255 if part == "train" else 200
        for kind, array in (("images-idx3", images), ("labels-idx1", kept)):
            (place / f"{part}-{kind}-ubyte").write_bytes(header(array) + array.tobytes())
    return {"data": "Your own files", "data.folder": str(place)}


@pytest.fixture(autouse=True)
def workspace(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path_factory.getbasetemp() / "sparse-home"))


def visit(name, own, value=(0, 255), **query):
    page = open_page(name, row="0", column="0", value=list(map(str, value)), **own, **query)
    assert not page.exception and not page.error
    return page


@pytest.mark.parametrize("relation", ["One pixel", "All pixels", "Classes"])
def test_a_set_without_the_chosen_class_is_not_compared(own, relation):
    page = visit("correlation", own, split="Both", classes=[f"class {LACKING}"], relation=relation)
    assert "The test set has no image of what is selected" in page.info[0].value
    assert "in training" in text_of(visit("correlation", own, split="Both", relation=relation))


def test_one_image_has_no_principal_components(own):
    page = visit("projection", own, ONE_IMAGE)
    assert "One image is selected" in page.info[0].value
    assert not components(page, "fmnist_lab_scatter")
    assert components(visit("projection", own, BRIGHT_FIRST), "fmnist_lab_scatter")[0]["count"] == 54


def test_classes_under_a_condition_say_which_of_the_two_has_no_image(own):
    page = visit("distributions", own, BRIGHT_FIRST, view="Classes", a=f"class {DARK}", b="class 1")
    assert f"class {DARK} has no image here" in page.info[0].value
    assert "are the same" not in text_of(page) and not components(page, "fmnist_lab_pixel_image")
    assert f"class {DARK} has no image here" in text_of(page)  # said of its black pictures, too
    assert "no image here" not in text_of(visit("distributions", own, view="Classes"))


def test_two_classes_are_compared_in_the_set_that_has_both(own):
    page = visit("distributions", own, split="Both", view="Classes", a="class 1", b=f"class {LACKING}")
    text = text_of(page).replace("\\", "") + page.info[0].value
    assert f"Test set: class {LACKING} has no image here." in text
    assert f"Training set: class 1 and class {LACKING} differ most at" in text


def test_a_histogram_by_class_says_which_class_has_no_image(own):
    page = visit("distributions", own, BRIGHT_FIRST, histograms="By class")
    (chart,) = page.get("plotly_chart")
    assert f"class {DARK} has no image here." in chart.proto.alt and f"class {DARK} 0.0%" not in chart.proto.alt
    assert chart.proto.spec.count(", no image") == 1

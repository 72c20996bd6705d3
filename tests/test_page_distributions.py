"""Distributions and Correlation in their states: every view, filters, links, an empty selection, constant pixels."""

import json

import numpy as np
import pytest
from explore_page import assert_charts_speak, components, grids
from streamlit.testing.v1 import AppTest

from fmnist_core import paths
from fmnist_core.datasets import debian, sources
from fmnist_core.errors import LabError
from pages.ui.pixel_image import _clicked, _decimals, pixel_image

VIEW_KEYS = {"distributions": "view", "correlation": "relation"}
PAGES = {"distributions": ("Pixels", "Images", "Classes"), "correlation": ("One pixel", "All pixels", "Classes")}
VIEWS = [(page, view) for page, views in PAGES.items() for view in views]
needs_real = pytest.mark.skipif(not debian.INSTALLED_FOLDER.is_dir(), reason="the real Fashion-MNIST is not here")


@pytest.fixture(autouse=True)
def workspace(tmp_path_factory, monkeypatch):
    # One workspace for all: what is computed once stays.
    home = tmp_path_factory.getbasetemp() / "pixels-home"
    monkeypatch.setenv("FMNIST_LAB_HOME", str(home))
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "folder,debian,cache,sample")


def open_page(name, **query):
    script = f"""
import runpy, sys
sys.path.insert(0, {str(paths.PROJECT)!r})
runpy.run_path({str(paths.PROJECT / "pages/explore")!r} + "/{name}.py")
"""
    page = AppTest.from_string(script, default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert_charts_speak(page)
    return page


def text_of(page):
    return " ".join(element.value for element in [*page.markdown, *page.caption, *page.info]).replace("\\", "")


@pytest.mark.parametrize("name, view", VIEWS)
@pytest.mark.parametrize("split", ["Training", "Both"])
def test_every_view_opens_from_a_link(name, view, split):
    page = open_page(name, split=split, pixel="406", **{VIEW_KEYS[name]: view})
    assert not page.exception and not page.error
    assert page.segmented_control(key=VIEW_KEYS[name]).value == view


@pytest.mark.parametrize("name, view", VIEWS)
def test_every_view_stands_one_class_and_a_pixel_condition(name, view):
    page = open_page(
        name, split="Test", classes=["Coat"], row="14", column="14", value=["250", "255"], **{VIEW_KEYS[name]: view}
    )  # fmt: skip
    assert not page.exception and not page.error
    assert "Only images in which row 14, column 14 is 250 to 255." in text_of(page)


def words_of(page, name):
    return [head["alt"] for head in components(page, f"fmnist_lab_{name}")]


@pytest.mark.parametrize("view", PAGES["correlation"])
def test_both_sets_are_compared_until_they_are_taken_together(view):
    page = open_page("correlation", split="Both", relation=view, pixel="406")
    assert page.toggle(key="compared").value
    assert "in training" in text_of(page) and "in test" in text_of(page)
    if view == "One pixel":
        assert [alt.split(",")[0] for alt in words_of(page, "pixel_image")] == [
            "Training set", "Test set", "Training less test",
        ]  # fmt: skip
    page.toggle(key="compared").set_value(False).run()
    assert not page.exception
    assert "in training less" not in " ".join(words_of(page, "correlation_matrix"))


def test_a_set_without_an_image_of_the_selection_is_not_compared():
    page = open_page("correlation", split="Both", classes=["Trouser"], row="0", column="0", value=["1", "255"])
    assert not page.exception and page.info


def test_both_sets_stand_side_by_side_in_boxes_and_in_mean_images():
    page = open_page("distributions", split="Both", pixel="406", classes=["Coat"])
    (chart,) = [one for one in page.get("plotly_chart") if "At this pixel" in one.proto.alt]
    assert '"Coat, training","Coat, test"' in chart.proto.spec
    assert "Training set: At this pixel" in chart.proto.alt and "Test set: At this pixel" in chart.proto.alt
    page = open_page("distributions", split="Both", view="Classes")
    assert "Left the training set, right the test set" in text_of(page)
    first, second = words_of(page, "pixel_image")
    assert first.startswith("Training, mean image of") and second.startswith("Test, mean image of")


@needs_real
def test_classes_under_a_condition_that_many_fulfil_are_drawn_from_a_sample_and_say_so():
    link = {"view": "Classes", "split": "Both", "row": "14", "column": "14"}
    text = text_of(open_page("distributions", value=["1", "255"], **link))
    assert "Drawn from 10,000 of the 52,724 training images that fulfil the condition, a random sample" in text
    assert "Drawn from" not in text_of(open_page("distributions", value=["250", "255"], **link))
    assert "Drawn from" not in text_of(open_page("distributions", view="Classes", split="Both"))


@pytest.mark.parametrize("name", PAGES)
def test_a_selection_without_images_is_a_sentence(name):
    page = open_page(name, split="Test", classes=["Trouser"], row="0", column="0", value=["254", "255"])
    assert not page.exception
    assert "No image fulfils this" in page.info[0].value


@needs_real
def test_the_share_of_zeros_and_the_constants_of_standardising_are_stated():
    text = text_of(open_page("distributions"))
    assert "50.2% of all pixels are exactly 0" in text
    assert "0.28604 and 0.35302 of 255. These two are the numbers to standardise inputs with." in text
    by_set = text_of(open_page("distributions", histograms="Training and test"))
    assert "50.2% of all pixels are exactly 0" in by_set and "standardise" not in by_set


@pytest.mark.parametrize("link", [{"split": "Test"}, {"split": "Both"}, {"classes": ["Coat"]}, {"value": ["0", "9"]}])
def test_other_images_than_all_training_ones_are_not_said_to_standardise_with(link):
    text = text_of(open_page("distributions", **link))
    assert "of all pixels are exactly 0" in text and "standardise" not in text


@needs_real
def test_a_chosen_pixel_shows_its_boxes_and_images():
    page = open_page("distributions", pixel="406", values="Chosen pixel", histograms="By class")
    text = text_of(page)
    assert "median is highest for Dress" in text
    assert "**Bright here**: 37,411 of 60,000 images" in text
    bright, dark = grids(page)
    assert bright["alt"].startswith("Images in which row 14, column 14 is bright") and bright["count"] == 20
    assert dark["alt"].startswith("Images in which row 14, column 14 is dark") and dark["count"] == 20


@pytest.mark.parametrize(
    "name, query",
    [
        ("correlation", {"pixel": "202"}),
        ("correlation", {"pixel": "202", "with": "230"}),
        ("correlation", {"relation": "All pixels", "pixel": "202", "with": "230"}),
        ("correlation", {"relation": "Classes"}),
        ("distributions", {"pixel": "202"}),
        ("distributions", {"view": "Images"}),
        ("distributions", {"view": "Classes"}),
    ],
)
def test_an_image_behind_a_number_opens_with_its_neighbours(name, query):
    page = open_page(name, split="Test", **query)
    assert not page.exception
    tips = grids(page)[0]["tips"]
    opened = tips[3].split("\n")[0]
    page.session_state["image"] = opened  # what a click does
    page.run()
    assert not page.exception
    assert grids(page)[0]["selected"] == 3
    assert grids(page)[-1]["alt"] == f"Images nearest to {opened}"


def test_the_histogram_of_a_pixel_asks_for_one_first():
    assert "Click a pixel" in text_of(open_page("distributions", values="Chosen pixel"))


@pytest.mark.parametrize("near, shown", [("100", True), ("nan", False), ("<b>", False)])
def test_a_clicked_outlier_leads_to_images_near_it_by_link_too(near, shown):
    page = open_page("distributions", view="Images", split="Test", images_of="Coat", near=near)
    assert not page.exception
    assert ("Nearest to the point clicked (100)" in text_of(page)) == shown


@needs_real
def test_the_redundancy_finding_names_the_strongest_pair():
    text = text_of(open_page("correlation", relation="All pixels"))
    assert "0.956 (columns 203 and 231 of the table" in text and "none is redundant" in text


@needs_real
def test_a_pair_in_the_link_shows_images_that_agree_and_that_do_not():
    text = text_of(open_page("correlation", pixel="202", **{"with": "230"}))
    for words in ("Both bright", "Both dark", "Only the first bright", "Only the second bright"):
        assert f"**{words}**" in text


@needs_real
def test_the_closest_classes_are_named():
    assert "Coat and Shirt are closest (0.967)" in text_of(open_page("correlation", relation="Classes"))
    cosine = open_page("correlation", relation="Classes", similarity="Cosine")
    assert cosine.segmented_control(key="similarity").value == "Cosine"
    assert "Coat and Shirt are closest" in text_of(cosine) and "0.967" not in text_of(cosine)


def test_the_sheet_of_all_histograms_is_made_once_it_is_unfolded(monkeypatch):
    drawn = []
    monkeypatch.setattr("pages.ui.distributions.sheet.sheet_png", lambda counts: drawn.append(counts) or b"")
    page = open_page("distributions", split="Test", classes=["Coat"])
    assert not drawn and "784 histograms" not in text_of(page)
    page.session_state["distributions.sheet"] = True  # what a click does
    page.run()
    assert not page.exception and "784 histograms" in text_of(page)
    assert drawn[0].shape == (784, 256) and len(set(drawn[0].sum(axis=1))) == 1


def tick(page, table, row):
    """Run the page again as if the box before a row of a table were ticked."""
    states = page._tree.get_widget_states()
    states.widgets.add(id=table.proto.id, string_value=json.dumps({"selection": {"rows": [row]}}))
    page._run(states)
    assert not page.exception


@pytest.mark.parametrize("split", ["Training", "Both"])
def test_a_row_of_a_table_of_pairs_opens_the_images_of_both_pixels(split):
    page = open_page("correlation", relation="All pixels", split=split)
    first, second = (str(page.dataframe[0].value[name].iloc[2] - 1) for name in ("first", "second"))
    tick(page, page.dataframe[0], 2)
    assert (page.query_params["pixel"], page.query_params["with"]) == (first, second)
    assert "**Both bright**" in text_of(page)


def test_a_row_of_a_table_of_pixels_opens_the_images_behind_it():
    page = open_page("correlation", pixel="406")
    row = page.dataframe[0].value.iloc[1]
    tick(page, page.dataframe[0], 1)
    assert page.query_params["with"] == str(int(row["row"] * 28 + row["column"]))
    assert "**Both bright**" in text_of(page)
    page = open_page("distributions", view="Classes")
    row = page.dataframe[0].value.iloc[3]
    tick(page, page.dataframe[0], 3)
    assert f"two classes at row {row['row']:.0f}, column {row['column']:.0f}" in text_of(page)


def test_a_constant_pixel_says_that_it_has_no_correlation():
    page = open_page("correlation", data="mnist", pixel="0")
    assert not page.exception
    assert "This pixel is the same in every image" in text_of(page)


@pytest.mark.parametrize("pixel", ["784", "-1", "x", "²"])
def test_a_pixel_that_is_none_is_ignored(pixel):
    for name in PAGES:
        assert not open_page(name, pixel=pixel, **{"with": pixel}).exception


def test_only_pixels_are_taken_from_the_browser():
    assert [_clicked({"pixel": sent}) for sent in (0, 783, 784, -1, "3", None, float("nan"))] == [0, 783] + [None] * 5
    assert _clicked(None) is None


def test_a_picture_of_the_wrong_shape_or_scale_is_refused():
    with pytest.raises(LabError, match="shape"):
        pixel_image(np.zeros(784), key="x")
    with pytest.raises(LabError, match="scale"):
        pixel_image(np.zeros((28, 28)), key="x", scale="rainbow")
    with pytest.raises(LabError, match="0 to 783"):
        pixel_image(np.zeros((28, 28)), key="x", selected=784)


@pytest.mark.parametrize("low, high, decimals", [(0, 255, 0), (-1, 1, 3), (0, 40, 1), (0, 0, 0)])
def test_values_are_written_with_three_digits(low, high, decimals):
    assert _decimals(low, high) == decimals

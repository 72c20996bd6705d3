"""The Samples page in its states: real data, stand-in, own files, broken files; the choice in the sidebar."""

import explore_page
import numpy as np
import pytest
from explore_page import grids, text_of
from test_datasets_files import change_cell, csv_bytes

from fmnist_core import datasets, paths, rankings
from fmnist_core.datasets import debian, sources
from fmnist_core.places import Place

needs_real = pytest.mark.skipif(
    not debian.INSTALLED_FOLDER.is_dir(), reason=f"the Debian package {debian.PACKAGE} is not installed"
)


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "folder,debian,cache,sample")


def open_page(**query):
    return explore_page.open_page("samples", **query)


def pixels_of(page):
    return grids(page)[0]["pixels"]


@needs_real
def test_the_page_tells_source_and_size_and_shows_ten_images_of_each_class():
    page = open_page()
    assert not page.exception and not page.warning
    assert "60,000 training and 10,000 test images" in text_of(page) and "Content verified" in text_of(page)
    (grid,) = grids(page)
    assert grid["rows"][0] == ["T-shirt/top", 10] and grid["rows"][-1] == ["Ankle boot", 10]
    assert grid["count"] == 100
    dataset = datasets.load("fashion-mnist")
    first = Place.parse(grid["tips"][0].split("\n")[0], dataset)
    assert first.label(dataset) == 0
    assert pixels_of(page)[:784] == first.image(dataset).tobytes()


@needs_real
def test_split_seed_layout_and_class_change_the_images_and_stand_in_the_address():
    page = open_page()
    shown = {pixels_of(page)}
    page.segmented_control(key="split").set_value("Test").run()
    shown.add(pixels_of(page))
    page.number_input(key="seed").set_value(7).run()
    shown.add(pixels_of(page))
    page.selectbox(key="layout").set_value("All classes mixed").run()
    shown.add(pixels_of(page))
    page.multiselect(key="classes").set_value(["Bag"]).run()
    shown.add(pixels_of(page))
    assert len(shown) == 5 and not page.exception
    assert all(tip.endswith("Bag") for tip in grids(page)[0]["tips"])
    shared = open_page(split="Test", seed="7", layout="All classes mixed", classes="Bag")
    assert pixels_of(shared) == pixels_of(page)


@needs_real
def test_typical_images_are_first_and_unusual_ones_last():
    dataset = datasets.load("fashion-mnist")
    distance = rankings.typicality(dataset)
    for order, best in (("Most typical", np.argmin), ("Most unusual", np.argmax)):
        page = open_page(order=order, classes="Sneaker")
        name = grids(page)[0]["tips"][0].split("\n")[0]
        sneakers = np.flatnonzero(dataset.y_train == dataset.class_names.index("Sneaker"))
        assert name == f"train-{sneakers[best(distance[sneakers])]}"
        assert "mean training image of their own class" in text_of(page)


@needs_real
def test_the_first_images_stand_as_in_the_file_with_their_classes_below():
    dataset = datasets.load("fashion-mnist")
    page = open_page(order="As in the file", layout="All classes mixed")
    (grid,) = grids(page)
    assert pixels_of(page) == dataset.x_train[:100].tobytes()
    assert grid["captions"] == [dataset.class_names[label] for label in dataset.y_train[:100]]
    assert grids(open_page(order="As in the file"))[0]["captions"] == []  # each row has its class beside it
    both = grids(open_page(order="Random", layout="All classes mixed", split="Both"))[0]
    said = [caption.endswith("\ntest set") for caption in both["captions"]]
    assert said == [tip.startswith("test-") for tip in both["tips"]] and 0 < sum(said) < 100


@needs_real
def test_an_image_in_the_address_is_shown_large_with_its_nearest():
    page = open_page(image="train-123")
    assert not page.exception
    assert "Training image 123" in text_of(page) and "labelled Pullover" in text_of(page)
    nearest = grids(page)[1]
    assert nearest["count"] == 10
    assert explore_page.components(page, "fmnist_lab_pixel_image")
    page.selectbox(key="order").set_value("Nearest to the image").run()
    page.selectbox(key="layout").set_value("All classes mixed").run()
    assert grids(page)[0]["tips"][0].startswith("train-123\n")
    assert grids(page)[0]["selected"] == 0


@needs_real
def test_an_image_that_is_not_there_is_a_sentence():
    page = open_page(image="train-60000")
    assert "from train-0 to train-59999" in page.warning[0].value.replace("\\", "")
    assert not page.exception and len(grids(page)) == 1


@needs_real
def test_ordering_by_an_image_asks_for_one():
    page = open_page(order="Nearest to the image")
    assert "Name an image above" in page.info[0].value
    assert not grids(page)


@needs_real
def test_what_is_shown_can_be_taken_away():
    page = open_page()
    labels = [button.label for button in page.get("download_button")]
    assert labels == ["PNG", "CSV", "npz", "HTML", "CSV"]  # of the images, then of the chart
    several = open_page(several="true")
    assert grids(several)[0]["selectable"] is True


@needs_real
def test_a_condition_that_no_image_fulfils_is_a_sentence():
    page = open_page(classes="Bag", row="0", column="0", value=["255", "255"])
    assert not page.exception
    assert "No image fulfils this" in page.info[0].value


def test_a_stand_in_is_marked_and_says_what_was_tried(monkeypatch):
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "sample")
    page = open_page()
    assert not page.exception
    assert "not the real Fashion-MNIST" in page.warning[0].value
    assert "2,000 training and 500 test images" in text_of(page)
    assert "switched off by" in text_of(page)


@needs_real
def test_the_button_retries_the_real_source(monkeypatch):
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "sample")
    page = open_page()
    page.button(key="data.again").click().run()
    assert page.warning and "still no real source" in page.toast[0].value
    monkeypatch.delenv(sources.ALLOWED_VARIABLE)
    page.button(key="data.again").click().run()
    assert not page.warning and "Now from the Debian package" in page.toast[0].value
    assert "60,000 training" in text_of(page)


def test_own_files_without_a_folder_lead_to_the_sidebar():
    page = open_page(data="Your own files")
    assert not page.exception and not page.error
    assert "name a folder or upload files" in page.info[0].value


def test_own_files_are_shown_with_their_class_names(tmp_path):
    (tmp_path / "train.csv").write_bytes(csv_bytes())
    (tmp_path / "classes.txt").write_text("\n".join(["<b>hat</b>", *[f"thing {i}" for i in range(9)]]))
    page = open_page()
    page.selectbox(key="data").set_value("own").run()
    page.text_input(key="data.folder").set_value(str(tmp_path)).run()
    assert not page.exception and not page.error
    assert "held out" in text_of(page)
    assert grids(page)[0]["rows"][0][0] == "<b>hat</b>", "as text: the browser is given no HTML"


def test_a_broken_file_is_a_clear_sentence_and_no_traceback(tmp_path):
    (tmp_path / "train.csv").write_bytes(change_cell(7, 100, "abc"))
    page = open_page(data="Your own files", **{"data.folder": str(tmp_path)})
    assert not page.exception
    message = page.error[0].value.replace("\\", "")
    assert "train.csv, line 7, column 100 (pixel 99): Expected a whole number from 0 to 255" in message


def test_an_uploaded_file_becomes_the_data_in_use():
    page = open_page(data="Your own files")
    page.file_uploader(key="data.upload").set_value([("mine.csv", csv_bytes(), "text/csv")]).run()
    page.button(key="data.use").click().run()
    assert not page.exception and not page.error
    assert page.text_input(key="data.folder").value.startswith(str(paths.home() / "uploads"))
    assert "held out" in text_of(page)


def test_a_broken_upload_says_why_and_leaves_nothing():
    page = open_page(data="Your own files")
    page.file_uploader(key="data.upload").set_value([("mine.csv", change_cell(3, 3, "?"), "text/csv")]).run()
    page.button(key="data.use").click().run()
    assert not page.exception
    assert "mine.csv, line 3, column 3" in page.error[0].value.replace("\\", "")
    assert not list((paths.home() / "uploads").iterdir())


def test_another_data_set_forgets_the_folder(tmp_path):
    page = open_page(data="Your own files", **{"data.folder": str(tmp_path)})
    page.selectbox(key="data").set_value("mnist").run()
    assert page.text_input(key="data.folder").value == ""
    assert "not the real MNIST" in page.warning[0].value

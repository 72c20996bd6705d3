"""The Label suspects page: the list, the decisions, a damaged file."""

import explore_page
import numpy as np
import pytest
from explore_page import grids, text_of
from test_neighbours import part
from test_page_result import write_idx

from fmnist_core import datasets, neighbours, overlay, tasks
from fmnist_core.overlay import Overlay, overlay_file
from fmnist_core.places import Place


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


@pytest.fixture
def dataset(monkeypatch):
    """A small part of the real data, with one trouser called a bag."""
    real = part(1500, 300, "labels")
    labels = real.y_train.copy()
    wrong = int(np.flatnonzero(labels == 1)[5])
    labels[wrong] = 8
    made = datasets.Dataset("own", real.x_train, labels, real.x_test, real.y_test, real.class_names, "a part", "c" * 64)
    monkeypatch.setattr(datasets, "load", lambda *_, **__: made)
    neighbours.neighbours(made)
    return made


def wrong_one(dataset):
    return f"train-{np.flatnonzero(dataset.y_train != part(1500, 300).y_train)[0]}"


def open_page(**query):
    page = explore_page.open_page("labels", **query)
    assert not page.exception
    return page


def test_the_wrong_label_is_among_the_first_and_shown_with_what_its_neighbours_say(dataset):
    page = open_page()
    listed = grids(page)[0]
    names = [tip.split("\n")[0] for tip in listed["tips"]]
    assert wrong_one(dataset) in names[:5]
    assert "Bag\n→ Trouser" in listed["captions"]
    page = open_page(image=wrong_one(dataset))
    assert "is for Trouser" in text_of(page) and "labelled Bag" in text_of(page)
    assert grids(page)[0]["selected"] == names.index(wrong_one(dataset))


def test_decisions_are_saved_and_lead_to_the_next_image(dataset):
    page = open_page()
    first, second, third = [tip.split("\n")[0] for tip in grids(page)[0]["tips"][:3]]
    page.button(key="labels-Keep").click().run()
    assert page.text_input(key="image").value == second
    page.button(key="labels-Drop").click().run()
    page.selectbox(key=f"relabel-{third}").set_value(4).run()
    page.button(key="labels-Relabel").click().run()
    marks = Overlay.read(dataset.sha256).marks
    decided = {str(place): (mark.action, mark.label) for place, mark in marks.items()}
    assert decided == {first: ("keep", None), second: ("drop", None), third: ("relabel", 4)}
    assert "1 kept, 1 relabelled, 1 dropped" in text_of(page)
    assert first not in [tip.split("\n")[0] for tip in grids(page)[0]["tips"]]
    assert len(page.dataframe[0].value) == 3


def test_decided_images_are_listed_and_a_decision_can_be_taken_back(dataset):
    Overlay.read(dataset.sha256).mark("train", 0, "drop")
    page = open_page(show="Decided")
    assert [tip.split("\n")[0] for tip in grids(page)[0]["tips"]] == ["train-0"]
    assert "✓ dropped" in grids(page)[0]["captions"][0]
    page.button(key="labels-Take back").click().run()
    assert Overlay.read(dataset.sha256).marks == {}
    assert "No image to list here" in page.info[0].value


def test_a_damaged_file_is_told_kept_and_can_be_set_aside(dataset):
    Overlay.read(dataset.sha256).mark("train", 0, "drop")
    with overlay_file(dataset.sha256).open("a") as file:
        file.write("nonsense\n")
    content = overlay_file(dataset.sha256).read_bytes()
    page = open_page()
    assert "damaged line 2" in page.error[0].value
    assert not grids(page)
    page.button(key="labels.aside").click().run()
    assert "is kept as" in page.warning[0].value
    (aside,) = overlay_file(dataset.sha256).parent.glob("*.damaged-*")
    assert aside.read_bytes() == content
    assert grids(page)


def test_a_decision_that_cannot_be_saved_is_told_and_the_image_stays(dataset, monkeypatch):
    def refuse(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(overlay, "_append", refuse)
    page = open_page()
    page.button(key="labels-Keep").click().run()
    assert "No space left" in page.warning[0].value
    assert Overlay.read(dataset.sha256).marks == {}


def test_another_page_of_the_list_shows_others(dataset):
    first, second = (grids(open_page(page=number))[0]["tips"] for number in ("1", "2"))
    assert len(first) == 24
    assert not set(first) & set(second)


def test_the_test_set_can_be_looked_at_and_says_that_it_stays(dataset):
    page = open_page(split="Test")
    assert all(tip.startswith("test-") for tip in grids(page)[0]["tips"])
    page.button(key="labels-Drop").click().run()
    assert "the test set stays as it is" in text_of(page)
    images, _ = Overlay.read(dataset.sha256).apply(dataset)
    assert images is dataset.x_train


def test_without_neighbours_they_are_computed_in_the_background(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(tasks.Task, "_spawn", lambda self: started.append(self.name))
    folder = tmp_path / "own"
    folder.mkdir()
    write_idx(folder, seed=0)
    page = open_page(data="Your own files", **{"data.folder": str(folder)})
    assert started == ["neighbours"]
    assert "Nearest neighbours of 260 images" in text_of(page)
    assert not grids(page)


def test_places_of_the_list_are_the_images_shown(dataset):
    listed = grids(open_page())[0]
    for at, tip in enumerate(listed["tips"][:5]):
        place = Place.parse(tip.split("\n")[0], dataset)
        assert listed["pixels"][784 * at : 784 * (at + 1)] == place.image(dataset).tobytes()

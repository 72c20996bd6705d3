"""The Label suspects page: the list, the decisions, a damaged file."""

import json

import explore_page
import numpy as np
import pytest
from explore_page import grids, text_of
from streamlit.elements.lib import policies
from test_neighbours import part
from test_page_result import write_idx

from fmnist_core import datasets, neighbours, overlay, tasks
from fmnist_core.overlay import Overlay, overlay_file
from fmnist_core.places import Place, all_labels
from fmnist_core.suspects import suspects
from pages.ui.labels.class_bars import _chosen


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


def bars(page):
    """What the rows of classes were told; None where there are none."""
    found = [one.proto for one in page.get("bidi_component") if one.proto.component_name == "fmnist_lab_class_bars"]
    return json.loads(found[0].json) if found else None


def neighbour_suggestion(dataset, name):
    found = suspects(all_labels(dataset), neighbours.neighbours(dataset, 10), 10)
    return int(found.suggestion[Place.parse(name, dataset).position(dataset)])


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
    rows = {row["name"]: row for row in bars(page)["rows"]}
    assert (rows["Bag"]["role"], rows["Trouser"]["role"]) == ("given", "proposed")
    assert rows["Trouser"]["share"] > 0.5
    assert sum(row["share"] for row in rows.values()) == pytest.approx(1, abs=0.01)
    assert "labelled Bag" in text_of(page)
    assert grids(page)[0]["selected"] == names.index(wrong_one(dataset))


def names_of(page):
    return [tip.split("\n")[0] for tip in grids(page)[0]["tips"]]


def press(page, letter):
    """Press the one button that has this key."""
    (button,) = [one for one in page.button if one.proto.shortcut == letter.lower()]
    return button.click().run()


def decided(dataset):
    return {str(place): (mark.action, mark.label) for place, mark in Overlay.read(dataset.sha256).marks.items()}


def test_keys_write_decisions_and_lead_to_the_next_image(dataset):
    page = open_page()
    first, second, third = names_of(page)[:3]
    proposed = neighbour_suggestion(dataset, third)
    press(page, "K")
    assert page.text_input(key="image").value == second
    press(page, "D")
    press(page, "L")
    assert decided(dataset) == {first: ("keep", None), second: ("drop", None), third: ("relabel", proposed)}
    assert "1 kept, 1 relabelled, 1 dropped" in text_of(page)
    assert first not in [tip.split("\n")[0] for tip in grids(page)[0]["tips"]]
    assert len(page.dataframe[0].value) == 3


def test_undo_goes_back_to_the_image_and_what_was_said_of_it_before(dataset):
    Overlay.read(dataset.sha256).mark("train", 0, "relabel", 3)
    page = open_page()
    assert undo_button(page).disabled
    first, second = names_of(page)[:2]
    press(page, "K")
    press(page, "D")
    assert decided(dataset) == {"train-0": ("relabel", 3), first: ("keep", None), second: ("drop", None)}
    press(page, "U")
    assert page.text_input(key="image").value == second
    press(page, "U")
    assert page.text_input(key="image").value == first
    assert decided(dataset) == {"train-0": ("relabel", 3)}
    assert undo_button(page).disabled
    page.text_input(key="image").set_value("train-0").run()
    press(page, "K")
    press(page, "U")
    assert decided(dataset) == {"train-0": ("relabel", 3)}


def undo_button(page):
    return next(one for one in page.button if one.label == "Undo")


def test_next_and_previous_go_through_the_whole_list_without_deciding(dataset):
    page = open_page()
    names = names_of(page)
    assert next(one for one in page.button if one.label == "Previous").disabled
    page.text_input(key="image").set_value(names[-1]).run()
    press(page, "N")
    assert page.number_input(key="page").value == 2
    assert page.text_input(key="image").value == names_of(page)[0]
    press(page, "P")
    assert page.number_input(key="page").value == 1
    assert page.text_input(key="image").value == names[-1]
    assert decided(dataset) == {}


def test_the_last_of_a_page_is_followed_by_the_one_that_moves_up(dataset):
    page = open_page()
    names = names_of(page)
    following = names_of(open_page(page="2"))[0]
    page.text_input(key="image").set_value(names[-1]).run()
    press(page, "K")
    assert page.text_input(key="image").value == following
    assert names_of(page) == [*names[:-1], following]
    assert grids(page)[0]["selected"] == 23


def test_a_list_that_decisions_make_shorter_shows_its_last_page_and_another_list_its_first(dataset):
    page = open_page()
    page.segmented_control(key="show").set_value("Decided").run()
    assert not [box for box in page.number_input if box.key == "page"]  # nothing is decided: no pages to turn
    page.segmented_control(key="show").set_value("To decide").run()
    last = page.number_input(key="page").max
    page.number_input(key="page").set_value(last).run()
    rest = names_of(page)
    page.text_input(key="image").set_value(rest[0]).run()
    for _ in rest:
        press(page, "K")
    assert page.number_input(key="page").value == page.number_input(key="page").max == last - 1
    page.segmented_control(key="show").set_value("All").run()
    assert page.number_input(key="page").value == 1


def test_the_page_of_the_list_has_one_source(dataset, monkeypatch):
    told = []
    monkeypatch.setattr(policies, "_shown_default_value_warning", False)
    monkeypatch.setattr(policies._LOGGER, "warning", lambda *words, **_: told.append(words))
    page = open_page()
    press(page, "N")
    assert page.number_input(key="page").value == 1
    assert not told


def test_progress_counts_the_suspects_that_are_decided(dataset):
    page = open_page()
    (before,) = [one.proto.text for one in page.get("progress")]
    press(page, "K")
    (after,) = [one.proto.text for one in page.get("progress")]
    total = before.split(" of ")[1]
    assert (before, after) == (f"0 of {total}", f"1 of {total}")


def test_a_class_chosen_for_another_image_decides_nothing():
    assert _chosen({"chosen": {"image": "train-3", "label": 4}}, "train-3", 10) == 4
    assert _chosen({"chosen": {"image": "train-3", "label": 4}}, "train-4", 10) is None
    assert _chosen({"chosen": {"image": "train-3", "label": 10}}, "train-3", 10) is None
    assert _chosen({"chosen": "4"}, "train-3", 10) is None
    assert _chosen(None, "train-3", 10) is None


def test_decided_images_are_listed_and_a_decision_can_be_taken_back(dataset):
    Overlay.read(dataset.sha256).mark("train", 0, "drop")
    page = open_page(show="Decided")
    assert [tip.split("\n")[0] for tip in grids(page)[0]["tips"]] == ["train-0"]
    assert "✓ dropped" in grids(page)[0]["captions"][0]
    page.button(key="labels-clear-train-0").click().run()
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


@pytest.mark.parametrize(
    ("split", "index", "label"), [("train", 1500, None), ("test", 300, None), ("train", 1, 10), ("test", 1, 10)]
)
def test_decisions_on_what_the_data_do_not_have_are_told(dataset, split, index, label):
    Overlay(dataset.sha256, {}).mark(split, index, "keep" if label is None else "relabel", label)
    page = open_page()
    assert f"Received one on {split}-{index}, label {label}" in page.error[0].value.replace("\\", "")
    page.button(key="labels.aside").click().run()
    assert not page.exception and grids(page)


def test_a_decision_that_cannot_be_saved_is_told_and_the_image_stays(dataset, monkeypatch):
    def refuse(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(overlay, "_append", refuse)
    page = open_page()
    press(page, "K")
    assert "No space left" in page.warning[0].value
    assert Overlay.read(dataset.sha256).marks == {}


def test_another_page_of_the_list_shows_others(dataset):
    first, second = (grids(open_page(page=number))[0]["tips"] for number in ("1", "2"))
    assert len(first) == 24
    assert not set(first) & set(second)


def test_the_test_set_can_be_looked_at_and_says_that_it_stays(dataset):
    page = open_page(split="Test")
    assert all(tip.startswith("test-") for tip in grids(page)[0]["tips"])
    press(page, "D")
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

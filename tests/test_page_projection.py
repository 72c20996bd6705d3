"""The Projection page: the map of components, and t-SNE and UMAP in the background."""

import explore_page
import numpy as np
import pytest
from explore_page import components, text_of
from test_page_result import write_idx

from fmnist_core import datasets, tasks
from fmnist_core.datasets import debian
from fmnist_core.pca import pca
from fmnist_core.selection import Selection

needs_real = pytest.mark.skipif(not debian.INSTALLED_FOLDER.is_dir(), reason="the Debian package is not installed")


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


@pytest.fixture
def started(monkeypatch):
    """Tasks are noted, not started."""
    noted = []
    monkeypatch.setattr(tasks.Task, "_spawn", lambda self: noted.append((self.name, self.parameters)))
    return noted


@pytest.fixture
def own(tmp_path):
    place = tmp_path / "own"
    place.mkdir()
    write_idx(place, seed=0)
    return {"data": "Your own files", "data.folder": str(place)}


def open_page(**query):
    page = explore_page.open_page("projection", **query)
    assert not page.exception
    return page


@needs_real
def test_the_map_holds_five_thousand_images_and_says_what_its_axes_hold():
    page = open_page()
    (head,) = components(page, "fmnist_lab_scatter")
    assert head["count"] == 5000 and len(head["classes"]) == 10
    assert all(one["count"] == 500 for one in head["classes"])
    assert "29.0 % of the variance" in head["axes"][0]
    points = np.frombuffer(head["pixels"][: 8 * 5000], "<f4").reshape(2, 5000).T
    dataset = datasets.load("fashion-mnist")
    at = int(head["names"][17].removeprefix("train-"))
    expected = pca(dataset, Selection("train")).coordinates(dataset.x_train[at : at + 1], 2)[0]
    assert points[17] == pytest.approx(expected, abs=1e-4)
    assert "hold 90%" in text_of(page)
    assert len(components(page, "fmnist_lab_pixel_image")) == 3


@needs_real
def test_classes_and_sample_size_change_the_map():
    (head,) = components(open_page(classes="Bag", n="300"), "fmnist_lab_scatter")
    assert head["count"] == 300
    assert [one["name"] for one in head["classes"]] == ["Bag"]
    assert head["classes"][0]["colour"] == "#A84197"


@needs_real
def test_a_chosen_image_is_rebuilt_and_its_neighbours_are_shown():
    page = open_page(image="test-7", n="500")
    assert "test-7, Shirt" in text_of(page)
    assert "Nearest images" in text_of(page)
    page.select_slider(key="k").set_value(784).run()
    assert "784 numbers instead of 784 hold 100.0%" in text_of(page)
    assert "an error of 0.0 grey levels" in text_of(page)


@pytest.mark.parametrize(("method", "name"), [("t-SNE", "tsne"), ("UMAP", "umap")])
def test_a_map_is_computed_only_when_asked_for(own, started, method, name):
    page = open_page(method=method, **own)
    assert not started and not components(page, "fmnist_lab_scatter")
    page.main.button[0].click().run()
    ((task, parameters),) = started
    assert task == name
    assert parameters["sample"] == 5000 and parameters["seed"] == 0
    assert ("perplexity" in parameters) == (name == "tsne")


def test_a_map_that_is_there_is_shown_with_its_parameters(own):
    page = open_page(method="t-SNE", perplexity="5", n="100", split="Test", **own)
    task = tasks.Task(
        "tsne", "own", own["data.folder"], datasets.load("own", own["data.folder"]).sha256,
        {
            "selection": {"split": "test", "labels": (), "pixel": None, "minimum": 0, "maximum": 255},
            "sample": 100, "seed": 0, "perplexity": 5,
        },
    )  # fmt: skip
    tasks._carry_out(task, lambda *_: None)
    page.run()
    assert "t-SNE of 100 images, perplexity 5, seed 0" in text_of(page)
    assert components(page, "fmnist_lab_scatter")[0]["count"] == 100


def test_a_failed_computation_says_why_and_can_be_started_again(own, started):
    page = open_page(method="t-SNE", **own)
    page.main.button[0].click().run()
    (folder,) = (datasets.__name__ and tasks._folder()).glob("tsne-*")
    (folder / tasks.END_FILE).write_text('{"state": "failed", "message": "Expected more. Received less."}')
    page.run()
    assert page.error[0].value == "Expected more. Received less."
    assert page.main.button[0].label == "Start again"

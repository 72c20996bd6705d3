"""The page Where to cut in its states: nothing known yet, weights not here, failed, finished."""

import numpy as np
import pytest
import streamlit as st
from app_page import open_app
from test_page_result import write_idx

from fmnist_core import paths, tasks
from fmnist_core.backbones import blocks
from fmnist_core.depth_probe import Probe
from pages.ui.depth import result

RANDOM = {"with": "Not pretrained"}


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("FMNIST_LAB_WEIGHTS", raising=False)
    monkeypatch.chdir(paths.PROJECT)


@pytest.fixture
def started(monkeypatch):
    """Tasks are noted, not started."""
    noted = []
    monkeypatch.setattr(tasks.Task, "_spawn", lambda self: noted.append((self.name, self.parameters)))
    return noted


@pytest.fixture
def known(monkeypatch):
    """Every probe is known: block 2 is the best of three."""
    hits = np.stack([np.arange(1000) < right for right in (700, 900, 850)])
    probe = Probe(blocks("mobilenet", 64)[:3], hits, np.arange(1000) < 800, 6000, 30.0, np.ones(3), True)
    monkeypatch.setattr(result, "known_probe", lambda dataset, spec: probe)


@pytest.fixture
def handed_on(monkeypatch):
    """Where the page leads and with which address: the Train page itself is tested elsewhere."""
    calls = []
    monkeypatch.setattr(st, "switch_page", lambda page, query_params: calls.append((page, query_params)))
    return calls


@pytest.fixture
def open_page(tmp_path):
    place = tmp_path / "own"
    place.mkdir()
    write_idx(place, seed=0)

    def go(**query):
        return open_app("pages/train/depth.py", **{"data": "Your own files", "data.folder": str(place), **query})

    return go


def words(page):
    elements = [*page.markdown, *page.caption, *page.subheader, *page.info, *page.warning, *page.error]
    return " ".join(element.value for element in elements)


def labels(page):
    return [button.label for button in page.button]


def test_what_is_not_known_is_computed_when_asked_for(open_page, started):
    page = open_page(px="48", **RANDOM)
    assert "13 blocks of MobileNet, 48 px" in words(page)
    assert "Not pretrained." in words(page)
    next(button for button in page.button if button.label == "Start").click().run()
    ((name, parameters),) = started
    assert name == "depth"
    assert (parameters["backbone"], parameters["image_size_px"], parameters["weights"]) == ("mobilenet", 48, "random")


def test_weights_that_are_not_here_say_which_file_to_put_where(open_page):
    page = open_page()
    assert "mobilenet\\_1\\_0\\_224\\_tf\\_no\\_top.h5" in words(page)
    assert "weights" in words(page)
    assert not page.error


def test_a_file_is_asked_for_before_anything_can_start(open_page):
    page = open_page(**{"with": "From a file"})
    assert page.text_input(key="file").value == ""
    assert "Start" not in labels(page)
    assert not page.error


@pytest.mark.parametrize("typed", ["/nowhere/mine.h5", "~nosuchuser/mine.h5", "/" + 300 * "x"])
def test_a_file_that_is_not_there_is_told_before_anything_can_start(open_page, typed):
    page = open_page(**{"with": "From a file", "file": typed})
    assert not page.exception
    assert "Expected a file with weights of MobileNet. Received a path" in page.error[0].value
    assert "Start" not in labels(page)


def test_a_failed_probe_says_why_and_can_start_again(open_page, monkeypatch):
    status = tasks.Status("failed", sentence="Expected the ImageNet weights of MobileNet. Received no download.")
    monkeypatch.setattr(tasks.Task, "status", lambda self: status)
    page = open_page()
    assert "Received no download" in page.error[0].value
    assert "Start again" in labels(page)


def test_a_running_probe_shows_how_far_it_is(open_page, monkeypatch):
    monkeypatch.setattr(tasks.Task, "status", lambda self: tasks.Status("running", 0.4, "4 of 14 linear probes fitted"))
    assert "Cancel" in labels(open_page())


def test_a_finished_probe_says_what_was_found_and_leads_to_training(open_page, known, handed_on):
    page = open_page()
    assert page.subheader[0].value == "The best cut is after block 2\\: 90.0%."
    assert "5.0 points less on the same images" in words(page)
    assert "Systems A, C, D and E put their heads on the deepest layer of a frozen base" in words(page)
    assert "Their figures and ours" in [link.proto.label for link in page.get("page_link")]
    (chart,) = page.get("plotly_chart")
    assert chart is not None
    assert page.selectbox(key="depth.cut.mobilenet.64.imagenet").value == "2"
    assert "Start" not in labels(page)
    page.button(key="depth.train").click().run()
    ((target, query),) = handed_on
    assert target == "pages/train/new.py"
    assert {name: query[name] for name in ("backbone", "cut", "size")} == {
        "backbone": "mobilenet", "cut": "2", "size": "64",
    }  # fmt: skip


def test_another_cut_can_be_taken(open_page, known, handed_on):
    page = open_page()
    page.selectbox(key="depth.cut.mobilenet.64.imagenet").set_value("3").run()
    page.button(key="depth.train").click().run()
    assert handed_on[0][1]["cut"] == "3"

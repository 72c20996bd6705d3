"""The page Beat the model: before, a game that came in, a forged one, the list of results."""

import json

import numpy as np
import pytest
from app_page import open_app
from finished_run import REAL_DATA

from fmnist_core import contest, datasets, paths
from pages.ui.predict import beat

PAGE = "pages/predict/beat.py"
pytestmark = pytest.mark.skipif(not REAL_DATA, reason="Fashion-MNIST is not installed on this machine")


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)


@pytest.fixture(scope="module")
def dataset():
    return datasets.load("fashion-mnist")


def opened(state=None, **query):
    return open_app(PAGE, state, **query)


def words(page):
    return " ".join(e.value for e in [*page.markdown, *page.caption, *page.info, *page.error])


def board(page):
    elements = [element.proto for element in page.get("bidi_component")]
    return next((json.loads(e.json) for e in elements if e.component_name == "fmnist_lab_beat_game"), None)


def played(dataset, seed, right):
    """The state of a session in which a game with so many right answers was played."""
    truth = dataset.y_test[contest.draw(dataset.y_test, seed)].astype(int)
    said = [int(label) if at < right else int(label + 1) % 10 for at, label in enumerate(truth)]
    answers, seconds = contest.read_answers({"answers": said, "times_ms": [2000] * 20}, 20, 10)
    return {"beat.game": (f"{dataset.sha256[:12]}-{seed}-0", answers, seconds)}


def test_the_same_seed_gives_friends_the_same_images_and_the_board_holds_no_labels():
    one, other = board(opened(seed="7")), board(opened(seed="7"))
    assert one == other and one["count"] == 20 and one["pixels"] != board(opened(seed="8"))["pixels"]
    assert set(one) == {"token", "count", "pixels", "classes"}


def test_without_a_seed_one_is_drawn_and_stands_in_the_address():
    page = opened()
    asked = page.query_params["seed"]
    assert str(page.number_input(key="seed").value) == (asked if isinstance(asked, str) else asked[0])
    assert board(page)["token"].split("-")[1] == str(page.number_input(key="seed").value)


def test_a_game_is_set_beside_the_model_and_the_published_figure(dataset):
    page = opened(played(dataset, 7, 16), seed="7")
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["You"] == "16 of 20" and metrics["Your time"] == "40.0 s"
    assert "58% and 92%" in words(page) and "83.5%" in words(page) and "do not settle" in words(page)
    assert "You alone missed" in words(page) and board(page) is None
    page.button(key="beat.same").click().run()
    assert board(page)["token"].endswith("-7-1")
    page.button(key="beat.other").click().run()
    assert page.number_input(key="seed").value != 7 and board(page)


def test_a_game_that_comes_in_is_recorded_once_and_a_forged_one_is_not(dataset, monkeypatch):
    state = {"beat.name": "Ada"}
    monkeypatch.setattr(beat.st, "session_state", state)
    from fmnist_core import prediction
    from fmnist_core.ready_made import ready_made
    from pages.ui.verdict import Model

    model = Model("Ready-made", prediction.load(ready_made()))
    beat._done(dataset, model, 7, "t", {"answers": [99] * 20, "times_ms": [1] * 20})
    assert "Expected 20 answers" in state["beat.error"] and not contest.entries()
    beat._done(dataset, model, 7, "t", {"answers": [0] * 20, "times_ms": [1000] * 20})
    (entry,) = contest.entries()
    assert (entry.name, entry.seconds, entry.seed, entry.again) == ("Ada", 20.0, 7, False)


def test_results_that_cannot_be_deleted_are_told_and_stay(dataset, monkeypatch):
    def refuse():
        raise TimeoutError("locked by another")

    game = contest.Game(*(np.zeros(1, int),) * 3, np.ones(1), np.full((1, 10), 0.1), dataset.class_names)
    contest.record(game, name="Bo", sha256=dataset.sha256, seed=7, model="LeNet")
    monkeypatch.setattr(contest, "forget", refuse)
    page = opened(seed="7")
    page.button(key="beat.delete").click().run()
    assert "locked by another" in words(page) and page.dataframe and not page.exception


def test_results_are_listed_and_can_be_deleted(dataset):
    state = played(dataset, 7, 16)
    rows = contest.draw(dataset.y_test, 7)
    game = contest.Game(
        rows, dataset.y_test[rows], *state["beat.game"][1:], np.full((20, 10), 0.1), dataset.class_names
    )
    contest.record(game, name="<b>Bo</b>", sha256=dataset.sha256, seed=7, model="LeNet")
    page = opened(seed="7")
    frame = page.dataframe[0].value
    assert frame["Name"].tolist() == ["<b>Bo</b>"] and frame["Right"].tolist() == ["16 of 20"]
    page.button(key="beat.delete").click().run()
    assert not page.dataframe and not contest.entries()

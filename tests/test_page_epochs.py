"""The Time machine page in its states, and the Train page as it forks a Run from an epoch."""

import json
import struct
import sys
import zlib

import numpy as np
import pytest
from app_page import open_app
from explore_page import components, grids
from kept_run import TEST_IMAGES, answers_after, kept_run, write_own_data

from fmnist_core import datasets, estimates, jobs, paths
from fmnist_core.epoch_history import history_of
from fmnist_core.epoch_record import FOLDER, EpochRecord, answers_file
from fmnist_core.processes import Claim
from fmnist_core.runs import Run, list_runs
from fmnist_core.spec import RunSpec
from pages.ui.grey_levels import grey_levels
from pages.ui.understand import epochs
from pages.ui.understand.time_machine import MOST_FRAMES, Look, asked_look, film, look_words


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)
    monkeypatch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))
    monkeypatch.setattr(estimates, "PROBE_COMMAND", (sys.executable, "-c", ""))


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "own"
    place.mkdir()
    write_own_data(place)
    return place


def opened(page="pages/understand/epochs.py", **query):
    return open_app(page, **query)


def forking(**query):
    return open_app("pages/train/new.py", **query)


def words(app):
    parts = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error, *app.success]
    return "\n".join(part.value for part in parts)


def links(app):
    return [link.proto.label for link in app.get("page_link")]


def test_without_kept_epochs_the_page_says_how_to_keep_some():
    Run.create(RunSpec(title="Kept nothing"))
    app = opened()
    assert "Keep every epoch" in words(app)
    assert not app.error


def test_a_run_that_kept_its_epochs_is_shown_and_the_test_set_is_said_not_to_choose(folder):
    kept_run(folder)
    app = opened()
    assert "To look at, not to choose by" in words(app)
    assert "Fork from epoch 3" not in links(app)  # the best epoch, whose weights were not kept
    assert "Forking works where weights were kept: epoch 1, 2, 4" in words(app)
    assert not app.error
    (table,) = (frame.value for frame in app.main.dataframe if "forgotten" in frame.value)
    assert table["epoch"].tolist() == [1, 2, 3, 4]
    assert table["val_accuracy"].tolist() == [0.4, 0.6, 0.9, 0.8]
    # From the second on, each epoch forgets its class of twelve images; six of class 2 were never right before.
    assert table["forgotten"].tolist() == [0, 6, 12, 12]


def test_the_epoch_of_the_address_is_shown_and_can_be_forked(folder):
    run = kept_run(folder)
    app = opened(run=run.id, epoch="2")
    assert "Fork from epoch 2" in links(app)


@pytest.mark.parametrize("epoch", ["9" * 5000, "02", "²", "x", ""])
def test_an_epoch_in_the_address_that_was_not_kept_is_passed_over(folder, epoch):
    run = kept_run(folder)
    assert "Epoch 3 has answers alone" in words(opened(run=run.id, epoch=epoch))


def test_a_stopped_run_can_be_looked_at_too(folder):
    kept_run(folder, ended="stopped", weights=())
    app = opened()
    assert "this Run kept answers alone" in words(app)
    assert not app.error


def test_forgotten_images_can_be_limited_to_a_class_and_to_what_is_lost(folder):
    kept_run(folder)
    assert "images, those forgotten most often first" in words(opened())
    assert "All 12 images" in words(opened(**{"class": "class 4"}))
    assert "All 12 images" in words(opened(forgotten="Wrong in the end"))
    assert "what was right stayed right" in words(opened(forgotten="Wrong in the end", **{"class": "class 7"}))


def test_all_forgotten_images_can_be_paged_through(folder, monkeypatch):
    kept_run(folder)
    monkeypatch.setattr(epochs, "PER_PAGE", 20)
    app = opened()
    assert "1 to 20 of 30 images" in words(app)
    app.number_input(key="page").set_value(2).run()
    assert "21 to 30 of 30 images" in words(app)
    assert len(grids(app)[0]["tips"]) == 10


def test_a_torn_epoch_is_passed_over(folder):
    run = kept_run(folder)
    (run.folder / FOLDER / ".a1b2c3d4-0005.npy").write_bytes(b"on its way")
    torn = answers_file(run.folder / FOLDER, 2)
    torn.write_bytes(torn.read_bytes()[:500])
    app = opened()
    assert "3 epochs kept" in words(app)
    assert not app.error


def test_an_epoch_whose_file_is_as_long_as_it_must_be_but_damaged_is_left_out_and_named(folder):
    run = kept_run(folder)
    damaged = answers_file(run.folder / FOLDER, 2)
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    app = opened(run=run.id, epoch="2")
    assert "Left out, because its file is damaged: epoch 2." in words(app)
    assert "3 epochs kept" in words(app) and not app.error
    (table,) = (frame.value for frame in app.main.dataframe if "forgotten" in frame.value)
    assert table["epoch"].tolist() == [1, 3, 4]


def test_cell_and_colour_of_the_address_are_looked_at_and_nonsense_is_passed_over(folder):
    run = kept_run(folder)
    (machine,) = components(opened(run=run.id, cell="2-3", dots="right"), "fmnist_lab_time_machine")
    assert (machine["cell"], machine["byRight"]) == ([2, 3], True)
    assert asked_look("2-10", "x", 10) == asked_look("²-3", "", 10) == Look()
    for look in (Look(), Look((6, 0)), Look((3, 3), True)):
        assert asked_look(*look_words(look), 10) == look


@pytest.mark.parametrize("damage", ["all torn", "about", "other data"])
def test_what_cannot_be_shown_is_told_in_a_sentence(folder, damage):
    run = kept_run(folder)
    if damage == "all torn":
        for epoch in (1, 2, 3, 4):
            answers_file(run.folder / FOLDER, epoch).write_bytes(b"")
    elif damage == "about":
        (run.folder / FOLDER / "about.json").write_text("{")
    else:
        write_own_data(folder, seed=1)
    app = opened()
    assert len(app.error) == 1
    assert "xpected" in app.error[0].value and "Received" in app.error[0].value


def test_an_epoch_can_be_forked_on_the_train_page(folder):
    run = kept_run(folder)
    app = forking(**{"from": run.id, "epoch": "2", "data": "own", "data.folder": str(folder)})
    assert "Fork of Kept, epoch 2" in words(app)
    app.select_slider(key=f"fork.{run.id}.2.learning_rate").set_value(1e-4).run()
    next(button for button in app.button if button.label == "Start training").click().run()
    assert not app.exception
    (made,) = (one for one in list_runs() if one.id != run.id)
    spec = made.spec
    assert (spec.start_run, spec.start_epoch, spec.learning_rate, spec.epochs) == (run.id, 2, 1e-4, 2)
    assert spec.title == "Kept, from epoch 2"


def test_a_fork_is_estimated_on_its_own_data_whatever_is_chosen(folder):
    run = kept_run(folder)
    app = forking(**{"from": run.id, "epoch": "2"})
    assert "3 kB of answers" in words(app)  # two epochs of 120 images in 10 classes
    (folder / "t10k-labels-idx1-ubyte").unlink()
    app.run()
    assert len(app.error) == 1 and not app.exception
    assert next(button for button in app.button if button.label == "Start training").disabled


def test_a_fork_with_other_layers_cannot_be_started_and_one_with_another_split_is_warned_of(folder):
    run = kept_run(folder)
    query = {"from": run.id, "epoch": "2", "data": "own", "data.folder": str(folder)}
    app = forking(**query)
    app.number_input(key=f"fork.{run.id}.2.dense0.units").set_value(9).run()
    assert "Expected a network with the layers of Run" in words(app)
    assert next(button for button in app.button if button.label == "Start training").disabled
    app = forking(**query)
    app.number_input(key=f"fork.{run.id}.2.seed").set_value(5).run()
    assert "will validate, and validation will promise too much" in words(app)


@pytest.mark.parametrize("epoch", ["3", "x"])
def test_an_epoch_that_cannot_be_forked_is_told_and_the_form_stays(folder, epoch):
    run = kept_run(folder)
    app = forking(**{"from": run.id, "epoch": epoch})
    assert any("Expected" in warning.value and "Received" in warning.value for warning in app.warning)
    assert any(button.label == "Start training" for button in app.button)


def test_a_fork_names_the_run_and_the_epoch_it_came_from(folder):
    run = kept_run(folder)
    child = kept_run(folder, start_run=run.id, start_epoch=2, title="Child")
    app = opened(run=child.id)
    assert "Forked from" in words(app)
    assert "Kept" in links(app)
    assert "Forked from" in words(opened("pages/understand/result.py", run=child.id))


def test_what_keeping_costs_is_said_before_the_start():
    app = forking()
    assert "Keeps every epoch: each takes about 6% longer" in words(app)
    app.selectbox(key="new.first-steps.keep_epochs").set_value("none").run()
    assert "Keeps no epochs" in words(app)


def unpacked(data):
    """Read a film as the browser does."""
    length = struct.unpack("<I", data[:4])[0]
    head = json.loads(data[4 : 4 + length])
    pictures = zlib.decompress(data[4 + length : 4 + length + head["picturesBytes"]])
    numbers = np.frombuffer(zlib.decompress(data[4 + length + head["picturesBytes"] :]), np.uint8)
    n = head["count"]
    frames = np.cumsum(numbers[n:].reshape(-1, 4 * n), axis=0, dtype=np.uint8)
    return head, pictures, numbers[:n], frames


def test_the_film_holds_what_every_epoch_answered(folder):
    record = EpochRecord.read(kept_run(folder))
    dataset = datasets.load("own", folder)
    history = history_of(record.epochs, record.answers, np.asarray(dataset.y_test))
    made = film(
        "id", history, grey_levels(np.asarray(dataset.x_test)), record.class_names, {3: 0.9}, start=2, best=3, file="f"
    )
    head, pictures, labels, frames = unpacked(made.data)
    assert (head["epochs"], head["start"], head["best"]) == ([1, 2, 3, 4], 1, 2)
    assert head["validation"] == [None, None, 0.9, None]
    assert np.array_equal(labels, dataset.y_test)
    assert len(pictures) == TEST_IMAGES * 392
    for at, epoch in enumerate(record.epochs):
        expected = answers_after(epoch, np.asarray(dataset.y_test))
        predicted, confidence, x, y = frames[at].reshape(4, -1)
        assert np.array_equal(predicted, expected.argmax(axis=1))
        assert np.abs(confidence / 255 - expected.max(axis=1)).max() < 0.003
        assert np.array_equal(np.stack([x, y], axis=1), history.places[at])
        assert head["accuracy"][at] == pytest.approx((predicted == dataset.y_test).mean(), abs=1e-5)


def test_a_long_run_has_a_hundred_epochs_on_the_slider():
    y_true = np.arange(20) % 10
    history = history_of(tuple(range(1, 251)), lambda _: np.eye(10, dtype=np.uint8)[y_true] * 255, y_true)
    made = film("id", history, b"", "abcdefghij", {}, start=250, best=None, file="f")
    assert len(made.epochs) == MOST_FRAMES
    assert (made.epochs[0], made.epochs[-1]) == (1, 250)

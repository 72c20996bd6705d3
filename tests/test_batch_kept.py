"""Batches on disk: read once, answered by a model, listed and filtered."""

import json
import shutil
import time

import numpy as np
import pytest
from test_batch import ITEMS, csv_text, zipped

from fmnist_core import batch as batches
from fmnist_core import paths, ready_made, tasks
from fmnist_core.batch import Answers, Order
from fmnist_core.batch.keeping import remember
from fmnist_core.calibration import with_temperature
from fmnist_core.errors import DataError, ModelError
from fmnist_core.rejection import Judgement, Refusal
from fmnist_core.runs import SPEC_FILE, Run

RNG = np.random.default_rng(0)


class Yardstick:
    """Stands in for a detector: what has an even first pixel is unlike the data."""

    def judge(self, images, probabilities):
        strange = images[:, 4, 4] % 2 == 0
        return Judgement(strange * 1.0, strange * 1.0, strange, np.zeros(len(images), bool))


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("fmnist_core.batch.keeping.data_for", lambda *_: None)  # a second of reading, unused here
    monkeypatch.setattr("fmnist_core.batch.keeping.detector_of", lambda *_: Yardstick())


# Kept on disk


def test_a_batch_is_read_once_and_answered_by_the_model_and_only_the_newest_are_kept(tmp_path, monkeypatch):
    run = ready_made.ready_made()
    batch = batches.keep_files([("rows.csv", csv_text(ITEMS, [0] * 6))])
    assert batches.read_answers(batch, run) is None
    task = batches.batch_task(batch, run)
    said = []
    remember(None, lambda words, share: said.append(share), **task.parameters)
    answers = batches.read_answers(batch, run)
    assert np.array_equal(answers.images, ITEMS) and said == sorted(said) and said[-1] < 1
    from fmnist_core import prediction

    raw = prediction.load(run).probabilities(ITEMS)
    assert np.array_equal(answers.probabilities, with_temperature(raw, run.result["temperature"]))  # as Predict says
    assert np.array_equal(answers.none, ITEMS[:, 4, 4] % 2 == 0) and 0 < answers.none.sum() < 6
    assert batches.keep_files([("again.csv", csv_text(ITEMS, [0] * 6))]).id == batch.id
    monkeypatch.setattr("fmnist_core.batch.keeping.KEPT", 2)
    for at in range(2):
        batches.keep_files([("x.csv", csv_text(ITEMS[at : at + 1]))])
    assert batches.find_batch(batch.id) is None and len(batches.kept_batches()) == 2
    with pytest.raises(DataError, match="made room for newer ones"):
        remember(None, lambda words, share: None, **task.parameters)


def test_a_batch_of_nothing_readable_fails_with_the_first_reasons():
    run = ready_made.ready_made()
    batch = batches.keep_files([("bad.zip", zipped({"a.txt": b"x", "b.txt": b"y"}))])
    with pytest.raises(DataError, match=r"Received none\..*a\.txt: Expected a PNG"):
        remember(None, lambda words, share: None, **batches.batch_task(batch, run).parameters)
    assert batches.read_answers(batch, run) is None and not list(batch.folder.glob(".rows-*"))


def test_without_the_data_that_the_model_learned_the_answers_say_why_none_of_these_cannot_be_told(monkeypatch):
    def gone(*_):
        raise DataError("Expected a folder. Received none.")

    monkeypatch.setattr("fmnist_core.batch.keeping.data_for", gone)
    run, batch = ready_made.ready_made(), batches.keep_files([("rows.csv", csv_text())])
    remember(None, lambda *_: None, **batches.batch_task(batch, run).parameters)
    answers = batches.read_answers(batch, run)
    assert answers.refusals is None and answers.untold == "Expected a folder. Received none."
    assert not answers.none.any() and "none of these" not in answers.table()


def test_answers_of_an_earlier_version_without_refusals_are_asked_for_again():
    run, batch = ready_made.ready_made(), batches.keep_files([("rows.csv", csv_text())])
    remember(None, lambda *_: None, **batches.batch_task(batch, run).parameters)
    (file,) = batch.folder.glob("answers-*.json")
    file.write_text('{"seconds": 0.1}')
    assert batches.read_answers(batch, run) is None


def test_the_task_needs_no_data_set_and_ends_in_answers(tmp_path):
    run = Run(shutil.copytree(ready_made.FOLDER, paths.runs() / "20260101-000000-000000-gone-0001"))
    spec = run.spec.replace(dataset="own", dataset_folder=str(tmp_path / "gone"))
    (run.folder / SPEC_FILE).write_text(json.dumps(spec.to_dict()))
    batch = batches.keep_files([("rows.csv", csv_text())])
    task = batches.batch_task(batch, run)
    task.start()
    until = time.monotonic() + 120
    while task.status().is_active and time.monotonic() < until:
        time.sleep(0.1)
    assert task.status() == tasks.Status("done", 1.0)
    answers = batches.read_answers(batch, Run(run.folder))
    assert len(answers.names) == 6 and "gone" in answers.untold


def test_a_batch_whose_facts_are_damaged_hides_no_other(tmp_path):
    whole = batches.keep_files([("a.csv", b"1")])
    for text in ("{", "[]", '{"names": [], "time_s": 1}', '{"names": ["x"]}'):
        torn = whole.folder.parent / f"torn-{len(text)}"
        torn.mkdir()
        (torn / "about.json").write_text(text)
    assert batches.kept_batches() == [whole]


def test_what_is_known_of_a_batch_outlasts_it_and_a_model_that_is_gone_is_told(tmp_path):
    batch = batches.find_batch(batches.keep_files([("a.csv", b"1")]).id)
    batch.delete()
    assert batch.title == "a.csv"
    with pytest.raises(ModelError, match="no such file"):
        batches.batch_task(batch, Run(tmp_path / "gone"))


@pytest.mark.parametrize("files", [[], [("a", b"")], [("a", b"1"), ("b", b"2"), ("c", b"3")]])
def test_no_files_empty_ones_and_too_many_are_refused(files):
    with pytest.raises(DataError, match="Expected"):
        batches.keep_files(files)


# Answers


def answers(labels=(0, 1, 2, -1), refusals=None):
    probabilities = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [0.9, 0.1, 0], [0.1, 0.1, 0.8]], np.float32)
    return Answers(
        list("abcd"), ITEMS[:4], np.array(labels, np.int16), probabilities, ("x", "y", "z"),
        refusals=None if refusals is None else np.array(refusals, np.uint8),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("order", "rows_"),
    [
        (Order.UNSURE, [1, 0, 3, 2]), (Order.SURE, [2, 3, 0, 1]), (Order.FILE, [0, 1, 2, 3]),
        (Order.WRONG, [2, 1, 3, 0]),
    ],
)  # fmt: skip
def test_rows_are_listed_in_the_order_asked_for(order, rows_):
    assert answers().listed(order).tolist() == rows_


def test_rows_are_filtered_by_class_label_and_confidence():
    assert answers().listed(Order.FILE, classes=[0]).tolist() == [0, 1, 2]
    assert answers().listed(Order.FILE, confidence=(0.4, 0.8)).tolist() == [0, 1, 3]
    assert answers().listed(Order.FILE, classes=[0], true=[1, 2]).tolist() == [1, 2]


def test_rows_that_are_none_of_the_classes_are_listed_apart_and_marked_in_the_table():
    given = answers(refusals=(0, Refusal.UNLIKE, Refusal.BLANK, 0))
    assert given.listed(Order.FILE, none=True).tolist() == [1, 2]
    assert given.listed(Order.FILE, classes=[0]).tolist() == [0]  # two more have it as their likeliest class
    assert given.listed(Order.FILE, classes=[2], none=True).tolist() == [1, 2, 3]
    assert given.table()["none of these"].tolist() == ["no", "yes", "yes", "no"]
    assert given.evaluation.accuracy == answers().evaluation.accuracy


def test_only_labelled_rows_count_and_the_table_holds_everything():
    given = answers()
    assert given.evaluation.accuracy == pytest.approx(1 / 3)
    assert answers((-1,) * 4).evaluation is None
    frame = given.table()
    assert list(frame.columns) == [
        "name", "predicted", "confidence", "label", "probability of x", "probability of y", "probability of z",
    ]  # fmt: skip
    assert frame["label"].tolist() == ["x", "y", "z", ""] and frame["predicted"].tolist() == ["x", "x", "x", "z"]
    by_class = given.by_class()
    assert by_class["Said of"].tolist() == [3, 0, 1] and np.isnan(by_class["Mean confidence"][1])
    assert by_class["Found"].tolist() == [1, 0, 0]

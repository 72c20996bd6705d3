"""The Batch page in its states: nothing uploaded, refused, under way, failed, answered, gone."""

import json

import numpy as np
import pytest
from app_page import open_app
from test_batch import csv_text, small_png, zipped

from fmnist_core import batch as batches
from fmnist_core import paths, tasks
from fmnist_core.batch.keeping import remember
from fmnist_core.errors import DataError
from fmnist_core.ready_made import ready_made
from fmnist_core.rejection import Judgement

PAGE = "pages/predict/batch.py"


class Yardstick:
    """Stands in for a detector: every third picture is unlike the data, the first one is blank."""

    def judge(self, images, probabilities):
        at = np.arange(len(images))
        return Judgement(at * 1.0, at * 1.0, at % 3 == 0, at == 0)


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)
    monkeypatch.setattr("fmnist_core.batch.keeping.data_for", lambda *_: None)  # a second of reading, unused here
    monkeypatch.setattr("fmnist_core.batch.keeping.detector_of", lambda *_: Yardstick())


@pytest.fixture
def started(monkeypatch):
    """Tasks are noted, not started."""
    noted = []
    monkeypatch.setattr(tasks.Task, "_spawn", lambda self: noted.append(self))
    return noted


def opened(**query):
    return open_app(PAGE, **query)


def answered(labels, name="many.csv"):
    """A batch of sixty images and its answers."""
    images = np.zeros((60, 28, 28), np.uint8)
    images[np.arange(60), 4 + np.arange(60) % 20, 5:25] = 255
    batch = batches.keep_files([(name, csv_text(images, labels))])
    remember(None, lambda words, share: None, **batches.batch_task(batch, ready_made()).parameters)
    return batch


def words(page):
    return " ".join(e.value for e in [*page.markdown, *page.caption, *page.info, *page.error])


def metrics(page):
    return {metric.label: metric.value for metric in page.metric}


def grid(page):
    elements = [element.proto for element in page.get("bidi_component")]
    return next(e for e in elements if e.component_name == "fmnist_lab_image_grid").bytes


def test_the_empty_page_takes_files_and_has_one_button(started):
    page = opened()
    assert page.button(key="batch.go").disabled
    assert "A folder named like a class" in words(page)


def test_uploaded_files_are_kept_and_a_task_starts(started):
    page = opened()
    page.file_uploader(key="batch.files").set_value(("a.csv", csv_text(), "text/csv")).run()
    page.button(key="batch.go").click().run()
    (task,) = started
    assert task.name == "batch" and task.parameters["batch"] in page.query_params["batch"]
    assert batches.find_batch(task.parameters["batch"]).title == "a.csv"


def test_three_files_are_refused_in_words_and_nothing_starts(started):
    page = opened()
    page.file_uploader(key="batch.files").set_value([(f"{n}.csv", b"x", "") for n in range(3)]).run()
    page.button(key="batch.go").click().run()
    assert "Received 3 files" in page.error[0].value and not started


def test_progress_can_be_cancelled_and_a_failure_says_why(started, monkeypatch):
    batch = batches.keep_files([("a.csv", csv_text())])
    monkeypatch.setattr(tasks.Task, "status", lambda self: tasks.Status("running", 0.4, "Reading a.csv: 9 rows"))
    assert "Cancel" in [button.label for button in opened(batch=batch.id).button]
    monkeypatch.setattr(tasks.Task, "status", lambda self: tasks.Status("failed", sentence="Expected at most 3 rows."))
    assert "Expected at most 3 rows." in opened(batch=batch.id).error[0].value
    assert not started


def test_answers_without_labels_have_no_accuracy_and_begin_with_the_least_sure(started):
    page = opened(batch=answered(None).id)
    assert metrics(page)["Pictures"] == "60" and "Accuracy" not in metrics(page)
    assert page.selectbox(key="order").value == "Least sure first"
    assert "Wrong first" not in page.selectbox(key="order").options
    assert page.number_input(key="page").max == 2 and not started
    assert f"Temperature {ready_made().result['temperature']:.2f}" in words(page)


def test_answers_with_labels_have_accuracy_and_begin_with_the_wrong_ones(started):
    page = opened(batch=answered(["Shirt"] * 59 + ["Hat"]).id)
    assert "%" in metrics(page)["Accuracy"] and page.selectbox(key="order").value == "Wrong first"
    assert "59 of 60 pictures have a label" in words(page) and r"Hat \(1\)" in words(page)
    assert b"\\u2717" in grid(page) or "✗".encode() in grid(page)


def test_filters_stand_in_the_address_and_an_empty_list_says_so(started):
    batch = answered(None)
    page = opened(batch=batch.id, sure=["100", "100"])
    assert "No picture fits" in words(page)
    page = opened(batch=batch.id, order="As in the file", page="2")
    assert page.number_input(key="page").value == 2 and b"line 42" in grid(page)
    page.selectbox(key="order").set_value("Least sure first").run()
    assert page.number_input(key="page").value == 1


def verdict(page):
    elements = [element.proto for element in page.get("bidi_component")]
    return next(json.loads(e.json) for e in elements if e.component_name == "fmnist_lab_verdict")


def test_what_is_none_of_the_classes_is_counted_captioned_and_can_be_filtered_for(started):
    batch = answered(None)
    page = opened(batch=batch.id, order="As in the file")
    assert metrics(page)["None of these"] == "20" and grid(page).count(b"None of these") >= 14
    assert "next to nothing" in verdict(page)["refusal"] and verdict(page)["probabilities"]
    page.multiselect(key="said").set_value(["None of these"]).run()
    assert "20 of 60 pictures" in words(page) and not page.exception


def test_where_the_data_are_gone_it_says_that_none_of_these_cannot_be_told(started, monkeypatch):
    def gone(*_):
        raise DataError("Expected a folder. Received none.")

    monkeypatch.setattr("fmnist_core.batch.keeping.data_for", gone)
    page = opened(batch=answered(["Bag"] * 60).id)  # answers of one content are kept in the process
    assert "cannot be told here. Expected a folder" in words(page) and "None of these" not in metrics(page)
    assert "None of these" not in page.multiselect(key="said").options


def test_what_was_left_out_is_listed_by_name(started):
    batch = batches.keep_files([("z.zip", zipped({"a/Shirt/ok.png": small_png(), "a/bad.png": b"no", "._x": b""}))])
    remember(None, lambda words, share: None, **batches.batch_task(batch, ready_made()).parameters)
    page = opened(batch=batch.id)
    frame = next(table.value for table in page.dataframe if list(table.value.columns) == ["Name", "Why"])
    assert frame["Name"].tolist() == ["a/bad.png"] and "Received 2 bytes" in frame["Why"][0]
    assert "Passed over 1 file" in words(page)


def test_another_batch_leads_back_and_earlier_ones_can_be_opened_and_deleted(started):
    batch = answered(None, "first *one*.csv")
    page = opened(batch=batch.id)
    page.button(key="batch.another").click().run()
    assert "batch" not in page.query_params and page.button(key="batch.go").disabled
    page.button(key=f"open-{batch.id}").click().run()
    assert metrics(page)["Pictures"] == "60"
    page.button(key="batch.delete").click().run()
    assert not batches.kept_batches() and not page.exception


def test_a_batch_that_is_gone_is_said_to_be(started):
    assert "made room for newer ones" in words(opened(batch="../../etc")) and not started

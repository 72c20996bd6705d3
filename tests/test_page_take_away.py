"""The page Take away in its states: no Run, nothing made, running, proven, failed, and a model brought in."""

import json
import shutil

import numpy as np
import pytest
from app_page import open_app
from test_exports_inspection import DENSE, keras_file, layer
from test_page_result import write_idx

from fmnist_core import datasets, paths, tasks
from fmnist_core.epoch_record import write_weights
from fmnist_core.exports import FORMATS, Exports, Proof, arrival, export_folder, write_exports
from fmnist_core.fingerprints import file_fingerprint
from fmnist_core.run_notes import rename
from fmnist_core.runs import KERAS_FILE, PROBABILITIES_FILE, RESULT_FILE, Run
from fmnist_core.spec import RunSpec
from pages.ui.predict import take_away
from pages.ui.predict.take_away_words import SNIPPETS, file_stem, small_number
from pages.ui.runs import watcher

PAGE = "pages/predict/take_away.py"


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)


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
    return place


@pytest.fixture
def run(own):
    """The folder of a finished Run, without a real model."""
    dataset = datasets.load("own", own)
    made = Run.create(RunSpec(title="Small *one*", dataset="own", dataset_folder=str(own)))
    rows = np.full((len(dataset.y_test), 10), 0.02, np.float32)
    rows[np.arange(len(rows)), dataset.y_test] = 0.82
    np.save(made.folder / PROBABILITIES_FILE, rows)
    result = {
        "class_names": list(dataset.class_names), "test_accuracy": 1.0, "test_loss": 0.2, "test_images": len(rows),
        "dataset": "own", "source": dataset.source, "sha256": dataset.sha256, "parameters": 99, "synthetic": False,
    }  # fmt: skip
    (made.folder / RESULT_FILE).write_text(json.dumps(result))
    (made.folder / KERAS_FILE).write_bytes(b"a model")
    for kind in ("queued", "started"):
        made.write_event(kind)
    made.write_event("completed", test_accuracy=1.0)
    return made


@pytest.fixture
def proven(run):
    """The Run with three proven files and one that failed."""
    export_folder(run).mkdir()
    proofs = {}
    for name, form in FORMATS.items():
        (export_folder(run) / form.file).write_bytes(b"x" * 2000)
        proofs[name] = Proof(True, "", f"{form.runtime} 1.2", 2000, 1000, 3e-8, 1.0, 0.925, 0.925)
    proofs["int8"] = Proof(False, "Expected at most 2% less accuracy than the Run's 92.5%. Received 80.0%.")
    write_exports(Exports(run, proofs, {}), file_fingerprint(run.folder / KERAS_FILE))
    return run


@pytest.fixture
def open_page(own):
    def go(script=PAGE, **query):
        return open_app(script, **{"data": "Your own files", "data.folder": str(own), **query})

    return go


def words(page):
    elements = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error, *page.success]
    return " ".join(element.value for element in elements)


def downloads(page):
    return {button.proto.label: not button.proto.disabled for button in page.get("download_button")}


def test_without_a_run_it_leads_to_training_and_still_takes_models(open_page):
    page = open_page()
    assert "No Run is completed yet" in words(page)
    assert "Bring it in" in [button.label for button in page.button]


def test_files_are_made_when_asked_for_and_the_texts_are_there_at_once(open_page, run, started):
    page = open_page()
    assert "loaded back in its own runtime" in words(page)
    assert [label.split()[0] for label in downloads(page)] == ["py", "md"]
    next(button for button in page.button if button.label == "Start").click().run()
    assert started == [("export", {"run": run.id})]


def test_progress_and_failure_are_told(open_page, run, monkeypatch):
    monkeypatch.setattr(tasks.Task, "status", lambda self: tasks.Status("running", 0.4, "ONNX: writing"))
    assert "Cancel" in [button.label for button in open_page().button]
    monkeypatch.setattr(tasks.Task, "status", lambda self: tasks.Status("failed", sentence="Expected a whole model."))
    page = open_page()
    assert "Expected a whole model." in page.error[0].value
    assert "Start again" in [button.label for button in page.button]


def test_what_was_proven_stands_beside_its_button_and_what_failed_is_not_offered(open_page, proven):
    page = open_page()
    assert list(downloads(page)) == [
        "Take everything (6 kB)", "keras (2 kB)", "tflite (2 kB)", "onnx (2 kB)", *list(downloads(page))[4:],
    ]  # fmt: skip
    text = words(page)
    assert "92.50% of 1,000 test images right (as the Run)" in text
    assert "no probability more than 3×10⁻⁸ off. Read by onnxruntime 1.2." in text
    assert "Not offered. Expected at most 2% less accuracy" in text


def test_a_run_without_a_keras_model_and_one_on_other_data_say_so(open_page, run):
    (run.folder / KERAS_FILE).unlink()
    assert "no model\\.keras" in words(open_page()) or "no model.keras" in words(open_page())
    result = run.result | {"sha256": "0" * 64}
    (run.folder / RESULT_FILE).write_text(json.dumps(result))
    page = open_page()
    assert "no model" in words(page) and "Expected the data that this Run was tested on" in words(page)
    assert [label.split()[0] for label in downloads(page)] == ["py"]


def test_without_its_data_proven_files_stay_and_nothing_is_offered_to_be_made(open_page, proven, own, started):
    moved = own.rename(own.with_name("elsewhere"))
    page = open_page(**{"data": "Fashion-MNIST", "data.folder": ""})
    assert not page.error
    assert [label.split()[0] for label in downloads(page)] == ["Take", "keras", "tflite", "onnx", "py"]
    assert "take.again" not in [button.key for button in page.button]
    shutil.rmtree(export_folder(proven))
    page = open_page(**{"data": "Fashion-MNIST", "data.folder": ""})
    assert "No file can be made" in page.error[0].value
    assert "Start" not in [button.label for button in page.button]
    moved.rename(own)
    page = open_page()
    assert not page.error and "Start" in [button.label for button in page.button]


@pytest.mark.parametrize("content", ["[]", "{"])
def test_where_the_result_is_damaged_proven_files_stay(open_page, proven, content):
    (proven.folder / RESULT_FILE).write_text(content)
    page = open_page()
    assert [label.split()[0] for label in downloads(page)][:4] == ["Take", "keras", "tflite", "onnx"]
    assert "classes = []" in page.code[0].value
    assert "take.again" not in [button.key for button in page.button]


def test_files_that_failed_can_be_made_again(open_page, proven, started, monkeypatch):
    page = open_page()
    page.button(key="take.again").click().run()
    assert started == [("export", {"run": proven.id})]
    monkeypatch.setattr(tasks.Task, "status", lambda self: tasks.Status("running", 0.4, "ONNX: writing"))
    page = open_page()
    assert "Cancel" in [button.label for button in page.button]
    assert [label.split()[0] for label in downloads(page)] == ["py", "md"]
    monkeypatch.setattr(tasks.Task, "status", lambda self: tasks.Status("failed", sentence="Expected room."))
    page = open_page()
    assert "Expected room." in page.error[0].value and len(downloads(page)) == 6
    proofs = dict.fromkeys(FORMATS, Proof(True, "", "x 1", 2000, 1000, 0.0, 1.0, 0.9, 0.9))
    (export_folder(proven) / FORMATS["int8"].file).write_bytes(b"x" * 2000)
    write_exports(Exports(proven, proofs, {}), file_fingerprint(proven.folder / KERAS_FILE))
    page = open_page()
    assert not page.error and "take.again" not in [button.key for button in page.button]


def test_the_card_follows_the_runs_title_and_its_files(open_page, proven):
    def card(page):
        return next(text.value for text in page.markdown if "Intended use" in text.value)

    assert "Small *one*" in card(open_page()) and "model.onnx" in card(open_page())
    rename(watcher().progress(proven).run, "Another title")  # as the page Runs does
    (export_folder(proven) / FORMATS["onnx"].file).write_bytes(b"cut")
    shown = card(open_page())
    assert "Another title" in shown and "model.onnx" not in shown
    (proven.folder / KERAS_FILE).write_bytes(b"another model")  # the proofs are none of it
    assert "model-float.tflite" not in card(open_page())


def test_script_and_card_are_written_once(open_page, run, monkeypatch):
    written = []
    for name in ("recreate_script", "model_card"):
        made = getattr(take_away, name)
        monkeypatch.setattr(take_away, name, lambda *given, made=made: written.append(made) or made(*given))
    page = open_page()
    page.run()
    assert not page.exception and len(downloads(page)) == len(written) == 2


def test_files_are_called_after_the_run(run):
    assert file_stem(run) == f"small-one-{run.id[-4:]}"


def test_a_fork_is_offered_with_the_weights_it_began_with(open_page, proven):
    spec = json.loads((proven.folder / "spec.json").read_text()) | {"start_run": "gone", "start_epoch": 3}
    (proven.folder / "spec.json").write_text(json.dumps(spec))
    assert "Expected the weights that this Run began with" in words(open_page())
    weights = [np.zeros((9, 100), np.float32)]
    (proven.folder / "start").mkdir()
    write_weights(proven.folder / "start/weights.npz", weights)
    page = open_page()
    assert "After epoch 3 of the Run that this one was forked from" in words(page)
    assert [label.split()[0] for label in downloads(page)][-3:] == ["py", "md", "npz"]
    assert "Take everything (10 kB)" in downloads(page)  # three files of 2 kB, and the weights


def test_a_lambda_is_refused_on_the_page_and_a_plain_model_is_handed_to_a_process(open_page, run, started):
    page = open_page()
    page.file_uploader(key="arrival.file").set_value(("odd.keras", keras_file(layer("Lambda")), "")).run()
    page.button(key="arrival.go").click().run()
    assert "Received a Lambda" in page.error[0].value
    assert not started
    page = open_page()
    page.file_uploader(key="arrival.file").set_value(("fine.keras", keras_file(DENSE), "")).run()
    page.button(key="arrival.go").click().run()
    ((name, parameters),) = started
    assert (name, parameters["file"], parameters["title"]) == ("arrival", "fine.keras", "fine")
    assert parameters["scaling"] == arrival.FIND_OUT


def test_a_model_that_has_arrived_leads_to_its_result(open_page, own, run, started, monkeypatch):
    receipt = arrival.Receipt(run.id, "base", "pad", True)
    content, data = keras_file(DENSE), datasets.load("own", own).sha256
    known = (arrival.digest(content), arrival.FIND_OUT, data)
    monkeypatch.setattr(
        "pages.ui.predict.take_away_arrival.read_receipt", lambda *asked: receipt if asked == known else None
    )
    page = open_page()
    page.file_uploader(key="arrival.file").set_value(("fine.keras", content, "")).run()
    page.button(key="arrival.go").click().run()
    assert "with pixels as 0 to 255. It gets 100.00%" in page.success[0].value
    assert not started and not list((paths.home() / "imports").glob("*.keras"))  # it is not written again
    write_idx(own, seed=1)
    page = open_page()
    page.file_uploader(key="arrival.file").set_value(("fine.keras", content, "")).run()
    page.button(key="arrival.go").click().run()
    assert started and not page.success  # on other data it was never scored


@pytest.mark.parametrize("script", ["understand/result", "understand/compare", "train/runs", "predict/take_away"])
def test_the_pages_of_runs_take_a_model_from_outside(open_page, run, script):
    spec = json.loads((run.folder / "spec.json").read_text()) | {"network": arrival.NETWORK, "title": "Theirs"}
    theirs = Run(shutil.copytree(run.folder, run.folder.with_name("20260101-000000-000001-theirs-abcd")))
    (theirs.folder / "spec.json").write_text(json.dumps(spec))
    given = theirs.result | {"imported": {"file": "theirs.keras", "sha256": "ab"}}
    (theirs.folder / RESULT_FILE).write_text(json.dumps(given))
    page = open_page(f"pages/{script}.py", run=theirs.id, runs=f"{theirs.id},{run.id}")
    assert not page.error
    assert "Adam" not in " ".join(str(table.value) for table in page.dataframe if script == "understand/result")
    if script == "predict/take_away":
        assert "Not offered. Expected a Run that was trained here" in words(page)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (0.0123, "0.012"), (0.001, "0.001"), (2.2e-8, "2×10⁻⁸"), (9.99e-12, "1×10⁻¹¹")]
)
def test_small_numbers_are_written_in_one_piece(value, shown):
    assert small_number(value) == shown


@pytest.mark.parametrize("name", FORMATS)
def test_the_lines_of_code_are_python(name):
    code = SNIPPETS[name].format(file=FORMATS[name].file, classes="'a', 'b'")
    compile(code, name, "exec")
    assert FORMATS[name].file in code

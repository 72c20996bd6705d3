"""The model card says what the Run's own probabilities say, with intervals, and hides nothing."""

import json

import numpy as np
import pytest
from test_page_result import write_idx

from fmnist_core import datasets
from fmnist_core.confidence import SHIPPED
from fmnist_core.errors import LabError
from fmnist_core.evaluation import wilson_interval
from fmnist_core.exports import FORMATS, Exports, Proof
from fmnist_core.exports.card import model_card
from fmnist_core.runs import PROBABILITIES_FILE, RESULT_FILE, VALIDATION_FILE, VALIDATION_INDEX_FILE, Run
from fmnist_core.spec import RunSpec


@pytest.fixture
def dataset(tmp_path):
    place = tmp_path / "own"
    place.mkdir()
    write_idx(place, seed=0)
    return datasets.load("own", place)


@pytest.fixture
def make(tmp_path, dataset):
    """make(**changes of the spec) -> a Run that takes every image of class 0 for class 1 and is right otherwise."""

    def go(imported=None, **changes):
        spec = RunSpec(title="Carded", **{"dataset": "own", "dataset_folder": str(tmp_path / "own")} | changes)
        run = Run.create(spec, tmp_path / "runs")
        answers = np.where(dataset.y_test == 0, 1, dataset.y_test)
        rows = np.full((len(answers), 10), 0.02, np.float32)
        rows[np.arange(len(answers)), answers] = 0.82
        np.save(run.folder / PROBABILITIES_FILE, rows)
        result = {
            "class_names": list(dataset.class_names), "test_images": len(answers), "parameters": 4321,
            "dataset": "own", "source": dataset.source, "sha256": dataset.sha256, "synthetic": False,
            "validation_images": 20,
        }  # fmt: skip
        if imported:
            result["imported"] = imported
        (run.folder / RESULT_FILE).write_text(json.dumps(result))
        run.write_event("completed", test_accuracy=0.9)
        return run

    return go


def keep_validation(run, dataset):
    index = np.arange(20)
    rows = np.full((20, 10), 0.02, np.float32)
    rows[index, dataset.y_train[:20]] = 0.82
    np.save(run.folder / VALIDATION_INDEX_FILE, index)
    np.save(run.folder / VALIDATION_FILE, rows)


def test_figures_and_intervals_are_those_of_the_probabilities(make, dataset):
    card = model_card(make(), dataset)
    share = float((dataset.y_test != 0).mean())
    low, high = wilson_interval(share, len(dataset.y_test))
    assert f"| Accuracy | {share:.2%} | {low:.2%} to {high:.2%} |" in card
    assert "A network of 4,321 parameters" in card
    assert dataset.sha256 in card


def test_the_weak_class_is_named_where_it_has_enough_images_and_stands_in_the_table(make, dataset):
    card = model_card(make(), dataset)
    count = int((dataset.y_test == 0).sum())
    assert f"class 0 taken for class 1 ({count})" in card
    assert f"| class 0 | 0.0% | 0.0% | 0.0% to {wilson_interval(0.0, count)[1]:.1%} |" in card


def test_calibration_is_mended_with_validation_images_or_says_that_there_are_none(make, dataset):
    run = make()
    assert "No temperature mends that: this Run kept no validation images" in model_card(run, dataset)
    keep_validation(run, dataset)
    card = model_card(run, dataset)
    assert "a temperature fitted on the validation images" in card
    assert "too modest" in card or "too sure" in card
    odd = make()
    keep_validation(odd, dataset)
    np.save(odd.folder / VALIDATION_INDEX_FILE, np.full(20, 10**6))  # of other data
    assert "No temperature mends that: none could be fitted" in model_card(odd, dataset)


def test_the_temperature_is_the_one_that_predict_shows(make, dataset):
    run = make()
    (run.folder / RESULT_FILE).write_text(json.dumps(run.result | {SHIPPED: 0.5}))
    assert "its probabilities by 0.50, a temperature" in model_card(run, dataset)


def test_what_is_known_of_fashion_mnist_is_said_of_it_alone(make, dataset):
    known = ("another seed moves the accuracy", "Some labels of the data are wrong")
    card, own = model_card(make(dataset="fashion-mnist"), dataset), model_card(make(), dataset)
    assert all(words in card and words not in own for words in known)


def test_what_makes_figures_optimistic_is_said(make, dataset):
    assert "its figures are optimistic" in model_card(make(split="test"), dataset)
    assert "its figures are optimistic" not in model_card(make(), dataset)


def test_proven_files_stand_in_the_card_and_others_do_not(make, dataset):
    run = make()
    good = Proof(True, "", "onnxruntime 1", 3, 1000, 2e-8, 1.0, 0.9, 0.9)
    proofs = dict.fromkeys(FORMATS, Proof(False, "no")) | {"onnx": good}
    exports = Exports(run, proofs, {})
    exports.path("onnx").parent.mkdir()
    exports.path("onnx").write_bytes(b"abc")
    card = model_card(run, dataset, exports)
    assert "| model.onnx | 0.00 MB | onnxruntime 1 | 90.00% of 1,000 | 2.0e-08 | 100.00% |" in card
    assert "model-int8" not in card


def test_a_model_from_outside_claims_no_training(make, dataset):
    card = model_card(make({"file": "theirs.keras", "sha256": "ab" * 32}, network="imported"), dataset)
    assert "made elsewhere" in card
    assert "`theirs.keras`" in card
    assert "On which images it was trained is not known" in card
    for claim in ("re-creates it", "Optimizer", "Trained on"):
        assert claim not in card


def test_other_data_are_refused(make, dataset, tmp_path):
    run = make()
    result = run.result | {"sha256": "0" * 64}
    (run.folder / RESULT_FILE).write_text(json.dumps(result))
    with pytest.raises(LabError, match="Expected the data that this Run was tested on"):
        model_card(run, dataset)


def test_an_incomplete_result_says_what_is_missing(make, dataset):
    run = make()
    result = {name: value for name, value in run.result.items() if name != "parameters"}
    (run.folder / RESULT_FILE).write_text(json.dumps(result))
    with pytest.raises(LabError, match="expected parameters in its result"):
        model_card(run, dataset)

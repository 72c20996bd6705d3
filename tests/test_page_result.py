"""The Result page in its states: no Run, a completed one, damaged ones, one validated on the test set."""

import gzip
import json
import os
import struct

import numpy as np
import pytest
from app_page import open_app

from fmnist_core import datasets, paths
from fmnist_core.calibration import fit_temperature
from fmnist_core.confidence import temperature_of
from fmnist_core.errors import RunError
from fmnist_core.overlay import Overlay, overlay_file
from fmnist_core.presets import PRESETS
from fmnist_core.run_result import read_result
from fmnist_core.runs import PROBABILITIES_FILE, RESULT_FILE, VALIDATION_FILE, VALIDATION_INDEX_FILE, Run
from fmnist_core.spec import RunSpec
from fmnist_core.training_data import MARKS_FILE
from pages.ui.runs import CHOOSE_BY_VALIDATION
from pages.ui.understand import result as page

PAGE = "pages/understand/result.py"
TEST_IMAGES = 200


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)


@pytest.fixture
def folder(tmp_path):
    """A data set of the user's own, small enough for a test."""
    place = tmp_path / "own"
    place.mkdir()
    write_idx(place, seed=0)
    return place


def write_idx(place, seed, copies=0):
    """Write images of noise; so many test images from the hundredth on are the first training images."""
    generator = np.random.default_rng(seed)
    for part, n in (("train", 60), ("t10k", TEST_IMAGES)):
        images = generator.integers(0, 256, (n, 28, 28), np.uint8)
        if part == "train":
            first = images[:copies]
        else:
            images[100 : 100 + copies] = first
        labels = (np.arange(n) % 10).astype(np.uint8)
        for kind, array, magic in (("images-idx3", images, 2051), ("labels-idx1", labels, 2049)):
            header = struct.pack(f">{1 + array.ndim}i", magic, *array.shape)
            (place / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(header + array.tobytes()))


def completed_run(folder, spec=None, **figures):
    """Write the folder of a Run that got every image right but the first twenty, which it calls class 1."""
    spec = (spec or RunSpec(title="Mine")).replace(dataset="own", dataset_folder=str(folder))
    dataset = datasets.load("own", folder)
    probabilities = np.full((TEST_IMAGES, 10), 0.01, np.float32)
    guesses = np.where(np.arange(TEST_IMAGES) < 20, 1, dataset.y_test)
    probabilities[np.arange(TEST_IMAGES), guesses] = 0.91
    run = Run.create(spec)
    np.save(run.folder / PROBABILITIES_FILE, probabilities)
    result = {
        "test_accuracy": 0.91, "test_loss": 0.5, "test_images": TEST_IMAGES, "dataset": "own",
        "class_names": list(dataset.class_names), "source": dataset.source, "sha256": dataset.sha256,
        "parameters": 504_342, "synthetic": False,
    }  # fmt: skip
    (run.folder / RESULT_FILE).write_text(json.dumps(result | figures))
    run.write_event("queued")
    run.write_event("started")
    logs = {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7, "learning_rate": 1e-3}
    run.write_event("epoch", epoch=1, step=10, **logs, duration_s=75.0)
    run.write_event("completed", test_accuracy=0.91, test_loss=0.5)
    return run


def opened(**query):
    return open_app(PAGE, **query)


def metric(app, label):
    return next(metric for metric in app.metric if metric.label == label)


def subheaders(app):
    return [subheader.value for subheader in app.subheader]


def pictures(app):
    return app.image


def test_without_a_completed_run_the_page_leads_to_training():
    app = opened()
    assert any("No Run is completed yet" in text.value for text in app.markdown)
    assert not app.metric and not app.error


def test_a_completed_run_shows_its_figures_with_their_intervals(folder):
    completed_run(folder)
    app = opened()
    assert metric(app, "Test accuracy").value == "91.00%"
    assert metric(app, "Test accuracy").delta == "86.2% to 94.2%"
    assert "Wilson" in metric(app, "Test accuracy").help
    assert metric(app, "Parameters").value == "504,342"
    assert metric(app, "Training time").value == "75 s"
    assert metric(app, "Test loss").delta
    assert metric(app, "Top 2").value == "91.00%"
    assert subheaders(app) == ["What it mistakes for what", "Class by class", "Look at its answers", "Look closer"]
    table = app.main.expander[0].dataframe[0].value
    assert table.loc["class 0"].tolist() == pytest.approx([1, 0.9, 18 / 19, 20])
    saved = [button.label for button in app.get("download_button")]
    assert (saved.count("HTML"), saved.count("CSV")) == (2, 3)  # the matrix, the classes; the mistakes as a table
    assert not app.error and not app.warning


def test_the_most_confident_mistakes_are_shown_and_can_be_limited_to_a_class(folder):
    completed_run(folder)
    assert len(pictures(opened())) == 16  # of 18: two of the twenty images are of class 1
    assert len(pictures(opened(**{"class": "class 3"}))) == 2
    none = opened(**{"class": "class 1"})
    assert not pictures(none)
    assert any("no such test image" in info.value for info in none.info)


def test_one_cell_of_the_matrix_and_unsure_hits_can_be_looked_at(folder):
    completed_run(folder)
    assert len(pictures(opened(**{"class": "class 3", "said": "class 1"}))) == 2
    assert not pictures(opened(**{"class": "class 3", "said": "class 2"}))
    hits = opened(answers="Right but unsure", **{"class": "class 3"})
    assert len(pictures(hits)) == 16
    assert any("1 to 16 of 18 hits" in caption.value for caption in hits.caption)


def test_all_mistakes_can_be_paged_through_and_saved_and_another_list_begins_at_its_first_page(folder):
    completed_run(folder)
    app = opened(page="2")
    assert len(pictures(app)) == 2
    assert any("17 to 18 of 18 mistakes" in caption.value for caption in app.caption)
    assert [button.label for button in app.get("download_button")].count("CSV") == 3  # the two charts, the mistakes
    app.segmented_control(key=page.SHOWN_KEY).set_value(page.HITS).run()
    assert app.number_input(key="page").value == 1 and len(pictures(app)) == 16


def test_a_click_on_the_matrix_of_digits_shows_the_images_of_its_cell(folder, monkeypatch):
    digits = tuple("0123456789")
    (folder / "classes.txt").write_text("\n".join(digits))
    completed_run(folder)
    # The theme lets Plotly make numbers of digits, and so they come back.
    state = {"confusions": {"selection": {"points": [{"x": 1, "y": 3, "point_index": 31}]}}}
    with monkeypatch.context() as patch:
        patch.setattr(page.st, "session_state", state)
        page._cell_clicked(digits)
    assert (state[page.TRUE_KEY], state[page.SAID_KEY], state[page.SHOWN_KEY]) == ("3", "1", page.MISTAKES)
    app = opened(**{page.TRUE_KEY: "3", page.SAID_KEY: "1"})
    assert len(pictures(app)) == 2


def test_confidence_is_held_against_the_truth_and_mended_by_a_temperature(folder):
    run = completed_run(folder)
    dataset = datasets.load("own", folder)
    index = np.arange(60)
    probabilities = np.full((60, 10), 0.01, np.float32)
    probabilities[index, np.where(index < 30, 0, dataset.y_train)] = 0.91  # sure of much that is wrong
    np.save(run.folder / VALIDATION_FILE, probabilities)
    np.save(run.folder / VALIDATION_INDEX_FILE, index)
    app = opened(closer="Is its confidence right?")
    assert any("softens the probabilities" in text.value for text in app.markdown)
    assert not app.error


def test_the_temperature_of_a_run_with_label_decisions_is_fitted_to_what_it_learned(folder):
    dataset = datasets.load("own", folder)
    run = completed_run(folder, RunSpec(title="Decided", label_marks=True))
    index = np.arange(60)
    decided = dataset.y_train.copy()
    overlay = Overlay.read(dataset.sha256)
    for image in range(0, 20):
        decided[image] = (decided[image] + 1) % 10
        overlay = overlay.mark("train", image, "relabel", int(decided[image]))
    (run.folder / MARKS_FILE).write_bytes(overlay_file(dataset.sha256).read_bytes())
    overlay.mark("train", 30, "relabel", int(decided[30] + 1) % 10)  # after the Run
    probabilities = np.full((60, 10), 0.01, np.float32)
    probabilities[index, np.where(index < 6, (decided + 1) % 10, decided)] = 0.91
    np.save(run.folder / VALIDATION_FILE, probabilities)
    np.save(run.folder / VALIDATION_INDEX_FILE, index)
    assert temperature_of(run).value == pytest.approx(fit_temperature(decided, probabilities))
    assert fit_temperature(decided, probabilities) < fit_temperature(dataset.y_train, probabilities)
    (run.folder / MARKS_FILE).write_text("no decision\n")
    os.utime(run.folder / VALIDATION_FILE, ns=(1, 1))
    assert "damaged line 1" in temperature_of(run).reason


def test_a_run_without_validation_images_has_no_temperature_and_says_why(folder):
    completed_run(folder)
    app = opened(closer="Is its confidence right?")
    assert any("No temperature" in caption.value for caption in app.caption)


@pytest.mark.parametrize("view", ["Precision and recall", "ROC"])
def test_each_class_has_a_curve_and_an_area(folder, view):
    completed_run(folder)
    app = opened(closer=view)
    (areas,) = (frame.value for frame in app.main.dataframe if "Area" in frame.value)
    assert len(areas) == 10 and areas["Area"].between(0.5, 1).all()
    assert any("Hardest: " in text.value for text in app.markdown)


def test_the_matrix_can_be_read_in_percent_by_the_address(folder):
    completed_run(folder)
    texts = [
        [
            note["text"]
            for note in json.loads(opened(**query).get("plotly_chart")[0].proto.spec)["layout"]["annotations"]
        ]
        for query in ({}, {"cells": "Percent of class"})
    ]
    assert texts[0][:2] == ["18", "2"]
    assert texts[1][:2] == ["90", "10"]


def test_a_preset_stands_beside_what_its_system_reported(folder):
    completed_run(folder, PRESETS["A-lenet5"].replace(epochs=2))
    app = opened()
    assert any("Reference system A" in text.value and "89.82%" in text.value for text in app.markdown)
    caveats = next(caption.value for caption in app.caption if "Not like for like" in caption.value)
    assert "epochs" in caveats and "validation images" in caveats


def test_a_run_that_validated_on_the_test_set_is_called_optimistic(folder):
    completed_run(folder, RunSpec(split="test"))
    assert any("validated on the test set" in text.value and "optimistic" in text.value for text in opened().warning)


def test_runs_are_offered_by_validation_accuracy_and_choosing_by_the_test_score_is_called_out(folder):
    completed_run(folder)
    completed_run(folder, RunSpec(title="Spoilt", split="test"))
    app = opened()
    spoilt, honest = app.selectbox(key="run.choice").options
    assert honest.endswith(" · validation 70.0%") and spoilt.endswith(" · test 91.0%")
    assert any(caption.value == CHOOSE_BY_VALIDATION for caption in app.caption)


def test_a_run_on_a_stand_in_says_so(folder):
    completed_run(folder, synthetic=True)
    assert any("stand-in" in text.value for text in opened().warning)


DAMAGES = {
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:200]),
    "empty": lambda file: file.write_bytes(b""),
    "absent": lambda file: file.unlink(),
    "of another shape": lambda file: np.save(file, np.full((7, 10), 0.1, np.float32)),
    "not probabilities": lambda file: np.save(file, np.full((TEST_IMAGES, 10), np.nan, np.float32)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_probabilities_cost_the_matrix_but_not_the_page(folder, damage):
    run = completed_run(folder)
    DAMAGES[damage](run.folder / PROBABILITIES_FILE)
    app = opened()
    assert len(app.error) == 1 and "xpected" in app.error[0].value and "Received" in app.error[0].value
    assert metric(app, "Test accuracy").value == "91.00%"
    assert not subheaders(app)
    assert [expander.label for expander in app.main.expander] == ["Hyperparameters", "Files"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"test_accuracy": 0.9}', "absent"])
def test_a_damaged_result_is_told_and_the_hyperparameters_stay(folder, text):
    run = completed_run(folder)
    (run.folder / RESULT_FILE).unlink() if text == "absent" else (run.folder / RESULT_FILE).write_text(text)
    app = opened()
    assert len(app.error) == 1 and "result.json" in app.error[0].value.replace("\\", "")
    assert not app.metric
    assert app.main.expander[0].label == "Hyperparameters"


@pytest.mark.parametrize("name, value", [
    ("test_accuracy", "high"), ("test_accuracy", 1.5), ("test_loss", None), ("test_loss", float("nan")),
    ("test_images", 0), ("class_names", None), ("class_names", [1, 2]), ("sha256", 7), ("source", None),
    ("parameters", None), ("synthetic", None),
])  # fmt: skip
def test_a_figure_of_another_kind_is_refused_by_name(folder, name, value):
    run = completed_run(folder, **{name: value})
    with pytest.raises(RunError, match=f"expected .* as {name} in result.json. Received"):
        read_result(run)


def test_a_result_with_a_figure_of_another_kind_costs_the_figures_but_not_the_page(folder):
    completed_run(folder, test_loss=None)
    app = opened()
    assert "test\\_loss" in app.error[0].value and not app.metric
    assert app.main.expander[0].label == "Hyperparameters"


def test_other_data_than_the_run_was_tested_on_are_refused_not_scored(folder):
    completed_run(folder)
    write_idx(folder, seed=1)
    app = opened()
    assert "Expected the data that this Run was tested on" in app.error[0].value
    assert metric(app, "Test accuracy").value == "91.00%"
    assert not pictures(app)


def test_data_that_are_gone_are_told(folder):
    completed_run(folder)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    app = opened()
    assert len(app.error) == 1
    assert metric(app, "Test accuracy").value == "91.00%"


def test_rewritten_probabilities_are_read_again(folder):
    run = completed_run(folder)
    assert len(pictures(opened())) == 16
    np.save(run.folder / PROBABILITIES_FILE, np.eye(10, dtype=np.float32)[np.arange(TEST_IMAGES) % 10])
    assert not pictures(opened())


def test_the_address_names_the_run(folder):
    first = completed_run(folder, RunSpec(title="The first"))
    completed_run(folder, RunSpec(title="The second"), parameters=7)
    assert metric(opened(), "Parameters").value == "7"
    assert metric(opened(run=first.id), "Parameters").value == "504,342"


def test_the_score_without_doubtful_images_waits_for_the_neighbours_and_is_then_shown(folder):
    from fmnist_core import neighbours

    write_idx(folder, seed=0, copies=10)
    completed_run(folder)
    neighbours.neighbours(datasets.load("own", folder), 1)
    app = opened(closer="Without doubtful images")
    (scores,) = (frame.value for frame in app.main.dataframe if "interval" in frame.value)
    assert scores.loc["All test images", "accuracy"] == pytest.approx(0.91)
    assert scores.loc["Without near-copies of training images", "accuracy"] == pytest.approx(172 / 190)
    assert any("flatter the score by 0.47 points (10 of 200 images)" in text.value for text in app.markdown)


def test_a_backbone_that_was_not_pretrained_is_marked_where_the_run_is_chosen(folder):
    completed_run(folder, RunSpec(
        title="Mine", network="transfer", backbone="mobilenet", weights="random", image_size_px=32,
    ))  # fmt: skip
    assert opened().selectbox[0].options[0].startswith("Mine (not pretrained)")

"""The Label suspects page as a loop: judged by a cross-validation, decided, trained again with and without."""

import json
import subprocess
import sys

import numpy as np
import pytest
from app_page import open_app
from explore_page import grids, text_of
from test_neighbours import part
from test_page_labels import bars, decided, names_of, press

from fmnist_core import datasets, estimates, jobs, label_issues, neighbours, paths, tasks
from fmnist_core.crossval import CrossValidation, find_group, groups, launch
from fmnist_core.label_trial import Trial, find_trial, trials
from fmnist_core.label_trial import launch as launch_trial
from fmnist_core.overlay import Overlay
from fmnist_core.presets import PRESETS
from fmnist_core.processes import Claim
from fmnist_core.runs import PROBABILITIES_FILE, RESULT_FILE, VALIDATION_FILE, VALIDATION_INDEX_FILE, list_runs
from pages.ui.labels import queue

BASE = PRESETS["first-steps"]
WRONG = 5  # the one whose label is planted


@pytest.fixture(autouse=True)
def workspace(results_stay, tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))
    monkeypatch.setattr(estimates, "PROBE_COMMAND", ("true",))
    monkeypatch.chdir(paths.PROJECT)


@pytest.fixture
def dataset(monkeypatch):
    """A small part of the real data, with one label moved on by one class."""
    real = part(400, 100, "loop")
    labels = real.y_train.copy()
    labels[WRONG] = (labels[WRONG] + 1) % 10
    made = datasets.Dataset(
        "fashion-mnist", real.x_train, labels, real.x_test, real.y_test, real.class_names, "a part", "d" * 64
    )
    monkeypatch.setattr(datasets, "load", lambda *_, **__: made)
    neighbours.neighbours(made)
    return made


def cross_validate(dataset, folds=2) -> str:
    """A completed cross-validation whose networks know the true class of each image, and are sure of it."""
    true = part(400, 100).y_train
    probabilities = np.full((400, 10), 0.02, np.float32)
    probabilities[np.arange(400), true] = 0.82
    name = launch(CrossValidation(BASE, folds=folds))
    for run in find_group(name, list_runs()).runs:
        index = np.arange(400)[run.spec.fold.number - 1 :: folds]
        np.save(run.folder / VALIDATION_INDEX_FILE, index)
        np.save(run.folder / VALIDATION_FILE, probabilities[index])
        (run.folder / RESULT_FILE).write_text(json.dumps({"sha256": dataset.sha256}))
        run.write_event("completed")
    return name


def open_page(**query):
    """Run the page within the app: it links to others."""
    return open_app("pages/explore/labels.py", **query)


def labels(page):
    return [button.label for button in page.button]


def complete(run, dataset, right: int) -> None:
    answers = np.where(np.arange(100) < right, dataset.y_test, (dataset.y_test + 1) % 10)
    np.save(run.folder / PROBABILITIES_FILE, np.eye(10, dtype=np.float32)[answers])
    (run.folder / RESULT_FILE).write_text(json.dumps({"sha256": dataset.sha256}))
    run.write_event("completed")


def test_without_a_cross_validation_one_is_offered_and_one_click_starts_it(dataset):
    page = open_page(by="Cross-validation")
    assert "Networks that never saw the image" in text_of(page)
    page.button(key="labels.crossval").click().run()
    assert not page.exception
    (group,) = groups(list_runs())
    assert (group.cross.folds, group.cross.base.preset) == (5, "first-steps")
    assert "First steps on Fashion-MNIST, 5 folds" in text_of(page)
    (progress,) = page.get("progress")
    assert progress.proto.text == "0 of 5 folds done"


def test_a_finished_cross_validation_judges_in_a_process_of_its_own(dataset, monkeypatch):
    started = []
    monkeypatch.setattr(tasks.Task, "_spawn", lambda self: started.append((self.name, self.parameters)))
    name = cross_validate(dataset)
    page = open_page(by="Cross-validation")
    assert started == [("label_issues", {"group": name})]
    assert not grids(page)


def test_the_planted_label_comes_first_with_the_probabilities_of_its_classes(dataset):
    name = cross_validate(dataset)
    label_issues.remember(dataset, lambda *_: None, group=name)
    page = open_page(by="Cross-validation")
    assert names_of(page) == [f"train-{WRONG}"]
    rows = {row["role"]: row for row in bars(page)["rows"] if row["role"]}
    assert rows["given"]["share"] == pytest.approx(0.02)
    assert rows["proposed"]["share"] == pytest.approx(0.82)
    assert "**1** of 400" in text_of(page)
    press(page, "L")
    assert decided(dataset) == {f"train-{WRONG}": ("relabel", int(part(400, 100).y_train[WRONG]))}
    assert "All decided" in page.info[0].value
    press(page, "U")
    assert decided(dataset) == {}
    assert names_of(page) == [f"train-{WRONG}"]


def test_all_pairs_of_classes_are_saved_though_the_first_are_shown(dataset, monkeypatch):
    saved = {}
    monkeypatch.setattr(queue, "table_download", lambda frame, name, **_: saved.update({name: frame}))
    monkeypatch.setattr(queue, "_PAIRS", 0)
    label_issues.remember(dataset, lambda *_: None, group=cross_validate(dataset))
    open_page(by="Cross-validation")
    assert len(saved["label-pairs"]) == 1


def test_test_images_are_not_judged_by_a_cross_validation_and_it_says_so(dataset):
    label_issues.remember(dataset, lambda *_: None, group=cross_validate(dataset))
    page = open_page(by="Cross-validation", split="Test", image="test-3")
    assert "judges training images only" in page.info[0].value
    assert all(row["share"] is None for row in bars(page)["rows"])


def test_a_cross_validation_with_carried_weights_is_no_judge(dataset):
    launch(CrossValidation(BASE, folds=2, leaking=True))
    assert "Start 5 Runs" in labels(open_page(by="Cross-validation"))


def test_an_unfinished_cross_validation_says_how_far_it_is(dataset):
    name = launch(CrossValidation(BASE, folds=2))
    first, second = find_group(name, list_runs()).runs
    first.write_event("failed", message="The loss stopped being a number.")
    second.write_event("stopped")
    page = open_page(by="Cross-validation")
    assert "Not all of its folds are completed" in page.warning[0].value


def test_a_cross_validation_that_is_not_there_says_so_and_the_newest_judges(dataset):
    label_issues.remember(dataset, lambda *_: None, group=cross_validate(dataset))
    page = open_page(by="Cross-validation", cv="crossval-x-20250101-000000-abcd")
    assert "Expected a cross-validation on these data" in page.warning[0].value
    assert names_of(page) == [f"train-{WRONG}"]


# ---- retrain ---------------------------------------------------------------------------------------------------------


def test_without_a_decision_there_is_nothing_to_train(dataset):
    Overlay.read(dataset.sha256).mark("train", 3, "keep")
    page = open_page(step="Retrain")
    assert "Nothing to compare yet" in page.info[0].value
    assert not page.button


def test_one_click_trains_each_seed_with_and_without(dataset):
    Overlay.read(dataset.sha256).mark("train", WRONG, "drop")
    page = open_page(step="Retrain")
    assert "relabel **0** and drop **1** of 400" in text_of(page)
    page.number_input(key="labels.seeds").set_value(3).run()
    page.number_input(key="labels.epochs.first-steps").set_value(2).run()
    page.button(key="labels.start").click().run()
    assert not page.exception
    (trial,) = trials(list_runs())
    assert [(run.spec.seed, run.spec.label_marks, run.spec.epochs) for run in trial.runs] == [
        (seed, marked, 2) for seed in (0, 1, 2) for marked in (False, True)
    ]
    assert page.subheader[0].value == "No pair is done yet."
    assert "**6 Runs:** 5 queued, 1 running" in text_of(page)
    page.button(key="labels.Stop all").click().run()
    assert [str(run.state) for run in trial.runs[1:]] == ["stopped"] * 5


def test_the_difference_comes_with_its_interval_and_is_called_noise_where_it_is(dataset):
    overlay = Overlay.read(dataset.sha256).mark("train", WRONG, "drop")
    page = open_page(step="Retrain")
    page.number_input(key="labels.seeds").set_value(2).run()
    page.button(key="labels.start").click().run()
    (trial,) = trials(list_runs())
    for run, right in zip(trial.runs, (80, 81, 80, 84), strict=True):
        complete(run, dataset, right)
    page = open_page(step="Retrain")
    assert page.subheader[0].value == "+2.50 points with the decisions, −16.56 to +21.56: within noise"
    assert "**Within noise:**" in text_of(page)
    assert "The test labels are not cleaned" in text_of(page)
    table = page.dataframe[0].value
    assert table["Difference"].tolist() == ["+1.00", "+4.00"]
    assert table["p"].tolist() == ["1.000", "0.125"]
    assert "changed since" not in text_of(page)
    overlay.mark("train", 9, "drop")
    assert "changed since" in text_of(open_page(step="Retrain"))


def test_a_trial_is_told_by_what_it_was_tested_on_and_not_by_the_folder(dataset):
    Overlay.read(dataset.sha256).mark("train", WRONG, "drop")
    moved, other = (launch_trial(Trial(BASE.replace(dataset_folder=folder), 2)) for folder in ("/elsewhere", ""))
    for name, sha256 in ((moved, dataset.sha256), (other, "0" * 64)):
        for run in find_trial(name, list_runs()).runs:
            complete(run, dataset, 80)
            (run.folder / RESULT_FILE).write_text(json.dumps({"sha256": sha256}))
    page = open_page(step="Retrain")
    assert page.query_params["trial"] in (moved, [moved])
    assert not page.error


def test_a_damaged_run_of_a_trial_is_told(dataset):
    Overlay.read(dataset.sha256).mark("train", WRONG, "drop")
    page = open_page(step="Retrain")
    page.button(key="labels.start").click().run()
    (trial,) = trials(list_runs())
    for run in trial.runs:
        complete(run, dataset, 80)
    (trial.runs[0].folder / PROBABILITIES_FILE).write_bytes(b"nonsense")
    page = open_page(step="Retrain")
    assert "probabilities.npy of a completed Run" in page.error[0].value
    assert not page.exception


def test_the_page_loads_neither_tensorflow_nor_cleanlab():
    code = (
        "import sys; from pages.ui.labels import judge, queue, review, retrain;"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'tensorflow', 'keras', 'cleanlab', 'sklearn'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=paths.PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""The page Cross-validate in its states: nothing yet, running, failed, done, the lesson, and a link."""

import json

import numpy as np
import pytest
from app_page import open_app

from fmnist_core import datasets, estimates, jobs, machine, paths
from fmnist_core.crossval import CrossValidation, find_group, launch
from fmnist_core.crossval_schemes import SCHEMES
from fmnist_core.presets import PRESETS
from fmnist_core.processes import Claim
from fmnist_core.runs import RESULT_FILE, VALIDATION_FILE, VALIDATION_INDEX_FILE, Run, RunState, list_runs
from fmnist_core.settings import Settings

LOGS = {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "learning_rate": 1e-3, "duration_s": 9.0}
BASE = PRESETS["first-steps"]


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """Fresh Runs for each test, the session's data cache, and neither worker nor probe processes."""
    cache = paths.cache()
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    (tmp_path / "cache").symlink_to(cache)
    monkeypatch.chdir(paths.PROJECT)
    monkeypatch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))
    monkeypatch.setattr(estimates, "PROBE_COMMAND", ("true",))


def open_page(**query):
    return open_app("pages/train/crossval.py", **query)


def words(page):
    elements = [*page.markdown, *page.caption, *page.subheader, *page.info, *page.warning, *page.error]
    return " ".join(element.value for element in elements)


def labels(page):
    return [button.label for button in page.button]


def complete(run: Run, accuracy: float, sha256: str = "0" * 64) -> None:
    run.write_event("started")
    run.write_event("epoch", epoch=1, **LOGS, val_accuracy=accuracy)
    fold = run.spec.fold
    np.save(run.folder / VALIDATION_INDEX_FILE, np.arange(fold.number - 1, 20, fold.count))
    np.save(run.folder / VALIDATION_FILE, np.full((len(range(fold.number - 1, 20, fold.count)), 10), 0.1, np.float32))
    result = {
        "validation_accuracy": accuracy, "test_accuracy": accuracy - 0.01, "validation_loss": 0.3, "test_loss": 0.4,
        "test_images": 10_000, "sha256": sha256,
    }  # fmt: skip
    (run.folder / RESULT_FILE).write_text(json.dumps(result))
    run.write_event("completed", test_accuracy=accuracy, test_loss=0.5)


def complete_all(name: str, start: float = 0.90, step: float = 0.01) -> None:
    for place, run in enumerate(find_group(name, list_runs()).runs):
        complete(run, start + step * place)


def test_at_first_there_is_a_choice_and_one_button():
    page = open_page()
    assert page.title[0].value == "Cross-validate"
    assert "Start 5 Runs" in labels(page)
    assert page.selectbox(key="crossval.what").value == "first-steps"
    page.selectbox(key="crossval.what").set_value("A").run()
    assert "Start 10 Runs" in labels(page)
    assert "carried the weights from fold to fold" in words(page)
    assert page.toggle(key="crossval.A.leaking").value is True


def test_folds_are_started_as_they_were_set():
    page = open_page()
    page.number_input(key="crossval.folds.first-steps").set_value(3)
    page.selectbox(key="crossval.first-steps.kind").set_value("kfold")
    page.number_input(key="crossval.first-steps.repeats").set_value(2)
    page.number_input(key="crossval.first-steps.epochs").set_value(1)
    page.selectbox(key="crossval.first-steps.images").set_value(3000)
    page.number_input(key="crossval.first-steps.seed").set_value(9).run()
    page.button(key="crossval.start").click().run()
    assert not page.exception
    specs = sorted((run.spec for run in list_runs()), key=lambda spec: spec.fold.place)
    assert [(s.fold.words, s.seed, s.epochs, s.train_limit, s.fold.kind) for s in specs] == [
        (f"repeat {r}, fold {f} of 3", 9 + 3 * (r - 1) + f - 1, 1, 3000, "kfold") for r in (1, 2) for f in (1, 2, 3)
    ]
    assert page.query_params["group"] in (specs[0].group, [specs[0].group])
    assert "2 times 3 folds" in words(page)
    assert "No fold is done yet." in words(page)


def test_settings_that_cannot_be_are_refused_at_the_form():
    page = open_page()
    page.selectbox(key="crossval.what").set_value("A").run()
    page.number_input(key="crossval.A.repeats").set_value(2).run()
    assert "Expected one repeat where weights are carried" in page.error[0].value
    assert page.button(key="crossval.start").disabled
    page.toggle(key="crossval.A.leaking").set_value(False).run()
    assert not page.error
    assert "Start 20 Runs" in labels(page)


def test_folds_that_the_classes_do_not_bear_are_refused_at_the_form(tmp_path):
    from test_page_result import write_idx

    place = tmp_path / "own"
    place.mkdir()
    write_idx(place, seed=0)
    page = open_page(**{"data": "Your own files", "data.folder": str(place)})
    page.number_input(key="crossval.folds.first-steps").set_value(50).run()
    assert "as many folds as the smallest class has images" in page.error[0].value
    assert page.button(key="crossval.start").disabled


def test_running_folds_can_be_stopped_and_resumed_together():
    name = launch(CrossValidation(BASE, folds=3))
    page = open_page(group=name)
    assert "**3 folds:** 2 queued, 1 running" in words(page)
    page.button(key="crossval.Stop all").click().run()
    first, second, third = find_group(name, list_runs()).runs
    assert (second.state, third.state) == (RunState.STOPPED, RunState.STOPPED)
    assert (first.folder / "stop").exists()
    complete(first, 0.9)
    page = open_page(group=name)
    assert "90.00%, 1 of 3 folds" in words(page)
    page.button(key="crossval.Resume").click().run()
    assert second.state == RunState.RUNNING


def test_a_failed_fold_says_why():
    name = launch(CrossValidation(BASE, folds=2))
    first, second = find_group(name, list_runs()).runs
    complete(first, 0.9)
    second.write_event("started")
    second.write_event("failed", message="The loss stopped being a number.")
    page = open_page()
    assert "Fold 2 of 2: The loss stopped being a number." in page.error[0].value


def test_done_folds_are_summed_up_in_words_a_table_and_numbers():
    complete_all(launch(CrossValidation(BASE, folds=3)))
    page = open_page()
    assert page.subheader[0].value == "Validation accuracy 91.00% ± 1.00%"
    assert "by corrected t" in words(page)
    table = page.dataframe[0].value
    assert table["Validation"].tolist() == ["90.00%", "91.00%", "92.00%"]
    assert table["Test"].tolist() == ["89.00%", "90.00%", "91.00%"]
    assert table["Fold"].tolist() == ["Fold 1 of 3 · worst", "Fold 2 of 3", "Fold 3 of 3 · best"]
    assert "Reported" not in table
    assert page.dataframe[1].value["Mean"].tolist() == ["91.00%", "90.00%", "0.3000", "0.4000"]
    assert "Stop all" not in labels(page)
    page.session_state["crossval.probabilities"] = True
    page.run()
    assert not page.exception
    assert "Whether their confidence is right cannot be told." in words(page)  # their hash is that of no data


def test_the_networks_confidence_stands_beside_the_probabilities():
    sha256 = datasets.load(BASE.dataset).sha256
    name = launch(CrossValidation(BASE, folds=2))
    for run in find_group(name, list_runs()).runs:
        complete(run, 0.9, sha256)
    page = open_page()
    page.session_state["crossval.probabilities"] = True
    page.run()
    assert not page.exception
    assert "the expected calibration error is" in words(page) and "A temperature of" in words(page)


def test_reported_figures_stand_beside_a_scheme_that_was_run_as_reported():
    cross = SCHEMES["B"].cross
    complete_all(launch(cross))
    page = open_page()
    assert page.dataframe[0].value["Reported"].tolist() == ["87.63%", "87.95%", "88.69%", "88.26%", "88.87%"]
    quick = launch(CrossValidation(cross.base.replace(epochs=1), cross.kind, 5))
    complete_all(quick)
    assert "Reported" not in open_page(group=quick).dataframe[0].value


def test_the_lesson_offers_the_run_that_is_missing_and_then_shows_the_leak():
    name = launch(CrossValidation(BASE, folds=3))
    complete_all(name)
    page = open_page()
    page.button(key="crossval.twin").click().run()
    assert not page.exception
    carried = page.query_params["group"]
    carried = carried[0] if isinstance(carried, list) else carried
    assert find_group(carried, list_runs()).cross.leaking
    assert "A lesson, not a measurement" in page.warning[0].value
    complete_all(carried, start=0.97)
    page = open_page(group=carried)
    assert "98.50% with carried weights, 91.50% with a new network" in words(page)
    assert "interval would mean nothing" in words(page)
    page = open_page(group=name)
    assert "7.00 points" in words(page)


def test_a_run_may_be_cross_validated_with_its_own_settings():
    run = jobs.submit(BASE.replace(title="My own", learning_rate=0.01))
    page = open_page(**{"from": run.id})
    assert page.selectbox(key="crossval.what").value == "run"
    page.button(key="crossval.start").click().run()
    assert not page.exception
    folds = [one.spec for one in list_runs() if one.spec.fold]
    assert {spec.learning_rate for spec in folds} == {0.01}
    assert "from" not in page.query_params


@pytest.mark.parametrize(("data", "kept"), [("fashion-mnist", False), ("mnist", True)])
def test_folds_begin_afresh_where_the_weights_of_a_run_knew_their_images(data, kept):
    earlier = jobs.submit(BASE.replace(dataset=data))
    run = jobs.submit(BASE.replace(start_run=earlier.id, frozen_blocks=1))
    page = open_page(**{"from": run.id})
    assert ("Each fold begins afresh." in words(page)) is not kept
    page.button(key="crossval.start").click().run()
    assert not page.exception
    folds = [one.spec for one in list_runs() if one.spec.fold]
    assert {(spec.start_run, spec.frozen_blocks) for spec in folds} == {(earlier.id, 1) if kept else ("", 0)}


def test_folds_of_an_older_workspace_that_knew_their_images_say_so():
    earlier = jobs.submit(BASE.replace(dataset="mnist", title="Digits"))
    name = launch(CrossValidation(BASE.replace(start_run=earlier.id), folds=2))
    complete_all(name)
    (earlier.folder / RESULT_FILE).write_text(json.dumps({"sha256": "0" * 64}))
    assert "weights of Digits, which learned the same data" in words(open_page(group=name))


def test_a_cross_validation_that_is_not_there_says_so():
    assert "which is not there" in words(open_page(group="crossval-x-20250101-000000-abcd"))


def test_more_runs_at_once_than_the_memory_bears_are_refused_with_the_reason(monkeypatch):
    monkeypatch.setattr(machine, "free_bytes", lambda: 5_000_000_000)
    page = open_page()
    page.number_input(key="crossval.parallel").set_value(2).run()
    assert Settings.read(paths.runs()).parallel_runs == 2
    page.number_input(key="crossval.parallel").set_value(30).run()
    assert "Expected at most 2 Runs at once" in page.error[0].value
    assert Settings.read(paths.runs()).parallel_runs == 2
    monkeypatch.setattr(machine, "free_bytes", lambda: 3_000_000_000)
    page.run()  # the number that is saved is too many now
    assert "Expected at most 1 Run at once" in page.error[0].value
    assert page.button(key="crossval.start").disabled
    page.number_input(key="crossval.parallel").set_value(1).run()
    assert not page.error and not page.button(key="crossval.start").disabled

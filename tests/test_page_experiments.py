"""The page Experiments in its states: nothing launched, running, failed, done, and a link to a launch."""

import json

import numpy as np
import pytest
from app_page import open_app
from explore_page import components

from fmnist_core import datasets, estimates, jobs, paths
from fmnist_core.experiments import launch
from fmnist_core.processes import Claim
from fmnist_core.runs import PROBABILITIES_FILE, RESULT_FILE, RunState, list_runs

LOGS = {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "learning_rate": 1e-3, "duration_s": 9.0}


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """Fresh Runs for each test, and neither worker nor probe processes."""
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    monkeypatch.chdir(paths.PROJECT)
    monkeypatch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))
    monkeypatch.setattr(estimates, "PROBE_COMMAND", ("true",))


def open_page(**query):
    return open_app("pages/train/experiments.py", **query)


def words(page):
    elements = [*page.markdown, *page.caption, *page.subheader, *page.info, *page.warning, *page.error]
    return " ".join(element.value for element in elements)


def labels(page):
    return [button.label for button in page.button]


def complete(run, accuracy, **figures):
    run.write_event("started")
    run.write_event("epoch", epoch=1, **LOGS, val_accuracy=accuracy)
    (run.folder / RESULT_FILE).write_text(json.dumps({"test_accuracy": accuracy, "test_images": 10_000} | figures))
    run.write_event("completed", test_accuracy=accuracy, test_loss=0.5)


def test_nothing_launched_yet_shows_the_question_what_was_reported_and_one_button():
    page = open_page()
    assert page.subheader[0].value == "Do more or larger filters in the second convolution help?"
    assert list(page.table[0].value["Reported"]) == ["99.20%", "98.88%", "99.09%", "99.22%"]
    assert "Start 4 Runs" in labels(page)
    assert "choose MNIST under Data" in words(page)
    assert "A quick look" not in words(page)


def test_a_quick_look_says_that_it_is_one_and_starts_all_runs():
    page = open_page()
    page.number_input(key="experiments.epochs.filter-grid").set_value(1)
    page.selectbox(key="experiments.images.filter-grid").set_value(10_000).run()
    assert "A quick look" in words(page)
    page.button(key="experiments.start").click().run()
    assert not page.exception
    specs = [run.spec for run in list_runs()]
    assert [(spec.epochs, spec.train_limit) for spec in specs] == [(1, 10_000)] * 4
    assert page.query_params["group"] in (specs[0].group, [specs[0].group])
    assert "4 Runs:" in words(page)


def test_running_runs_can_be_stopped_together():
    group = launch("dropout", "fashion-mnist")
    page = open_page(group=group)
    assert "**2 Runs:** 1 queued, 1 running" in words(page)
    assert "No epoch is finished yet." in words(page)
    page.button(key="experiments.Stop all").click().run()
    first, second = sorted(list_runs(), key=lambda run: run.id)
    assert second.state == RunState.STOPPED
    assert (first.folder / "stop").exists()


def test_a_failed_run_says_why_and_can_resume():
    launch("dropout", "fashion-mnist")
    first, second = sorted(list_runs(), key=lambda run: run.id)
    complete(second, 0.9)
    first.write_event("started")
    first.write_event("failed", message="The loss stopped being a number.")
    page = open_page(experiment="Dropout (E)")
    assert "The loss stopped being a number." in page.error[0].value
    assert "1 completed, 1 failed" in words(page)
    page.button(key="experiments.Resume").click().run()
    assert first.state == RunState.RUNNING


def test_done_runs_are_compared_in_words_and_in_a_table():
    launch("dropout", "mnist")
    for run, accuracy in zip(sorted(list_runs(), key=lambda run: run.id), (0.99, 0.98), strict=True):
        complete(run, accuracy)
    page = open_page(experiment="Dropout (E)")
    assert "With dropout, 99.00%. Last\\: Without dropout, 98.00%" in words(page)
    table = page.dataframe[0].value
    assert list(table["Run"]) == ["With dropout", "Without dropout"]
    assert list(table["Reported"]) == ["99.33%", "98.84%"]
    assert table["95 % interval"][0] == "98.79% to 99.18%"
    assert "Stop all" not in labels(page)


def test_done_runs_are_told_apart_image_by_image():
    launch("dropout", "mnist")
    dataset = datasets.load("mnist")
    count = len(dataset.y_test)
    for wrong, run in zip((10, 40), sorted(list_runs(), key=lambda run: run.id), strict=True):
        said = np.where(np.arange(count) < wrong, (dataset.y_test + 1) % 10, dataset.y_test)
        np.save(run.folder / PROBABILITIES_FILE, np.eye(10, dtype=np.float32)[said])
        complete(
            run, 1 - wrong / count, test_loss=0.1, test_images=count, class_names=list(dataset.class_names),
            sha256=dataset.sha256, source=dataset.source, parameters=1, synthetic=dataset.synthetic,
        )  # fmt: skip
    told = words(open_page(experiment="Dropout (E)"))
    assert "With dropout alone has 30 right, Without dropout alone 0." in told
    assert "settle that With dropout is the better of these two networks" in told


def test_the_chart_has_the_curves_of_each_run_in_colours_of_their_own():
    launch("dropout", "mnist")
    complete(min(list_runs(), key=lambda run: run.id), 0.99)
    (chart,) = components(open_page(experiment="Dropout (E)"), "fmnist_lab_live_chart")
    assert [panel["title"] for panel in chart["panels"]] == ["Validation accuracy", "Training accuracy"]
    for panel, style, value in zip(chart["panels"], ("dashed", "line"), (0.99, 0.8), strict=True):
        series = panel["series"]
        assert [(one["label"], one["count"], one["style"]) for one in series] == [
            ("With dropout", 1, style), ("Without dropout", 0, style),
        ]  # fmt: skip
        assert len({one["colour"] for one in series}) == 2
        assert np.float32(value).tobytes() in chart["pixels"]
    assert chart["alt"] == "Best validation accuracy so far. With dropout: 99.00%."


def test_figures_on_other_data_are_not_set_beside_the_reported_ones():
    launch("dropout", "fashion-mnist")
    for run in list_runs():
        complete(run, 0.9)
    assert open_page(experiment="Dropout (E)").dataframe[0].value["Reported"].isna().all()


def test_a_link_to_a_launch_opens_its_experiment_and_an_earlier_launch_can_be_chosen():
    first = launch("dropout", "fashion-mnist", epochs=2)
    second = launch("dropout", "fashion-mnist", epochs=3)
    for run in list_runs():
        complete(run, 0.9)
    page = open_page(group=first)
    assert page.subheader[0].value == "What does dropout do?"
    assert "2 epochs" in words(page)
    box = page.selectbox(key="experiments.launch")
    assert box.value == first
    box.set_value(second).run()
    assert "3 epochs" in words(page)


def test_another_experiment_can_be_chosen_while_a_launch_is_in_the_address():
    page = open_page(group=launch("dropout", "fashion-mnist"))
    page.get("button_group")[0].set_value("filter-grid").run()
    assert not page.exception
    page.run()  # the address has forgotten the launch of the other experiment by now
    assert page.subheader[0].value == "Do more or larger filters in the second convolution help?"
    assert "Start 4 Runs" in labels(page)
    assert "group" not in page.query_params


def test_a_launch_that_is_not_there_says_so():
    assert "which is not there" in words(open_page(group="experiment-dropout-20250101-000000-abcd"))

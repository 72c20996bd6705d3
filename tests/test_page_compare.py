"""The Compare page: choice by address, paired test, table of differences, seeds together, damaged Runs."""

import json

import numpy as np
import pytest
from app_page import open_app
from explore_page import components
from test_page_result import TEST_IMAGES, completed_run, write_idx

from fmnist_core import datasets, paths
from fmnist_core.overlay import Overlay, overlay_file
from fmnist_core.run_notes import Notes
from fmnist_core.runs import PROBABILITIES_FILE, RESULT_FILE, list_runs
from fmnist_core.spec import RunSpec
from fmnist_core.training_data import MARKS_FILE
from pages.ui.runs import CHOOSE_BY_VALIDATION

PAGE = "pages/understand/compare.py"


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "own"
    place.mkdir()
    write_idx(place, seed=0)
    return place


def opened(**query):
    return open_app(PAGE, **query)


def texts(app):
    return " ".join(text.value for text in (*app.markdown, *app.caption, *app.info, *app.warning))


def worse(run, wrong=40):
    """Let the Run get the first forty images wrong, or so many, instead of twenty."""
    probabilities = np.load(run.folder / PROBABILITIES_FILE)
    probabilities[20:wrong] = 0.01
    probabilities[20:wrong, 2] = 0.91
    np.save(run.folder / PROBABILITIES_FILE, probabilities)
    return run


def test_without_two_runs_the_page_leads_to_training(folder):
    completed_run(folder)
    assert "Two Runs are needed" in texts(opened())


def test_two_runs_are_compared_by_default_and_stand_in_the_address(folder):
    first, second = completed_run(folder, RunSpec(title="Good")), worse(completed_run(folder, RunSpec(title="Worse")))
    app = opened()
    assert set("".join(app.query_params["runs"]).split(",")) == {first.id, second.id}
    assert "Good is better on these images" in texts(app)
    assert f"Of {TEST_IMAGES} test images" in texts(app)


def test_all_images_that_one_alone_has_right_can_be_paged_through(folder):
    good = completed_run(folder, RunSpec(title="Good"))
    bad = worse(completed_run(folder, RunSpec(title="Worse")), wrong=80)  # 60, but for six of class 2
    query = {"runs": f"{good.id},{bad.id}", "first": good.id, "second": bad.id}
    app = opened(**query, **{"first.page": "3"})
    assert "41 to 54 of 54. A click asks the other Run" in texts(app)
    (grid,) = components(app, "fmnist_lab_image_grid")
    assert grid["count"] == 14
    app.selectbox(key="compare.first").set_value(bad.id).run()
    assert "1 to 20 of 54" in texts(app)


def test_the_address_chooses_and_says_what_is_gone(folder):
    runs = [completed_run(folder, RunSpec(title=f"Run {n}", learning_rate=10.0**-n)) for n in (2, 3, 4)]
    app = opened(runs=f"{runs[2].id},{runs[0].id},no-such-run")
    assert "Not here any more: no-such-run" in texts(app)
    assert app.multiselect[0].value == [runs[2].id, runs[0].id]
    (table,) = (frame.value for frame in app.dataframe if "Learning rate" in frame.value)
    assert table["Learning rate"].tolist() == [0.0001, 0.01]
    assert "Batch size" not in table
    assert "very same images" in texts(app)


def test_the_tested_pair_stands_in_the_address_and_a_link_opens_it(folder):
    runs = [completed_run(folder, RunSpec(title=f"Run {n}", learning_rate=10.0**-n)) for n in (2, 3, 4)]
    ids, (one, two) = ",".join(run.id for run in runs), (run.id for run in runs[1:])
    app = opened(runs=ids)
    app.selectbox(key="compare.first").set_value(two).run()
    app.selectbox(key="compare.second").set_value(one).run()
    pair = {name: "".join(app.query_params[name]) for name in ("first", "second")}
    assert pair == {"first": two, "second": one}
    app = opened(runs=ids, **pair)
    assert [app.selectbox(key=f"compare.{name}").value for name in pair] == [two, one]
    assert "Run 4 and Run 3 are right and wrong" in texts(app)


def test_seeds_can_be_put_together(folder):
    for seed in range(3):
        completed_run(folder, RunSpec(title="Mine", seed=seed), test_accuracy=0.9 + seed / 100)
    app = opened()
    assert len(app.multiselect[0].options) == 3
    app.multiselect[0].set_value([run.id for run in list_runs()]).run()
    app.toggle[0].set_value(True).run()
    (table,) = (frame.value for frame in app.dataframe if "Runs" in frame.value)
    assert table["Runs"].tolist() == [3]
    assert table["Test, sd"].tolist() == pytest.approx([0.01])


def test_seeds_on_a_stand_in_or_with_other_label_decisions_are_not_put_together(folder):
    dataset = datasets.load("own", folder)
    decided = RunSpec(title="Mine", label_marks=True)
    for seed in range(3):
        run = completed_run(folder, decided.replace(seed=seed), synthetic=seed == 2)
        if seed == 1:
            Overlay.read(dataset.sha256).mark("train", 3, "drop")
        if seed < 2:
            (run.folder / MARKS_FILE).write_bytes(b"" if seed == 0 else overlay_file(dataset.sha256).read_bytes())
    app = opened(runs=",".join(run.id for run in list_runs()))
    assert not app.toggle(key="everything").value and len(app.toggle) == 1  # no seeds to put together
    (table,) = (frame.value for frame in app.dataframe if "Data" in frame.value)
    assert sorted(table["Data"].tolist()) == sorted(["stand-in", *[dataset.sha256[:8]] * 2])
    assert "figures on a stand-in say nothing" in texts(app)
    assert texts(app).count(CHOOSE_BY_VALIDATION) == 2  # below the table, and below the chart of costs


def test_a_damaged_run_is_explained_and_the_rest_stays(folder):
    completed_run(folder, RunSpec(title="Good"))
    torn = completed_run(folder, RunSpec(title="Torn"))
    (torn.folder / PROBABILITIES_FILE).write_bytes(b"torn")
    app = opened()
    assert "test\\_probabilities.npy of a completed Run" in texts(app)
    assert any("Run" in frame.value for frame in app.dataframe)


def test_runs_on_other_images_are_not_paired(folder, tmp_path):
    other = tmp_path / "others"
    other.mkdir()
    write_idx(other, seed=1)
    completed_run(folder, RunSpec(title="Here"))
    completed_run(other, RunSpec(title="There"))
    app = opened()
    assert any("tested on the same images" in warning.value for warning in app.warning)


def test_a_result_that_is_no_object_is_explained(folder):
    completed_run(folder, RunSpec(title="Good"))
    torn = completed_run(folder, RunSpec(title="Torn"))
    (torn.folder / RESULT_FILE).write_text("[1]")
    assert "expected a JSON object" in texts(opened())


def test_the_table_of_all_runs_is_filtered_by_words_and_tags_in_the_address(folder):
    for number, tag in enumerate(("keep", "keep", "drop")):
        Notes(tags=(tag,)).write(completed_run(folder, RunSpec(title=f"Run {number}", seed=number)))
    app = opened()
    assert not [frame for frame in app.dataframe if len(frame.value) == 3]  # folded away
    app = opened(find="run", tags="keep")
    (table,) = (frame.value for frame in app.expander[0].dataframe)
    assert sorted(table["Run"]) == ["Run 0", "Run 1"] and table["Tags"].tolist() == [["keep"], ["keep"]]
    assert "2 of 3 Runs" in texts(app)
    assert texts(app).count(CHOOSE_BY_VALIDATION) == 3  # below both tables and the chart of costs
    app.text_input(key="find").set_value("run nowhere").run()
    assert "No Run has all of these words and tags" in texts(app)


def test_a_link_with_seeds_together_opens_the_table_of_all_runs(folder):
    for seed in range(3):
        completed_run(folder, RunSpec(title="Mine", seed=seed))
    (table,) = (frame.value for frame in opened(**{"all-seeds": "true"}).expander[0].dataframe)
    assert table["Runs"].tolist() == [3]


def test_archived_runs_are_left_out_but_for_those_in_the_address(folder):
    runs = [completed_run(folder, RunSpec(title=f"Run {number}")) for number in range(3)]
    Notes(archived=True).write(runs[0])
    assert len(opened().multiselect[0].options) == 2
    assert len(opened(runs=f"{runs[0].id},{runs[1].id}").multiselect[0].options) == 3


def test_all_hyperparameters_can_be_shown(folder):
    for rate in (0.1, 0.01):
        completed_run(folder, RunSpec(title=f"Rate {rate}", learning_rate=rate))
    app = opened()
    app.toggle(key="everything").set_value(True).run()
    (shown,) = (frame for frame in app.dataframe if "≠ Learning rate" in frame.value)
    assert "Batch size" in shown.value
    columns = json.loads(shown.proto.columns)
    assert columns["≠ Learning rate"]["type_config"]["format"] == columns["Epochs"]["type_config"]["format"] == "plain"
    assert columns["Image size"]["type_config"]["format"] == "%d px"
    assert "0 = all" in columns["Training images"]["help"]

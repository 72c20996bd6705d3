"""Home, Train and Runs in every state, without a browser."""

import sys

import pytest
from app_page import open_app
from streamlit.testing.v1 import AppTest

from fmnist_core import estimates, jobs, paths
from fmnist_core.presets import PRESETS
from fmnist_core.processes import Claim
from fmnist_core.run_notes import Notes
from fmnist_core.runs import Run, RunState, list_runs
from fmnist_core.settings import Settings
from fmnist_core.spec import ConvBlock, RunSpec


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Fresh Runs for each test, and neither worker nor probe processes."""
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))
    monkeypatch.setattr(estimates, "PROBE_COMMAND", (sys.executable, "-c", ""))


def open_page(page: str, **query: str) -> AppTest:
    return open_app(f"pages/{page or 'home/home'}.py", **query)


def make_run(*events: str, title: str = "A test Run") -> Run:
    run = Run.create(RunSpec(title=title, epochs=3))
    for kind in events:
        run.write_event(kind)
    return run


def words(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.info, *app.warning, *app.error])


def test_home_says_where_the_data_come_from_and_leads_on_without_runs():
    app = open_page("")
    assert app.title[0].value == "FMNIST Lab"
    assert "images in 10 classes. Source:" in words(app)
    assert "Nothing was trained yet" in words(app)


def test_home_lists_runs_that_move_first():
    make_run("queued", title="Waits")
    make_run("queued", "started", "completed", title="Done")
    app = open_page("")
    assert "Nothing was trained yet" not in words(app)


# Those left out differ in a number or in the scaling alone from one that is here.
FORMS = [
    *(key for key in PRESETS if not key.startswith(("own-range-", "E-cnn-", "D-", "A-efficientnet"))),
    "own-range-B-vgg16", "E-cnn-k5n64", "D-resnet50",
]  # fmt: skip


@pytest.mark.parametrize("preset", FORMS)
def test_the_train_form_of_a_preset_gives_back_the_preset(preset):
    app = open_page("train/new", preset=PRESETS[preset].title)
    start = next(button for button in app.button if button.label == "Start training")
    assert not start.disabled
    start.click().run()
    (run,) = list_runs()
    # What the form adds: the data in use, and every epoch of a network of our own is kept, with its weights where all
    # of them take less than 50 MB.
    kept = "none" if PRESETS[preset].is_transfer else "answers" if preset == "A-lenet5" else "weights"
    assert run.spec == PRESETS[preset].replace(dataset="fashion-mnist", keep_epochs=kept)


def test_a_changed_slider_reaches_the_run():
    app = open_page("train/new")
    app.number_input(key="new.first-steps.epochs").set_value(7).run()
    next(button for button in app.button if button.label == "Start training").click().run()
    assert list_runs()[0].spec.epochs == 7


def test_a_network_that_does_not_fit_says_why_and_cannot_be_started():
    app = open_page("train/new")
    app.slider(key="new.first-steps.conv.count").set_value(5).run()
    for number in (2, 3, 4):
        app.toggle(key=f"new.first-steps.conv{number}.pool").set_value(True)
    app.run()
    assert "does not fit" in words(app)
    assert next(button for button in app.button if button.label == "Start training").disabled
    assert list_runs() == []


def test_train_can_start_from_the_settings_of_an_earlier_run():
    parent = Run.create(RunSpec(title="Parent", epochs=77))
    app = open_page("train/new", **{"from": parent.id})
    assert app.number_input(key=f"new.{parent.id}.epochs").value == 77


def test_runs_without_any_leads_to_training():
    assert "Nothing was trained yet" in words(open_page("train/runs"))


@pytest.mark.parametrize(
    ("events", "state", "action"),
    [
        (["queued", "started", "stopped"], RunState.STOPPED, "Resume"),
        (["queued", "started", "failed"], RunState.FAILED, "Resume"),
        (["queued", "started"], RunState.INTERRUPTED, "Resume"),
    ],
)
def test_each_state_offers_what_can_be_done(events, state, action):
    run = make_run(*events)
    assert run.state == state
    app = open_page("train/runs")
    assert action in [button.label for button in app.button]


def test_a_waiting_run_can_be_taken_out_of_the_queue():
    busy = make_run("queued", "started", title="Busy")
    Claim.of().write(busy.folder)
    run = jobs.submit(RunSpec(title="Waits"))
    app = open_page("train/runs")
    next(button for button in app.button if button.label == "Remove").click().run()
    assert run.state == RunState.STOPPED
    assert jobs.queue() == []


def test_a_running_run_can_be_stopped_and_says_that_it_is_stopping():
    run = make_run("queued", "started")
    Claim.of().write(run.folder)
    app = open_page("train/runs")
    next(button for button in app.button if button.label == "Stop").click().run()
    assert (run.folder / "stop").exists()
    assert "Stopping …" in [button.label for button in app.button]


def test_an_interrupted_run_goes_back_to_the_queue_when_resumed():
    run = make_run("queued", "started")
    app = open_page("train/runs")
    next(button for button in app.button if button.label == "Resume").click().run()
    assert run.state == RunState.RUNNING  # this very process holds the claim in the worker's place


def test_a_failed_run_shows_its_message():
    run = make_run("queued", "started")
    run.write_event("failed", message="The loss stopped being a number.")
    assert "The loss stopped being a number." in words(open_page("train/runs"))


def test_a_damaged_run_is_named_and_the_others_stay():
    make_run("queued", "started", "completed")
    damaged = make_run("queued")
    (damaged.folder / "spec.json").write_text("{")
    app = open_page("train/runs")
    assert f"Run {damaged.id}\\: spec.json is damaged" in words(app)  # the colon as Markdown wants it


def test_an_address_that_names_no_run_says_so_and_shows_the_newest():
    run = make_run("queued", "started", "completed")
    app = open_page("train/runs", run="20200101-000000-absent")
    assert "Expected the id of a Run" in words(app)
    assert app.query_params["run"] == run.id


def test_waiting_runs_can_be_moved_up():
    busy = make_run("queued", "started", title="Busy")
    Claim.of().write(busy.folder)
    first, second = (jobs.submit(RunSpec(title=title)) for title in ("First", "Second"))
    app = open_page("train/runs")
    app.button(key=f"up.{second.id}").click().run()
    assert jobs.queue() == [second, first]


def test_a_title_is_shown_as_it_was_typed():
    make_run("queued", "started", "completed", title="![x](http://elsewhere/y.png) *now*")
    (label,) = [link.proto.label for link in open_page("").get("page_link") if "now" in link.proto.label]
    assert "\\!\\[x\\]\\(http\\://elsewhere/y.png\\) \\*now\\*" in label


def test_a_message_is_shown_as_it_was_written():
    run = make_run("queued", "started")
    run.write_event("failed", message="Received [1](http://elsewhere)")
    assert "Received \\[1\\]\\(http\\://elsewhere\\)." in words(open_page("train/runs"))


def test_a_run_without_a_finished_epoch_can_start_anew_and_with_some_goes_on():
    run = make_run("queued", "started", "stopped")
    assert "It can start anew." in words(open_page("train/runs"))
    run.write_event("epoch", epoch=2, loss=0.5, accuracy=0.8, val_loss=0.5, val_accuracy=0.8)
    assert "It can go on after epoch 2." in words(open_page("train/runs"))


def test_a_setting_beyond_the_cores_does_not_break_the_page():
    make_run("queued", "started", "completed")
    Settings(parallel_runs=64).write(paths.runs())
    assert open_page("train/runs").number_input[0].value == 64


def test_train_can_start_from_a_script_made_run_of_many_blocks_and_whole_numbers():
    block = ConvBlock(4, 3, "same", pool=False, dropout=0)
    spec = RunSpec(conv_blocks=(block,) * 7, learning_rate=1, weight_decay=0, erasing_fraction=0, rotation_degrees=5)
    app = open_page("train/new", **{"from": Run.create(spec).id})
    next(button for button in app.button if button.label == "Start training").click().run()
    assert list_runs()[0].spec == spec.replace(dataset_folder=list_runs()[0].spec.dataset_folder)


def test_many_finished_runs_are_read_once(monkeypatch):
    from pages.ui import runs

    made = [make_run("queued", "started", "completed") for _ in range(3)]
    assert len(runs.readable_runs()) == 3
    monkeypatch.setattr(RunSpec, "from_json", lambda text: pytest.fail("A spec was read again."))
    assert {progress.run for progress in runs.readable_runs()} == set(made)


def test_a_run_can_be_named_tagged_and_found_again():
    run = make_run("queued", "started", "completed")
    app = open_page("train/runs", run=run.id)
    next(field for field in app.text_input if field.label == "Name").set_value("Best so far")
    next(field for field in app.multiselect if field.label == "Tags").set_value(["good"])
    next(button for button in app.button if button.label == "Save").click().run()
    assert not app.exception
    assert Run(run.folder).spec.title == "Best so far" and Notes.read(run).tags == ("good",)
    (table,) = (frame.value for frame in app.dataframe if "Tags" in frame.value)
    assert table["Run"].tolist() == ["Best so far"] and list(table["Tags"][0]) == ["good"]


def test_an_archived_run_leaves_the_lists_and_can_be_shown():
    kept, put_away = make_run("queued", "stopped", title="Kept"), make_run("queued", "stopped", title="Away")
    app = open_page("train/runs", run=put_away.id)
    app.button(key=f"archive.{put_away.id}").click().run()
    assert Notes.read(put_away).archived
    assert app.selectbox(key="run.choice").value == kept.id
    assert len(app.selectbox(key="run.choice").options) == 1
    next(toggle for toggle in app.toggle if toggle.label == "Show archived Runs").set_value(True).run()
    assert len(app.selectbox(key="run.choice").options) == 2


def test_a_deleted_run_can_be_brought_back_at_once_or_later():
    run = make_run("queued", "stopped", title="Oops")
    app = open_page("train/runs", run=run.id)
    app.button(key=f"delete.{run.id}").click().run()
    assert not run.folder.exists() and any("Nothing was trained yet" in text.value for text in app.markdown)
    app.button(key="notes.undo").click().run()
    assert run.folder.is_dir() and app.selectbox(key="run.choice").value == run.id
    app.button(key=f"delete.{run.id}").click().run()
    app.button(key=f"restore.{run.id}").click().run()
    assert run.folder.is_dir() and not app.exception


def test_a_run_under_way_cannot_be_deleted():
    run = make_run("queued")
    app = open_page("train/runs", run=run.id)
    assert app.button(key=f"delete.{run.id}").disabled


def test_too_few_images_to_validate_on_are_told_before_the_start(home):
    app = open_page("train/new")
    app.number_input(key="new.first-steps.train_limit").set_value(10).run()
    assert any("one of each class" in error.value for error in app.error)
    assert next(button for button in app.button if button.label == "Start training").disabled

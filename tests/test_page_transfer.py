"""What Train and Runs say of transfer learning: the download, the switch to fine-tuning, the cache, the network."""

from dataclasses import replace

import pytest
from explore_page import components
from test_pages_train import home, open_page, words

from fmnist_core.backbones import BACKBONES, has_batch_norm
from fmnist_core.epoch_record import FOLDER, weights_file
from fmnist_core.presets import PRESETS
from fmnist_core.processes import Claim
from fmnist_core.progress import Progress
from fmnist_core.run_table import run_table, seed_table
from fmnist_core.runs import Run
from fmnist_core.spec import HYPERPARAMETERS, ConvBlock
from pages.ui.predict import models
from pages.ui.understand.compare import names_of, row_of

__all__ = ["home"]  # a fixture
TITLE = PRESETS["mobilenet-cut"].title
LOGS = {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7, "learning_rate": 1e-3, "duration_s": 9.0}


@pytest.fixture
def run(home):
    """A Run on MobileNet that is under way."""
    run = Run.create(PRESETS["mobilenet-cut"].replace(epochs=2, fine_tune_epochs=1))
    for kind in ("queued", "started"):
        run.write_event(kind)
    Claim.of().write(run.folder)
    return run


def test_a_download_is_told_in_megabytes_while_the_network_is_built(run):
    run.write_event("phase", phase="Weights of MobileNet. Downloading from 127.0.0.1: 5 of 17 MB")
    assert "Downloading from 127.0.0.1: 5 of 17 MB" in words(open_page("train/runs", run=run.id))


@pytest.mark.parametrize(("finished", "marks"), [(1, []), (2, [[2.0, "fine-tuning"]])])
def test_the_curves_mark_where_fine_tuning_begins(run, finished, marks):
    run.write_event("phase", epoch=0, phase="training", train_images=100, fine_tuning_from=None)
    for epoch in range(finished):
        run.write_event("epoch", epoch=epoch + 1, step=epoch + 1, **LOGS)
    if finished == 2:
        run.write_event("phase", epoch=2, phase="training", train_images=100, fine_tuning_from=2)
    (chart,) = components(open_page("train/runs", run=run.id), "fmnist_lab_live_chart")
    assert [panel["marks"] for panel in chart["panels"]] == [marks, marks]
    assert [series["count"] for series in chart["panels"][0]["series"]] == [0, finished, finished]


def test_the_form_says_that_augmentation_keeps_the_backbone_from_being_computed_once():
    app = open_page("train/new", preset=TITLE)
    scope = "new.mobilenet-cut"
    caption = "so it cannot be computed once. Augmented copies"
    assert caption not in words(app)
    app.toggle(key=f"{scope}.flip").set_value(True).run()
    assert caption in words(app)
    app.slider(key=f"{scope}.feature_copies").set_value(2).run()
    assert caption not in words(app)


@pytest.mark.parametrize("typed", ["/nowhere/mine.h5", "~nosuchuser/mine.h5", "/" + 300 * "x"])
def test_the_form_says_before_the_run_starts_that_a_file_of_weights_is_not_there(typed, tmp_path):
    app = open_page("train/new", preset=TITLE)
    scope = "new.mobilenet-cut"
    app.selectbox(key=f"{scope}.weights").set_value("file").run()
    app.text_input(key=f"{scope}.weights_file").set_value(typed).run()
    assert not app.exception
    assert "Expected a file with weights of MobileNet. Received a path" in words(app)
    there = tmp_path / "mine.h5"
    there.touch()
    app.text_input(key=f"{scope}.weights_file").set_value(str(there)).run()
    assert "Received a path" not in words(app)


def test_shapes_at_the_cuts_are_those_of_the_chosen_image_size():
    app = open_page("train/new", preset=TITLE)
    scope = "new.mobilenet-cut"
    cut = app.selectbox(key=f"{scope}.mobilenet.cut").set_value("5").run().selectbox(key=f"{scope}.mobilenet.cut")
    assert cut.options[4] == "5 (8×8×256)"
    app.selectbox(key=f"{scope}.image_size_px").set_value(32).run()
    cut = app.selectbox(key=f"{scope}.mobilenet.cut")
    assert cut.options[4] == "5 (4×4×256)"
    assert cut.value == "5"


@pytest.mark.parametrize(
    ("preset", "phrase"),
    [
        ("own-range-A-vgg16", "Reported for its twin, from which it differs in the input range alone: 10.0% on valid"),
        ("A-vgg16", "Reported: 10.0% on validation. It never left chance. A gave neither epochs nor batch size"),
        ("E-vgg16", "10 and 128 are those of its CNNs"),
    ],
)
def test_below_a_preset_stands_what_its_system_reported_and_what_stands_in(preset, phrase):
    app = open_page("train/new", preset=PRESETS[preset].title)
    assert not app.exception
    assert phrase in words(app)


def test_the_hint_on_parameters_says_how_many_are_trained():
    app = open_page("train/new", preset=TITLE)
    (metric,) = (metric for metric in app.metric if metric.label == "Parameters")
    spec = PRESETS["mobilenet-cut"]
    head = 2 * 512 + (512 * 256 + 256) + (256 * 10 + 10)  # normalisation, dense, probabilities
    assert spec.cut == "7" and spec.normalise_features
    assert f"that the network has, biases included. {head:,} of them are trained" in metric.help


def test_features_that_do_not_fit_are_told_before_the_run_starts(monkeypatch):
    phrase = "does not fit the features' share of the disk: it is computed in each epoch"
    for limit_gb, told in (("0.01", True), ("8", False)):
        monkeypatch.setenv("FMNIST_LAB_FEATURES_GB", limit_gb)
        assert (phrase in words(open_page("train/new", preset=TITLE))) == told


def test_a_fork_does_not_ask_for_weights_and_stays_marked(home):
    spec = PRESETS["mobilenet-cut"].replace(title="Mine", weights="random", keep_epochs="weights")
    parent = Run.create(spec)
    for kind in ("queued", "started", "completed"):
        parent.write_event(kind)
    kept = weights_file(parent.folder / FOLDER, 2)
    kept.parent.mkdir(parents=True)
    kept.touch()
    app = open_page("train/new", **{"from": parent.id, "epoch": "2"})
    assert not app.exception
    assert not [box for box in app.selectbox if box.label == HYPERPARAMETERS["weights"].label]
    runs = open_page("train/runs", run=parent.id)
    (table,) = (frame.value for frame in runs.dataframe if "Epochs" in frame.value)
    assert list(table["Run"]) == ["Mine (not pretrained)"]


def test_a_backbone_that_is_not_pretrained_is_marked_in_compare_and_predict(home, monkeypatch):
    run = Run.create(PRESETS["mobilenet-cut"].replace(title="Mine", weights="random"))
    monkeypatch.setattr(models.prediction, "load", lambda run: None)
    monkeypatch.setattr(models, "temperature_of", lambda run: None)
    assert models.model_of(run).title == "Mine (not pretrained)"
    assert names_of([Progress(run)]) == ["Mine (not pretrained)"]
    row = row_of(Progress(run))
    assert run_table([row])["Run"].tolist() == ["Mine (not pretrained)"]
    assert seed_table([replace(row, state="completed")])["Run"].tolist() == ["Mine (not pretrained)"]
    assert "not pretrained" in row.found_by


def test_about_this_network_tells_what_is_frozen_its_arithmetic_and_the_paper():
    app = open_page("train/new", preset=TITLE)
    app.session_state["about-network"] = True
    app.run()
    assert not app.exception
    backbone = BACKBONES["mobilenet"]
    assert f"[{backbone.paper}]({backbone.url})" in words(app)
    assert "The whole backbone is frozen: training adjusts the head alone." in words(app)
    table = next(frame.value for frame in app.dataframe if "Multiply-adds" in frame.value and "Weights" in frame.value)
    blocks = table[table["Layer"].str.startswith("block ")]
    assert set(blocks["Weights"]) == {"frozen"} and blocks["Multiply-adds"].min() > 0
    assert table["Weights"].iloc[-1] == "trained"
    assert len(app.get("plotly_chart")) == 1


@pytest.mark.parametrize(("kernel_px", "fits"), [(5, True), (3, False)])
def test_an_earlier_run_with_other_convolutions_is_refused_in_the_form(home, kernel_px, fits):
    blocks = (ConvBlock(6, kernel_px), ConvBlock(16, 5))
    digits = Run.create(PRESETS["first-steps"].replace(title="Digits", conv_blocks=blocks, dense_layers=()))
    for kind in ("queued", "started", "completed"):
        digits.write_event(kind)
    app = open_page("train/new")
    app.selectbox(key="new.first-steps.start_run").set_value(digits.id).run()
    assert not app.exception
    assert ("to have this network's convolutions" in words(app)) != fits
    assert next(button for button in app.button if button.label == "Start training").disabled != fits


@pytest.mark.parametrize("scaling", ["unit", "signed"])
def test_an_earlier_run_that_saw_another_range_is_warned_of(home, scaling):
    digits = Run.create(PRESETS["first-steps"].replace(title="Digits", scaling=scaling))
    for kind in ("queued", "started", "completed"):
        digits.write_event(kind)
    app = open_page("train/new")
    app.selectbox(key="new.first-steps.start_run").set_value(digits.id).run()
    assert any("Pixel scaling" in warning.value for warning in app.warning) == (scaling != "unit")


@pytest.mark.parametrize("backbone", BACKBONES)
def test_which_backbones_have_batch_normalisation(backbone):
    assert has_batch_norm(backbone) == (backbone not in ("vgg16", "convnexttiny"))

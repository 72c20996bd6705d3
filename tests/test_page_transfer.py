"""What Train and Runs say of transfer learning: the download, the switch to fine-tuning, the cache, the network."""

import pytest
from explore_page import components
from test_pages_train import home, open_page, words

from fmnist_core.backbones import BACKBONES, has_batch_norm
from fmnist_core.presets import PRESETS
from fmnist_core.processes import Claim
from fmnist_core.runs import Run
from fmnist_core.spec import ConvBlock

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


@pytest.mark.parametrize("backbone", BACKBONES)
def test_which_backbones_have_batch_normalisation(backbone):
    assert has_batch_norm(backbone) == (backbone not in ("vgg16", "convnexttiny"))

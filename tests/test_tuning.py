"""Searches before anything trains: spaces, validation, JSON, presets and plans."""

import math

import pytest

from fmnist_core.errors import LabError, SpecError
from fmnist_core.events import Event
from fmnist_core.presets import PRESETS
from fmnist_core.presets.searches import SEARCHES
from fmnist_core.runs import RunState
from fmnist_core.tuning.fields import field_at, fields_of, put
from fmnist_core.tuning.plan import hyperband_rounds, plan, space_size
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Boolean, Choice, Condition, Fixed, Float, Int, entry_from_dict
from fmnist_core.tuning.suggestions import kinds_for, suggestion
from fmnist_core.tuning.trials import elapsed_s, trials_of

BASE = PRESETS["C-lenet5"]
RATE = Float("learning_rate", 1e-4, 1e-2, log=True)
DEPTH = Int("dense_layers.count", 1, 3)
UNITS = Int("dense_layers[2].units", 16, 64, 16, when=Condition("dense_layers.count", (3,)))


def search(*space, **changes):
    return Search("A search", changes.pop("base", BASE), space or (RATE,), **changes)


# ---- paths and values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("learning_rate", 0.01, lambda spec: spec.learning_rate),
        ("conv_blocks[1].filters", 20, lambda spec: spec.conv_blocks[1].filters),
        ("dense_layers[0].dropout", 0.25, lambda spec: spec.dense_layers[0].dropout),
        ("dense_layers.count", 3, lambda spec: len(spec.dense_layers)),
        ("conv_blocks.count", 1, lambda spec: len(spec.conv_blocks)),
    ],
)
def test_a_value_goes_where_its_path_says_and_nowhere_else(path, value, read):
    changed = put(BASE, {path: value})
    assert read(changed) == value
    assert put(changed, {}) == changed
    assert read(BASE) != value


def test_a_star_means_every_part_and_a_single_part_has_the_last_word():
    spec = put(BASE, {"conv_blocks[1].dropout": 0.1, "conv_blocks[*].dropout": 0.5})
    assert [block.dropout for block in spec.conv_blocks] == [0.5, 0.1]


def test_a_further_convolution_keeps_the_size_of_the_picture_and_so_fits():
    spec = put(BASE, {"conv_blocks.count": 4})
    assert [(block.kernel_px, block.padding, block.pool) for block in spec.conv_blocks[2:]] == [(3, "same", False)] * 2
    assert search(Int("conv_blocks.count", 1, 6))


@pytest.mark.parametrize("preset", ["A-lenet5", "E-cnn-k3n32", "best-small", "mobilenet-cut", "B-vgg16"])
def test_every_hyperparameter_on_offer_can_be_searched_as_suggested(preset):
    base = PRESETS[preset]
    fields = fields_of(base)
    assert {"learning_rate", "batch_size"} <= set(fields)
    assert not {"seed", "split", "train_limit", "duplicates"} & set(fields)
    for path, field in fields.items():
        for kind in kinds_for(field):
            entry = suggestion(base, path, kind)
            assert entry.kind == kind
            assert put(base, {path: entry.extremes[0]})
    assert ("cut" in fields) == base.is_transfer


@pytest.mark.parametrize(
    "path", ["absent", "conv_blocks[0].units", "dense_layers[9].units", "conv_blocks[0]", "seed", "cut", "conv_blocks"]
)
def test_a_path_to_nothing_is_refused(path):
    with pytest.raises(SpecError, match="Expected the path"):
        field_at(BASE, path)


# ---- spaces that cannot be searched ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: search(Fixed("batch_size", value=32)), "empty space"),
        (lambda: Search("A", BASE, ()), "empty space"),
        (lambda: Float("learning_rate", 1e-2, 1e-4), "no larger than the maximum"),
        (lambda: Float("learning_rate", 0.0, 1e-2, log=True), "above 0"),
        (lambda: search(Float("learning_rate", 0.0, 1e-2)), "learning_rate: a number from 1e-06"),
        (lambda: search(Choice("learning_rate", (0.0, 0.1))), "learning_rate: a number from 1e-06"),
        (lambda: search(Choice("learning_rate", (0.1, 0.1))), "once"),
        (lambda: search(Choice("learning_rate", ())), "at least one value"),
        (lambda: search(Choice("activation", ("relu", "wrong"))), "activation: one of"),
        (lambda: search(Choice("batch_size", ("a", 3))), "all numbers or all words"),
        (lambda: search(Float("batch_size", 1, 2)), "kind int or choice"),
        (lambda: search(Int("batch_size", 1.5, 2)), "whole number"),
        (lambda: search(Int("batch_size", 32, 64, 0)), "a step above 0"),
        (lambda: search(Float("absent", 0, 1)), "Expected the path"),
        (lambda: search(RATE, RATE), "once"),
        (lambda: search(*[Choice(f"conv_blocks[{number}].kernel_px", (5, 11)) for number in (0, 1)]), "fit"),
        (lambda: search(Int("dense_layers[2].units", 8, 16)), "one of the network's 2 parts"),
        (lambda: search(UNITS), "stands before it"),
        (lambda: search(UNITS, DEPTH), "stands before it"),
        (lambda: search(DEPTH, Int("dense_layers[2].units", 8, 16, when=Condition(DEPTH.path, (5,)))), "can have"),
        (lambda: search(max_trials=0), "at least one trial"),
        (lambda: search(epochs=0), "epochs"),
        (lambda: search(tuner="guessing"), "tuner: one of"),
        (lambda: search(Choice("epochs", (1, 2)), tuner="hyperband"), "Hyperband to choose the epochs"),
        (lambda: search(Float("dense_layers[0].dropout", 0.0, 0.5, default=0.6)), "a default inside"),
        (lambda: entry_from_dict({"kind": "guess", "path": "epochs"}), "kind of entry"),
    ],
)  # fmt: skip
def test_a_search_that_cannot_run_is_refused_with_the_reason(make, reason):
    with pytest.raises(SpecError, match=reason):
        make()


def test_a_search_survives_json():
    whole = search(
        RATE, DEPTH, UNITS, Boolean("flip"), Choice("activation", ("relu", "tanh"), label="Bend", default="tanh"),
        Fixed("batch_size", value=128), Float("conv_blocks[*].dropout", 0.0, 0.5, 0.05),
        tuner="hyperband", max_trials=7, epochs=9, minutes=30.0, seed=5, executions_per_trial=2, factor=4, passes=2,
        early_stopping="val_accuracy", patience=4, objective="val_loss", preset="own",
    )  # fmt: skip
    assert Search.from_json(whole.to_json()) == whole


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 99}', '{"title": "x", "base": {}, "space": [{}]}'])
def test_other_json_is_refused(text):
    with pytest.raises(LabError, match="Expected"):
        Search.from_json(text)


def test_a_step_reaches_the_end_of_its_range():
    assert Float("x", 0.0, 0.5, 0.05).options == tuple(round(0.05 * n, 2) for n in range(11))
    assert Int("x", 8, 64, 2, True).options == (8, 16, 32, 64)
    assert Int("x", 1, 3).options == (1, 2, 3)
    assert Float("x", 0.0, 1.0).options is None


# ---- trials ----------------------------------------------------------------------------------------------------------


def test_a_trial_has_the_base_s_settings_but_for_its_values_its_budget_and_its_seed():
    whole = search(RATE, epochs=2, objective="val_loss", early_stopping="val_loss", patience=4)
    spec = whole.trial_spec({"learning_rate": 0.02}, number=3, execution=1, group="search-x")
    same = {name: getattr(BASE, name) for name in ("learning_rate", "epochs", "early_stopping", "patience", "seed")}
    assert spec.replace(**same, best_checkpoint="none", title=BASE.title, group="", preset=BASE.preset) == BASE
    assert (spec.learning_rate, spec.epochs, spec.seed, spec.group) == (0.02, 2, BASE.seed + 1, "search-x")
    assert (spec.early_stopping, spec.patience, spec.best_checkpoint) == ("val_loss", 4, "val_loss")
    assert spec.title == "Trial 4, LeNet-5, small (C)"


def test_the_best_is_trained_with_the_base_s_epochs_from_scratch_and_keeps_its_best_epoch():
    spec = search(RATE, base=BASE.replace(epochs=30), epochs=2).best_spec({"learning_rate": 0.0123456789012})
    assert (spec.epochs, spec.best_checkpoint, spec.start_run) == (30, "val_accuracy", "")
    assert spec.learning_rate == 0.0123456789
    assert search(Choice("epochs", (3, 7))).best_spec({"epochs": 7}).epochs == 7


def test_values_that_do_not_go_together_are_refused_when_they_are_drawn():
    whole = search(Choice("conv_blocks[0].kernel_px", (5, 11)), base=BASE)
    with pytest.raises(SpecError, match="does not fit"):
        whole.trial_spec({"conv_blocks[0].kernel_px": 11, "conv_blocks[1].kernel_px": 11}, number=0)


def test_events_tell_what_became_of_the_trials():
    trial = {"values": {"learning_rate": 0.1}, "epochs": 3, "initial_epoch": 1, "runs": ["r1"]}
    events = [
        Event("started", 100.0), Event("trial", 101.0, logs={"trial": "0", **trial}),
        Event("trial", 102.0, logs={"trial": "1", **trial}),
        Event("trial_end", 110.0, logs={"trial": "1", "state": "failed", "objective": None, "message": "NaN"}),
        Event("trial_end", 115.0, logs={"trial": "0", "state": "completed", "objective": 0.9, "elapsed_s": 15.0}),
        Event("stopped", 120.0), Event("queued", 500.0), Event("started", 501.0),
        Event("trial", 502.0, logs={"trial": "2", **trial}),
    ]  # fmt: skip
    first, second, third = trials_of(events)
    assert (first.number, first.state, first.objective, first.ended_s, first.runs) == (
        0, RunState.COMPLETED, 0.9, 15.0, ("r1",)
    )  # fmt: skip
    assert (second.state, second.message) == (RunState.FAILED, "NaN") and math.isnan(second.objective)
    assert third.is_open and third.number == 2
    assert elapsed_s(events, alive=False) == 21.0  # the pause does not count


# ---- plans -----------------------------------------------------------------------------------------------------------


def test_the_plan_counts_trials_and_epochs():
    grid = (Choice("batch_size", (32, 64)), Choice("conv_blocks[0].kernel_px", (3, 5)))
    assert plan(search(max_trials=7, epochs=3, executions_per_trial=2)) == type(plan(search()))(7, 42)
    assert plan(search(*grid, tuner="grid_search", max_trials=0, epochs=2)).trials == 4
    assert plan(search(*grid, tuner="grid_search", max_trials=3)).trials == 3
    assert plan(search(*grid, max_trials=100)).trials == 4
    assert plan(search(Choice("epochs", (2, 9)), max_trials=2, epochs=5)).epochs == 18
    assert plan(search(RATE, tuner="grid_search", max_trials=0)).trials == 11
    assert plan(search(tuner="hyperband", max_trials=3, epochs=10)).trials == 3


def test_conditions_shrink_a_grid():
    assert space_size(search(DEPTH, UNITS)) == 2 + 4
    assert space_size(search(DEPTH, UNITS, Boolean("flip"))) == 12
    assert space_size(search(RATE)) is None


def test_hyperband_has_the_rounds_of_the_paper():
    assert hyperband_rounds(10, 3) == [(12, 2), (4, 2), (2, 6), (6, 4), (2, 6), (4, 10)]
    assert hyperband_rounds(1, 3) == [(1, 1)]


# ---- presets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", SEARCHES)
def test_every_preset_can_be_read_back_and_has_a_note(key):
    entry = SEARCHES[key]
    assert Search.from_json(entry.search.to_json()) == entry.search
    assert entry.note and plan(entry.search).trials > 0


def test_the_presets_are_the_reference_systems():
    a, b, c, e = (SEARCHES[key].search for key in ("A-hyperband", "B-random", "C-random", "E-grid"))
    assert [(entry.label, *entry.extremes) for entry in a.space] == [
        ("First conv filters", 32, 64), ("First conv kernel", 3, 5), ("Second conv filters", 32, 128),
        ("Second conv kernel", 3, 5), ("Dropout after Dense 256", 0.0, 0.5), ("Learning rate", 1e-4, 1e-2),
    ]  # fmt: skip
    assert (a.tuner, a.epochs, a.early_stopping, a.patience) == ("hyperband", 10, "val_loss", 5)
    assert a.space[4].default == 0.25 and len(a.space[4].options) == 11
    assert (b.tuner, b.max_trials, b.space[0].values) == ("random_search", 100, (1.0, 1e-2, 1e-3, 1e-4))
    assert c.space[0].options == (64, 80, 96, 112, 128) and c.space[1].values == (1e-2, 1e-3)
    assert (e.tuner, plan(e).trials, e.base.split) == ("grid_search", 4, "test")
    (only,) = SEARCHES["E-dropout"].search.space
    specs = [SEARCHES["E-dropout"].search.trial_spec({only.path: value}, number=0) for value in only.values]
    assert [[block.dropout for block in spec.conv_blocks] for spec in specs] == [[0.5, 0.5], [0.0, 0.0]]

"""What a search's trials say, in numbers and words: the best so far, what matters, parallel coordinates, slices."""

import math

import numpy as np
import pandas as pd

from fmnist_core.figures import tuning, tuning_parallel, tuning_words
from fmnist_core.presets import PRESETS
from fmnist_core.runs import RunState
from fmnist_core.tuning.importance import importance
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Boolean, Choice, Condition, Float, Int
from fmnist_core.tuning.trials import Trial, trial_frame

RATE = Float("learning_rate", 1e-4, 1e-2, log=True)
DEPTH = Int("dense_layers.count", 1, 3)
UNITS = Int("dense_layers[2].units", 16, 64, 16, when=Condition("dense_layers.count", (3,)))
SPACE = (RATE, Choice("activation", ("relu", "tanh")), Float("dense_layers[0].dropout", 0.0, 0.5, 0.1))


def a_search(*space, **changes):
    return Search("A search", PRESETS["C-lenet5"], space or (RATE,), **changes)


def made_trials(count=30, seed=0):
    """Trials whose objective hangs on the learning rate, hardly on the activation, and not at all on dropout."""
    generator = np.random.default_rng(seed)
    trials = []
    for number in range(count):
        rate = float(10 ** generator.uniform(-4, -2))
        values = {
            "learning_rate": rate, "activation": str(generator.choice(["relu", "tanh"])),
            "dense_layers[0].dropout": round(0.1 * int(generator.integers(0, 6)), 1),
        }  # fmt: skip
        value = 0.9 - 0.05 * abs(math.log10(rate) + 2) + 0.001 * (values["activation"] == "relu")
        trials.append(
            Trial(str(number), number, values, 3, 0, ("r",), RunState.COMPLETED, value, 3, "", 60.0 * (number + 1))
        )
    return trials


def test_importance_finds_what_the_objective_was_made_of():
    frame = trial_frame(a_search(*SPACE), made_trials())
    found = importance(frame, SPACE)
    assert next(iter(found.shares)) == "learning_rate" and found.shares["learning_rate"] > 0.8
    assert math.isclose(sum(found.shares.values()), 1.0)
    assert found.explained > 0.5 and found.trials == 30
    words = tuning.importance_text(a_search(*SPACE), found)
    assert words.startswith("Learning rate matters most in these 30 trials.") and "Few trials" not in words
    assert "Few trials for 3 hyperparameters" in tuning.importance_text(a_search(*SPACE), importance(frame[:8], SPACE))


def test_importance_says_nothing_where_there_is_nothing_to_say():
    frame = trial_frame(a_search(*SPACE), made_trials(4))
    assert importance(frame, SPACE) is None
    assert importance(trial_frame(a_search(*SPACE), made_trials(9)).assign(objective=0.5), SPACE) is None


def test_the_epochs_of_hyperband_s_trials_count_as_a_hyperparameter_of_their_own():
    frame = trial_frame(a_search(*SPACE), made_trials())
    frame["epochs"] = np.where(frame.number % 2, 1, 9)
    frame["objective"] = frame.epochs / 10 + 0.001 * frame.learning_rate
    found = importance(frame, SPACE)
    assert next(iter(found.shares)) == "epochs"
    assert "The epochs of a trial matters" in tuning.importance_text(a_search(*SPACE), found)


def test_the_best_so_far_never_gets_worse_and_follows_time():
    whole = a_search(*SPACE)
    frame = trial_frame(whole, made_trials(8)).sample(frac=1, random_state=1)
    best = tuning.best_frame(whole, frame)
    assert best.minutes.tolist() == list(range(1, 9))
    assert best.best.is_monotonic_increasing and best.best.iloc[-1] == frame.objective.max()
    losses = a_search(*SPACE, objective="val_loss")
    assert tuning.best_frame(losses, frame).best.iloc[-1] == frame.objective.min()
    winner = int(best.number[best.objective.argmax()])
    assert f"is trial {winner} with" in tuning.best_text(whole, best)
    assert tuning.best_text(whole, best[:0]) == "No trial has ended yet."
    stair, dots = tuning.best_figure(whole, best).data
    assert list(stair.y) == best.best.tolist() and list(dots.customdata) == best.number.tolist()


def test_parallel_axes_place_every_value_between_foot_and_head():
    whole = a_search(*SPACE)
    frame = trial_frame(whole, made_trials(12))
    rate, activation, dropout, objective = tuning_parallel.parallel_axes(whole, frame)
    assert [axis.title for axis in (rate, activation, dropout, objective)] == [
        "Learning rate", "Activation", "Dropout, dense layer 1", "Validation accuracy",
    ]  # fmt: skip
    for axis in (rate, activation, dropout, objective):
        assert len(axis.places) == len(axis.words) == 12
        assert all(0 <= place <= 1 for place in axis.places)
    assert rate.ticks == ((0, "0.0001"), (0.5, "0.001"), (1, "0.01"))  # in factors
    assert activation.ticks == ((0.0, "ReLU"), (1.0, "tanh"))
    assert np.argmax(objective.places) == frame.objective.argmax() and max(objective.places) == 1


def test_what_does_not_count_for_a_trial_has_no_place_on_its_axis():
    whole = a_search(DEPTH, UNITS)
    values = ({"dense_layers.count": 1}, {"dense_layers.count": 3, "dense_layers[2].units": 32})
    trials = [
        Trial(str(n), n, one, 2, 0, ("r",), RunState.COMPLETED, 0.5 + n / 10, 2, "", 9.0)
        for n, one in enumerate(values)
    ]
    frame = trial_frame(whole, trials)
    _, units, objective = tuning_parallel.parallel_axes(whole, frame)
    assert units.places[0] is None and units.words[0] == "–" and units.words[1] == "32"
    assert objective.places == (0.0, 1.0)
    assert importance(pd.concat([frame] * 4, ignore_index=True), whole.space).trials == 8
    assert tuning.slices_figure(whole, frame)


def test_the_words_name_what_good_trials_share_and_the_clearest_slope():
    whole = a_search(*SPACE)
    frame = trial_frame(whole, made_trials(30))
    text = tuning_parallel.parallel_text(whole, frame)
    assert tuning_parallel.parallel_text(whole, frame[:4]) == "Each line is a trial."  # too few to share anything
    assert "The best 10 of 30 share" in text and "Learning rate 0.00" in text
    assert "Most clearly, larger values of Learning rate went with better trials" in tuning.slices_text(whole, frame)
    figure = tuning.slices_figure(whole, frame)
    assert len(figure.data) == 3
    assert (figure.layout.xaxis.type, figure.layout.xaxis2.type) == ("log", "category")


def test_entries_and_values_in_words():
    whole = a_search(RATE, DEPTH, UNITS, Boolean("flip"), Choice("conv_blocks[0].kernel_px", (3, 5), label="Kernel"))
    words = [tuning_words.entry_words(whole, entry) for entry in whole.space]
    assert words == [
        "0.0001 to 0.01, log scale", "1 to 3", "16 to 64 by 16 (with Number of dense layers 3)", "off or on", "3 or 5",
    ]  # fmt: skip
    trial = Trial("0", 0, {"learning_rate": 0.00123456, "flip": True, "conv_blocks[0].kernel_px": 5}, 2)
    assert tuning_words.combination_words(whole, trial) == "Learning rate 0.00123, Flip left to right on, Kernel 5"
    assert tuning_words.objective_words(whole, 0.91234) == "91.23%"
    assert tuning_words.objective_words(a_search(objective="val_loss"), 0.5) == "0.5000"

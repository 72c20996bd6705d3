"""Each figure of quality, of Runs, folds, label decisions and reproductions, says what is good and what is bad."""

import numpy as np
import pandas as pd
import pytest

from fmnist_core.calibration import reliability
from fmnist_core.corruptions import CORRUPTIONS
from fmnist_core.crossval_scores import Score
from fmnist_core.curves import roc
from fmnist_core.evaluation import Evaluation
from fmnist_core.figures import (
    calibration,
    compare,
    crossval,
    epochs,
    evaluation,
    explain,
    labels,
    reproduction,
    robustness,
)
from fmnist_core.fold import Fold
from fmnist_core.label_effect import Effect, outcome
from fmnist_core.reproduction import ROWS
from fmnist_core.reproduction_runs import Figure
from fmnist_core.reproduction_table import Line
from fmnist_core.robustness import Robustness
from fmnist_core.run_table import Row
from fmnist_core.spec import RunSpec

NAMES = ("Coat", "Shirt")
LABELS = np.array([0, 0, 1, 1])
PROBABILITIES = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.4, 0.6]])
MADE = Evaluation(LABELS, PROBABILITIES, NAMES)
BROKEN = Robustness(
    tuple(corruption.key for corruption in CORRUPTIONS), np.array([2, 2]), np.array([1, 2]),
    np.ones((len(CORRUPTIONS), 5, 2), int), np.ones((len(CORRUPTIONS), 5), int),
)  # fmt: skip
ROW = Row("one", RunSpec(), "completed", (0.5,), 3.0, 0.6, 100, 10)
FOLDS = [Score(Fold(number, 3), 0.7 + number / 10, 0.7) for number in (1, 2)]
REPRODUCED = Line(ROWS["C-lenet5"], "val_accuracy", 0.8947, Figure(0.89, (0.88, 0.9)), "inside")
OF_NO_FIGURE = {"summary_text", "leak_text"}
KEPT = pd.DataFrame({"epoch": [1, 2], "learned": [0, 3], "forgotten": [0, 1]})
WORDS = {
    "confusion_matrix_text": lambda say: say(MADE.confusion_matrix(), MADE.most_confused_pairs()),
    "per_class_text": lambda say: say(MADE.report()),
    "reliability_text": lambda say: say(reliability(LABELS, PROBABILITIES), None, None),
    "curves_text": lambda say: " ".join(
        say([roc(PROBABILITIES[:, 1], LABELS == 1)], NAMES[1:], kind=kind) for kind in ("roc", "precision-recall")
    ),
    "cost_text": lambda say: say([ROW], ["Mine"], "Seconds"),
    "robustness_text": lambda say: say(BROKEN, NAMES),
    "flow_text": lambda say: say(KEPT),
    "kinds_text": lambda say: say({"always": 3, "learned": 2, "regained": 1, "lost": 1, "never": 1}),
    "units_text": lambda say: say(PROBABILITIES[0], NAMES),
    "spread_text": lambda say: say(FOLDS),
    "folds_text": lambda say: say(pd.DataFrame({"fold": ["fold 1", "fold 2"]}), "loss"),
    "effect_figure_text": lambda say: say(Effect(tuple(outcome(seed, MADE, MADE) for seed in range(2)))),
    "reproduction_text": lambda say: say([REPRODUCED]),
    "odds_text": lambda say: say(np.array([-2.0, 1.0]), np.array([3.0]), NAMES),
}
TEXTS = {
    name: function
    for module in (evaluation, calibration, compare, robustness, epochs, explain, crossval, labels, reproduction)
    for name, function in vars(module).items()
    if name.endswith("_text") and function.__module__ == module.__name__ and name not in OF_NO_FIGURE
}


@pytest.mark.parametrize("name", TEXTS)
def test_it_says_what_is_good_and_what_is_bad(name):
    words = WORDS[name](TEXTS[name]).lower()
    assert words.count("good") >= 1 and words.count("bad") == max(1, words.count("good curve"))


def test_the_answers_of_a_layer_are_told_in_numbers():
    words = explain.units_text(np.array([0.0, 0.0, 0.5, 2.0]), None)
    assert words.startswith("4 numbers, 50% of them 0. Good is a pattern") and words.count("Bad") == 1
    assert "Shirt 70%, then Coat 30%" in explain.units_text(PROBABILITIES[1], NAMES)


def test_carried_weights_are_no_good_sign_and_intervals_are_told():
    assert "carried weights make them so" in crossval.spread_text(FOLDS, leaking=True)
    assert "ours 89.00%, 95 % interval 88.00% to 90.00% (agrees)." in reproduction.reproduction_text([REPRODUCED])


def test_the_numbers_behind_a_figure_are_those_it_draws():
    """Each of them is saved as CSV below its chart."""
    kept = reliability(LABELS, PROBABILITIES)
    frame = calibration.reliability_frame(kept, None)
    assert frame["images"].sum() == len(LABELS) and (frame.index == "as it is").all()
    drawn = calibration.reliability_figure(kept, None).data[1]
    assert frame["confidence"].tolist() == list(drawn.x) and frame["accuracy"].tolist() == list(drawn.y)
    curve = roc(PROBABILITIES[:, 1], LABELS == 1)
    points = calibration.curves_frame([curve], NAMES[1:], kind="roc")
    assert points.loc["Shirt", "found"].tolist() == curve.y.tolist()
    assert epochs.kinds_frame({"always": 3, "never": 1}).loc["Never right", "images"] == 1
    odds = explain.odds_frame(np.array([-2.0, 1.0, 99.0]), np.array([3.0]), NAMES)
    assert odds.sum().tolist() == [3, 1] and odds["Coat"].iloc[-1] == 1
    assert crossval.spread_frame([*FOLDS, Score(Fold(3, 3))]).shape == (2, 2)

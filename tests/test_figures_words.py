"""Each figure of a Run's quality, on Result, Compare, Time machine and Explain, says what is good and what is bad."""

import numpy as np
import pandas as pd
import pytest

from fmnist_core.calibration import reliability
from fmnist_core.corruptions import CORRUPTIONS
from fmnist_core.curves import roc
from fmnist_core.evaluation import Evaluation
from fmnist_core.figures import calibration, compare, epochs, evaluation, explain, robustness
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
    "odds_text": lambda say: say(np.array([-2.0, 1.0]), np.array([3.0]), NAMES),
}
TEXTS = {
    name: function
    for module in (evaluation, calibration, compare, robustness, epochs, explain)
    for name, function in vars(module).items()
    if name.endswith("_text") and function.__module__ == module.__name__
}


@pytest.mark.parametrize("name", TEXTS)
def test_it_says_what_is_good_and_what_is_bad(name):
    words = WORDS[name](TEXTS[name]).lower()
    assert words.count("good") >= 1 and words.count("bad") == max(1, words.count("good curve"))


def test_the_answers_of_a_layer_are_told_in_numbers():
    words = explain.units_text(np.array([0.0, 0.0, 0.5, 2.0]), None)
    assert words.startswith("4 numbers, 50% of them 0. Good is a pattern") and words.count("Bad") == 1
    assert "Shirt 70%, then Coat 30%" in explain.units_text(PROBABILITIES[1], NAMES)

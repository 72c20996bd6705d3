"""Every number is held against scikit-learn, SciPy or a count by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm
from sklearn import metrics

from fmnist_core.comparison import compare, differences, hyperparameter_table
from fmnist_core.errors import LabError
from fmnist_core.evaluation import MACRO, WEIGHTED, Evaluation, EvaluationError, wilson_interval
from fmnist_core.figures.evaluation import (
    cell_labels,
    confusion_matrix_figure,
    confusion_matrix_text,
    matrix_rates,
    per_class_figure,
    per_class_text,
)
from fmnist_core.presets import PRESETS, REPORTED
from fmnist_core.spec import HYPERPARAMETERS

NAMES = ("Trouser", "Coat", "Shirt")
# Six images counted by hand: Trouser 2 of 2 right, Coat 1 of 2, Shirt 0 of 2.
Y_TRUE = np.array([0, 0, 1, 1, 2, 2], np.uint8)
PROBABILITIES = np.array(
    [[0.9, 0.1, 0.0], [0.5, 0.3, 0.2], [0.2, 0.8, 0.0], [0.0, 0.4, 0.6], [0.0, 0.7, 0.3], [0.05, 0.95, 0.0]],
    np.float32,
)


@pytest.fixture
def by_hand() -> Evaluation:
    return Evaluation(Y_TRUE, PROBABILITIES, NAMES)


def drawn(seed: int, n: int = 500, classes: int = 10) -> Evaluation:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(classes), n).astype(np.float32)
    guesses = probabilities.argmax(axis=1)
    y_true = np.where(generator.random(n) < 0.7, guesses, generator.integers(0, classes, n))
    return Evaluation(y_true.astype(np.uint8), probabilities, tuple(f"class {i}" for i in range(classes)))


def test_hand_counted_images_give_hand_counted_figures(by_hand: Evaluation) -> None:
    assert by_hand.accuracy == 3 / 6
    assert by_hand.confusion_matrix().tolist() == [[2, 0, 0], [0, 1, 1], [0, 2, 0]]
    assert by_hand.loss == pytest.approx(-np.log([0.9, 0.5, 0.8, 0.4, 0.3, 1e-7]).mean(), rel=1e-6)
    report = by_hand.report()
    assert report.loc["Trouser", ["precision", "recall", "f1"]].tolist() == [1, 1, 1]
    assert report.loc["Coat", ["precision", "recall", "f1"]].tolist() == pytest.approx([1 / 3, 1 / 2, 0.4])
    assert report.loc["Shirt", ["precision", "recall", "f1"]].tolist() == [0, 0, 0]
    assert report["support"].tolist() == [2, 2, 2, 6, 6]


@pytest.mark.parametrize("seed", range(5))
def test_figures_equal_those_of_scikit_learn(seed: int) -> None:
    evaluation = drawn(seed)
    y_true, y_predicted = evaluation.y_true, evaluation.probabilities.argmax(axis=1)
    labels = list(range(10))
    assert evaluation.accuracy == metrics.accuracy_score(y_true, y_predicted)
    exact = evaluation.probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    assert evaluation.loss == pytest.approx(metrics.log_loss(y_true, exact, labels=labels), rel=1e-4)
    assert (evaluation.confusion_matrix() == metrics.confusion_matrix(y_true, y_predicted, labels=labels)).all()
    wanted = metrics.classification_report(
        y_true,
        y_predicted,
        labels=labels,
        target_names=evaluation.class_names,
        output_dict=True,
        zero_division=0,
    )
    report = evaluation.report()
    pairs = [(name, name) for name in evaluation.class_names] + [
        (MACRO, "macro avg"),
        (WEIGHTED, "weighted avg"),
    ]
    for ours, theirs in pairs:
        values = [wanted[theirs][key] for key in ("precision", "recall", "f1-score", "support")]
        assert report.loc[ours].tolist() == pytest.approx(values)


def test_a_class_that_is_neither_there_nor_predicted_counts_as_zero_like_in_scikit_learn() -> None:
    evaluation = Evaluation(np.array([0, 1]), np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]]), NAMES)
    assert evaluation.report().loc["Shirt"].tolist() == [0, 0, 0, 0]
    theirs = metrics.precision_score([0, 1], [0, 1], labels=[0, 1, 2], average="macro", zero_division=0)
    assert evaluation.report().loc[MACRO, "precision"] == pytest.approx(theirs)


@pytest.mark.parametrize("hits, n", [(0, 1), (1, 1), (0, 50), (50, 50), (9066, 10_000), (3, 7)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_the_accuracy_interval_is_scipys_wilson_interval(hits: int, n: int, level: float) -> None:
    wanted = binomtest(hits, n).proportion_ci(level, method="wilson")
    assert wilson_interval(hits / n, n, level) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_the_loss_interval_is_the_normal_approximation_of_the_mean() -> None:
    evaluation = drawn(1)
    losses = -np.log(np.clip(evaluation.probabilities[np.arange(500), evaluation.y_true], 1e-7, 1).astype(float))
    scale = losses.std(ddof=1) / np.sqrt(500)
    assert evaluation.loss_interval(0.9) == pytest.approx(norm.interval(0.9, losses.mean(), scale), rel=1e-6)


def test_the_accuracy_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    shares = generator.binomial(200, 0.9, 2000) / 200
    held = [low <= 0.9 <= high for low, high in (wilson_interval(share, 200) for share in shares)]
    assert 0.93 < np.mean(held) < 0.97


def test_confused_pairs_come_most_frequent_first_and_never_empty(by_hand: Evaluation) -> None:
    pairs = by_hand.most_confused_pairs(5)
    assert pairs.values.tolist() == [["Shirt", "Coat", 2, 1.0], ["Coat", "Shirt", 1, 0.5]]
    assert len(by_hand.most_confused_pairs(1)) == 1


def test_mistakes_come_most_confident_first(by_hand: Evaluation) -> None:
    mistakes = by_hand.mistakes()
    assert mistakes["image"].tolist() == [5, 4, 3]
    assert mistakes.loc[0, ["true", "predicted"]].tolist() == ["Shirt", "Coat"]
    assert mistakes["confidence"].tolist() == pytest.approx([0.95, 0.7, 0.6])
    assert mistakes["true_probability"].tolist() == pytest.approx([0.0, 0.3, 0.4])
    assert by_hand.mistakes(n=1)["image"].tolist() == [5]
    assert by_hand.mistakes(true=1)["image"].tolist() == [3]
    assert by_hand.mistakes(true=0).empty


def test_the_arrays_cannot_be_changed_by_a_reader_nor_does_the_callers_array_freeze(
    by_hand: Evaluation,
) -> None:
    with pytest.raises(ValueError, match="read-only"):
        by_hand.probabilities[0, 0] = 0
    assert PROBABILITIES.flags.writeable


BROKEN = {
    "too few rows": (Y_TRUE, PROBABILITIES[:5], "Expected probabilities of 6 images by 3 classes.*Received"),
    "too few columns": (Y_TRUE, PROBABILITIES[:, :2], "6 images by 3 classes.*Received"),
    "integers": (Y_TRUE, np.eye(3, dtype=int)[Y_TRUE], "as floats.*Received"),
    "not a number": (
        Y_TRUE,
        np.where(PROBABILITIES == 0.95, np.nan, PROBABILITIES).astype(float),
        "in row 0|row",
    ),
    "negative": (Y_TRUE, PROBABILITIES - 0.05, r"Expected probabilities in 0\.\.1"),
    "logits": (Y_TRUE, PROBABILITIES * 10, r"Expected probabilities in 0\.\.1"),
    "sums": (Y_TRUE, PROBABILITIES / 2, "sum to 1. Received 0.5 in row 0"),
    "label outside": (Y_TRUE + np.uint8(1), PROBABILITIES, r"Expected labels in 0\.\.2. Received 1\.\.3"),
    "one-hot labels": (np.eye(3, dtype=int)[Y_TRUE], PROBABILITIES, "Expected integer labels"),
    "nothing": (Y_TRUE[:0], PROBABILITIES[:0], "Expected integer labels"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_arrays_that_do_not_fit_are_refused_with_what_was_expected(name: str) -> None:
    y_true, probabilities, message = BROKEN[name]
    with pytest.raises(EvaluationError, match=message) as caught:
        Evaluation(y_true, probabilities, NAMES)
    assert isinstance(caught.value, LabError)
    assert "Received" in str(caught.value)


def test_a_single_nan_is_found() -> None:
    probabilities = PROBABILITIES.copy()
    probabilities[3, 1] = np.nan
    with pytest.raises(EvaluationError, match="row 3"):
        Evaluation(Y_TRUE, probabilities, NAMES)


@pytest.mark.parametrize(
    "fraction, n, level", [(0.5, 0, 0.95), (1.2, 10, 0.95), (0.5, 10, 1.0), (float("nan"), 9, 0.9)]
)
def test_an_interval_of_nothing_is_refused(fraction: float, n: int, level: float) -> None:
    with pytest.raises(EvaluationError, match="Expected"):
        wilson_interval(fraction, n, level)


def test_the_matrix_figure_gives_hits_and_mistakes_a_scale_each(by_hand: Evaluation) -> None:
    figure = confusion_matrix_figure(by_hand.confusion_matrix(), NAMES, by_rate=False)
    hits, mistakes, cells = figure.data
    assert (hits.zmax, mistakes.zmax) == (2, 2)
    assert np.isnan(hits.z[0, 1]) and np.isnan(mistakes.z[0, 0])
    written = [(note.y, note.x, note.text) for note in figure.layout.annotations]
    assert written == [
        ("Trouser", "Trouser", "2"), ("Coat", "Coat", "1"), ("Coat", "Shirt", "1"), ("Shirt", "Coat", "2"),
    ]  # fmt: skip
    assert (cells.y[5], cells.x[5], cells.customdata[5]) == ("Coat", "Shirt", [1, 0.5])
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.xaxis.title.text and figure.layout.yaxis.title.text


def test_classes_named_by_digits_stay_names_and_no_numbers() -> None:
    digits = tuple("0123456789")
    made = Evaluation(np.arange(10), np.eye(10), digits)
    matrix = confusion_matrix_figure(made.confusion_matrix(), digits, by_rate=False)
    classes = per_class_figure(made.report())
    assert {axis.type for axis in (matrix.layout.xaxis, matrix.layout.yaxis, classes.layout.yaxis)} == {"category"}
    assert list(matrix.layout.yaxis.categoryarray) == list(digits)


def test_a_clicked_dot_names_its_cell(by_hand: Evaluation) -> None:
    *_, cells = confusion_matrix_figure(by_hand.confusion_matrix(), NAMES, by_rate=False).data
    for index, (true, predicted) in enumerate(zip(cells.y, cells.x, strict=True)):
        assert [NAMES[label] for label in cell_labels(index, len(NAMES))] == [true, predicted]


def test_rates_are_shares_of_the_true_class(by_hand: Evaluation) -> None:
    matrix = by_hand.confusion_matrix()
    assert matrix_rates(matrix)[1].tolist() == [0, 0.5, 0.5]
    assert matrix_rates(np.zeros((3, 3), int)).tolist() == np.zeros((3, 3)).tolist()
    notes = confusion_matrix_figure(matrix, NAMES, by_rate=True).layout.annotations
    assert [note.text for note in notes] == ["100", "50", "50", "100"]


def test_a_matrix_without_mistakes_is_drawn_and_told() -> None:
    flawless = Evaluation(Y_TRUE, np.eye(3)[Y_TRUE], NAMES)
    matrix = flawless.confusion_matrix()
    confusion_matrix_figure(matrix, NAMES, by_rate=True)
    told = confusion_matrix_text(matrix, flawless.most_confused_pairs())
    assert told.startswith("Confusion matrix: 6 of 6 images recognised. Good:")


def test_texts_name_the_worst(by_hand: Evaluation) -> None:
    told = confusion_matrix_text(by_hand.confusion_matrix(), by_hand.most_confused_pairs())
    assert "Most frequent mistakes: Shirt taken for Coat (2), Coat taken for Shirt (1)." in told
    assert "Weakest: Shirt with F1 0.0%" in per_class_text(by_hand.report())


def test_the_class_figure_lists_classes_by_f1_and_leaves_out_averages(by_hand: Evaluation) -> None:
    f1 = per_class_figure(by_hand.report()).data[-1]
    assert list(f1.y) == ["Shirt", "Coat", "Trouser"]
    assert list(f1.x) == pytest.approx([0, 0.4, 1])


@pytest.mark.parametrize(
    "interval, verdict", [((0.89, 0.90), "inside"), ((0.80, 0.81), "above"), ((0.95, 0.96), "below")]
)
def test_the_verdict_says_where_the_reported_figure_lies(interval: tuple[float, float], verdict: str) -> None:
    comparison = compare(PRESETS["A-lenet5"], interval)
    assert comparison.verdict == verdict
    assert verdict in comparison.sentence
    assert comparison.differences.empty


def test_changed_hyperparameters_are_named_and_seed_and_title_are_not() -> None:
    spec = PRESETS["A-lenet5"].replace(epochs=2, activation="tanh", seed=7, title="Mine")
    comparison = compare(spec, (0.8, 0.9))
    assert comparison.differences.values.tolist() == [["Activation", "ReLU", "tanh"], ["Epochs", "30", "2"]]
    assert comparison.caveats[0].startswith("Not like for like: this Run differs from the preset in activation, epochs")


def test_validation_figures_and_the_other_edition_are_pointed_out() -> None:
    told = " ".join(compare(PRESETS["A-lenet5"], (0.8, 0.9)).caveats)
    assert "validation images" in told and "Kaggle CSV" in told
    told = " ".join(compare(PRESETS["E-cnn-k3n32"], (0.98, 0.99)).caveats)
    assert "Kaggle" not in told and "E validated on the test set" in told


def test_other_pictures_are_not_compared() -> None:
    spec = PRESETS["A-lenet5"]
    assert compare(spec.replace(dataset="mnist"), (0.8, 0.9)).verdict == "incomparable"
    assert compare(spec, (0.8, 0.9), synthetic=True).verdict == "incomparable"
    assert "your own files" in " ".join(compare(spec.replace(dataset="own"), (0.8, 0.9)).caveats)


def test_a_recipe_of_our_own_has_no_reference() -> None:
    assert compare(PRESETS["first-steps"], (0.8, 0.9)) is None


@pytest.mark.parametrize("name", REPORTED)
def test_each_untouched_preset_differs_from_itself_in_nothing(name: str) -> None:
    assert differences(PRESETS[name], PRESETS[name]).empty


def test_the_hyperparameter_table_has_every_hyperparameter_once_and_sections_in_one_piece() -> None:
    table = hyperparameter_table(PRESETS["B-lenet5"])
    # A network without a backbone has no settings of one, nor of an earlier Run that it did not start from; keeping
    # epochs changes nothing in it.
    idle = ("Backbone", "Fine-tuning", "Start", "Time machine")
    labels = [parameter.label for parameter in HYPERPARAMETERS.values() if parameter.section not in idle]
    assert set(labels) <= set(table["hyperparameter"])
    assert not {"Backbone", "Fine-tuning", "Start"} & set(table["section"])
    assert table["hyperparameter"].is_unique
    assert (table["section"] != table["section"].shift()).sum() == table["section"].nunique()
    values = table.set_index("hyperparameter")["value"]
    transfer = hyperparameter_table(PRESETS["E-vgg16"].replace(fine_tune_epochs=1))
    assert {"Backbone", "Cut after block", "Layers to fine-tune"} <= set(transfer["hyperparameter"])
    assert "Convolutions" not in set(transfer["hyperparameter"])
    assert values["Convolutions"] == "6@5x5 valid, pool; 16@5x5 valid, pool; 120@5x5 valid"

"""Calibration and curves by class, held against scikit-learn and by what must hold for any model."""

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
    top_k_accuracy_score,
)

from fmnist_core.calibration import fit_temperature, reliability, with_temperature
from fmnist_core.curves import precision_recall, roc, thinned
from fmnist_core.evaluation import Evaluation
from fmnist_core.figures.calibration import curves_figure, curves_text, reliability_figure, reliability_text

NAMES = tuple("abcdefghij")


@pytest.fixture(scope="module")
def answers() -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from probabilities that are then sharpened: a model twice too sure, T = 2 mends it."""
    generator = np.random.default_rng(0)
    honest = generator.dirichlet(np.full(10, 0.3), 20_000)
    labels = (honest.cumsum(axis=1) > generator.random((20_000, 1))).argmax(axis=1)
    return labels, with_temperature(honest, 0.5).astype(np.float32)


def test_the_temperature_that_made_a_model_too_sure_is_found(answers):
    labels, probabilities = answers
    temperature = fit_temperature(labels, probabilities)
    assert temperature == pytest.approx(2.0, rel=0.03)
    losses = [
        log_loss(labels, with_temperature(probabilities, t))
        for t in (temperature / 1.1, temperature, temperature * 1.1)
    ]
    assert losses[1] == min(losses)


def test_a_temperature_changes_no_answer_and_one_changes_nothing(answers):
    _, probabilities = answers
    assert np.array_equal(with_temperature(probabilities, 3).argmax(axis=1), probabilities.argmax(axis=1))
    assert np.allclose(with_temperature(probabilities, 1), probabilities, atol=1e-5)


def test_calibration_error_is_the_weighted_gap_and_the_temperature_closes_it(answers):
    labels, probabilities = answers
    before = reliability(labels, probabilities)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    gap = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        gap += inside.mean() * abs(confidence[inside].mean() - right[inside].mean()) if inside.any() else 0
    assert before.expected_error == pytest.approx(gap, abs=1e-6)
    assert before.excess == pytest.approx(confidence.mean() - right.mean(), abs=1e-6)
    assert before.counts.sum() == len(labels)
    after = reliability(labels, with_temperature(probabilities, 2.0))
    assert after.expected_error < 0.02 < before.expected_error


def test_certain_answers_fall_into_the_last_bin():
    found = reliability(np.array([0, 1]), np.eye(2, dtype=np.float32)[[0, 0]])
    assert found.counts[-1] == 2
    assert found.accuracy[-1] == 0.5 and found.expected_error == 0.5


@pytest.mark.parametrize("label", [0, 7])
def test_curves_are_scikit_learns(answers, label):
    labels, probabilities = answers
    scores = np.round(probabilities[:, label], 2)  # many that are equal
    positive = labels == label
    assert roc(scores, positive).area == pytest.approx(roc_auc_score(positive, scores))
    ours = precision_recall(scores, positive)
    assert ours.area == pytest.approx(average_precision_score(positive, scores))
    precision, recall, _ = precision_recall_curve(positive, scores)
    assert np.allclose(ours.x[1:], recall[:-1][::-1])
    assert np.allclose(ours.y[1:], precision[:-1][::-1])


def test_a_thinned_curve_keeps_its_ends_and_its_area(answers):
    labels, probabilities = answers
    whole = roc(probabilities[:, 3], labels == 3)
    drawn = thinned(whole, 100)
    assert len(drawn.x) <= 100 < len(whole.x)
    assert (drawn.x[0], drawn.y[0], drawn.x[-1], drawn.y[-1]) == (0, 0, 1, 1)
    assert drawn.area == whole.area
    assert np.trapezoid(drawn.y, drawn.x) == pytest.approx(whole.area, abs=0.01)


def test_the_true_class_among_the_first_two_is_scikit_learns(answers):
    labels, probabilities = answers
    made = Evaluation(labels, probabilities, NAMES)
    assert made.top_accuracy(1) == made.accuracy
    assert made.top_accuracy(2) == pytest.approx(top_k_accuracy_score(labels, probabilities, k=2))
    assert made.top_accuracy(10) == 1.0


def test_hits_come_the_least_sure_first_and_mistakes_of_one_cell_alone(answers):
    labels, probabilities = answers
    made = Evaluation(labels, probabilities, NAMES)
    hits = made.hits(50, true=4)
    assert (hits["true"] == "e").all() and (hits["predicted"] == "e").all()
    assert hits["confidence"].is_monotonic_increasing
    cell = made.mistakes(true=4, predicted=5)
    assert len(cell) == made.confusion_matrix()[4, 5] > 0
    assert (cell["true"] == "e").all() and (cell["predicted"] == "f").all()


def test_figures_draw_what_was_computed_and_say_what_is_good(answers):
    labels, probabilities = answers
    before, after = reliability(labels, probabilities), reliability(labels, with_temperature(probabilities, 2.0))
    drawn = reliability_figure(before, after).data
    assert np.allclose(drawn[1].x, before.confidence[before.counts > 0])
    assert np.allclose(drawn[2].y, after.accuracy[after.counts > 0])
    assert "surer than it is right" in reliability_text(before, after, 2.0)
    assert "softens" in reliability_text(before, after, 2.0)
    assert "temperature" not in reliability_text(before, None, None)
    for kind, make in (("roc", roc), ("precision-recall", precision_recall)):
        curves = [make(probabilities[:, label], labels == label) for label in range(10)]
        figure = curves_figure(curves, NAMES, kind=kind, chosen=2)
        assert len(figure.data) == 10 and figure.data[-1].name == "c"
        assert "Hardest: " in curves_text(curves, NAMES, kind=kind)

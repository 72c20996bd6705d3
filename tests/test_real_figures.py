"""Figures of the model that comes along, on the real test images, as scikit-learn, SciPy or a plain loop has them."""

import numpy as np
import pytest
from finished_run import REAL_DATA
from scipy.stats import binomtest
from sklearn import metrics
from sklearn.neighbors import NearestNeighbors

from fmnist_core import datasets, prediction
from fmnist_core.calibration import reliability
from fmnist_core.curves import precision_recall, roc
from fmnist_core.doubtful import GREY_LEVELS, K, near_copies, scores_without, suspect_labels
from fmnist_core.evaluation import Evaluation, wilson_interval
from fmnist_core.neighbours import Neighbours
from fmnist_core.paired import Pairing
from fmnist_core.ready_made import ready_made

pytestmark = pytest.mark.skipif(not REAL_DATA, reason="needs the real Fashion-MNIST")
TEN = list(range(10))
TRAIN, TEST = 2000, 1000  # images that are mirrored, and among which neighbours are searched for


@pytest.fixture(scope="module")
def dataset():
    return datasets.load("fashion-mnist")


@pytest.fixture(scope="module")
def made(dataset):
    rows = prediction.load(ready_made()).probabilities(np.asarray(dataset.x_test))
    return Evaluation(dataset.y_test, rows, dataset.class_names)


@pytest.fixture(scope="module")
def exact(made):
    """Probabilities whose rows sum to 1 in double precision, as scikit-learn wants them."""
    rows = made.probabilities.astype(np.float64)
    return rows / rows.sum(axis=1, keepdims=True)


def test_matrix_report_loss_and_accuracy_are_scikit_learns(made, exact):
    assert len(made.y_true) == 10_000
    assert made.accuracy == metrics.accuracy_score(made.y_true, made.y_predicted)
    assert (made.confusion_matrix() == metrics.confusion_matrix(made.y_true, made.y_predicted)).all()
    assert made.loss == pytest.approx(metrics.log_loss(made.y_true, exact), rel=1e-4)
    wanted = metrics.classification_report(made.y_true, made.y_predicted, output_dict=True)
    report = made.report()
    for ours, theirs in zip(report.index, [*map(str, TEN), "macro avg", "weighted avg"], strict=True):
        values = [wanted[theirs][key] for key in ("precision", "recall", "f1-score", "support")]
        assert report.loc[ours].tolist() == pytest.approx(values)


def test_the_first_two_choices_are_scikit_learns_and_intervals_scipys(made, exact):
    top = made.top_accuracy(2)
    assert top == pytest.approx(metrics.top_k_accuracy_score(made.y_true, exact, k=2))
    for share in (made.accuracy, top):
        wanted = binomtest(round(share * 10_000), 10_000).proportion_ci(0.95, method="wilson")
        assert wilson_interval(share, 10_000) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


@pytest.mark.parametrize("label", TEN)
def test_areas_of_each_class_are_scikit_learns(made, label):
    scores, positive = made.probabilities[:, label], made.y_true == label
    assert roc(scores, positive).area == pytest.approx(metrics.roc_auc_score(positive, scores))
    assert precision_recall(scores, positive).area == pytest.approx(metrics.average_precision_score(positive, scores))


def test_the_calibration_error_is_the_gap_summed_bin_by_bin(made):
    sure, right, gap = made.probabilities.max(axis=1).astype(np.float64), made.y_predicted == made.y_true, 0.0
    for place in range(15):
        inside = (sure > place / 15) & (sure <= (place + 1) / 15)
        gap += abs(sure[inside].sum() - right[inside].sum()) / 10_000
    assert reliability(made.y_true, made.probabilities).expected_error == pytest.approx(gap, abs=1e-6)


def test_images_and_their_mirror_images_are_paired_as_scipy_does(dataset, made):
    images = np.ascontiguousarray(dataset.x_test[:TEST, :, ::-1])
    mirrored = Evaluation(
        dataset.y_test[:TEST], prediction.load(ready_made()).probabilities(images), dataset.class_names
    )
    asked = made.subset(np.arange(10_000) < TEST), mirrored
    pairing = Pairing(*asked)
    right = [one.probabilities.argmax(axis=1) == one.y_true for one in asked]
    alone = (right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum()
    assert (len(pairing.only_first), len(pairing.only_second)) == alone and min(alone) > 0
    assert pairing.p_value == pytest.approx(binomtest(alone[0], sum(alone)).pvalue)


def test_doubtful_images_and_the_score_without_them_are_those_of_a_plain_loop(dataset, made):
    pixels = np.concatenate([dataset.x_train[:TRAIN], dataset.x_test[:TEST]]).reshape(TRAIN + TEST, -1)
    pixels = pixels.astype(np.float32) / 255
    labels = np.concatenate([dataset.y_train[:TRAIN], dataset.y_test[:TEST]])
    distance, index = NearestNeighbors(n_neighbors=21).fit(pixels).kneighbors(pixels)
    found = Neighbours(index[:, 1:].astype(np.int32), distance[:, 1:].astype(np.float32))
    apart = metrics.pairwise_distances(pixels[TRAIN:], pixels[:TRAIN]).min(axis=1) * GREY_LEVELS
    reach = float(np.quantile(apart, 0.02))  # so few images hold no pair within the ten grey levels of the page
    near = near_copies(found, TRAIN, reach)
    assert near.sum() >= 10 and np.array_equal(near, apart <= reach)
    suspect = suspect_labels(found, labels, TRAIN, 10)
    around = labels[index[TRAIN:, 1 : K + 1]]
    wanted = [len(set(ten)) == 1 and ten[0] != own for ten, own in zip(around, labels[TRAIN:], strict=True)]
    assert any(wanted) and suspect.tolist() == wanted
    scores = scores_without(made.subset(np.arange(10_000) < TEST), near, suspect)
    right = (made.y_predicted == made.y_true)[:TEST]
    kept = (np.ones(TEST, bool), ~near, ~suspect, ~near & ~suspect)
    assert scores["accuracy"].tolist() == pytest.approx([right[rows].mean() for rows in kept])

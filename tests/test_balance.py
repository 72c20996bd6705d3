"""Balance: its measures against scipy and scikit-learn, its words, and its page."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

from fmnist_core import datasets
from fmnist_core.balance import Balance, chance_sentence, counts_table, measures_table, verdict
from fmnist_core.errors import DataError
from fmnist_core.figures.quality import balance_figure, balance_text
from fmnist_core.quality.copies import kept_by_policy

KAGGLE_WITHOUT_COPIES = (5996, 5992, 5976, 5994, 5990, 6000, 5978, 5992, 6000, 5996)


@pytest.mark.parametrize("counts", [(5, 9, 1), (100, 100), KAGGLE_WITHOUT_COPIES, (1000, 1, 1, 300), (7, 0, 3)])
def test_chi_square_and_entropy_equal_those_of_scipy_and_scikit_learn(counts):
    balance = Balance(counts)
    expected = stats.chisquare(counts)
    assert balance.chi_square == pytest.approx(expected.statistic)
    assert balance.p_value == pytest.approx(expected.pvalue)
    assert balance.entropy == pytest.approx(stats.entropy(counts) / math.log(len(counts)))
    labels = np.repeat(np.arange(len(counts)), counts)
    assert balance.entropy * math.log(len(counts)) == pytest.approx(mutual_info_score(labels, labels))


def test_equal_counts_are_even_in_every_measure():
    balance = Balance((6000,) * 10)
    assert (balance.ratio, balance.chi_square, balance.p_value) == (1, 0, 1)
    assert balance.entropy == pytest.approx(1)
    assert "no weights are needed" in verdict(balance)
    assert "more even than chance" in chance_sentence(balance)


def test_an_empty_class_makes_the_ratio_infinite_and_is_named():
    balance = Balance((10, 0, 5))
    assert math.isinf(balance.ratio)
    assert "no image" in verdict(balance)
    assert measures_table({"training": balance}).loc["Largest / smallest", "training"] == "infinite"


def test_one_class_has_nothing_to_compare():
    balance = Balance((12,))
    assert (balance.entropy, balance.p_value, balance.degrees) == (1, 1, 0)
    assert "nothing to compare" in verdict(balance)


@pytest.mark.parametrize(
    ("counts", "words"),
    [((1000, 950), "As good as even"), ((1000, 800), "Slightly uneven"), ((1000, 100), "macro F1")],
)
def test_advice_follows_the_ratio(counts, words):
    assert words in verdict(Balance(counts))


@pytest.mark.parametrize(
    ("counts", "words"),
    [((1000, 100), "no accident"), ((1010, 990), "gives counts like these"), ((3, 2), "rough guide")],
)
def test_the_test_is_said_in_words(counts, words):
    assert words in chance_sentence(Balance(counts))


@pytest.mark.parametrize("counts", [(), (0, 0), (3, -1)])
def test_counts_of_nothing_are_refused(counts):
    with pytest.raises(DataError, match="Expected counts of at least one image"):
        Balance(counts)


def test_counts_of_the_real_data_are_6000_and_1000_per_class(fashion_folder):
    data = datasets.load("fashion-mnist", fashion_folder)
    labels = np.concatenate([data.y_train, data.y_test])
    frame = counts_table(labels, np.arange(70_000) >= 60_000, tuple(range(10)), data.class_names)
    assert frame["training"].tolist() == [6000] * 10
    assert frame["test"].tolist() == [1000] * 10
    assert len(kept_by_policy(data.x_train, "drop_all")) == 60_000


def test_the_figure_has_a_bar_per_class_and_split_and_a_sentence_with_the_same_numbers():
    frame = counts_table(np.array([0, 0, 2, 2, 2]), np.array([0, 0, 0, 0, 1], bool), (0, 2), ("a", "b", "c"))
    figure = balance_figure(frame)
    assert [bar.name for bar in figure.data] == ["training", "test"]
    assert [list(bar.x) for bar in figure.data] == [[2, 2], [0, 1]]
    assert figure.data[0].marker.color[0] != figure.data[0].marker.color[1]
    assert "a 2, c 2" in balance_text(frame) and "a 0, c 1" in balance_text(frame)


def test_a_split_without_images_is_left_out_of_the_figure():
    frame = counts_table(np.array([0, 1]), np.zeros(2, bool), (0, 1), ("a", "b"))
    assert [bar.name for bar in balance_figure(frame).data] == ["training"]

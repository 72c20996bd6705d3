"""Scores without near-copies of training images and without suspect labels."""

import numpy as np

from fmnist_core.doubtful import GREY_LEVELS, near_copies, scores_text, scores_without, suspect_labels
from fmnist_core.evaluation import Evaluation
from fmnist_core.neighbours import Neighbours

# Three training images (0, 1, 2), three test images (3, 4, 5).
INDEX = np.array([[1, 3], [0, 2], [1, 0], [0, 4], [5, 2], [4, 3]], np.int32)
DISTANCE = np.array([[9, 9], [9, 9], [9, 9], [4, 90], [4, 90], [4, 4]], np.float32) / np.float32(GREY_LEVELS)


def test_only_a_training_image_within_reach_makes_a_near_copy():
    found = Neighbours(INDEX, DISTANCE)
    assert near_copies(found, 3, threshold=5).tolist() == [True, False, False]
    assert near_copies(found, 3, threshold=95).tolist() == [True, True, False]


def test_a_label_is_suspect_where_all_neighbours_agree_on_another():
    labels = np.array([0, 0, 1, 1, 1, 0])
    found = Neighbours(
        np.array([[1, 1], [0, 0], [0, 0], [0, 1], [0, 3], [3, 4]], np.int32), np.ones((6, 2), np.float32)
    )
    assert suspect_labels(found, labels, 3, 2).tolist() == [True, False, True]


def test_scores_leave_out_what_is_marked_and_say_what_it_does():
    y_true = np.zeros(10, int)
    right = np.array([1, 1, 1, 1, 0, 0, 1, 1, 1, 1], bool)
    probabilities = np.where(right[:, np.newaxis], [[0.9, 0.1]], [[0.2, 0.8]])
    near, suspect = np.arange(10) < 4, np.isin(np.arange(10), [4, 5])
    scores = scores_without(Evaluation(y_true, probabilities, ("a", "b")), near, suspect)
    assert scores["images"].tolist() == [10, 6, 8, 4]
    assert np.allclose(scores["accuracy"], [0.8, 4 / 6, 1, 1])
    assert (scores["low"] <= scores["accuracy"]).all() and (scores["accuracy"] <= scores["high"]).all()
    text = scores_text(scores)
    assert "flatter the score by 13.33 points (4 of 10 images)" in text
    assert "lower the score by 20.00 points" in text
    turned = scores_text(scores_without(Evaluation(y_true, probabilities, ("a", "b")), suspect, near))
    assert "Near-copies of training images lower the score by 20.00 points (2 of 10 images)" in turned
    assert "Suspect labels flatter the score by 13.33 points" in turned
    none = scores_without(Evaluation(y_true, probabilities, ("a", "b")), np.zeros(10, bool), np.zeros(10, bool))
    assert "none among the test images" in scores_text(none)


def test_where_nothing_would_remain_there_is_no_row():
    scores = scores_without(
        Evaluation(np.array([0]), np.array([[0.6, 0.4]]), ("a", "b")), np.array([True]), np.array([False])
    )
    assert list(scores.index) == ["All test images", "Without suspect labels"]

"""What was learned and forgotten, and the map of answers: on numbers that can be checked by hand."""

import numpy as np
import pytest

from fmnist_core.epoch_history import EpochHistory, history_of
from fmnist_core.epoch_map import anchors_of, circle_order, overlap, places
from fmnist_core.errors import DataError, RunError
from fmnist_core.figures.epochs import flow_figure, flow_text, kinds_figure, kinds_text

NAMES = ("a", "b", "c")
Y_TRUE = np.array([0, 0, 1, 1, 2, 2], np.uint8)
# A column per image: always right, learned, regained, lost, never, forgotten twice and right in the end.
PREDICTED = np.array([
    [0, 1, 1, 1, 0, 2],
    [0, 1, 0, 1, 0, 1],
    [0, 0, 2, 0, 1, 2],
    [0, 0, 1, 0, 0, 0],
    [0, 0, 1, 2, 0, 2],
], np.uint8)  # fmt: skip
EPOCHS = (1, 2, 3, 4, 6)


@pytest.fixture
def history():
    answers = {
        epoch: np.where(np.eye(3, dtype=bool)[row], 200 + at, 20).astype(np.uint8)
        for at, (epoch, row) in enumerate(zip(EPOCHS, PREDICTED, strict=True))
    }
    return history_of(EPOCHS, answers.__getitem__, Y_TRUE)


def test_what_was_answered_is_what_was_given(history):
    assert np.array_equal(history.predicted, PREDICTED)
    assert (history.confidence == np.array([200, 201, 202, 203, 204])[:, np.newaxis]).all()
    assert history.places.shape == (5, 6, 2)


def test_a_forgetting_is_right_and_then_wrong(history):
    assert history.forgettings.tolist() == [0, 0, 1, 1, 0, 2]


def test_every_image_has_one_fate(history):
    assert history.kinds() == {"always": 1, "learned": 1, "regained": 2, "lost": 1, "never": 1}


def test_the_table_counts_what_was_learned_and_forgotten_from_epoch_to_epoch(history):
    table = history.table({1: 0.5, 6: 0.75})
    assert table["epoch"].tolist() == list(EPOCHS)
    assert table["test_accuracy"].tolist() == pytest.approx([4 / 6, 2 / 6, 3 / 6, 3 / 6, 4 / 6])
    assert table["learned"].tolist() == [4, 0, 2, 1, 1]
    assert table["forgotten"].tolist() == [0, 2, 1, 1, 0]
    assert table["val_accuracy"].isna().tolist() == [False, True, True, True, False]
    balance = (table["learned"] - table["forgotten"]).cumsum() / len(Y_TRUE)
    assert balance.tolist() == pytest.approx(table["test_accuracy"].tolist())


def test_forgotten_images_come_with_what_was_said_instead(history):
    frame = history.forgotten(NAMES)
    assert frame["image"].tolist() == [5, 3, 2]
    assert frame["times"].tolist() == [2, 1, 1]
    assert frame["last_right"].tolist() == [6, 2, 6]
    assert frame["said"].tolist() == ["a", "c", "c"]  # the last wrong answer
    assert frame["in_the_end"].tolist() == ["right", "wrong", "right"]
    assert frame["confidence"].tolist() == pytest.approx([203 / 255, 204 / 255, 202 / 255])
    assert history.forgotten(NAMES, lost_only=True)["image"].tolist() == [3]


def test_a_run_that_forgets_nothing_has_an_empty_list():
    steady = history_of((1, 2), lambda _: np.eye(3, dtype=np.uint8)[Y_TRUE] * 255, Y_TRUE)
    assert steady.forgotten(NAMES).empty
    assert steady.kinds()["always"] == 6


@pytest.mark.parametrize(("count", "most", "expected"), [(5, 100, [0, 1, 2, 3, 4]), (5, 3, [0, 2, 4]), (5, 1, [0])])
def test_frames_are_spread_evenly_from_the_first_to_the_last(history, count, most, expected):
    assert len(history.epochs) == count
    assert history.frames(most) == expected


def test_answers_on_other_images_and_no_answers_are_refused():
    with pytest.raises(DataError, match="Expected answers on 6 images. Received 2"):
        history_of((1,), lambda _: np.zeros((2, 3), np.uint8), Y_TRUE)
    with pytest.raises(DataError, match="at least one kept epoch"):
        history_of((), lambda _: np.zeros((6, 3), np.uint8), Y_TRUE)


def test_an_epoch_that_cannot_be_read_is_left_out():
    def answers(epoch):
        if epoch == 2:
            raise RunError("Expected answers. Received none.")
        return np.eye(3, dtype=np.uint8) * 255

    assert history_of((1, 2, 3), answers, np.arange(3)).epochs == (1, 3)
    with pytest.raises(DataError, match="Received 1 that cannot"):
        history_of((2,), answers, np.arange(3))


def test_a_sure_image_lies_at_its_class_and_an_unsure_one_in_the_middle():
    anchors = anchors_of(np.zeros((10, 10)))
    assert np.allclose(np.hypot(*anchors.T), 1)
    at = places(np.vstack([np.eye(10), np.full((1, 10), 0.1)]), anchors) / 127.5 - 1
    assert np.allclose(at[:10], anchors, atol=1 / 127)
    assert np.allclose(at[10], 0, atol=1 / 127)


def test_classes_that_are_taken_for_each_other_stand_side_by_side():
    generator, ring = np.random.default_rng(0), [0, 7, 3, 9, 1, 4, 8, 2, 6, 5]
    alike = generator.uniform(0, 0.1, (10, 10))
    for one, other in zip(ring, ring[1:] + ring[:1], strict=True):
        alike[one, other] = alike[other, one] = 1
    order = circle_order(alike)
    assert order in (ring, ring[:1] + ring[:0:-1])
    assert sorted(circle_order(np.zeros((10, 10)))) == list(range(10))
    both = overlap(np.array([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]))
    assert both.tolist() == [[0, 0.25, 0], [0.25, 0, 0], [0, 0, 0]]


def test_figures_draw_the_numbers_and_say_them(history):
    table, kinds = history.table(), history.kinds()
    figure = flow_figure(table)
    assert list(figure.data[0].y) == [0, 2, 1, 1]
    assert list(figure.data[1].y) == [-2, -1, -1, 0]
    assert list(figure.data[2].y) == [-2, 1, 0, 1]
    assert "4 images became right and 4 became wrong" in flow_text(table)
    assert "epoch 2: 2" in flow_text(table)
    assert "One epoch" in flow_text(table.iloc[:1])
    assert list(kinds_figure(kinds).data[0].x) == [1, 1, 2, 1, 1]
    assert kinds_text(kinds).startswith("33% of the images were never forgotten")


def test_the_classes_need_not_be_ten():
    made = EpochHistory(
        (1,),
        np.array([0]),
        np.array([[1]]),
        np.array([[255]]),
        np.zeros((1, 1, 2), np.uint8),
        anchors_of(np.zeros((2, 2))),
    )
    assert made.kinds()["never"] == 1
    assert np.allclose(made.anchors, [[0, 1], [0, -1]], atol=1e-9)

"""Beat the model: the draw, what the browser may send, who is ahead, and the file of results."""

import numpy as np
import pytest

from fmnist_core import contest
from fmnist_core.contest import Game
from fmnist_core.errors import LabError
from fmnist_core.figures.contest import Score, contest_figure, contest_text

NAMES = tuple("abcdefghij")


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


def game(you_right, model_right, n=20):
    """You are right on the images of one range, the model on those of another."""
    labels = np.arange(n) % 10
    yours = np.where([at in you_right for at in range(n)], labels, (labels + 1) % 10)
    theirs = np.where([at in model_right for at in range(n)], labels, (labels + 2) % 10)
    rows = np.full((n, 10), 0.05)
    rows[np.arange(n), theirs] = 0.55
    return Game(np.arange(n) + 100, labels.astype(np.uint8), yours, np.full(n, 1.5), rows, NAMES)


def record(right, name="Ada", seed=7, sha256="data"):
    return contest.record(game(range(right), range(18)), name=name, sha256=sha256, seed=seed, model="LeNet")


def test_equal_seeds_draw_equal_images_and_others_others_without_repetition():
    labels = np.random.default_rng(0).integers(0, 10, 1000)
    drawn = contest.draw(labels, 7)
    assert len(set(drawn.tolist())) == 20 and np.array_equal(drawn, contest.draw(labels, 7))
    assert not np.array_equal(drawn, contest.draw(labels, 8))
    assert len(contest.draw(labels[:5], 7)) == 5


def test_right_answers_and_misses_are_told_apart():
    played = game(range(16), range(3, 20))
    assert (played.right, played.model_right) == (16, 17)
    assert played.missed(you=True, model=False).tolist() == [16, 17, 18, 19]
    assert played.missed(you=False, model=True).tolist() == [0, 1, 2]
    assert played.missed(you=True, model=True).tolist() == []
    assert game(range(10), range(12)).missed(you=True, model=True).tolist() == list(range(12, 20))


def test_a_small_lead_settles_nothing_and_a_large_one_does():
    close = contest.verdict_text(game(range(16), range(3, 20)), "LeNet")
    assert "**LeNet is ahead**, 17 to 16." in close and "20 images do not settle who is better" in close
    clear = contest.verdict_text(game(range(20), range(8)), "LeNet")
    assert "**You are ahead**, 20 to 8." in clear and "hardly luck" in clear
    assert "A draw" in contest.verdict_text(game(range(9), range(9)), "LeNet")


@pytest.mark.parametrize(("right", "where"), [(17, "lies within"), (3, "is above"), (20, "is below")])
def test_the_published_accuracy_is_set_beside_an_interval_not_a_point(right, where):
    words = contest.people_text(game(range(right), range(18)))
    assert f"83.5%, {where} that" in words and "majority of three" in words


GOOD = {"answers": [0] * 20, "times_ms": [1500] * 20}


@pytest.mark.parametrize(
    "sent",
    [
        None, {}, {**GOOD, "answers": [0] * 19}, {**GOOD, "answers": [10] * 20}, {**GOOD, "answers": [-1] * 20},
        {**GOOD, "times_ms": [-1] * 20}, {**GOOD, "times_ms": [float("nan")] * 20}, {**GOOD, "answers": "x"},
        {**GOOD, "times_ms": [1e12] * 20},
    ],
)  # fmt: skip
def test_what_is_no_game_is_refused(sent):
    with pytest.raises(LabError, match="Expected"):
        contest.read_answers(sent, 20, 10)


def test_answers_and_times_come_back_in_seconds():
    answers, seconds = contest.read_answers(GOOD, 20, 10)
    assert answers.tolist() == [0] * 20 and seconds.sum() == pytest.approx(30)


def test_results_are_kept_ranked_and_forgotten():
    record(14), record(17, "Bo"), record(17, "Cy", sha256="other")
    assert record(20, " ada ").again, "the second try has seen the answers"
    assert not record(15, "ada", seed=8).again
    best = contest.ranked(contest.entries(), "data")
    assert [(entry.name, entry.right) for entry in best] == [("Bo", 17), ("ada", 15), ("Ada", 14), ("ada", 20)]
    contest.forget()
    assert contest.entries() == []


def test_torn_and_foreign_lines_are_passed_over():
    record(14)
    with contest._file().open("a") as lines:
        lines.write('{"time_s": 1}\n[1]\nnull\n{"time_s": "x", "name": 1}\n\xff{"half')
    assert [entry.right for entry in contest.entries()] == [14]


def test_a_name_is_shortened_and_cannot_break_the_file():
    assert record(3, "A\nB" + "x" * 99).name == ("A B" + "x" * 99)[:24]
    assert len(contest.entries()) == 1


def test_the_figure_has_a_row_with_an_interval_for_each_score():
    scores = [Score("You", 0.8, 20), Score("The model", 0.9, 20), Score("People, published", 0.835, 1000)]
    figure = contest_figure(scores)
    widths = [trace.error_x.array[0] + trace.error_x.arrayminus[0] for trace in figure.data]
    assert len(figure.data) == 3 and widths[0] > 5 * widths[2]
    assert "You 80.0% of 20 images (58% to 92%)" in contest_text(scores)

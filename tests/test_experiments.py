"""Experiments: their Runs differ in one thing, share a group, and are found again."""

from datetime import datetime

import numpy as np
import pytest

from fmnist_core import jobs, zoo
from fmnist_core.evaluation import Evaluation
from fmnist_core.experiments import EXPERIMENTS, experiment_of, launch, launches, member_of, specs_of
from fmnist_core.figures.experiments import Outcome, accuracy_text
from fmnist_core.paired import Pairing
from fmnist_core.processes import Claim
from fmnist_core.run_groups import names_of, new_name, when
from fmnist_core.runs import list_runs


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))


@pytest.mark.parametrize("key", EXPERIMENTS)
def test_the_runs_of_an_experiment_differ_in_their_convolutions_alone(key):
    members = EXPERIMENTS[key].members
    assert len({member.label for member in members}) == len(members)
    first = members[0].spec
    for member in members:
        assert member.spec.replace(conv_blocks=first.conv_blocks, title=first.title, preset=first.preset) == first
        assert zoo.describe(member.spec)


def test_the_grid_is_e_s_and_the_ablation_has_no_dropout_anywhere():
    sizes = [sum(layer.parameters for layer in zoo.describe(one.spec)) for one in EXPERIMENTS["filter-grid"].members]
    assert sizes == [113_642, 225_418, 93_162, 184_458]
    assert [one.reported for one in EXPERIMENTS["filter-grid"].members] == [0.9920, 0.9888, 0.9909, 0.9922]
    with_dropout, without = EXPERIMENTS["dropout"].members
    assert [block.dropout for block in with_dropout.spec.conv_blocks] == [0.5, 0.5]
    assert [block.dropout for block in without.spec.conv_blocks] == [0, 0]
    assert (with_dropout.reported, without.reported) == (0.9933, 0.9884)


def test_a_launch_queues_all_runs_in_one_group_and_is_found_again():
    group = launch("filter-grid", "fashion-mnist", epochs=2, train_limit=10_000)
    other = launch("dropout", "fashion-mnist")
    specs = [run.spec for run in list_runs()]
    mine = [spec for spec in specs if spec.group == group]
    assert len(mine) == 4 and len(specs) == 6
    assert {(spec.epochs, spec.train_limit, spec.dataset) for spec in mine} == {(2, 10_000, "fashion-mnist")}
    assert launches("filter-grid", specs) == [group]
    assert launches("dropout", specs) == [other]
    assert experiment_of(group) == "filter-grid"
    assert {member_of("filter-grid", spec).label for spec in mine} == {
        m.label for m in EXPERIMENTS["filter-grid"].members
    }
    assert when(group).strftime("%Y%m%d-%H%M%S") in group


@pytest.mark.parametrize("group", ["", "fold-1", "experiment-absent-20250101-000000-abcd", "experiment-dropout-x"])
def test_other_groups_are_no_experiments(group):
    assert experiment_of(group) is None


def test_a_run_with_other_settings_is_no_member():
    (spec, _) = specs_of("dropout", "mnist")
    assert member_of("dropout", spec).label == "With dropout"
    assert member_of("dropout", spec.replace(learning_rate=0.1)) is None


def test_the_words_follow_the_launch_from_its_start_to_its_end():
    begun = [Outcome("a", 0.80), Outcome("b", float("nan"))]
    assert accuracy_text([Outcome("a", float("nan"))] * 2) == "No epoch is finished yet."
    assert accuracy_text(begun) == "Best validation accuracy so far. a: 80.00%."
    done = [Outcome("a", 0.90, 0.84, 50), Outcome("b", 0.95, 0.90, 50)]
    assert accuracy_text(done).startswith("Ahead on the test images: b, 90.00%. Last: a, 84.00%. Whether that is more")
    assert accuracy_text([Outcome("a", 0.9, 0.9, 100), Outcome("b", 0.9, 0.9, 100)]).startswith(
        "All Runs have the same"
    )


def test_the_best_and_the_last_are_told_apart_by_the_images_on_which_they_disagree():
    """8 against 2 of 50 images: p is 0.109; 9 against 0: 0.004, and for the most uneven of six pairs 0.023."""
    pair = [Outcome("a", 0.9, 0.96, 50), Outcome("b", 0.9, 0.84, 50)]
    words = accuracy_text(pair, _paired(8, 2))
    assert "a alone has 8 right, b alone 2." in words and "in 10.9% of test sets" in words
    assert words.endswith("the images do not settle which is better.")
    four = [*pair, Outcome("c", 0.9, 0.9, 50), Outcome("d", 0.9, 0.9, 50)]
    assert "one of 6 pairs would be split as unevenly in at most 2.3% of test" in accuracy_text(four, _paired(9, 0))
    assert "settle that a is the better" in accuracy_text(four, _paired(9, 0))
    assert "do not settle" in accuracy_text(four, _paired(7, 0))  # 0.016 for two named beforehand, 0.094 for one of six
    assert "settle that a is the better" in accuracy_text(pair, _paired(7, 0))


def _paired(only_first, only_second):
    """Return two Evaluations of 50 images of class 0 that each alone has so many right."""
    first = np.arange(50) >= only_second
    second = (np.arange(50) < only_second) | (np.arange(50) >= only_first + only_second)
    labels = np.zeros(50, int)
    return Pairing(*(Evaluation(labels, np.eye(2)[1 - right.astype(int)], ("x", "y")) for right in (first, second)))


@pytest.mark.parametrize(
    ("kind", "title", "slug"), [("labels", "", None), ("crossval", "Über 5x5!", "ber-5x5"), ("search", "?", "own")]
)
def test_the_name_of_a_launch_tells_its_kind_its_title_and_when(kind, title, slug):
    name, other = new_name(kind, title), new_name(kind, title)
    assert name != other and names_of(kind).fullmatch(name)["title"] == slug
    assert abs((datetime.now() - when(name)).total_seconds()) < 60
    assert not names_of("experiment").fullmatch(name)

"""Experiments: their Runs differ in one thing, share a group, and are found again."""

from datetime import datetime

import pytest

from fmnist_core import jobs, zoo
from fmnist_core.experiments import EXPERIMENTS, experiment_of, launch, launches, member_of, settles, specs_of
from fmnist_core.figures.experiments import Outcome, accuracy_text
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


def test_batch_normalisation_settles_in_a_full_launch_but_not_in_a_handful_of_steps():
    assert settles(specs_of("dropout", "mnist"), 60_000)
    assert not settles(specs_of("dropout", "mnist", epochs=1), 5_000)


def test_the_words_follow_the_launch_from_its_start_to_its_end():
    begun = [Outcome("a", 0.80), Outcome("b", float("nan"))]
    assert accuracy_text([Outcome("a", float("nan"))] * 2) == "No epoch is finished yet."
    assert accuracy_text(begun) == "Best validation accuracy so far. a: 80.00%."
    near = [Outcome("a", 0.90, 0.901, 10_000), Outcome("b", 0.90, 0.900, 10_000)]
    assert "Ahead on the test images: a, 90.10%. Last: b, 90.00%." in accuracy_text(
        near
    ) and "do not settle which is better" in accuracy_text(near)
    far = [Outcome("a", 0.90, 0.90, 10_000), Outcome("b", 0.95, 0.95, 10_000)]
    assert "Ahead on the test images: b, 95.00%." in accuracy_text(far) and "do not overlap" in accuracy_text(far)
    assert accuracy_text([Outcome("a", 0.9, 0.9, 100), Outcome("b", 0.9, 0.9, 100)]).startswith(
        "All Runs have the same"
    )


@pytest.mark.parametrize(
    ("kind", "title", "slug"), [("labels", "", None), ("crossval", "Über 5x5!", "ber-5x5"), ("search", "?", "own")]
)
def test_the_name_of_a_launch_tells_its_kind_its_title_and_when(kind, title, slug):
    name, other = new_name(kind, title), new_name(kind, title)
    assert name != other and names_of(kind).fullmatch(name)["title"] == slug
    assert abs((datetime.now() - when(name)).total_seconds()) < 60
    assert not names_of("experiment").fullmatch(name)

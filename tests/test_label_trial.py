"""The trial of label decisions: pairs of Runs that differ in them alone, and what is said of the difference."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import stats
from test_neighbours import part

from fmnist_core import datasets, jobs
from fmnist_core.errors import LabError, SpecError
from fmnist_core.figures.labels import effect_figure, effect_table
from fmnist_core.fold import Fold
from fmnist_core.label_effect import Effect, Outcome, effect_of, effect_text, points
from fmnist_core.label_trial import MOST_SEEDS, Trial, find_trial, launch, trials
from fmnist_core.overlay import Overlay
from fmnist_core.presets import PRESETS
from fmnist_core.processes import Claim
from fmnist_core.runs import PROBABILITIES_FILE, RESULT_FILE, RunState, list_runs
from fmnist_core.training_data import MARKS_FILE, kept_marks, load_data

BASE = PRESETS["first-steps"]
DATA = part(400, 200, "trial")


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))
    monkeypatch.setattr(datasets, "load", lambda *_, **__: DATA)


def decide() -> Overlay:
    return (
        Overlay.read(DATA.sha256).mark("train", 3, "relabel", (int(DATA.y_train[3]) + 1) % 10).mark("train", 5, "drop")
    )


def complete(run, right: int) -> None:
    """Finish a Run that gets the first `right` test images right and the others wrong."""
    answers = np.where(np.arange(len(DATA.y_test)) < right, DATA.y_test, (DATA.y_test + 1) % 10)
    probabilities = np.eye(10, dtype=np.float32)[answers]
    np.save(run.folder / PROBABILITIES_FILE, probabilities)
    (run.folder / RESULT_FILE).write_text(json.dumps({"sha256": DATA.sha256}))
    run.write_event("completed")


def test_the_two_specs_of_a_seed_differ_in_the_marks_alone():
    pairs = Trial(BASE.replace(seed=7), 3).specs("group")
    assert [without.seed for without, _ in pairs] == [7, 8, 9]
    for without, marked in pairs:
        changed = {
            field.name
            for field in dataclasses.fields(without)
            if getattr(without, field.name) != getattr(marked, field.name)
        }
        assert changed == {"label_marks", "title"}
        assert (without.label_marks, marked.label_marks) == (False, True)
    whole = {dataclasses.replace(spec, seed=7, title="x", label_marks=False) for pair in pairs for spec in pair}
    assert whole == {BASE.replace(title="x", group="group", seed=7)}


def test_one_click_queues_all_pairs_and_the_trial_is_found_again():
    decide()
    name = launch(Trial(BASE, 2))
    trial = find_trial(name, list_runs())
    assert [run.spec.title for run in trial.runs] == [
        f"First steps, seed {seed}, {words}" for seed in (1, 2) for words in ("labels as given", "with decisions")
    ]
    assert trial.base == BASE
    assert [found.name for found in trials(list_runs())] == [name]
    assert find_trial("labels-20250101-000000-abcd", list_runs()) is None


def test_the_data_of_a_pair_differ_by_the_decisions_alone():
    decide()
    (pair, *_) = find_trial(launch(Trial(BASE, 2)), list_runs()).pairs
    given, decided = (load_data(run.spec, kept_marks(run)) for run in (pair.without, pair.marked))
    count = [len(data.train[0]) + len(data.validation[0]) for data in (given, decided)]
    assert count == [400, 399]
    given_labels, decided_labels = (
        np.concatenate([data.train[1], data.validation[1]]).sum(axis=0) for data in (given, decided)
    )
    change = np.zeros(10)
    for label, step in ((DATA.y_train[5], -1), (DATA.y_train[3], -1), ((DATA.y_train[3] + 1) % 10, 1)):
        change[label] += step
    assert (decided_labels - given_labels == change).all()


def test_decisions_made_after_the_launch_do_not_reach_runs_that_wait():
    overlay = decide()
    trial = find_trial(launch(Trial(BASE, 2)), list_runs())
    overlay.mark("train", 9, "drop")
    for pair in trial.pairs:
        assert Overlay.read(DATA.sha256, kept_marks(pair.marked)).digest == overlay.digest
        assert not (pair.without.folder / MARKS_FILE).exists()
    assert trial.decisions(DATA.sha256).counts() == {"keep": 0, "relabel": 1, "drop": 1}


def test_without_a_decision_that_changes_training_nothing_starts():
    Overlay.read(DATA.sha256).mark("train", 1, "keep").mark("test", 1, "drop")
    with pytest.raises(LabError, match="Expected a training image that was relabelled or dropped"):
        launch(Trial(BASE))
    assert list_runs() == []


def test_the_decisions_are_those_about_the_data_that_the_trial_names(monkeypatch):
    decide()
    loaded = []
    other = dataclasses.replace(DATA, sha256="e" * 64)
    monkeypatch.setattr(datasets, "load", lambda *asked: loaded.append(asked) or other)
    with pytest.raises(LabError, match="Received no such decision"):
        launch(Trial(BASE.replace(dataset="own", dataset_folder="/data"), 2))
    assert loaded == [("own", "/data")]
    assert list_runs() == []


def test_decisions_that_do_not_fit_the_data_start_nothing():
    decide().mark("train", 400, "drop")
    with pytest.raises(LabError, match="Received one on train-400"):
        launch(Trial(BASE, 2))
    assert list_runs() == []


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Trial(BASE, 1), lambda: Trial(BASE, MOST_SEEDS + 1), lambda: Trial(BASE, True),
        lambda: Trial(BASE.replace(split="test")), lambda: Trial(BASE.replace(train_limit=100)),
        lambda: Trial(BASE.replace(fold=Fold(1, 5))), lambda: Trial(BASE.replace(start_run="earlier")),
        lambda: Trial(BASE.replace(start_run="earlier", start_epoch=2)),
    ],
)  # fmt: skip
def test_a_trial_that_would_mislead_is_refused(wrong):
    with pytest.raises(SpecError, match="Expected"):
        wrong()


def test_the_effect_is_that_of_the_pairs_that_are_done():
    decide()
    trial = find_trial(launch(Trial(BASE, 3)), list_runs())
    assert effect_of(trial, DATA) is None
    for pair, without, marked in zip(trial.pairs, (100, 110, 120), (120, 126, 130), strict=True):
        complete(pair.without, without)
        if pair.seed < 2:
            complete(pair.marked, marked)
    effect = effect_of(trial, DATA)
    assert [(one.seed, one.without, one.marked) for one in effect.outcomes] == [(0, 0.5, 0.6), (1, 0.55, 0.63)]
    assert (effect.outcomes[0].only_without, effect.outcomes[0].only_marked) == (0, 20)
    assert effect.outcomes[0].p_value == pytest.approx(stats.binomtest(0, 20).pvalue)
    complete(trial.pairs[2].marked, 130)
    effect = effect_of(trial, DATA)
    differences = np.array([0.1, 0.08, 0.05])
    expected = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert effect.interval() == pytest.approx((expected.low, expected.high))
    assert effect.mean == pytest.approx(differences.mean())
    assert effect_of(trial, DATA, lambda run: RunState.RUNNING) is None  # the page knows the states already


def test_runs_on_other_data_are_no_evidence():
    decide()
    trial = find_trial(launch(Trial(BASE, 2)), list_runs())
    for run in trial.runs:
        complete(run, 100)
    (trial.pairs[0].marked.folder / RESULT_FILE).write_text(json.dumps({"sha256": "0" * 64}))
    with pytest.raises(LabError, match="Expected Runs that were tested on these data"):
        effect_of(trial, DATA)


def effect(*differences: float, p_value: float = 0.5) -> Effect:
    return Effect(tuple(Outcome(at, 0.8, 0.8 + d, 10, 20, p_value) for at, d in enumerate(differences)))


def test_the_verdict_is_no_more_than_the_figures_bear():
    assert "wait for a second" in effect_text(effect(0.01))
    noise = effect(0.01, -0.012, 0.004)
    assert not noise.is_settled
    assert "**Within noise:**" in effect_text(noise)
    assert "settles 0 of 3 pairs." in effect_text(noise)
    helped = effect(0.010, 0.012, 0.011, p_value=0.001)
    assert helped.is_settled
    assert "**The decisions helped**" in effect_text(helped)
    assert "a difference of +1.10 points" in effect_text(helped)
    assert "settles 3 of 3 pairs: 3 for the decisions, 0 against." in effect_text(helped)
    assert "**The decisions harmed**" in effect_text(effect(-0.010, -0.012, -0.011))


def test_no_change_at_all_is_noise():
    same = effect(0.0, 0.0, 0.0)
    assert not same.is_settled
    assert "a difference of +0.00 points" in effect_text(same)


def test_points_carry_a_sign():
    assert [points(d) for d in (0.0042, -0.0042, -0.00001)] == ["+0.42", "−0.42", "+0.00"]


def test_the_figure_shows_each_seed_their_mean_and_the_interval():
    one = effect(0.010, 0.012, 0.011)
    figure = effect_figure(one)
    assert figure.layout.yaxis.title.text == "Seeds" and figure.layout.yaxis.visible is not False
    dots = figure.data[0]
    assert np.allclose(dots.x, [1.0, 1.2, 1.1])
    (band,) = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert (band.x0, band.x1) == pytest.approx(tuple(100 * end for end in one.interval()))
    assert not [shape for shape in effect_figure(effect(0.01)).layout.shapes if shape.type == "rect"]
    table = effect_table(one)
    assert table["Difference"].tolist() == ["+1.00", "+1.20", "+1.10"]

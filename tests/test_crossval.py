"""Cross-validation: what is launched and found again, its figures, and what is refused before anything starts."""

import json
from statistics import fmean

import numpy as np
import pytest
from scipy import stats

from fmnist_core import datasets, jobs
from fmnist_core.crossval import CrossValidation, find_group, groups, launch, twin
from fmnist_core.crossval_probabilities import assemble, calibration, out_of_fold
from fmnist_core.crossval_schemes import SCHEMES, is_comparable, scheme_of
from fmnist_core.crossval_scores import Score, Summary, best_and_worst, leak, score_of, summary
from fmnist_core.datasets import Dataset
from fmnist_core.errors import RunError, SpecError
from fmnist_core.figures.crossval import (
    curves_figure,
    curves_frame,
    headline,
    leak_text,
    spread_figure,
    summary_frame,
    summary_table,
    summary_text,
)
from fmnist_core.fold import Fold
from fmnist_core.presets import PRESETS, REPORTED
from fmnist_core.processes import Claim
from fmnist_core.runs import RESULT_FILE, VALIDATION_FILE, VALIDATION_INDEX_FILE, Run, list_runs
from fmnist_core.training_data import MARKS_FILE

BASE = PRESETS["C-lenet5"]
LABELS = np.arange(60, dtype=np.uint8) % 10
DATA = Dataset(
    "fashion-mnist", np.random.default_rng(0).integers(0, 256, (60, 28, 28), np.uint8), LABELS,
    np.zeros((10, 28, 28), np.uint8), np.arange(10, dtype=np.uint8), tuple("abcdefghij"), "noise", "0" * 64,
)  # fmt: skip


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path))
    monkeypatch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))
    monkeypatch.setattr(datasets, "load", lambda *_, **__: DATA)


def complete(run: Run, index: np.ndarray, probabilities: np.ndarray, **result) -> None:
    run.write_event("started")
    np.save(run.folder / VALIDATION_INDEX_FILE, index)
    np.save(run.folder / VALIDATION_FILE, probabilities.astype(np.float32))
    (run.folder / RESULT_FILE).write_text(json.dumps({"sha256": DATA.sha256, **result}))
    run.write_event("completed")


def complete_all(name: str) -> None:
    """Each fold's network gives every class of its images the share 1/10, but its own number to class 0."""
    for run in find_group(name, list_runs()).runs:
        index = np.arange(60)[run.spec.fold.number - 1 :: run.spec.fold.count]
        probabilities = np.full((len(index), 10), 0.1)
        probabilities[:, 0] = run.spec.fold.number + 10 * run.spec.fold.repeat
        complete(run, index, probabilities, validation_accuracy=0.8 + 0.01 * run.spec.fold.number, test_accuracy=0.8)


def test_a_launch_is_a_run_for_each_fold_and_is_read_back_from_them():
    cross = CrossValidation(BASE, "kfold", folds=3, repeats=2)
    name = launch(cross)
    group = find_group(name, list_runs())
    assert group.cross == cross
    assert group.is_whole
    assert [run.spec.fold.words for run in group.runs] == [
        f"repeat {repeat}, fold {number} of 3" for repeat in (1, 2) for number in (1, 2, 3)
    ]
    assert {run.spec.fold.seed for run in group.runs} == {BASE.seed}
    assert [run.spec.seed for run in group.runs] == list(range(BASE.seed, BASE.seed + 6))
    assert group.runs[4].spec.title == "LeNet-5, small (C), repeat 2, fold 2 of 3"
    assert group.when.strftime("%Y%m%d-%H%M%S") in name
    assert not any(run.spec.start_run for run in group.runs)


def test_carried_weights_start_each_fold_from_the_one_before_and_all_weights_are_carried():
    honest, carried = (launch(CrossValidation(BASE, folds=3, leaking=leaking)) for leaking in (False, True))
    first, second, third = find_group(carried, list_runs()).runs
    assert (first.spec.start_run, first.spec.start_whole) == ("", False)
    assert (second.spec.start_run, third.spec.start_run) == (first.id, second.id)
    assert second.spec.start_whole and third.spec.start_whole
    known = groups(list_runs())
    assert [group.name for group in known] == sorted([honest, carried], key=lambda name: name[-20:], reverse=True)
    assert twin(find_group(carried, list_runs()), known).name == honest
    assert twin(find_group(honest, list_runs()), known).name == carried


def test_a_group_that_lost_a_run_says_so_and_other_groups_are_none():
    name = launch(CrossValidation(BASE, folds=3))
    lost = find_group(name, list_runs()).runs[1]
    (lost.folder / "spec.json").unlink()
    Run.create(BASE.replace(group="crossval-x-20250101-000000-abcd"))
    Run.create(BASE.replace(group="experiment-x", fold=Fold(1, 3)))
    (group,) = groups(list_runs())
    assert (group.name, group.is_whole, len(group.runs)) == (name, False, 2)
    assert find_group("absent", list_runs()) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folds": 1}, "number of folds: a whole number from 2"),
        ({"repeats": 0}, "repeats"),
        ({"kind": "holdout"}, "kind of folds"),
        ({"leaking": True, "repeats": 2}, "one repeat where weights are carried"),
        ({"leaking": True, "base": PRESETS["mobilenet-cut"]}, "network of our own"),
        ({"base": BASE.replace(image_size_px=28, conv_blocks=BASE.conv_blocks * 3)}, "does not fit"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_described(changes, message):
    with pytest.raises(SpecError, match=message):
        CrossValidation(**{"base": BASE, **changes})


@pytest.mark.parametrize(("folds", "limit"), [(7, 0), (5, 20)])
def test_more_folds_than_images_of_a_class_are_refused_before_anything_starts(folds, limit):
    with pytest.raises(SpecError, match="as many folds as the smallest class"):
        launch(CrossValidation(BASE.replace(train_limit=limit), folds=folds))
    assert list_runs() == []


def learned(sha256: str = "", **changes) -> Run:
    """A Run to start from, done if there is a hash of its data."""
    run = Run.create(BASE.replace(title="Earlier", **changes))
    if sha256:
        (run.folder / RESULT_FILE).write_text(json.dumps({"sha256": sha256}))
    return run


def test_weights_that_learned_the_same_data_are_refused_at_the_launch_and_in_an_older_workspace():
    same, digits = learned(DATA.sha256), learned("1" * 64, dataset="mnist")
    offspring = learned("1" * 64, dataset="mnist", start_run=same.id)
    waiting = learned()
    before = len(list_runs())
    for run in (same, offspring, waiting):
        with pytest.raises(SpecError, match="know nothing of the images that folds validate on"):
            launch(CrossValidation(BASE.replace(start_run=run.id), folds=3))
    with pytest.raises(RunError, match="which is not there"):
        launch(CrossValidation(BASE.replace(start_run="absent"), folds=3))
    assert len(list_runs()) == before
    name = launch(CrossValidation(BASE.replace(start_run=digits.id), folds=3))
    complete_all(name)
    assert len(out_of_fold(find_group(name, list_runs())).index) == 60
    # As versions before this check left it behind; then the data that the digits' Run learned turn out to be these.
    (digits.folder / RESULT_FILE).write_text(json.dumps({"sha256": DATA.sha256}))
    with pytest.raises(RunError, match="weights of Earlier, which learned the same data"):
        out_of_fold(find_group(name, list_runs()))


VALUES = (0.91, 0.90, 0.93, 0.92, 0.89)


def test_mean_spread_and_intervals_are_those_of_scipy():
    found = Summary(VALUES, 5)
    assert found.mean == pytest.approx(np.mean(VALUES))
    assert found.sd == pytest.approx(np.std(VALUES, ddof=1))
    assert (found.minimum, found.maximum) == (0.89, 0.93)
    expected = stats.t.interval(0.95, 4, np.mean(VALUES), stats.sem(VALUES))
    assert found.plain_interval() == pytest.approx(expected)
    scale = np.std(VALUES, ddof=1) * np.sqrt(1 / 5 + 1 / 4)
    assert found.interval() == pytest.approx(stats.t.interval(0.95, 4, np.mean(VALUES), scale))
    repeated = Summary(VALUES * 2, 5)
    scale = np.std(VALUES * 2, ddof=1) * np.sqrt(1 / 10 + 1 / 4)
    assert repeated.interval(0.9) == pytest.approx(stats.t.interval(0.9, 9, np.mean(VALUES), scale))
    # More repeats, a narrower interval: that would not hold if one repeat went uncorrected.
    assert np.ptp(repeated.interval()) < np.ptp(found.interval())
    assert (Summary((0.9,), 5).sd, Summary((0.9,), 5).interval()) == (None, None)


def scores(*values: float | None) -> list[Score]:
    return [
        Score(Fold(number, len(values)), value, value and value - 0.01, value and 0.3, value and 0.4)
        for number, value in enumerate(values, start=1)
    ]


def test_the_words_follow_a_cross_validation_from_its_start_to_its_end():
    assert headline(scores(None, None), 2) == "No fold is done yet."
    assert summary_text(scores(None, None)) == ""
    assert headline(scores(0.9, None), 2) == "Validation accuracy 90.00%, 1 of 2 folds"
    assert "One fold is done" in summary_text(scores(0.9, None))
    done = scores(*VALUES)
    assert headline(done, 5) == "Validation accuracy 91.00% ± 1.58%"
    words = summary_text(done)
    assert "95 % interval of the mean: 88.06% to 93.94%, by corrected t (Nadeau and Bengio, 2003)" in words
    assert "the same networks have 90.00% ± 1.58%" in words
    assert "Best: fold 3 of 5, 93.00%. Worst: fold 5 of 5, 89.00%." in words
    assert "interval would mean nothing" in summary_text(done, leaking=True)
    assert best_and_worst(scores(0.9, 0.9)) is None


def test_the_numbers_stand_in_a_frame_and_in_words():
    frame = summary_frame(scores(*VALUES))
    assert list(frame.figure) == ["Validation accuracy", "Test accuracy", "Validation loss", "Test loss"]
    assert frame["mean"][0] == pytest.approx(0.91)
    table = summary_table(frame)
    assert table["Mean"].tolist() == ["91.00%", "90.00%", "0.3000", "0.4000"]
    assert table.iloc[0, -2] == "88.06% to 93.94%"
    assert summary_frame(scores(None, None)).empty
    assert summary_table(summary_frame(scores(0.9, None)))["Standard deviation"].isna().all()


def test_the_leak_is_told_without_the_first_fold():
    carried, honest = leak(scores(0.90, 0.98, 0.99, None), scores(0.90, 0.91, 0.90, 0.9))
    assert (carried, honest) == pytest.approx((0.985, 0.905))
    assert "folds 2 to 4: 98.50% with carried weights, 90.50%" in leak_text(carried, honest, 4)
    assert "8.00 points" in leak_text(carried, honest, 4)
    assert "no leak shows" in leak_text(0.9, 0.91, 4)
    assert leak(scores(0.9, None), scores(0.9, 0.9)) is None


def test_figures_hold_what_they_are_given():
    figure = spread_figure(scores(*VALUES), {"B reported (test)": [0.88, 0.89]})
    assert [list(trace.x) for trace in figure.data] == [
        list(VALUES), [value - 0.01 for value in VALUES], [0.88, 0.89],
    ]  # fmt: skip
    assert len(figure.layout.shapes) == 4
    assert len(spread_figure(scores(*VALUES), {}, leaking=True).layout.shapes) == 2
    row = {"epoch": 1, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7}
    frame = curves_frame({f"fold {number} of 4": [row, {**row, "epoch": 2}] for number in range(1, 5)})
    assert len(frame) == 8
    for name, value in (("accuracy", 0.7), ("loss", 0.6)):
        curves = curves_figure(frame, name)
        assert len(curves.data) == 8
        assert list(curves.data[1].y) == [value, value]


def test_out_of_fold_probabilities_hold_each_image_once_and_the_mean_over_repeats():
    name = launch(CrossValidation(BASE, folds=3, repeats=2))
    with pytest.raises(RunError, match="Expected all 6 folds .* Received 0"):
        out_of_fold(find_group(name, list_runs()))
    complete_all(name)
    found = out_of_fold(find_group(name, list_runs()))
    assert found.index.tolist() == list(range(60))
    assert found.probabilities.dtype == np.float32
    assert np.allclose(found.probabilities[:, 0], 15 + np.arange(60) % 3 + 1)
    assert np.isnan(found.full(61)[60]).all()
    for run in list_runs():
        (run.folder / VALIDATION_FILE).unlink()
    again = out_of_fold(find_group(name, list_runs()))  # from the cache
    assert np.array_equal(again.probabilities, found.probabilities)
    assert again.sha256 == DATA.sha256


def test_confidence_is_judged_out_of_fold_by_the_labels_that_the_folds_learned():
    base = BASE.replace(label_marks=True)
    name = launch(CrossValidation(base, folds=3))
    runs = find_group(name, list_runs()).runs
    said = LABELS.copy()
    said[:6] += 1  # six of sixty are given another class
    for run in runs:
        index = np.arange(60)[run.spec.fold.number - 1 :: 3]
        complete(run, index, np.full((len(index), 10), 0.001) + 0.99 * np.eye(10)[said[index]])
    group = find_group(name, list_runs())
    found = calibration(group, DATA)
    assert found.before.excess == pytest.approx(0.991 - 54 / 60, abs=1e-6)
    assert found.temperature > 1 and found.after.expected_error < 0.01 < found.before.expected_error
    marks = [{"split": "train", "index": index, "action": "relabel", "label": int(said[index])} for index in range(6)]
    (runs[0].folder / MARKS_FILE).write_text("".join(json.dumps(mark | {"time_s": 1.0}) + "\n" for mark in marks))
    assert calibration(group, DATA).before.excess == pytest.approx(0.991 - 1, abs=1e-6)


def test_out_of_fold_probabilities_are_refused_where_they_would_mislead():
    carried = launch(CrossValidation(BASE, folds=3, leaking=True))
    complete_all(carried)
    with pytest.raises(RunError, match="weights are carried"):
        out_of_fold(find_group(carried, list_runs()))
    name = launch(CrossValidation(BASE, folds=3))
    complete_all(name)
    runs = find_group(name, list_runs()).runs
    with pytest.raises(
        RunError, match="each image in one fold of each of 1 repeats. Received training image 0 2 times"
    ):
        assemble([*runs, runs[0]], 1)
    (runs[1].folder / RESULT_FILE).write_text(json.dumps({"sha256": "other"}))
    with pytest.raises(RunError, match="same data"):
        assemble(runs, 1)
    (runs[1].folder / VALIDATION_FILE).write_bytes(b"torn")
    with pytest.raises(RunError, match=VALIDATION_FILE):
        assemble(runs, 1)


def test_scores_are_read_from_completed_runs_alone():
    name = launch(CrossValidation(BASE, folds=3))
    assert score_of(find_group(name, list_runs()).runs[0]).validation is None
    complete_all(name)
    runs = find_group(name, list_runs()).runs
    assert summary([score_of(run) for run in runs], "validation").values == pytest.approx((0.81, 0.82, 0.83))
    (runs[0].folder / RESULT_FILE).write_text("{")
    assert score_of(runs[0]).validation is None


def test_the_schemes_are_those_of_the_reference_systems():
    a, b, c, d = (SCHEMES[key].cross for key in "ABCD")
    assert (a.kind, a.folds, a.base.epochs, a.base.batch_size, a.leaking) == ("kfold", 10, 30, 64, True)
    assert (a.base.early_stopping, a.base.patience) == ("val_loss", 10)
    assert (b.kind, b.folds) == ("stratified", 5)
    assert (c.folds, c.base.epochs) == (5, 30)
    assert (d.kind, d.folds, d.base.epochs, d.base.batch_size) == ("kfold", 5, 30, 64)
    for key in "BD":
        assert fmean(SCHEMES[key].reported.values()) == pytest.approx(SCHEMES[key].reported_mean, abs=1e-4)
        assert SCHEMES[key].reported_mean == REPORTED[f"{key}-lenet5"].accuracy


@pytest.mark.parametrize("key", SCHEMES)
def test_a_scheme_is_known_again_and_reported_figures_stand_only_beside_their_like(key):
    cross = SCHEMES[key].cross
    group = find_group(launch(CrossValidation(cross.base, cross.kind, 6, 1, cross.leaking)), list_runs())
    assert scheme_of(group.cross) is None  # six folds are nobody's
    assert scheme_of(cross) == key
    assert is_comparable(key, cross)
    quick = CrossValidation(cross.base.replace(epochs=2), cross.kind, cross.folds, 1, cross.leaking)
    assert scheme_of(quick) == key
    assert not is_comparable(key, quick)
    other = CrossValidation(cross.base.replace(dataset="mnist"), cross.kind, cross.folds, 1, cross.leaking)
    assert not is_comparable(key, other)

"""Confident learning: planted wrong labels are found, and what we rank is what cleanlab ranks."""

import json

import numpy as np
import pytest
from test_neighbours import part

from fmnist_core import crossval_probabilities, datasets, jobs, label_issues, neighbours, prediction, ready_made, tasks
from fmnist_core.crossval import CrossValidation, find_group, launch
from fmnist_core.crossval_probabilities import OutOfFold
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError, RunError
from fmnist_core.label_issues import find_issues, is_ready, read_issues, remember
from fmnist_core.label_queue import beside, by_neighbours, by_networks, listed, take_back
from fmnist_core.overlay import Mark, Overlay
from fmnist_core.places import Place, all_labels
from fmnist_core.presets import PRESETS
from fmnist_core.processes import Claim
from fmnist_core.runs import RESULT_FILE, VALIDATION_FILE, VALIDATION_INDEX_FILE, list_runs
from fmnist_core.suspects import suspects

IMAGES, FLIPPED = 2000, 200


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(jobs, "_start_worker", lambda run: Claim.of().write(run.folder))


@pytest.fixture(scope="module")
def planted():
    """2,000 real images that the ready-made network never saw, a tenth of their labels flipped at random, and
    out-of-fold probabilities: of logistic regressions on what that network says, fitted to the flipped labels."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    real = datasets.load("fashion-mnist")
    images, true = np.asarray(real.x_test[:IMAGES]), np.asarray(real.y_test[:IMAGES])
    generator = np.random.default_rng(0)
    flipped = generator.choice(IMAGES, FLIPPED, replace=False)
    labels = true.copy()
    labels[flipped] = (labels[flipped] + generator.integers(1, 10, FLIPPED)) % 10
    said = prediction.load(ready_made.ready_made()).probabilities(images)
    features = np.log(np.clip(said, 1e-4, 1)) + 5
    probabilities = cross_val_predict(
        LogisticRegression(C=0.1, max_iter=300), features, labels, cv=3, method="predict_proba"
    )
    made = Dataset(
        "planted",
        images,
        labels,
        real.x_train[:200],
        real.y_train[:200],
        real.class_names,
        "",
        "planted".ljust(64, "0"),
    )
    return made, true, flipped, probabilities.astype(np.float32)


def test_planted_labels_are_found_more_precisely_than_by_neighbours_alone(planted):
    data, true, flipped, probabilities = planted
    issues = find_issues(data.y_train, np.arange(IMAGES), probabilities)
    ours = by_networks(issues, all_labels(data))
    judged = suspects(all_labels(data), neighbours.neighbours(data, 10), 10)
    theirs = by_neighbours(judged)
    first = {name: one.order[one.order < IMAGES][:FLIPPED] for name, one in (("ours", ours), ("theirs", theirs))}
    precision = {name: np.isin(order, flipped).mean() for name, order in first.items()}
    assert precision["ours"] >= 0.85
    assert precision["ours"] > precision["theirs"] > 0.5
    assert ours.suspect[flipped].mean() >= 0.85
    assert (ours.suggestion[flipped] == true[flipped]).mean() >= 0.8
    assert 0.05 < issues.noise < 0.25  # a tenth was planted, and some were doubtful before


def test_the_ranking_is_cleanlabs_own(planted):
    from cleanlab.count import estimate_joint
    from cleanlab.filter import find_label_issues

    data, _, _, probabilities = planted
    found = find_issues(data.y_train, np.arange(IMAGES), probabilities)
    labels, wide = data.y_train.astype(int), probabilities.astype(float)
    expected = find_label_issues(
        labels, wide, return_indices_ranked_by="self_confidence", filter_by="prune_by_noise_rate"
    )
    assert found.issues.tolist() == expected.tolist()
    assert len(found.issues) > FLIPPED / 2
    assert np.allclose(found.joint, estimate_joint(labels, wide))
    assert found.joint.sum() == pytest.approx(1)
    confidence = probabilities[found.issues, labels[found.issues]]
    assert (np.diff(confidence) >= 0).all()
    # The queue begins with the very same images, wherever in the data set they stand.
    moved = find_issues(data.y_train, np.arange(IMAGES)[::-1].copy(), probabilities)
    labels_moved = np.concatenate([data.y_train[::-1], data.y_test])
    assert by_networks(moved, labels_moved).order[: len(expected)].tolist() == (IMAGES - 1 - expected).tolist()


def test_labels_without_fault_raise_no_suspicion():
    labels = np.arange(200) % 4
    probabilities = np.full((200, 4), 0.02, np.float32)
    probabilities[np.arange(200), labels] = 0.94
    found = find_issues(labels, np.arange(200), probabilities)
    assert len(found.issues) == 0
    assert found.noise == pytest.approx(0)


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [
        (np.array([0, 1, 2]), np.full((3, 2), 0.5)),
        (np.array([0, 1]), np.full((3, 2), 0.5)),
        (np.array([], int), np.zeros((0, 2))),
        (np.array([1, 1, 1]), np.full((3, 2), 0.5)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(labels, probabilities):
    with pytest.raises(LabError, match="Expected labels"):
        find_issues(labels, np.arange(len(labels)), probabilities)


# ---- the queue -------------------------------------------------------------------------------------------------------


def judged_by_hand():
    """Four training and two test images of three classes; 3 is taken for wrong, 1 is the least sure of the rest, and 0
    was not part of the cross-validation."""
    labels = np.array([0, 1, 2, 0, 1, 2], np.uint8)
    probabilities = np.array([[0.1, 0.4, 0.5], [0.0, 0.1, 0.9], [0.1, 0.7, 0.2]], np.float32)
    issues = label_issues.LabelIssues(np.array([1, 2, 3]), probabilities, np.array([2]), np.eye(3) / 3)
    return by_networks(issues, labels)


def test_what_was_not_judged_is_not_listed_and_has_no_probabilities():
    judgement = judged_by_hand()
    assert judgement.order.tolist() == [3, 1, 2]
    assert judgement.suspect.tolist() == [False, False, False, True, False, False]
    assert judgement.judged.tolist() == [False, True, True, True, False, False]
    assert judgement.suggestion[[1, 2, 3]].tolist() == [2, 1, 1]
    assert judgement.shares[3].tolist() == pytest.approx([0.1, 0.7, 0.2])


def test_the_list_holds_what_is_open_or_decided_in_the_order_of_suspicion():
    judgement, everything = judged_by_hand(), np.ones(6, bool)
    data = part(4, 2, "queue")
    marks = {Place("train", 0): Mark("keep"), Place("test", 1): Mark("drop"), Place("train", 2): Mark("drop")}
    assert listed(judgement, everything, marks, data, "open").tolist() == [3]
    assert listed(judgement, everything, marks, data, "decided").tolist() == [2, 0, 5]
    assert listed(judgement, everything, marks, data, "all").tolist() == [3, 2, 0, 5]
    assert listed(judgement, np.arange(6) < 4, marks, data, "decided").tolist() == [2, 0]


def test_next_and_previous_stop_at_the_ends():
    queue = np.array([7, 3, 9])
    assert beside(queue, 3, 1) == 9
    assert beside(queue, 3, -1) == 7
    assert beside(queue, 9, 1) is None and beside(queue, 7, -1) is None
    assert beside(queue, 100, 1) == 7
    assert beside(queue[:0], 3, 1) is None


def test_taking_back_restores_what_was_said_before():
    place, overlay = Place("train", 3), Overlay.read("f" * 64)
    overlay = overlay.mark("train", 3, "relabel", 4).mark("train", 3, "drop")
    assert take_back(overlay, place, Mark("relabel", 4)).marks[place].label == 4
    assert Overlay.read("f" * 64).marks[place].action == "relabel"
    assert take_back(overlay, place, None).marks == {} == Overlay.read("f" * 64).marks


# ---- the task --------------------------------------------------------------------------------------------------------


def cross_validated(data, probabilities):
    """A completed cross-validation of two folds with these probabilities."""
    name = launch(CrossValidation(PRESETS["first-steps"], folds=2))
    for run in find_group(name, list_runs()).runs:
        index = np.arange(len(probabilities))[run.spec.fold.number - 1 :: 2]
        np.save(run.folder / VALIDATION_INDEX_FILE, index)
        np.save(run.folder / VALIDATION_FILE, probabilities[index])
        (run.folder / RESULT_FILE).write_text(json.dumps({"sha256": data.sha256}))
        run.write_event("completed")
    return name


def test_the_task_judges_by_a_cross_validation_and_keeps_the_result(planted, monkeypatch):
    data, _, _, probabilities = planted
    monkeypatch.setattr(datasets, "load", lambda *_, **__: data)
    name = cross_validated(data, probabilities)
    assert not is_ready(data, name)
    with pytest.raises(LabError, match="Expected labels that were judged by"):
        read_issues(data, name)
    remember(data, lambda *_: None, group=name)
    assert is_ready(data, name)
    assert (
        read_issues(data, name).issues.tolist()
        == find_issues(data.y_train, np.arange(IMAGES), probabilities).issues.tolist()
    )
    assert tasks.TASKS["label_issues"] == "fmnist_core.label_issues:remember"


def test_a_cross_validation_that_is_absent_or_of_other_data_is_refused(planted, monkeypatch):
    data = planted[0]
    with pytest.raises(RunError, match="which is not there"):
        remember(data, lambda *_: None, group="crossval-x-20250101-000000-abcd")
    other = OutOfFold(np.arange(4), np.full((4, 10), 0.1, np.float32), "0" * 64)
    monkeypatch.setattr(label_issues, "find_group", lambda *_: object())
    monkeypatch.setattr(label_issues, "out_of_fold", lambda *_: other)
    assert crossval_probabilities.out_of_fold is not label_issues.out_of_fold
    with pytest.raises(RunError, match="Expected a cross-validation on these data"):
        remember(data, lambda *_: None, group="any")

"""The command that makes our figures of the reference systems: what it trains, what it passes over, what it keeps."""

import pytest

from benchmarks import reproduce
from fmnist_core.errors import ModelError
from fmnist_core.presets import PRESETS
from fmnist_core.reproduction import ROWS
from fmnist_core.reproduction_runs import KeptRun, read


def made(row, fold=0, **figures):
    place = next(one for one in reproduce.places(ROWS[row], 0) if one.fold == fold)
    return reproduce.replace(place, result={"test_accuracy": 0.9, "test_images": 10}, **figures)


def test_a_row_is_one_run_with_its_own_settings():
    (place,) = reproduce.places(ROWS["C-lenet5"], 0)
    assert place.spec == PRESETS["C-lenet5"]
    assert next(iter(reproduce.places(ROWS["C-lenet5"], 500))).spec.train_limit == 500


def test_a_leaking_cross_validation_is_trained_both_ways():
    places = list(reproduce.places(ROWS["A-crossval"], 0))
    assert [place.carried for place in places] == [True] * 10 + [False] * 10
    assert [place.spec.start_whole for place in places[:10]] == [False] + [True] * 9
    assert not any(place.spec.start_whole for place in places[10:])


def test_searches_and_bases_without_weights_are_not_run(monkeypatch):
    def no_network(*_, **__):
        raise ModelError("no download")

    monkeypatch.setattr(reproduce.weights, "find", lambda backbone: None)
    monkeypatch.setattr(reproduce.weights, "download", no_network)
    assert "A search" in reproduce.why_not(ROWS["A-tuned"])
    assert "ImageNet weights of VGG16" in reproduce.why_not(ROWS["D-vgg16"])
    assert reproduce.why_not(ROWS["E-cnn-k3n32"]) == ""


def test_what_is_kept_takes_the_place_of_what_was_and_stands_in_the_order_of_rows(tmp_path):
    file = tmp_path / "kept.json"
    for run in (made("D-crossval", 2), made("C-lenet5"), made("D-crossval", 1), made("D-crossval", 2, epochs=7)):
        reproduce.keep(run, file)
    kept = read(file).runs
    assert [(run.row, run.fold) for run in kept] == [("C-lenet5", 0), ("D-crossval", 1), ("D-crossval", 2)]
    assert kept[2].epochs == 7


def test_a_row_that_was_run_is_no_longer_one_that_was_not(tmp_path):
    file = tmp_path / "kept.json"
    reproduce.keep(KeptRun("C-lenet5", not_run="No time."), file)
    reproduce.keep(made("C-lenet5"), file)
    assert [run.not_run for run in read(file).runs] == [""]


@pytest.mark.parametrize(("again", "trained"), [(False, [2]), (True, [1, 2, 3, 4, 5])])
def test_what_is_kept_already_is_passed_over(tmp_path, monkeypatch, again, trained):
    file, done = tmp_path / "kept.json", []
    for fold in (1, 3, 4, 5):
        reproduce.keep(made("D-crossval", fold), file)
    monkeypatch.setattr(reproduce, "read", lambda file=file: read(file))
    monkeypatch.setattr(reproduce, "keep", lambda run: done.append(run.fold))
    monkeypatch.setattr(reproduce, "_in_process", lambda place, spec: (place, "run"))
    reproduce._reproduce(ROWS["D-crossval"], 0, again, "")
    assert done == trained


def test_another_number_of_epochs_is_tried_and_not_kept(monkeypatch):
    specs = []
    monkeypatch.setattr(reproduce, "keep", lambda run: pytest.fail("kept"))
    monkeypatch.setattr(reproduce, "_in_process", lambda place, spec: (specs.append(spec) or made("C-lenet5"), "run"))
    for row in ("C-lenet5", "A-tuned"):
        reproduce._reproduce(ROWS[row], 0, False, "", 60)
    assert [spec.epochs for spec in specs] == [60]


def test_folds_with_carried_weights_are_trained_together_each_from_the_one_before(tmp_path, monkeypatch):
    file, specs = tmp_path / "kept.json", []
    first = next(iter(reproduce.places(ROWS["A-crossval"], 0)))
    reproduce.keep(reproduce.replace(first, result={"validation_accuracy": 0.9, "validation_images": 9}), file)
    monkeypatch.setattr(reproduce, "read", lambda file=file: read(file))
    monkeypatch.setattr(reproduce, "keep", lambda run: None)
    monkeypatch.setattr(reproduce, "_in_process", lambda place, spec: (specs.append(spec) or place, f"run{place.fold}"))
    reproduce._reproduce(ROWS["A-crossval"], 0, False, "")
    assert len(specs) == 20  # the first, though kept, because the second starts from its folder
    assert [spec.start_run for spec in specs[:4]] == ["", "run1", "run2", "run3"]
    assert {spec.start_run for spec in specs[10:]} == {""}

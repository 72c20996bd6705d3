"""Title, tags, note and archive of a Run; deletion and its way back."""

import pytest

from fmnist_core import run_notes
from fmnist_core.errors import LabError, RunError
from fmnist_core.fold import Fold
from fmnist_core.run_notes import NOTES_FILE, Notes
from fmnist_core.runs import Run, list_runs
from fmnist_core.spec import RunSpec


@pytest.fixture
def run(tmp_path) -> Run:
    made = Run.create(RunSpec(title="Mine"), tmp_path)
    made.write_event("completed", test_accuracy=0.9)
    return made


def test_notes_come_back_sorted_and_without_repeats(run):
    Notes((" b ", "a", "b"), "Better than the last.", True).write(run)
    assert Notes.read(run) == Notes(("a", "b"), "Better than the last.", True)


@pytest.mark.parametrize("text", ["", "torn", "[1]", '{"tags": [""]}', '{"colour": 1}'])
def test_damaged_notes_are_empty_ones(run, text):
    (run.folder / NOTES_FILE).write_text(text)
    assert Notes.read(run) == Notes()


@pytest.mark.parametrize("notes", [{"tags": ("",)}, {"tags": ("x" * 31,)}, {"note": "x" * 5001}])
def test_what_is_too_long_or_empty_is_refused(notes):
    with pytest.raises(RunError, match="Expected"):
        Notes(**notes)


def test_a_renamed_run_has_its_title_in_its_spec_and_nothing_else_changes(run):
    before = run.spec
    run_notes.rename(run, "Better name")
    assert run.spec == before.replace(title="Better name") == Run(run.folder).spec
    with pytest.raises(LabError, match="title"):
        run_notes.rename(run, "  ")
    assert Run(run.folder).spec.title == "Better name"


def test_a_fold_keeps_the_name_that_its_cross_validation_gave_it(tmp_path):
    fold = Run.create(RunSpec(title="Fold", fold=Fold(1, 3, "kfold", 1, 1, 0)), tmp_path)
    with pytest.raises(RunError, match="fold"):
        run_notes.rename(fold, "Mine")


def test_a_deleted_run_comes_back_whole(run, tmp_path):
    Notes(("keep",)).write(run)
    run_notes.delete(run)
    assert list_runs(tmp_path) == [] and not run.folder.exists()
    assert [one.id for one in run_notes.deleted(tmp_path)] == [run.id]
    back = run_notes.restore(run.id, tmp_path)
    assert list_runs(tmp_path) == [back] and back.state == "completed" and Notes.read(back).tags == ("keep",)
    assert run_notes.deleted(tmp_path) == []


def test_deleted_for_good_is_gone(run, tmp_path):
    run_notes.delete(run)
    run_notes.delete_for_good(run.id, tmp_path)
    assert run_notes.deleted(tmp_path) == []
    with pytest.raises(RunError):
        run_notes.restore(run.id, tmp_path)


@pytest.mark.parametrize("name", ["", "..", "../elsewhere", "no-such-run"])
def test_only_a_deleted_run_can_be_deleted_for_good(run, tmp_path, name):
    with pytest.raises(RunError):
        run_notes.delete_for_good(name, tmp_path)
    assert run.folder.is_dir()


def test_a_run_under_way_is_not_deleted(tmp_path):
    waiting = Run.create(RunSpec(), tmp_path)
    waiting.write_event("queued")
    with pytest.raises(RunError, match="stop it first"):
        run_notes.delete(waiting)
    assert waiting.folder.is_dir()

"""Reported figures beside ours: the table's facts, figures with intervals against their sources, and what is kept."""

import pytest

from fmnist_core.crossval import Group
from fmnist_core.crossval_scores import Score, Summary
from fmnist_core.errors import LabError
from fmnist_core.evaluation import wilson_interval
from fmnist_core.figures.reproduction import drawable, line_names, reproduction_figure, reproduction_text
from fmnist_core.presets import PRESETS, REPORTED
from fmnist_core.presets.searches import SEARCHES
from fmnist_core.reproduction import EXPLAINED_BY_SHOWN, FIGURES, ROWS, SHOWN
from fmnist_core.reproduction_reasons import REASONS
from fmnist_core.reproduction_runs import FILE, KeptRun, Reproduction, read, write
from fmnist_core.reproduction_table import (
    all_lines,
    carried_words,
    figures_frame,
    is_whole,
    lines_of,
    overview_frame,
    shown_words,
    subset_words,
    summary_words,
)
from fmnist_core.reproduction_yours import belongs, group_record


def fold(row, number, accuracy, *, carried=False, images=48_000):
    """A fold's Run of a row, judged on 10,000 test and 12,000 validation images."""
    spec = next(spec for spec in ROWS[row].crosses()[0].specs() if spec.fold.number == number)
    scores = {"accuracy": accuracy, "loss": 0.5}
    result = {f"{part}_{name}": value for part in ("test", "validation") for name, value in scores.items()}
    result |= {"test_images": 10_000, "validation_images": 12_000}
    return KeptRun(row, fold=number, carried=carried, spec=spec, result=result, train_images=images, epochs=30)


def single(row, accuracy, images=48_000, tested=10_000):
    result = {"test_accuracy": accuracy, "test_loss": 0.3, "test_images": tested}
    return KeptRun(row, spec=ROWS[row].spec, result=result, train_images=images, loss_sd={"test": 1.0})


def test_each_preset_with_a_reported_figure_has_a_row():
    shown = {row.preset for row in ROWS.values()}
    assert set(REPORTED) - {"B-lenet5", "D-lenet5"} <= set(ROWS)  # those two were reported over folds
    assert {"B-lenet5", "D-lenet5"} <= shown
    for scheme in "BD":  # what is said of a preset is the mean of its folds
        assert ROWS[f"{scheme}-crossval"].reported[0][1] == pytest.approx(
            REPORTED[f"{scheme}-lenet5"].accuracy, abs=1e-5
        )


def test_what_is_compared_first_is_what_the_system_put_first():
    first = {key: row.reported[0] for key, row in ROWS.items()}
    assert first["A-lenet5"] == ("val_accuracy", 0.8982) and first["D-vgg16"] == ("test_accuracy", 0.8828)
    assert first["A-crossval"] == ("fold 10", 0.9925) and first["B-crossval"] == ("mean", 0.8828)
    assert first["E-without-dropout"] == ("test_accuracy", 0.9884)


def test_every_name_in_the_table_exists():
    for row in ROWS.values():
        assert set(row.reasons) <= set(REASONS)
        assert all(name in FIGURES or name.startswith("fold ") for name, _ in row.reported)
        assert (row.preset in PRESETS) != bool(row.search) and (not row.search or row.search in SEARCHES)
    assert set(REASONS) == {reason for row in ROWS.values() for reason in row.reasons}


def test_an_accuracy_has_wilsons_interval_and_a_loss_the_normal_one():
    run = single("D-resnet50", 0.82)
    accuracy, loss = run.figure("test_accuracy"), run.figure("test_loss")
    assert accuracy.interval == wilson_interval(0.82, 10_000)
    assert loss.interval == pytest.approx((0.3 - 0.0196, 0.3 + 0.0196), abs=1e-5)
    assert run.figure("val_accuracy") is None


def test_a_mean_of_folds_has_the_corrected_interval():
    values = (0.916, 0.92, 0.922, 0.917, 0.915)
    kept = Reproduction(tuple(fold("D-crossval", number + 1, value) for number, value in enumerate(values)))
    mean = kept.figure(ROWS["D-crossval"], "mean")
    assert mean.value == pytest.approx(0.918) and mean.interval == Summary(values, 5).interval()
    assert kept.figure(ROWS["D-crossval"], "fold 3").value == 0.922
    assert kept.figure(ROWS["D-crossval"], "fold 3").interval == wilson_interval(0.922, 10_000)


@pytest.mark.parametrize(("ours", "verdict"), [(0.92, "inside"), (0.90, "above"), (0.95, "below")])
def test_the_verdict_follows_the_interval(ours, verdict):
    kept = Reproduction((single("B-resnet152v2", ours),))  # reported 0.9166
    assert lines_of(ROWS["B-resnet152v2"], kept)[0].verdict == verdict


def test_fewer_images_are_no_verdict_and_are_named():
    row, run = ROWS["E-cnn-k3n32"], single("E-cnn-k3n32", 0.99, images=8000, tested=2000)
    assert not is_whole(row, [run]) and is_whole(row, [single("E-cnn-k3n32", 0.99, images=60_000)])
    assert lines_of(row, Reproduction((run,)))[0].verdict == "few"
    assert "8,000 images of MNIST" in subset_words(row, [run]) and "2,000 test images" in subset_words(row, [run])
    assert "fewer images" in summary_words([lines_of(row, Reproduction((run,)))])
    figure = reproduction_figure(lines_of(row, Reproduction((run,))))
    assert [trace.name for trace in figure.data] == ["Ours, fewer images", "Reported"]


def test_figures_of_one_row_have_names_of_their_own():
    kept = Reproduction(tuple(fold("D-crossval", number, 0.91 + number / 1000) for number in range(1, 6)))
    lines = drawable(lines_of(ROWS["D-crossval"], kept))
    assert len(set(line_names(lines))) == len(lines) == 6  # the mean and five folds; the mean loss is no accuracy
    assert "D: LeNet-5, tuned, 5 folds, fold 3, test" in line_names(lines)


def test_dropped_duplicates_are_not_fewer_images():
    assert is_whole(ROWS["A-lenet5"], [single("A-lenet5", 0.9, images=47_965)])


def test_the_leak_is_told_from_folds_after_the_first_that_both_ways_have():
    runs = [fold("A-crossval", n, 0.99, carried=True) for n in (1, 2, 3)] + [
        fold("A-crossval", n, 0.90) for n in (1, 2)
    ]
    words = carried_words(ROWS["A-crossval"], Reproduction(tuple(runs)))
    assert "folds 2 to 2 have 90.0%" in words and "9.0 points" in words
    assert carried_words(ROWS["A-crossval"], Reproduction(tuple(runs[:3]))) == ""


def test_what_is_written_is_read_again_without_folders(tmp_path):
    file = tmp_path / "kept.json"
    spec = PRESETS["C-lenet5"].replace(dataset_folder="/somewhere/private")
    write(
        [KeptRun("C-lenet5", spec=spec, epochs=8), KeptRun("A-vgg16", not_run="No weights.", date="2026-01-02")], file
    )
    assert "private" not in file.read_text()
    kept = read(file)
    assert kept.runs[0].is_of(PRESETS["C-lenet5"]) and kept.runs[0].epochs == 8
    assert not kept.runs[0].is_of(PRESETS["C-lenet5"].replace(epochs=9))
    assert kept.why_not(ROWS["A-vgg16"]) == "No weights."
    assert "benchmarks.reproduce A-resnet152v2" in kept.why_not(ROWS["A-resnet152v2"])


@pytest.mark.parametrize("text", ["not json", "[3]", '[{"row": "A-vgg16", "colour": 1}]', '{"row": 1}'])
def test_a_damaged_file_is_explained(tmp_path, text):
    file = tmp_path / "kept.json"
    file.write_text(text)
    with pytest.raises(LabError, match="Expected our own figures"):
        read(file)


def test_what_the_repository_keeps_was_made_with_the_rows_as_they_are():
    kept = read()
    for run in kept.runs:
        assert bool(run.not_run) != bool(run.result)
        if run.not_run:
            continue
        if run.row in SHOWN:
            assert run.is_of(SHOWN[run.row].spec)
            continue
        row = ROWS[run.row]
        specs = [spec for cross in row.crosses() for spec in cross.specs()] if row.scheme else [row.spec]
        same = [one for one in specs if run.is_of(one.replace(train_limit=run.spec.train_limit, start_run=""))]
        assert same, f"{run.row} fold {run.fold} was made with other hyperparameters than its row has now"
        assert run.versions["tensorflow"] and run.date and run.processor and run.train_images and run.processor_s
    assert not FILE.exists() or '"/' not in FILE.read_text()  # no folder of the machine that made it


def test_tables_and_figure_show_the_same_numbers():
    kept = Reproduction((single("B-resnet152v2", 0.92), single("D-resnet50", 0.8)))
    rows = all_lines(kept)
    overview = overview_frame(rows)
    assert len(overview) == len(ROWS) and overview["Ours"].notna().sum() == 2
    assert len(figures_frame(rows)) == sum(len(row.reported) for row in ROWS.values())
    lines = drawable([some[0] for some in rows])
    figure = reproduction_figure(lines)
    ours, reported = figure.data
    assert list(ours.x) == [0.92, 0.8] and list(reported.x) == [0.9166, 0.8198]
    assert "reported 91.66%, ours 92.00%, 95 % interval 91.45% to 92.52% (agrees)" in reproduction_text(lines)
    assert len(set(ours.y)) == 2


def test_what_is_shown_on_mobilenet_differs_in_range_and_cut_alone():
    specs = [one.spec for one in SHOWN.values()]
    assert {(spec.scaling, spec.cut) for spec in specs} == {(a, b) for a in ("unit", "base") for b in ("7", "12")}
    assert len({spec.replace(scaling="unit", cut="7", title="-") for spec in specs}) == 1
    assert set(REASONS) >= EXPLAINED_BY_SHOWN
    kept = Reproduction((KeptRun("shown-own-7", spec=specs[3], result={"test_accuracy": 0.8, "test_images": 10}),))
    assert [title for title, _ in kept.shown()] == ["Its own range, after block 7"]


def test_what_range_and_cut_do_on_mobilenet_is_computed_and_chance_stays_open():
    accuracies = dict(zip(SHOWN, (0.83, 0.828, 0.84, 0.852), strict=True))
    kept = Reproduction(tuple(
        KeptRun(key, spec=SHOWN[key].spec, result={"test_accuracy": accuracy, "test_images": 10_000})
        for key, accuracy in accuracies.items()
    ))  # fmt: skip
    words = shown_words(kept, chance=False)
    assert "by −0.2 points after block 12 and by +1.2 after block 7" in words
    assert "by +1.0 fed 0 to 1 and by +2.4 in its own range" in words and "chance" not in words
    assert "83.0% are right all the same" in shown_words(kept, chance=True)
    assert shown_words(Reproduction(kept.runs[:3]), chance=True) == ""


def test_a_figure_of_ours_that_differs_is_not_explained_away():
    kept = read()
    different = [lines[0].row for lines in all_lines(kept) if lines and lines[0].verdict in ("above", "below")]
    assert different and all("do not suffice" in row.note for row in different)


def test_a_users_run_belongs_to_its_presets_row_and_folds_to_none():
    spec = PRESETS["E-cnn-k5n64"].replace(epochs=2)
    assert belongs(ROWS["E-cnn-k5n64"], spec) and belongs(ROWS["E-with-dropout"], spec)
    assert not belongs(ROWS["E-without-dropout"], spec)
    assert belongs(ROWS["E-without-dropout"], ROWS["E-without-dropout"].spec.replace(group="x"))
    assert not belongs(ROWS["D-crossval"], ROWS["D-crossval"].crosses()[0].specs()[0])


def test_a_users_folds_are_summed_up_on_the_images_of_the_scheme():
    row = ROWS["A-crossval"]
    honest = row.crosses()[1]
    specs = honest.specs()
    scores = [Score(specs[0].fold, 0.9, 0.5), Score(specs[1].fold, 0.8, 0.5), *(Score(one.fold) for one in specs[2:])]
    record = group_record(row, Group("crossval-a-20260102-030405-abcd", honest, ()), scores)
    assert record == {
        "Cross-validation": "02 Jan 03:04", "Folds done": "2 of 10", "Lowest, validation": 0.8,
        "Mean, validation": pytest.approx(0.85), "Highest, validation": 0.9, "Changed": "a new network for each fold",
    }  # fmt: skip
    none = group_record(row, Group("crossval-a-20260102-030405-abcd", honest, ()), scores[2:])
    assert (none["Folds done"], none["Mean, validation"]) == ("0 of 10", None)

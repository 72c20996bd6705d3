"""Comparing Runs: the paired test against SciPy, the table of differences, repeats with other seeds, smoothing."""

import numpy as np
import pytest
from scipy.stats import binomtest

from fmnist_core.evaluation import Evaluation, EvaluationError
from fmnist_core.figures.compare import cost_figure, cost_text
from fmnist_core.paired import Pairing, pairing_text
from fmnist_core.presets import PRESETS
from fmnist_core.run_table import DIFFERS, Row, differing, filtered, run_table, seed_sets, seed_table, smoothed
from fmnist_core.spec import RunSpec

NAMES = ("a", "b")


def scored(right: list[int], confidence: float = 0.9) -> Evaluation:
    """Labels are all 0; right says for which images the model answers 0."""
    sure = np.where(np.array(right, bool), confidence, 1 - confidence)
    return Evaluation(np.zeros(len(right), int), np.stack([sure, 1 - sure], axis=1), NAMES)


@pytest.mark.parametrize(("a", "b"), [(9, 1), (15, 9), (300, 240), (4, 4), (0, 1), (40, 0)])
def test_the_p_value_is_the_exact_binomial_one(a, b):
    pairing = Pairing(scored([1] * a + [0] * b + [1] * 20), scored([0] * a + [1] * b + [1] * 20))
    assert (len(pairing.only_first), len(pairing.only_second)) == (a, b)
    assert pairing.p_value == pytest.approx(binomtest(a, a + b, 0.5).pvalue)
    assert pairing.is_settled == (binomtest(a, a + b, 0.5).pvalue < 0.05)


def test_what_is_said_follows_the_test():
    clear = Pairing(scored([1] * 40 + [0] * 5), scored([0] * 40 + [1] * 5))
    assert "A is better on these images" in pairing_text(clear, "A", "B")
    assert "less than 0.1%" in pairing_text(clear, "A", "B")
    assert "do not settle" in pairing_text(Pairing(scored([1, 1, 0]), scored([0, 0, 1])), "A", "B")
    assert "Neither is ahead" in pairing_text(Pairing(scored([1, 0]), scored([0, 1])), "A", "B")
    assert "very same images" in pairing_text(Pairing(scored([1, 0]), scored([1, 0])), "A", "B")


def test_the_surest_disagreement_comes_first():
    first = Evaluation(np.zeros(3, int), np.array([[0.6, 0.4], [0.9, 0.1], [0.7, 0.3]]), NAMES)
    assert Pairing(first, scored([0, 0, 0])).only_first.tolist() == [1, 2, 0]


def test_other_images_cannot_be_paired():
    with pytest.raises(EvaluationError, match="same images"):
        Pairing(scored([1, 0]), scored([1, 0, 1]))


def test_only_what_differs_is_in_the_table():
    base = PRESETS["A-lenet5"]
    rows = [
        Row("one", base, "completed", (0.8, 0.9, 0.85), 30.0, 0.88, 10_000, 504_342),
        Row("two", base.replace(learning_rate=0.01, seed=3), "running", (0.7,), 10.0),
    ]
    table = run_table(rows)
    assert list(table.columns[-2:]) == ["Learning rate", "Seed"]
    assert table.loc["one", "Validation, best"] == 0.9 and table.loc["one", "Validation, last"] == 0.85
    assert table.loc["two", "Learning rate"] == 0.01 and np.isnan(table.loc["two", "Test"])
    assert differing([base, base]) == []
    assert "Cut after block" not in differing([base, base.replace(cut="7")])  # no backbone, so it does not matter
    assert run_table([]).empty and seed_table([]).empty


def test_of_a_model_from_outside_no_seconds_are_known_and_it_is_not_called_the_cheapest():
    spec = PRESETS["A-lenet5"]
    rows = [
        Row("own", spec, "completed", (0.8,), 30.0, 0.88, 10_000, 500),
        Row("given", RunSpec(network="imported"), "completed", (), 0.0, 0.9, 10_000, 400),
    ]
    assert np.isnan(run_table(rows).loc["given", ["Epochs done", "Seconds"]].astype(float)).all()
    for cost, drawn in (("Seconds", ["Mine"]), ("Parameters", ["Mine", "Theirs"])):
        figure = cost_figure(rows, ["Mine", "Theirs"], cost)
        assert [trace.name for trace in figure.data] == drawn
        assert cost_text(rows, ["Mine", "Theirs"], cost).endswith(f"cheaper than: {drawn[-1]}.")


@pytest.mark.parametrize("everything", [False, True])
def test_epochs_done_and_epochs_asked_for_stand_in_columns_of_their_own_and_sort_as_numbers(everything):
    spec = RunSpec(epochs=10)
    rows = [Row("ten", spec, "stopped", (0.5, 0.6)), Row("three", spec.replace(epochs=3), "completed", (0.4,) * 3)]
    table = run_table(rows, everything=everything)
    asked = f"{DIFFERS} Epochs" if everything else "Epochs"
    assert table["Epochs done"].tolist() == [2, 3]
    assert list(table.sort_values(asked).index) == ["three", "ten"]
    assert run_table(rows, everything=True)["Flip left to right"].tolist() == ["No", "No"]


def test_seeds_of_the_same_settings_are_one_row_with_mean_and_sd():
    spec = RunSpec(title="Mine")
    rows = [
        Row(str(seed), spec.replace(seed=seed), "completed", (a,), 1.0, a) for seed, a in enumerate((0.9, 0.92, 0.94))
    ]
    rows.append(Row("half", spec.replace(seed=9), "running", (0.2,), 1.0))  # does not count
    rows.append(Row("other", spec.replace(epochs=3), "completed", (0.5,), 1.0, 0.5))
    table = seed_table(rows)
    assert table["Runs"].tolist() == [3, 1]
    assert table.loc[0, "Test"] == pytest.approx(0.92) and table.loc[0, "Test, sd"] == pytest.approx(0.02)
    assert np.isnan(table.loc[1, "Test, sd"])
    assert table["Epochs"].tolist() == [10, 3]


def test_what_was_kept_and_a_name_do_not_part_seeds_but_other_files_do():
    spec = PRESETS["first-steps"]
    specs = [spec, spec.replace(seed=1, keep_epochs="answers", preset="", title="Again"), spec.replace(seed=2)]
    specs.append(spec.replace(seed=3, dataset_folder="/other/files"))
    sets = seed_sets(Row(str(number), one, "completed") for number, one in enumerate(specs))
    assert [[row.id for row in some] for some in sets] == [["0", "1", "2"], ["3"]]


def test_other_data_and_other_label_decisions_part_seeds_and_are_named():
    spec = RunSpec(label_marks=True)
    kinds = [("a" * 64, False, ""), ("a" * 64, False, ""), ("b" * 64, False, ""), ("b" * 64, True, ""),
             ("a" * 64, False, "0123456789ab")]  # fmt: skip
    rows = [
        Row(str(seed), spec.replace(seed=seed), "completed", sha256=sha256, synthetic=synthetic, decisions=decisions)
        for seed, (sha256, synthetic, decisions) in enumerate(kinds)
    ]
    assert [[row.id for row in some] for some in seed_sets(rows)] == [["0", "1"], ["2"], ["3"], ["4"]]
    assert seed_table(rows)["Data"].tolist() == ["aaaaaaaa", "bbbbbbbb", "stand-in", "aaaaaaaa"]
    assert run_table(rows)["Decisions"].tolist() == ["", "", "", "", "01234567"]
    assert not {"Data", "Decisions"} & set(run_table(rows[:2]))


def test_runs_on_a_stand_in_are_hollow_and_not_held_against_real_ones():
    spec = RunSpec()
    rows = [
        Row("real", spec, "completed", (0.8,), 30.0, 0.88, 10_000, 500, sha256="a"),
        Row("stand-in", spec, "completed", (0.8,), 10.0, 0.99, 2_000, 500, sha256="b", synthetic=True),
    ]
    text = cost_text(rows, ["Real", "Other"], "Seconds")
    assert "cheaper than: Real. Hollow, on a stand-in for the data: Other." in text
    symbols = [trace.marker.symbol for trace in cost_figure(rows, ["Real", "Other"], "Seconds").data]
    assert symbols == ["circle", "circle-open"]
    assert "cheaper than: Other." in cost_text(rows[1:], ["Other"], "Seconds")


def test_models_from_outside_are_not_repeats_of_one_another():
    spec = RunSpec(network="imported", title="Mine")
    sets = seed_sets([Row("one", spec, "completed"), Row("other", spec.replace(title="Yours"), "completed")])
    assert [[row.id for row in some] for some in sets] == [["one"], ["other"]]


def test_all_hyperparameters_are_there_and_those_that_differ_are_marked():
    base = PRESETS["A-lenet5"]
    rows = [Row("one", base, "completed"), Row("two", base.replace(learning_rate=0.01), "completed")]
    table = run_table(rows, everything=True)
    assert table["≠ Learning rate"].tolist() == [0.001, 0.01]
    assert table["Batch size"].tolist() == [64, 64] and "≠ Batch size" not in table
    assert [name for name in table if name.startswith("≠")] == ["≠ Learning rate"]
    assert "Seed" in table and "Cut after block" not in table


def test_a_filter_needs_every_word_and_every_tag():
    rows = [
        Row("one", PRESETS["A-lenet5"], "completed", tags=("good", "old")),
        Row("two", PRESETS["E-cnn-k3n32"], "stopped", tags=("good",)),
        Row("three", PRESETS["A-vgg16"], "completed"),
    ]

    def ids(*args, **options):
        return [row.id for row in filtered(rows, *args, **options)]

    assert ids() == ["one", "two", "three"]
    assert ids("LENET completed") == ["one"]
    assert ids("mnist stopped") == ["two"] and ids("transfer") == ["three"] and ids("old") == ["one"]
    assert ids(tags=["good"]) == ["one", "two"] and ids("digits mnist", tags=["old"]) == []
    assert run_table(rows)["Tags"].tolist() == [["good", "old"], ["good"], []]


def test_smoothing_keeps_a_constant_and_passes_over_gaps():
    assert np.allclose(smoothed([2.0, 2.0, 2.0], 0.9), 2.0)
    assert np.allclose(smoothed([1.0, 5.0, 3.0], 0.0), [1, 5, 3])
    gap = smoothed([1.0, float("nan"), 3.0], 0.5)
    assert np.isnan(gap[1]) and gap[2] == pytest.approx((0.25 * 1 + 0.5 * 3) / 0.75)

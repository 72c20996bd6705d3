"""Our own recipes: the figures that are kept and told are those of the presets as they are."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.recipes import RESULTS, fingerprint
from fmnist_core import zoo
from fmnist_core.presets import PRESETS

DOCS = Path(__file__).parents[1] / "docs" / "recipes.md"
TITLES = {"Quick": "quick", "LeNet-5, modernised": "lenet5-modern", "Small": "small", "Best small": "best-small"}


def rows(preset):
    """The kept Runs of a preset as it is now, each seed once."""
    kept = [row for row in json.loads(RESULTS.read_text()) if row["recipe"] == fingerprint(PRESETS[preset])]
    assert len({row["seed"] for row in kept}) == len(kept)
    return kept


def parameters(preset):
    return sum(layer.parameters for layer in zoo.describe(PRESETS[preset]))


@pytest.mark.parametrize("preset", TITLES.values())
def test_kept_runs_are_of_the_preset(preset):
    for row in rows(preset):
        assert (row["preset"], row["epochs"]) == (preset, PRESETS[preset].epochs)
        assert row["parameters"] == parameters(preset)


@pytest.mark.parametrize("title", TITLES)
def test_the_guide_tells_mean_and_spread_of_the_kept_runs(title):
    line = next(line for line in DOCS.read_text().splitlines() if line.startswith(f"| {title} |"))
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    preset = TITLES[title]
    assert cells[1:3] == [f"{parameters(preset):,}", str(PRESETS[preset].epochs)]
    accuracies = [row["test_accuracy"] for row in rows(preset)]
    told = re.match(r"(0\.\d{4}) ± (0\.\d{4}) over (\d) seeds", cells[3])
    if told is None:
        assert len(accuracies) < 3, "three seeds are kept and not told"
        return
    mean = sum(accuracies) / len(accuracies)
    spread = (sum((value - mean) ** 2 for value in accuracies) / (len(accuracies) - 1)) ** 0.5
    assert told.groups() == (f"{mean:.4f}", f"{spread:.4f}", str(len(accuracies)))


def test_the_guide_tells_where_the_seconds_of_the_kept_runs_went():
    lines = [line.split("|")[1:-1] for line in DOCS.read_text().splitlines() if line.startswith("|")]
    head = next(number for number, cells in enumerate(lines) if cells[1].strip() == "start")
    told = {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines[head + 2 :]}
    names = [cell.strip() for cell in lines[head][1:]]
    assert "Small" in told
    for title, cells in told.items():
        kept = [row["phases_s"] for row in rows(TITLES[title])]
        assert len(kept) >= 3
        assert cells == [f"{sum(phases[name] for phases in kept) / len(kept):.0f}" for name in names]


@pytest.mark.parametrize(
    ("preset", "least", "most_parameters"),
    [
        ("quick", 0.9237, None),
        ("lenet5-modern", 0.915, 61_706),
        ("small", 0.940, 500_000),
        ("best-small", 0.950, 500_000),
    ],
)
def test_recipes_keep_what_they_promise(preset, least, most_parameters):
    kept = rows(preset)
    assert len(kept) >= 3
    assert sum(row["test_accuracy"] for row in kept) / len(kept) >= least
    assert most_parameters is None or all(row["parameters"] <= most_parameters for row in kept)


def test_a_changed_recipe_is_told_from_the_one_before_and_a_seed_is_not():
    spec = PRESETS["quick"]
    assert fingerprint(spec) == fingerprint(spec.replace(seed=5, title="other"))
    assert fingerprint(spec) != fingerprint(spec.replace(epochs=spec.epochs + 1))

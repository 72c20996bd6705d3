"""The label loop, in a real browser: confident learning, a review by keys, training with and without the decisions."""

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from fmnist_core import datasets
from fmnist_core.crossval import CrossValidation
from fmnist_core.datasets import Dataset
from fmnist_core.label_trial import trials
from fmnist_core.overlay import Overlay
from fmnist_core.presets import PRESETS
from fmnist_core.runs import RESULT_FILE, VALIDATION_FILE, VALIDATION_INDEX_FILE, Run, RunState, list_runs
from fmnist_core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(1800)]
PATIENCE_MS = 600_000  # four trainings, on a machine that may be busy
COUNT, WRONG = 1000, 30


@pytest.fixture
def own(tmp_path):
    """A data set of the user's own: noise with a bright row for each class, and 30 labels that are wrong."""
    generator = np.random.default_rng(0)
    folder = tmp_path / "own"
    folder.mkdir()
    for part, n in (("train", COUNT), ("t10k", 100)):
        labels = (np.arange(n) % 10).astype(np.uint8)
        images = generator.integers(0, 40, (n, 28, 28), np.uint8)
        images[np.arange(n), 2 * labels + 2] = images[np.arange(n), 2 * labels + 3] = 255
        if part == "train":
            labels[:WRONG] = (labels[:WRONG] + 5) % 10
        for kind, array, magic in (("images-idx3", images, 2051), ("labels-idx1", labels, 2049)):
            header = struct.pack(f">{1 + array.ndim}i", magic, *array.shape)
            (folder / f"{part}-{kind}-ubyte").write_bytes(header + array.tobytes())
    return folder


def test_labels_are_judged_reviewed_by_keys_and_the_difference_is_measured(
    page: Page, visit, rest, serve, own, tmp_path, monkeypatch
):
    home = tmp_path / "home"
    (home / "runs").mkdir(parents=True)
    Settings(parallel_runs=1).write(home / "runs")
    url = serve(ROOT / "app.py", {"FMNIST_LAB_HOME": str(home)})
    monkeypatch.setenv("FMNIST_LAB_HOME", str(home))
    address = f"{url}/labels?data=Your+own+files&data.folder={quote(str(own))}"
    data = datasets.load("own", str(own))
    _cross_validated(data, own)
    visit(page, f"{address}&by=Cross-validation", "Label suspects")
    # Judged in a process of its own, which the page starts and watches.
    expect(_suspects(page).first).to_be_visible(timeout=PATIENCE_MS)
    assert all(int(name.split("-")[1]) < WRONG for name in _names(page, 15))
    _review(page, rest, data)
    visit(page, f"{address}&step=Retrain", "Label suspects")
    _retrain(page)
    (trial,) = trials(list_runs(home / "runs"))
    assert [run.state for run in trial.runs] == [RunState.COMPLETED] * 4
    assert trial.decisions(data.sha256).counts() == {"keep": 1, "relabel": 2, "drop": 0}


def _cross_validated(data: Dataset, folder: Path) -> None:
    """Write five completed folds whose networks are fairly sure of the true class of each image."""
    generator = np.random.default_rng(1)
    probabilities = generator.uniform(0, 0.1, (COUNT, 10)).astype(np.float32)
    probabilities[np.arange(COUNT), np.arange(COUNT) % 10] += generator.uniform(0.5, 2, COUNT)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    base = PRESETS["first-steps"].replace(dataset="own", dataset_folder=str(folder))
    for spec in CrossValidation(base).specs("crossval-first-steps-20260101-000000-abcd"):
        run = Run.create(spec)
        index = np.arange(spec.fold.number - 1, COUNT, spec.fold.count)
        np.save(run.folder / VALIDATION_INDEX_FILE, index)
        np.save(run.folder / VALIDATION_FILE, probabilities[index])
        (run.folder / RESULT_FILE).write_text(json.dumps({"sha256": data.sha256}))
        for kind in ("queued", "started", "completed"):
            run.write_event(kind)


def _names(page: Page, count: int) -> list[str]:
    return [_suspects(page).nth(at).get_attribute("aria-label").split(", ")[0] for at in range(count)]


def _suspects(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Label suspects").get_by_role("option")


def _review(page: Page, rest: Callable[[Page], None], data: Dataset) -> None:
    """Go through the first three suspects by keys: on, back, relabel, other class, drop, undo; and keep by a click."""
    first, second, third = _names(page, 3)

    def marks() -> dict[str, tuple[str, int | None]]:
        return {str(place): (mark.action, mark.label) for place, mark in Overlay.read(data.sha256).marks.items()}

    def press(key: str, then: str) -> None:
        """Press a key once the page shows one image as a whole, and wait for the image that is looked at after it."""
        rest(page)
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"image={then}(&|$)"), timeout=PATIENCE_MS)
        expect(_headline(page, then).first).to_be_visible(timeout=PATIENCE_MS)

    press("n", second)
    press("p", first)
    press("l", second)
    proposed = marks()[first]
    assert proposed == ("relabel", int(first.split("-")[1]) % 10)
    digit = (int(data.y_train[int(second.split("-")[1])]) + 1) % 10
    press(str(digit), third)
    assert marks() == {first: proposed, second: ("relabel", digit)}
    rest(page)
    page.keyboard.press("d")
    expect(_headline(page, third)).to_have_count(0, timeout=PATIENCE_MS)
    assert marks()[third] == ("drop", None)
    press("u", third)
    assert marks() == {first: proposed, second: ("relabel", digit)}
    # A click on a class decides, too, and on the given one it keeps.
    rest(page)
    page.get_by_role("button", name=re.compile("^Keep .*given")).click()
    expect(page.get_by_text("1 kept, 2 relabelled, 0 dropped")).to_be_visible(timeout=PATIENCE_MS)
    assert marks()[third] == ("keep", None)


def _headline(page: Page, name: str) -> Locator:
    return page.get_by_text(re.compile(rf"· Training image .* · {name}(?!\d)"))


def _retrain(page: Page) -> None:
    """Start two seeds of one epoch and wait for what they came to."""
    for name, value in (("Seeds", "2"), ("Epochs", "1")):
        field = page.get_by_role("spinbutton", name=name)
        field.fill(value)
        field.press("Enter")
    page.get_by_role("button", name="Start 4 Runs").click(timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name="No pair is done yet.")).to_be_visible(timeout=PATIENCE_MS)
    done = page.get_by_role("heading", name=re.compile("points with the decisions, .* to"))
    expect(done).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("The test labels are not cleaned.")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("95 % interval over seeds")).to_be_visible()

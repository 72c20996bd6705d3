"""Cross-validate, in a real browser: start three folds of a tiny data set, see them arrive, read the figure."""

import re
import struct
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from fmnist_core.crossval import groups
from fmnist_core.crossval_probabilities import out_of_fold
from fmnist_core.runs import RunState, list_runs
from fmnist_core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(1200)]
PATIENCE_MS = 480_000  # three trainings, on a machine that may be busy


@pytest.fixture
def own(tmp_path):
    """A data set of the user's own: 340 images of noise, each class with a bright row."""
    generator = np.random.default_rng(0)
    folder = tmp_path / "own"
    folder.mkdir()
    for part, n in (("train", 300), ("t10k", 40)):
        labels = (np.arange(n) % 10).astype(np.uint8)
        images = generator.integers(0, 60, (n, 28, 28), np.uint8)
        images[np.arange(n), 2 * labels + 2] = 255
        for kind, array, magic in (("images-idx3", images, 2051), ("labels-idx1", labels, 2049)):
            header = struct.pack(f">{1 + array.ndim}i", magic, *array.shape)
            (folder / f"{part}-{kind}-ubyte").write_bytes(header + array.tobytes())
    return folder


def test_three_folds_are_started_arrive_and_give_a_figure(page: Page, visit, rest, serve, own, tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / "runs").mkdir(parents=True)
    Settings(parallel_runs=1).write(home / "runs")
    url = serve(ROOT / "app.py", {"FMNIST_LAB_HOME": str(home)})
    visit(page, f"{url}/cross-validate?data=Your+own+files&data.folder={quote(str(own))}", "Cross-validate")
    folds = page.get_by_role("spinbutton", name="Folds")
    folds.fill("3")
    folds.press("Enter")
    start = page.get_by_role("button", name="Start 3 Runs")
    expect(start).to_be_enabled(timeout=PATIENCE_MS)
    start.click()

    expect(page.get_by_text("No fold is done yet.")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("3 folds:")).to_be_visible()
    expect(page.locator(".live-chart").first).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("of 3 folds"))).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("95 % interval of the mean")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("3 folds:")).to_have_count(0, timeout=PATIENCE_MS)
    (group,) = groups(list_runs(home / "runs"))
    assert [run.state for run in group.runs] == [RunState.COMPLETED] * 3

    page.get_by_text("Out-of-fold probabilities").click()
    button = page.get_by_role("button", name="300 images, NumPy")
    expect(button).to_be_visible(timeout=PATIENCE_MS)
    rest(page)
    with page.expect_download() as download:
        button.click()
    with np.load(download.value.path()) as kept:
        assert kept["probabilities"].shape == (300, 10)
        assert kept["index"].tolist() == list(range(300))
    monkeypatch.setenv("FMNIST_LAB_HOME", str(home))
    assert len(out_of_fold(group).index) == 300

    page.get_by_text("Each fold by itself").click()
    expect(page.locator(".stPlotlyChart", has_text="Fold 3 of 3")).to_be_visible(timeout=PATIENCE_MS)
    page.reload()
    expect(page.get_by_role("heading", name=re.compile("Validation accuracy"))).to_be_visible(timeout=PATIENCE_MS)

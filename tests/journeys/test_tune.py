"""Tune in a real browser: a small search is started, its trials arrive, lines are brushed, the best is trained."""

import re
import struct
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from fmnist_core.runs import RunState, list_runs
from fmnist_core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(1800)]
PATIENCE_MS = 480_000  # TensorFlow starts in a process of its own


@pytest.fixture
def own(tmp_path):
    """A data set of the user's own: 240 images of noise, each class with a bright row."""
    generator = np.random.default_rng(0)
    for part, n in (("train", 200), ("t10k", 40)):
        labels = (np.arange(n) % 10).astype(np.uint8)
        images = generator.integers(0, 60, (n, 28, 28), np.uint8)
        images[np.arange(n), 2 * labels + 2] = 255
        for kind, array, magic in (("images-idx3", images, 2051), ("labels-idx1", labels, 2049)):
            header = struct.pack(f">{1 + array.ndim}i", magic, *array.shape)
            (tmp_path / f"{part}-{kind}-ubyte").write_bytes(header + array.tobytes())
    return tmp_path


def fill(page: Page, name: str, value: str) -> None:
    box = page.get_by_role("spinbutton", name=name, exact=True)
    box.fill(value)
    box.press("Enter")


def test_a_small_search_is_started_watched_brushed_and_its_best_is_trained(page, visit, serve, own, tmp_path):
    home = tmp_path / "home"
    (home / "runs").mkdir(parents=True)
    Settings(parallel_runs=1).write(home / "runs")
    url = serve(ROOT / "app.py", {"FMNIST_LAB_HOME": str(home)})
    visit(page, f"{url}/tune?data=Your+own+files&data.folder={quote(str(own))}", "Tune")
    fill(page, "Trials", "3")
    expect(page.get_by_text("Epochs in all")).to_be_visible()
    fill(page, "Epochs per trial", "1")
    page.get_by_role("button", name="Start search").click()

    # Trials arrive by themselves, one by one: the first are there while others are still to come.
    expect(page.get_by_text(re.compile("[12] of 3 trials"))).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text(re.compile("Best so far: "))).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text(re.compile("All trials are done"))).to_be_visible(timeout=2 * PATIENCE_MS)
    chart = page.locator(".parallel")
    expect(chart).to_have_attribute("data-count", "3", timeout=PATIENCE_MS)

    # A brush over the upper part of the objective's axis leaves some trials, and the table has only these.
    axis = chart.locator("rect.handle").last
    axis.scroll_into_view_if_needed()
    box = axis.bounding_box()
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.35 * box["height"], steps=8)
    page.mouse.up()
    kept = int(chart.get_attribute("data-kept"))
    assert 1 <= kept < 3
    expect(page.get_by_text(f"{kept} of 3: those that pass the brushes above.")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Clear brushes").click()
    expect(page.get_by_text("those that pass the brushes above.")).to_have_count(0, timeout=PATIENCE_MS)

    page.get_by_role("button", name="Train the best one fully").click()
    link = page.get_by_role("link", name=re.compile("full training"))
    expect(link).to_be_visible(timeout=PATIENCE_MS)
    (run,) = [run for run in list_runs(home / "runs") if not run.spec.group]
    assert run.spec.title == "Best of First search"
    assert run.wait(PATIENCE_MS / 1000) == RunState.COMPLETED
    search = page.url
    page.reload()
    page.get_by_role("link", name="Compare it with the trial").click(timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    for title in ("Best of First search", "Trial "):
        expect(page.locator(".stMultiSelect").first).to_contain_text(title, timeout=PATIENCE_MS)
    page.goto(search)
    page.get_by_role("link", name="See the result of its full training").click()
    expect(page.get_by_role("heading", name="Result", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text(f"{run.result['test_accuracy']:.2%}").first).to_be_visible(timeout=PATIENCE_MS)

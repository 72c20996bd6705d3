"""The Time machine in a real browser: the slider moves all in place, and a fork from an epoch trains for real."""

import re
from pathlib import Path

import pytest
from kept_run import kept_run, paced_run, write_own_data
from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(1200)]
PATIENCE_MS = 480_000  # TensorFlow starts in a process that yields to all others


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A workspace with a Run that kept four epochs on data of the user's own, and another whose pace is known: the
    page Train measures nothing."""
    (tmp_path / "own").mkdir()
    write_own_data(tmp_path / "own")
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    paced_run()
    return tmp_path / "home", kept_run(tmp_path / "own")


def test_the_slider_moves_all_in_place_and_a_fork_trains(page: Page, visit, serve, home):
    folder, run = home
    url = serve(ROOT / "app.py", {"FMNIST_LAB_HOME": str(folder)})
    visit(page, f"{url}/epochs?run={run.id}&epoch=1", "Time machine")
    machine = page.locator(".time[data-ready='4']")
    expect(machine).to_have_attribute("data-epoch", "1", timeout=PATIENCE_MS)
    machine.evaluate("element => { window.kept = [element, ...element.querySelectorAll('canvas, .cell')]; }")

    page.get_by_label("Epoch", exact=True).fill("1")
    expect(machine).to_have_attribute("data-epoch", "2", timeout=PATIENCE_MS)
    expect(page.get_by_text("12 wrong")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("link", name="Fork from epoch 2")).to_be_visible(timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile("[?&]epoch=2(&|$)"))

    page.get_by_role("button", name="class 2, said to be class 3: 12 images").click()
    expect(page.get_by_text("class 2 taken for class 3: the surest 12 of 12")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Show all mistakes").click()
    page.get_by_role("button", name="Play").click()
    expect(machine).to_have_attribute("data-epoch", "4", timeout=PATIENCE_MS)
    expect(page.get_by_role("link", name="Fork from epoch 4")).to_be_visible(timeout=PATIENCE_MS)
    # Nothing was taken down and built anew on the way.
    assert page.evaluate("window.kept.length > 100 && window.kept.every((element) => element.isConnected)")

    page.get_by_label("Epoch", exact=True).fill("2")
    expect(page.get_by_text("Forking works where weights were kept: epoch 1, 2, 4")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_label("Epoch", exact=True).fill("1")
    page.get_by_role("link", name="Fork from epoch 2").click(timeout=PATIENCE_MS)
    expect(page.get_by_text("Fork of Kept, epoch 2.")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Start training").click(timeout=PATIENCE_MS)
    expect(page.get_by_role("link", name="See the result")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("link", name="See the result").click(timeout=PATIENCE_MS)
    expect(page.get_by_text("Forked from")).to_be_visible(timeout=PATIENCE_MS)

"""From pictures to pictures, in a real browser: a sample, a lasso, a suspect label."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from fmnist_core import datasets
from fmnist_core.overlay import Overlay
from fmnist_core.places import Place

pytestmark = [pytest.mark.journey, pytest.mark.timeout(1200)]
PATIENCE_MS = 180_000
NEIGHBOURS_MS = 360_000


def _images(page: Page, name: str):
    return page.get_by_role("listbox", name=re.compile(name)).get_by_role("option")


def test_a_click_on_a_sample_opens_it_and_its_neighbours_open_each_other(page, url, visit):
    visit(page, f"{url}/samples", "Samples")
    sample = _images(page, "100 images").nth(34)
    expect(sample).to_be_visible(timeout=PATIENCE_MS)
    name, label = sample.get_attribute("aria-label").split(", ")
    sample.click()
    expect(page.get_by_text(f"{label} · Training image").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile(f"image={name}(&|$)"))
    nearest = _images(page, f"Images nearest to {name}")
    expect(nearest).to_have_count(10, timeout=PATIENCE_MS)
    # The large view tells the value under the pointer.
    page.get_by_role("application").hover()
    expect(page.get_by_text(re.compile(r"Row \d+, column \d+: \d+")).first).to_be_visible()
    following = nearest.first.get_attribute("aria-label").split(", ")[0]
    nearest.first.click()
    expect(page).to_have_url(re.compile(f"image={following}(&|$)"), timeout=PATIENCE_MS)
    expect(_images(page, f"Images nearest to {following}")).to_have_count(10, timeout=PATIENCE_MS)


def test_the_keyboard_goes_through_the_grid_and_several_images_can_be_taken(page, url, visit):
    visit(page, f"{url}/samples?several=true", "Samples")
    images = _images(page, "100 images")
    images.nth(0).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(images.nth(11)).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Download 2 chosen").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("label,pixel1,")


def test_a_lasso_on_the_map_shows_the_images_inside(page, url, visit, draw_line):
    visit(page, f"{url}/projection?n=1000", "Projection")
    board = page.get_by_role("img", name=re.compile("Map of 1000 images"))
    expect(board).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(500)  # the dots are drawn in the next frame
    draw_line(page, board, [(0.2, 0.2), (0.8, 0.2), (0.8, 0.9), (0.2, 0.9), (0.2, 0.22)])
    expect(page.get_by_role("heading", name=re.compile("images inside the lasso"))).to_be_visible(timeout=PATIENCE_MS)
    inside = _images(page, "images inside the lasso")
    expect(inside.first).to_be_visible()
    assert 100 < inside.count() <= 200
    name = inside.nth(3).get_attribute("aria-label").split(", ")[0]
    inside.nth(3).click()
    expect(page).to_have_url(re.compile(f"image={name}(&|$)"), timeout=PATIENCE_MS)
    expect(_images(page, f"Images nearest to {name}")).to_have_count(10, timeout=PATIENCE_MS)
    # The lasso is still there.
    expect(page.get_by_role("heading", name=re.compile("images inside the lasso"))).to_be_visible()


def test_suspects_are_found_in_the_background_and_a_decision_is_saved(page, url, workspace, monkeypatch, visit):
    visit(page, f"{url}/labels", "Label suspects")
    suspects = _images(page, "Label suspects")
    expect(suspects).to_have_count(24, timeout=NEIGHBOURS_MS)
    suspects.nth(2).click()
    name = suspects.nth(2).get_attribute("aria-label").split(", ")[0]
    expect(page).to_have_url(re.compile(f"image={name}(&|$)"), timeout=PATIENCE_MS)
    expect(_images(page, f"Images nearest to {name}")).to_have_count(10, timeout=PATIENCE_MS)
    page.locator(f".st-key-labels-relabel-{name}").get_by_role("button", name="Relabel as").click()
    expect(page.get_by_text("0 kept, 1 relabelled, 0 dropped")).to_be_visible(timeout=PATIENCE_MS)
    monkeypatch.setenv("FMNIST_LAB_HOME", str(workspace))
    dataset = datasets.load("fashion-mnist")
    ((place, mark),) = Overlay.read(dataset.sha256).marks.items()
    assert place == Place.parse(name, dataset)
    assert mark.action == "relabel" and mark.label != place.label(dataset)
    _, labels = Overlay.read(dataset.sha256).apply(dataset)
    assert (labels != dataset.y_train).sum() == 1

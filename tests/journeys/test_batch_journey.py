"""Batch in a real browser: a zip goes in, a bad picture is named, the grid is filtered, the CSV comes out."""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]
PATIENCE_MS = 240_000  # the task is a process that yields to all others


def trouser(shift: int) -> bytes:
    """A picture of dark trousers on white."""
    pixels = np.full((120, 120), 250, np.uint8)
    pixels[10:110, 36:84] = 20 + shift
    pixels[40:110, 57:63] = 250
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def archive(tmp_path):
    file = tmp_path / "wardrobe.zip"
    with zipfile.ZipFile(file, "w") as made:
        for at in range(6):
            made.writestr(f"wardrobe/{'Trouser' if at < 5 else 'Bag'}/{at}.png", trouser(at))
        made.writestr("wardrobe/Bag/torn.png", trouser(0)[:70])
        made.writestr("__MACOSX/wardrobe/._0.png", b"junk")
    return file


def test_a_zip_is_predicted_browsed_and_taken_away(page: Page, visit, url, archive):
    visit(page, f"{url}/batch", "Batch")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(archive)
    go = page.get_by_role("button", name="Predict", exact=True)
    expect(go).to_be_enabled(timeout=PATIENCE_MS)
    go.click()
    expect(page.get_by_text("Accuracy", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("1 left out")).to_be_visible()
    grid = page.locator(".image-grid")
    expect(grid).to_have_attribute("data-count", "6", timeout=PATIENCE_MS)
    # The trousers in the folder Bag stand first: they are "wrong".
    expect(page.get_by_text("wardrobe/Bag/5.png", exact=True)).to_be_visible()
    grid.locator(".cell").nth(1).click()
    expect(page.get_by_text("wardrobe/Bag/5.png", exact=True)).to_have_count(0, timeout=PATIENCE_MS)
    expect(page.locator(".verdict")).to_contain_text("Trouser")

    with page.expect_download() as taken:
        page.get_by_role("button", name="Probabilities").click()
    frame = pd.read_csv(taken.value.path())
    assert taken.value.suggested_filename == "wardrobe-probabilities.csv"
    assert set(frame["none of these"]) <= {"yes", "no"}
    assert frame["label"].tolist() == ["Trouser"] * 5 + ["Bag"]
    assert np.allclose(frame.filter(like="probability of").sum(axis=1), 1, atol=1e-4)

    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()  # the batch stands in the address and is not read again
    expect(grid).to_have_attribute("data-count", "6", timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Another batch").click()
    expect(page.get_by_text("Earlier batches (1)")).to_be_visible(timeout=PATIENCE_MS)

"""Explain, in a real browser: an image, neighbours, two classes; the process that explains ends with the app."""

import re
import sys
import time
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))  # whichever folder the tests were started from

pytestmark = [pytest.mark.journey, pytest.mark.timeout(1800)]
PATIENCE_MS = 600_000  # TensorFlow starts twice, once in a process that yields to all others


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A workspace with one finished Run on the user's own data."""
    from explained_run import explained_run
    from test_page_result import write_idx

    place = tmp_path / "own"
    place.mkdir()
    write_idx(place, seed=0)
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    explained_run(place)
    return tmp_path / "home"


def explaining(home: Path) -> list[psutil.Process]:
    """Return the processes that explain for this workspace."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            if "fmnist_core.explain_process" in (process.info["cmdline"] or []) and (
                process.environ().get("FMNIST_LAB_HOME") == str(home)
            ):
                found.append(process)
        except psutil.Error:
            pass
    return found


def test_an_image_is_explained_from_outside_and_from_inside(page: Page, visit, serve, home):
    url = serve(ROOT / "app.py", {"FMNIST_LAB_HOME": str(home)})
    visit(page, f"{url}/explain?image=test-3", "Explain")
    expect(page.get_by_text("Through the layers").first).to_be_visible(timeout=PATIENCE_MS)
    (process,) = explaining(home)
    expect(page.get_by_text("of the 10 nearest are labelled").first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Random").click()
    expect(page.get_by_label("Image", exact=True)).not_to_have_value("test-3")
    expect(page.get_by_text("of the 10 nearest are labelled").first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_text("Two classes", exact=True).click()
    expect(page.get_by_text("How often?").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile(r"view=Two\+classes"))
    assert [found.pid for found in explaining(home)] == [process.pid]

    process.parent().kill()  # not even asked to end
    deadline = time.monotonic() + 120
    while explaining(home) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not explaining(home)

"""Where to cut, in a real browser: start a probe, see what it found, take its cut to the Train page."""

import struct
from pathlib import Path
from urllib.parse import parse_qs, quote, urlparse

import numpy as np
import pytest
from kept_run import paced_run
from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(1200)]
PATIENCE_MS = 480_000  # TensorFlow starts in a process that yields to all others


@pytest.fixture
def own(tmp_path):
    """A data set of the user's own: 120 images of noise, each class with a bright row."""
    generator = np.random.default_rng(0)
    for part, n in (("train", 80), ("t10k", 40)):
        labels = (np.arange(n) % 10).astype(np.uint8)
        images = generator.integers(0, 60, (n, 28, 28), np.uint8)
        images[np.arange(n), 2 * labels + 2] = 255
        for kind, array, magic in (("images-idx3", images, 2051), ("labels-idx1", labels, 2049)):
            header = struct.pack(f">{1 + array.ndim}i", magic, *array.shape)
            (tmp_path / f"{part}-{kind}-ubyte").write_bytes(header + array.tobytes())
    return tmp_path


def test_a_probe_is_started_found_and_taken_to_training(page: Page, visit, serve, own, tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    paced_run()
    url = serve(ROOT / "app.py", {"FMNIST_LAB_HOME": str(tmp_path / "home")})
    where = f"data=Your+own+files&data.folder={quote(str(own))}"
    visit(page, f"{url}/depth?{where}&px=32&with=Not+pretrained", "Where to cut")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("The best cut is after")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("on raw pixels gets 100.0%")).to_be_visible()
    page.get_by_role("combobox", name="Cut after").click()
    page.get_by_role("option", name="Block 5", exact=True).click()
    page.get_by_role("button", name="Train with this cut").click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    query = parse_qs(urlparse(page.url).query)
    assert {name: query[name] for name in ("backbone", "cut", "size")} == {
        "backbone": ["mobilenet"], "cut": ["5"], "size": ["32"],
    }  # fmt: skip

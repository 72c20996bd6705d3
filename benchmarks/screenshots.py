"""Take the screenshots of the README from the real app: python -m benchmarks.screenshots

Runs and Result show the newest completed Run; train one first. Predict asks the model that comes along.
"""

from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from benchmarks.browser import open_page, served_app

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
PATIENCE_MS = 120_000
READY_MADE = "?run=ready-made"  # its answers are there on the first start
TROUSER = ((0.36, 0.06), (0.64, 0.06), (0.68, 0.94), (0.56, 0.94), (0.5, 0.3), (0.44, 0.94), (0.32, 0.94), (0.36, 0.06))


def main() -> None:
    """Visit each page and save what it looks like."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with served_app() as address, open_page(1280, 860) as page:
        for name in ("samples", "train", "runs", "result", "predict"):
            page.goto(f"{address}/{name}{READY_MADE * (name == 'predict')}", timeout=PATIENCE_MS)
            page.get_by_role("heading", level=1).wait_for(timeout=PATIENCE_MS)
            _settle(page)
            if name == "predict":
                _draw(page)
            _save(page, name)


def _settle(page: Page) -> None:
    """Wait until the page has run, and then for what it paints and loads afterwards: charts and pictures."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(5000)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=PATIENCE_MS)


def _draw(page: Page) -> None:
    box = page.locator(".board canvas").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in TROUSER]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
    page.locator(".verdict:not(.blank)").first.wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(2000)  # the bars slide, and the page is told of the drawing


def _save(page: Page, name: str) -> None:
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    # A palette halves the file; the pages have few colours.
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

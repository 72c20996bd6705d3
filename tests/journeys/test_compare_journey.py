"""Compare and Result, in a real browser: find two Runs in the table, compare them, read the sentence, see who is right
where; save the curves; open the images behind a cell of the confusion matrix."""

import json
import re
import struct
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from fmnist_core import datasets
from fmnist_core.run_notes import Notes
from fmnist_core.runs import PROBABILITIES_FILE, RESULT_FILE, Run
from fmnist_core.spec import RunSpec

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]
PATIENCE_MS = 180_000
TEST_IMAGES = 200


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A data set of the user's own: 200 test images of noise."""
    generator = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("own")
    for part, n in (("train", 60), ("t10k", TEST_IMAGES)):
        images, labels = generator.integers(0, 256, (n, 28, 28), np.uint8), (np.arange(n) % 10).astype(np.uint8)
        for kind, array, magic in (("images-idx3", images, 2051), ("labels-idx1", labels, 2049)):
            header = struct.pack(f">{1 + array.ndim}i", magic, *array.shape)
            (folder / f"{part}-{kind}-ubyte").write_bytes(header + array.tobytes())
    return folder


@pytest.fixture(scope="module")
def url(own, tmp_path_factory, serve_module):
    """The app with four completed Runs, of which Good gets 20 images wrong and Worse these and 20 more."""
    place = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FMNIST_LAB_HOME", str(place))
        for title, wrong, tag in (("Good", 20, "shown"), ("Worse", 40, "shown"), ("Third", 60, ""), ("Fourth", 80, "")):
            finished(own, title, wrong, (tag,) if tag else ())
    return serve_module(ROOT / "app.py", {"FMNIST_LAB_HOME": str(place)})


def finished(folder, title, wrong, tags):
    dataset = datasets.load("own", folder)
    spec = RunSpec(title=title, dataset="own", dataset_folder=str(folder), learning_rate=wrong / 10_000)
    probabilities = np.full((TEST_IMAGES, 10), 0.01, np.float32)
    answers = np.where(np.arange(TEST_IMAGES) < wrong, (dataset.y_test + 1) % 10, dataset.y_test)
    probabilities[np.arange(TEST_IMAGES), answers] = 0.91
    run = Run.create(spec)
    np.save(run.folder / PROBABILITIES_FILE, probabilities)
    result = {
        "test_accuracy": 1 - wrong / TEST_IMAGES, "test_loss": 0.5, "test_images": TEST_IMAGES, "dataset": "own",
        "class_names": list(dataset.class_names), "source": dataset.source, "sha256": dataset.sha256,
        "parameters": 1000 * wrong, "synthetic": False,
    }  # fmt: skip
    (run.folder / RESULT_FILE).write_text(json.dumps(result))
    Notes(tags=tags).write(run)
    run.write_event("queued")
    run.write_event("started")
    run.write_event("phase", epoch=0, phase="training", train_images=48, validation_images=12)
    for epoch in (1, 2, 3):
        logs = {"loss": 1 / epoch, "accuracy": 0.8, "val_loss": 1 / epoch, "val_accuracy": 0.5 + epoch / 10}
        run.write_event("epoch", epoch=epoch, step=epoch, **logs, learning_rate=1e-3, duration_s=2.0)
    run.write_event("completed", test_accuracy=result["test_accuracy"], test_loss=0.5)


def test_two_runs_are_found_compared_and_told_apart(page: Page, visit, own, url):
    page.set_default_timeout(PATIENCE_MS)
    visit(page, f"{url}/compare?data=Your+own+files&data.folder={quote(str(own))}", "Compare")
    page.get_by_text("All Runs in a table").click()
    find = page.get_by_role("textbox", name="Filter")
    find.fill("shown")
    find.press("Enter")
    expect(page.get_by_text("2 of 4 Runs.")).to_be_visible(timeout=PATIENCE_MS)
    _tick(page, 2)
    page.get_by_role("button", name="Compare these 2").click()

    for name in ("Good", "Worse"):
        expect(page.locator(".stMultiSelect").first).to_contain_text(name, timeout=PATIENCE_MS)
    expect(page.locator(".stMultiSelect").first).not_to_contain_text("Third")
    expect(page).to_have_url(re.compile("runs="))

    sentence = page.get_by_text("Good is better on these images")
    expect(sentence).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Of 200 test images")).to_contain_text("less than 0.1%")
    expect(page.get_by_text("Only Good is right: 20")).to_be_visible()
    expect(page.get_by_text("Only Worse is right: 0")).to_be_visible()
    pictures = page.get_by_role("listbox", name=re.compile("only Good is right"))
    expect(pictures.get_by_role("option")).to_have_count(20, timeout=PATIENCE_MS)

    expect(page.locator(".live-chart canvas").first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("radio", name="Images").click()
    expect(page).to_have_url(re.compile("against=Images"), timeout=PATIENCE_MS)
    expect(page.get_by_text("Good is up and to the left").first).to_be_visible(timeout=PATIENCE_MS)

    rows = _saved(page, "CSV").splitlines()
    assert rows[0] == "Chart,Curve,Training images seen,Value" and len(rows) == 1 + 2 * 2 * 3
    assert {"Validation accuracy,Good,48,0.6", "Validation loss,Worse,144,0.3333333"} <= set(rows)
    drawn = _saved(page, "SVG")
    assert drawn.count('stroke-width="1.75"') == 4 and "Training images seen" in drawn and "70 %" in drawn

    first = page.get_by_role("combobox", name="First")
    first.fill("Worse")  # the other way round
    first.press("Enter")
    only = page.get_by_text(re.compile("Only .* is right"))
    expect(only.first).to_have_text("Only Worse is right:", timeout=PATIENCE_MS)
    page.reload()  # the view is a link
    expect(sentence).to_be_visible(timeout=PATIENCE_MS)
    expect(only.first).to_have_text("Only Worse is right:")


def test_a_click_on_a_cell_of_the_matrix_shows_its_images(page: Page, visit, rest, own, url):
    page.set_default_timeout(PATIENCE_MS)
    visit(page, f"{url}/result?data=Your+own+files&data.folder={quote(str(own))}", "Result")
    cells = page.locator(".js-plotly-plot").first
    expect(cells.locator(".point").first).to_be_attached(timeout=PATIENCE_MS)
    chosen = page.get_by_text(re.compile("The surest first, all 8 mistakes"))
    expect(chosen).to_have_count(0)
    rest(page)
    _wait_until_it_stands(page, cells)
    cells.locator(".point").nth(10 * 3 + 4).click(force=True)  # class 3, said to be class 4: 8 of Fourth's 80 mistakes
    expect(chosen).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("→ class 4")).to_have_count(8)
    expect(page).to_have_url(re.compile(r"class=class\+3.*said=class\+4"))


def _wait_until_it_stands(page: Page, element: Locator) -> None:
    """What is above a chart may grow a moment after its script: a click would meet the cell beside the one meant."""
    before = None
    while (box := element.bounding_box()) != before:
        before = box
        page.wait_for_timeout(300)


def _saved(page: Page, form: str) -> str:
    """Save the curves and return the file's text."""
    chart = page.locator(".live-chart")
    if not chart.get_by_role("button", name=form).is_visible():
        chart.get_by_role("button", name="Save").click()
    with page.expect_download() as download:
        chart.get_by_role("button", name=form).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def _tick(page: Page, rows: int) -> None:
    """Tick the first rows of the table of all Runs; its cells are painted, so by place."""
    table = page.locator(".stExpander .stDataFrame canvas").first
    expect(table).to_be_visible(timeout=PATIENCE_MS)
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    for row in range(rows):
        page.mouse.click(box["x"] + 18, box["y"] + 36 + 35 * row + 17)

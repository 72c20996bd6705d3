"""The main job through the real app, in a real browser, on the real data: train, watch, judge, draw."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from fmnist_core import datasets
from fmnist_core.runs import RunState, list_runs
from fmnist_core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(1200)]
PATIENCE_MS = 180_000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "runs").mkdir()
    Settings(parallel_runs=1).write(folder / "runs")
    return folder


@pytest.fixture(scope="module")
def url(serve_module, workspace):
    return serve_module(ROOT / "app.py", {"FMNIST_LAB_HOME": str(workspace)}, first_ever=True)


def _points(page: Page) -> int:
    # The first chart of the page: loss and accuracy.
    return int(page.locator(".live-chart").first.get_attribute("data-points") or 0)


def _wait_for_more_points(page: Page, before: int) -> int:
    page.wait_for_function(
        """before => {
            const find = root => {
                const hit = root.querySelector('.live-chart');
                if (hit) return hit;
                for (const child of root.querySelectorAll('*'))
                    if (child.shadowRoot) { const inner = find(child.shadowRoot); if (inner) return inner; }
            };
            return Number(find(document)?.dataset.points ?? 0) > before;
        }""",
        arg=before,
        timeout=PATIENCE_MS,
    )
    return _points(page)


TROUSER = [(0.36, 0.06), (0.64, 0.06), (0.68, 0.94), (0.56, 0.94), (0.5, 0.3), (0.44, 0.94), (0.32, 0.94), (0.36, 0.06)]


def test_the_first_request_after_a_start_may_be_a_deep_link(fresh_page, url, visit):
    visit(fresh_page, f"{url}/samples", "Samples")
    expect(fresh_page.get_by_role("listbox", name=re.compile("100 images"))).to_be_visible(timeout=PATIENCE_MS)
    expect(fresh_page.get_by_role("dialog")).to_have_count(0)
    expect(fresh_page.get_by_text("Home", exact=True).first).to_be_visible()


def test_a_newcomer_trains_watches_stops_goes_on_judges_and_draws(fresh_page, url, workspace, visit, draw_line):
    page, asked_elsewhere = fresh_page, []
    own = (url, url.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda request: request.url.startswith(own) or asked_elsewhere.append(request.url))

    visit(page, url, "FMNIST Lab")
    page.get_by_role("link", name="Start a Run").first.click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.fill("2")
    epochs.press("Enter")
    expect(page.get_by_text("44,426")).to_be_visible()
    page.get_by_role("button", name="Start training").click()

    # The curves grow, and a Run that is stopped goes on from the page.
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Running").first).to_be_visible(timeout=PATIENCE_MS)
    _wait_for_more_points(page, 0)
    expect(page.get_by_text(re.compile("epoch [12] of 2"))).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_test_id("stMain").get_by_role("button", name="Stop", exact=True).click()
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_visible(timeout=PATIENCE_MS)
    (run,) = list_runs(workspace / "runs")
    assert run.state == RunState.STOPPED
    resume.click()
    expect(page.get_by_text("Running").first).to_be_visible(timeout=PATIENCE_MS)

    # A reload in the middle shows the whole history, and the Run does not notice.
    seen = _wait_for_more_points(page, _points(page))
    page.reload()
    assert _wait_for_more_points(page, seen - 1) >= seen
    link = page.get_by_role("link", name="See the result")
    expect(link).to_be_visible(timeout=6 * PATIENCE_MS)
    assert run.state == RunState.COMPLETED
    assert run.spec.epochs == 2
    assert run.history()["epoch"].tolist() == [1, 2]

    link.click()
    expect(page.get_by_role("heading", name="Result", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text(f"{run.result['test_accuracy']:.2%}").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("95% interval").first).to_be_visible()

    page.get_by_role("link", name="Predict").first.click()
    expect(page.get_by_role("heading", name="Predict", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    answer = page.locator(".verdict .answer")
    expect(answer).to_be_visible(timeout=PATIENCE_MS)
    verdict = page.locator(".verdict")
    expect(verdict).to_have_class(re.compile("blank"))  # an empty board gets no prediction
    draw_line(page, page.get_by_role("img", name="Your drawing"), TROUSER)
    expect(answer).to_contain_text("Trouser", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Clear the board").click()
    expect(verdict).to_have_class(re.compile("blank"), timeout=PATIENCE_MS)
    assert asked_elsewhere == []


@pytest.mark.parametrize("polarity", ["as in the data", "dark on light"])
def test_an_uploaded_test_image_gets_its_class(page, url, workspace, polarity, visit):
    (run,) = list_runs(workspace / "runs")
    dataset = datasets.load("fashion-mnist")
    image = dataset.x_test[int(np.argmax(run.test_probabilities()[:, 9] * (dataset.y_test == 9)))]
    stream = io.BytesIO()
    Image.fromarray(image if polarity == "as in the data" else 255 - image).save(stream, "PNG")
    visit(page, f"{url}/predict?mode=Upload", "Predict")
    page.locator("input[type=file]").set_input_files(
        {"name": "boot.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    )
    expect(page.locator(".verdict .answer")).to_contain_text("Ankle boot", timeout=PATIENCE_MS)

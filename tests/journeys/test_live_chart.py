"""The live chart in a real browser: it grows in place, and what the user did to it stays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from fmnist_core.errors import LabError
from pages.ui.live_chart import Panel, Series

pytestmark = pytest.mark.journey

ROOT = Path(__file__).resolve().parents[2]
TICKS = 4

SCRIPT = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import math
import streamlit as st
from pages.ui.live_chart import Mark, Panel, Series, live_chart

ticks = st.session_state.setdefault("ticks", -1)

@st.fragment(run_every=0.5)
def curves():
    st.session_state["ticks"] += "empty" not in st.query_params or st.session_state["begun"]
    n = max(0, st.session_state["ticks"] - 1) * 20
    batches = [(i + 1) / 20 for i in range(n)]
    epochs = [float(i + 1) for i in range(n // 20)]
    loss = [math.exp(-x / 9) for x in batches]
    gaps = [None if x == 3 else 0.5 for x in epochs]
    train = Series("train", batches, loss, "#0E7C7B", "thin")
    validation = Series("validation", epochs, gaps, "#D9822B", "dashed")
    accuracy = Series("train", epochs, [1 - 0.5 / (x + 1) for x in epochs], "#0E7C7B")
    panels = [
        Panel("Loss", (train, validation), marks=(Mark(2, "phase 2"),)),
        Panel("Accuracy", (accuracy,), y_format="percent"),
    ]
    live_chart(panels, key="curves", x_label="Epoch", alt=f"{{n}} batches")

st.title("Curves")
st.session_state.setdefault("begun", False)
curves()
st.toggle("Begin", key="begun")
for line in range(60):
    st.write(line)
"""


class Chart:
    """What a user sees and does, and what the component tells about itself on its host element."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.host: Locator = page.locator(".live-chart")

    def number(self, name: str) -> float:
        return float(self.host.get_attribute(f"data-{name}"))

    def x_range(self) -> tuple[str, str]:
        return self.host.get_attribute("data-xmin"), self.host.get_attribute("data-xmax")

    def ticks(self) -> list[str]:
        return self.host.get_attribute("data-xticks").split()

    def wait_for(self, condition: str, value: float | str) -> None:
        """Until a JavaScript expression of `host` and `value` holds."""
        self.page.wait_for_function(
            f"([host, value]) => {condition}", arg=[self.host.element_handle(), value], timeout=180_000
        )

    def wait_for_ticks(self, count: int) -> None:
        """Until `count` more data sets have been drawn."""
        wanted = self.number("draws") + count
        self.page.wait_for_function(
            "([host, wanted]) => Number(host.dataset.draws) >= wanted",
            arg=[self.host.element_handle(), wanted],
        )

    def wait_for_points(self) -> None:
        self.wait_for("Number(host.dataset.points) >= value", 60)

    def drag(self, start: float, end: float, panel: int = 0) -> None:
        """Draw a selection; start and end are fractions of the plot's width."""
        box = self.host.locator(".u-over").nth(panel).bounding_box()
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] + start * box["width"], y)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + end * box["width"], y, steps=8)
        self.page.mouse.up()

    def swipe(self, dx: float, dy: float) -> None:
        """Move a finger over the second plot by so many pixels, as a touch screen reports it."""
        plot = self.host.locator(".u-over").nth(1)
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        x, y = box["x"] + 60, box["y"] + box["height"] / 2
        touch = self.page.context.new_cdp_session(self.page)
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 11):
            point = {"x": x + dx * step / 10, "y": y + dy * step / 10}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def zoom(self) -> tuple[str, str]:
        before = self.x_range()
        self.drag(0.3, 0.6)
        expect(self.reset_button).to_be_visible()
        self.wait_for("host.dataset.xmax !== value", before[1])
        return self.x_range()

    @property
    def reset_button(self) -> Locator:
        return self.host.get_by_role("button", name="Reset zoom")

    def entry(self, panel: str, series: str) -> Locator:
        """The series' button in the legend of a panel."""
        box = self.host.locator(".panel").filter(has=self.page.locator(".panel-title", has_text=panel))
        return box.get_by_role("button", name=series)


@pytest.fixture(scope="module")
def url(serve_module: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("live_chart")
    script = folder / "app.py"
    script.write_text(SCRIPT, encoding="utf-8")
    return serve_module(script, {"FMNIST_LAB_HOME": str(folder / "home")})


@pytest.fixture
def chart(page: Page, url: str) -> Chart:
    page.goto(url)
    chart = Chart(page)
    chart.host.wait_for(timeout=180_000)
    return chart


def test_without_points_it_says_what_it_waits_for_in_the_same_height(page: Page, url: str) -> None:
    page.goto(f"{url}/?empty")
    chart = Chart(page)
    expect(chart.host.get_by_text("Waiting for the first batch…").first).to_be_visible()
    empty = chart.host.bounding_box()["height"]
    page.get_by_text("Begin").click()
    chart.wait_for_points()
    expect(chart.host.get_by_text("Waiting for the first batch…").first).to_be_hidden()
    assert chart.host.bounding_box()["height"] == empty


def test_it_grows_in_place_with_its_data(chart: Chart) -> None:
    chart.wait_for_points()
    canvas = chart.host.locator("canvas").first
    canvas.evaluate("(element) => { element.sameAsBefore = true }")
    points, xmax = chart.number("points"), chart.number("xmax")
    chart.wait_for_ticks(TICKS)
    assert chart.number("points") > points
    assert chart.number("xmax") > xmax
    assert chart.number("mounts") == 1
    assert canvas.evaluate("(element) => element.sameAsBefore")


def test_whole_epochs_are_marked_and_parts_of_one_only_inside_it(chart: Chart) -> None:
    chart.wait_for("Number(host.dataset.xmax) >= value", 6)
    for epochs, whole in ((1.5, True), (0.5, False)):
        chart.drag(0.3, 0.3 + epochs / chart.number("xmax"))
        chart.wait_for("host.dataset.xmax - host.dataset.xmin < value", 2 * epochs)
        assert chart.ticks() and all(tick.isdigit() for tick in chart.ticks()) == whole
        chart.reset_button.click()
        chart.wait_for("host.dataset.xmax >= value", 6)


def test_the_zoom_stays_while_data_arrive_until_it_is_reset(chart: Chart) -> None:
    chart.wait_for_points()
    expect(chart.reset_button).to_be_hidden()
    zoomed, points = chart.zoom(), chart.number("points")
    for _ in range(TICKS):
        chart.wait_for_ticks(1)
        assert chart.x_range() == zoomed
    assert chart.number("points") > points
    assert chart.number("mounts") == 1

    chart.reset_button.click()
    expect(chart.reset_button).to_be_hidden()
    chart.wait_for_ticks(1)
    assert chart.number("xmax") > float(zoomed[1])


def test_a_double_click_resets_the_zoom(chart: Chart) -> None:
    chart.wait_for_points()
    chart.zoom()
    chart.host.locator(".u-over").nth(1).dblclick()
    expect(chart.reset_button).to_be_hidden()


def test_the_view_stands_still_during_a_drag(chart: Chart) -> None:
    chart.wait_for_points()
    box = chart.host.locator(".u-over").first.bounding_box()
    chart.page.mouse.move(box["x"] + 50, box["y"] + 50)
    chart.page.mouse.down()
    held = chart.x_range()
    chart.page.mouse.move(box["x"] + 200, box["y"] + 50, steps=4)
    chart.wait_for_ticks(2)
    assert chart.x_range() == held
    chart.page.mouse.up()
    expect(chart.reset_button).to_be_visible()


def test_a_hidden_series_stays_hidden(chart: Chart) -> None:
    chart.wait_for_points()
    entry = chart.entry("Loss", "validation")
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "false")
    chart.wait_for_ticks(TICKS)
    expect(entry).to_have_attribute("aria-pressed", "false")
    expect(chart.host).to_have_attribute("data-hidden", "validation")
    entry.click()
    expect(chart.host).to_have_attribute("data-hidden", "")


def test_the_legend_shows_the_values_under_the_cursor(chart: Chart) -> None:
    chart.wait_for_points()
    chart.zoom()  # else the values move with the data
    value = chart.entry("Accuracy", "train").locator(".value")
    chart.host.locator(".u-over").first.hover(position={"x": 5, "y": 90})
    left = value.text_content()
    chart.host.locator(".u-over").first.hover(position={"x": 200, "y": 90})
    assert value.text_content() != left, "the other panel's legend follows the shared cursor"
    assert left.endswith("%")


def test_the_zoom_survives_a_switch_to_dark(chart: Chart) -> None:
    chart.page.emulate_media(color_scheme="light")
    chart.wait_for_points()
    zoomed = chart.zoom()
    colour = "(host) => getComputedStyle(host).color"
    before = chart.host.evaluate(colour)
    chart.page.emulate_media(color_scheme="dark")
    chart.page.wait_for_function(
        "([host, before]) => getComputedStyle(host).color !== before",
        arg=[chart.host.element_handle(), before],
    )
    chart.wait_for_ticks(1)
    assert chart.x_range() == zoomed
    assert chart.number("mounts") == 1


def test_a_finger_scrolls_the_page_and_zooms_only_sideways(phone: Page, url: str) -> None:
    chart = Chart(phone)
    chart.page.goto(url)
    chart.host.wait_for(timeout=180_000)
    chart.wait_for_points()
    chart.swipe(dx=0, dy=-300)
    chart.wait_for("host.getBoundingClientRect().top < value", 0)
    expect(chart.reset_button).to_be_hidden()
    chart.swipe(dx=150, dy=0)
    expect(chart.reset_button).to_be_visible()
    zoomed = chart.x_range()
    chart.wait_for_ticks(2)
    assert chart.x_range() == zoomed


def test_series_of_unequal_length_are_refused() -> None:
    with pytest.raises(LabError, match=r"equal length in series 'train'\. Received 2 and 1 values"):
        Series("train", np.array([1.0, 2.0]), [0.5], "teal")


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(LabError, match=r"one of line, thin, dashed, points\. Received 'wavy'"):
        Series("train", [], [], "teal", "wavy")


def test_two_series_of_one_label_are_refused() -> None:
    with pytest.raises(LabError, match="one label per series in panel 'Loss'"):
        Panel("Loss", (Series("train", [], [], "teal"), Series("train", [], [], "teal")))

"""From a pixel to the images behind it, in a real browser: with the mouse, the keyboard and a finger."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey

PATIENCE_MS = 180_000
PAGES = {
    "distributions": "Distributions", "distributions?split=Both&view=Classes": "Distributions", "samples": "Samples",
    "quality": "Quality", "balance": "Balance", "correlation?split=Both": "Correlation",
    "correlation?split=Both&relation=All+pixels": "Correlation", "projection?n=300": "Projection",
    "labels": "Label suspects",
}  # fmt: skip


def images(page: Page, name: str):
    return page.get_by_role("listbox", name=re.compile(name)).get_by_role("option")


def click_pixel(page: Page, board, row: int, column: int) -> None:
    expect(board).to_be_visible(timeout=PATIENCE_MS)
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    board.click(position={"x": (column + 0.5) / 28 * box["width"], "y": (row + 0.5) / 28 * box["height"]})


def test_a_click_on_a_pixel_shows_its_correlations_and_its_images(page, url, visit):
    visit(page, f"{url}/correlation", "Correlation")
    picture = page.get_by_role("application", name=re.compile("Mean of the selected images"))
    click_pixel(page, picture, 7, 6)
    expect(page).to_have_url(re.compile(r"pixel=202"), timeout=PATIENCE_MS)
    expect(page.get_by_text("Correlation with row 7, column 6", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"moves most with row 8, column 6 \(0\.956\)"))).to_be_visible()
    expect(images(page, "Images in which row 7, column 6 is dark")).to_have_count(20)
    bright = images(page, "Images in which row 7, column 6 is bright")
    expect(bright).to_have_count(20)

    # From the images of the number to one of them, large, and to its neighbours.
    name = bright.nth(4).get_attribute("aria-label").split(", ")[0]
    bright.nth(4).click()
    expect(images(page, f"Images nearest to {name}")).to_have_count(10, timeout=PATIENCE_MS)
    expect(page.get_by_role("application", name=re.compile(f"image {name.split('-')[1]}"))).to_be_visible()
    expect(page).to_have_url(re.compile(f"image={name}(&|$)"))

    # A partner from the map: images in which both agree, and in which they do not.
    other = page.get_by_role("application", name=re.compile("Correlation of every pixel with row 7, column 6"))
    click_pixel(page, other, 8, 6)
    expect(page).to_have_url(re.compile(r"with=230"), timeout=PATIENCE_MS)
    expect(images(page, "Only the first bright, row 7, column 6").first).to_be_visible()

    # The view is a link.
    page.reload()
    both = images(page, "Both bright, row 7, column 6 and row 8, column 6")
    expect(both.first).to_be_visible(timeout=PATIENCE_MS)
    expect(images(page, f"Images nearest to {name}")).to_have_count(10)


def test_the_pointer_reads_values_and_arrow_keys_choose(page, url, visit):
    visit(page, f"{url}/correlation?pixel=202", "Correlation")
    picture = page.get_by_role("application", name=re.compile("Correlation of every pixel"))
    expect(picture).to_be_visible(timeout=PATIENCE_MS)
    box = picture.bounding_box()
    picture.hover(position={"x": 6.5 / 28 * box["width"], "y": 8.5 / 28 * box["height"]})
    expect(page.get_by_text("Row 8, column 6: 0.956")).to_be_visible()
    mean = page.get_by_role("application", name=re.compile("Mean of the selected images"))
    mean.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"pixel=231"), timeout=PATIENCE_MS)
    expect(page.get_by_text("Correlation with row 8, column 7", exact=True)).to_be_visible()


def test_a_click_in_the_matrix_chooses_a_pair_and_shows_images(page, url, visit):
    visit(page, f"{url}/correlation?relation=All+pixels", "Correlation")
    matrix = page.get_by_role("application", name=re.compile("Correlations of 784 pixels"))
    expect(matrix).to_be_visible(timeout=PATIENCE_MS)
    box = matrix.bounding_box()
    matrix.hover(position={"x": 202.5 / 784 * box["width"], "y": 230.5 / 784 * box["height"]})
    expect(page.get_by_text(re.compile(r"Row \d+, column \d+ with row \d+, column \d+: "))).to_be_visible()
    matrix.click(position={"x": 202.5 / 784 * box["width"], "y": 230.5 / 784 * box["height"]})
    expect(page).to_have_url(re.compile(r"pixel=\d+.*with=\d+"), timeout=PATIENCE_MS)
    expect(images(page, "Both bright").first).to_be_visible(timeout=PATIENCE_MS)


def test_a_click_on_an_outlier_leads_to_its_images(page, url, visit):
    visit(page, f"{url}/distributions?view=Images&classes=Trouser", "Distributions")
    point = page.locator(".stPlotlyChart .scatterlayer .point").last
    expect(point).to_be_attached(timeout=PATIENCE_MS)
    # The page is complete, so the chart stays where it is.
    expect(images(page, "images of Trouser, ink highest").first).to_be_attached()
    hover = page.locator(".stPlotlyChart .hoverlayer .hovertext")
    for _ in range(20):
        box = point.bounding_box()
        page.mouse.move(box["x"], box["y"] - 40)
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
        page.wait_for_timeout(300)
        if hover.count():
            break
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_text(re.compile("Nearest to the point clicked"))).to_be_visible(timeout=PATIENCE_MS)
    expect(images(page, "images of Trouser, ink nearest to the point clicked").first).to_be_visible()


def test_on_a_phone_a_tap_chooses_and_small_buttons_correct_it(phone, url, visit):
    visit(phone, f"{url}/distributions", "Distributions")
    picture = phone.get_by_role("application", name=re.compile("Mean of each pixel"))
    expect(picture).to_be_visible(timeout=PATIENCE_MS)
    box = picture.bounding_box()
    assert box["width"] <= 390
    picture.tap(position={"x": box["width"] / 2 + 3, "y": box["height"] / 2 + 3})
    expect(phone).to_have_url(re.compile(r"pixel=406"), timeout=PATIENCE_MS)
    phone.get_by_role("button", name="Right", exact=True).tap()
    expect(phone).to_have_url(re.compile(r"pixel=407"), timeout=PATIENCE_MS)
    expect(phone.get_by_text("The chosen pixel by class: row 14, column 15")).to_be_visible(timeout=PATIENCE_MS)
    # Nor is any other exploration page wider than the phone.
    for name, title in PAGES.items():
        visit(phone, f"{url}/{name}", title)
        expect(phone.locator("[data-testid=stStatusWidget]")).to_have_count(0)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, name

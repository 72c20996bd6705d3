"""Beat the model in a real browser: by keys on a desk, by touch on a phone, on the same images."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]
PATIENCE_MS = 180_000


def begin(page: Page, visit, address: str):
    """Open the page, start the clock and return the game."""
    visit(page, address, "Beat the model")
    page.get_by_role("button", name="Start", exact=True).click(timeout=PATIENCE_MS)
    game = page.locator(".beat")
    expect(game).to_have_attribute("data-state", "playing", timeout=PATIENCE_MS)
    return game


def picture(game) -> str:
    return game.locator("canvas").evaluate("canvas => canvas.toDataURL()")


def outcome(page: Page) -> None:
    expect(page.get_by_text("Your time", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Best on this machine")).to_be_visible(timeout=PATIENCE_MS)


def test_a_game_by_keys_then_the_same_one_by_touch(page: Page, phone: Page, visit, url):
    game = begin(page, visit, f"{url}/beat?seed=7")
    first = picture(game)
    page.keyboard.press("3")
    expect(game).to_have_attribute("data-at", "1")
    assert picture(game) != first
    page.keyboard.press("Backspace")
    expect(game).to_have_attribute("data-at", "0")
    assert picture(game) == first, "one step back shows the same image"
    page.keyboard.press("x")  # no class
    for at in range(20):
        expect(game).to_have_attribute("data-at", str(at))
        page.keyboard.press(str(at % 10))
    outcome(page)

    game = begin(phone, visit, f"{url}/beat?seed=7")
    assert picture(game) == first, "the address gives a friend the same images"
    for label in (0, 9):  # image and buttons fit on the screen together
        box = game.locator(".choice").nth(label).bounding_box()
        assert box["y"] + box["height"] <= 844 and box["height"] >= 44
    assert game.locator("canvas").bounding_box()["y"] >= 0
    for at in range(20):
        expect(game).to_have_attribute("data-at", str(at))
        game.locator(".choice").nth(at % 10).tap()
    outcome(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.get_by_role("button", name="Play again").click()
    expect(phone.get_by_role("button", name="Start", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert "seed=7&" not in f"{phone.url}&"

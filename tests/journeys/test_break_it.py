"""Honest answers and breaking the input, in the browser: at desktop size, and on a phone with a finger."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]
PATIENCE_MS = 180_000
CARDS = 8  # the attack is the last, once TensorFlow is loaded


def slider(page, name):
    return page.get_by_role("slider", name=name, exact=True)


def card(page, name):
    return page.get_by_role("group", name=name, exact=True)


def drag(page, name, place):
    slider(page, name).evaluate(
        "(input, place) => { input.value = place; input.dispatchEvent(new Event('input', { bubbles: true })); }", place
    )


def test_sliders_break_a_test_image_and_mark_where_the_answer_flips(page, url, visit):
    visit(page, f"{url}/predict?n=2&look=Break+it", "Predict")
    rotation = card(page, "Rotation")
    expect(rotation).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".break-it .card")).to_have_count(CARDS, timeout=PATIENCE_MS)
    # Once that is measured the page runs again: nothing is moved before.
    expect(page.get_by_text("Measuring what is usual")).to_have_count(0, timeout=PATIENCE_MS)
    assert rotation.locator(".flip").count() >= 1
    expect(rotation.locator(".now")).to_have_class("now changed")  # it starts where the answer flips
    drag(page, "Rotation", 30)  # the middle: nothing is turned
    expect(rotation.locator("output")).to_have_text("0°")
    expect(rotation.locator(".now span")).to_have_text("Trouser")
    expect(slider(page, "Rotation")).to_have_attribute(
        "aria-valuetext", "0°: Trouser " + rotation.locator("b").inner_text()
    )
    slider(page, "Rotation").focus()
    page.keyboard.press("ArrowRight")
    expect(rotation.locator("output")).to_have_text("6°")
    # Another input: the slider that was moved stays, the others start anew.
    page.locator(".image-grid .cell").nth(4).click()
    expect(rotation.locator(".now span")).not_to_have_text("Trouser", timeout=PATIENCE_MS)
    expect(rotation.locator("output")).to_have_text("6°")


def test_noise_is_none_of_these_until_the_switch_is_off(page, url, visit):
    visit(page, f"{url}/predict?mode=Upload", "Predict")
    noise = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)).save(noise, "PNG")
    page.locator("input[type=file]").set_input_files(
        {"name": "noise.png", "mimeType": "image/png", "buffer": noise.getvalue()}
    )
    answer = page.locator(".verdict .answer")
    expect(answer).to_contain_text("None of these", timeout=PATIENCE_MS)
    expect(answer).to_contain_text("unlike the training images")
    page.get_by_text("Allow “none of these”").click()
    expect(answer).not_to_contain_text("None of these", timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile("none=false"))


def test_on_a_phone_the_cards_stand_in_one_column_and_a_finger_moves_a_slider(phone, url, visit):
    visit(phone, f"{url}/predict?n=2&look=Break+it", "Predict")
    expect(card(phone, "Blur")).to_be_visible(timeout=PATIENCE_MS)
    boxes = [one.bounding_box() for one in phone.locator(".break-it .card").all()]
    assert len({round(box["x"]) for box in boxes}) == 1 and all(box["x"] + box["width"] <= 390 for box in boxes)
    assert slider(phone, "Blur").bounding_box()["height"] >= 44
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    rotation = card(phone, "Rotation")
    for end, share in ((-1, 0.99), (0, 0.01)):
        slider(phone, "Rotation").scroll_into_view_if_needed()
        box = slider(phone, "Rotation").bounding_box()
        phone.touchscreen.tap(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        expect(rotation.locator("output")).to_have_text(rotation.locator(".ends span").nth(end).inner_text())

"""Predict in a real browser: mouse, pen and touch, outlines, several pictures, paste, camera, X-ray, links."""

import io
import re
from contextlib import suppress
from itertools import pairwise

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from benchmarks.browser import CHROMIUM, CHROMIUM_ARGS
from fmnist_core.runs import list_runs

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]
PATIENCE_MS = 180_000
TROUSER = [(0.36, 0.06), (0.64, 0.06), (0.68, 0.94), (0.56, 0.94), (0.5, 0.3), (0.44, 0.94), (0.32, 0.94), (0.36, 0.06)]


def board(page: Page):
    return page.get_by_role("img", name="Your drawing")


def answer(page: Page):
    return page.locator(".verdict .answer").first  # the X-ray has bars of its own below


def is_blank(page: Page):
    expect(page.locator(".verdict").first).to_have_class(re.compile("blank"), timeout=PATIENCE_MS)


def opened(page: Page, visit, address: str) -> Page:
    visit(page, address, "Predict")
    expect(answer(page)).to_be_visible(timeout=PATIENCE_MS)
    return page


def lit(page: Page) -> int:
    """Count the board's white dots."""
    return board(page).evaluate(
        """async board => {
            const frame = () => new Promise(requestAnimationFrame);
            await frame();  // it paints with the next one
            await frame();
            const { data } = board.getContext('2d').getImageData(0, 0, board.width, board.height);
            let lit = 0;
            for (let i = 0; i < data.length; i += 4) lit += data[i] > 127 && data[i + 3] > 127;
            return lit;
        }"""
    )


def picture(colour="#203050", ground="white", name="trouser.png"):
    image = Image.new("RGB", (300, 400), ground)
    outline = [(95, 20), (205, 20), (225, 380), (165, 380), (150, 140), (135, 380), (75, 380)]
    ImageDraw.Draw(image).polygon(outline, fill=colour)
    return upload(image, name)


def bag():
    image = Image.new("RGB", (400, 400), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((40, 150, 360, 350), fill="#443322")
    pen.arc((130, 60, 270, 260), 180, 360, fill="#443322", width=18)
    return upload(image, "bag.png")


def upload(image, name):
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": stream.getvalue()}


def test_every_tool_of_the_board_does_what_it_says(page, url, visit, draw_line):
    opened(page, visit, f"{url}/predict")
    is_blank(page)
    draw_line(page, board(page), TROUSER)
    expect(answer(page)).to_contain_text("Trouser", timeout=PATIENCE_MS)
    whole = lit(page)
    page.get_by_role("button", name="Mirror").click()
    assert abs(lit(page) - whole) < 0.03 * whole  # the same, turned over
    page.get_by_role("button", name="Eraser").click()
    draw_line(page, board(page), [(0.5, 0.1), (0.5, 0.9)])
    rubbed = lit(page)
    assert rubbed < 0.97 * whole
    page.get_by_role("button", name="Undo").click()
    assert lit(page) > rubbed
    page.get_by_role("button", name="Redo").click()
    assert lit(page) == rubbed
    page.get_by_role("button", name="Clear the board").click()
    is_blank(page)
    assert lit(page) == 0


def test_the_brush_has_a_size(page, url, visit, draw_line):
    opened(page, visit, f"{url}/predict")
    sizes = []
    for size in ("1", "5"):
        page.get_by_role("slider", name="Brush size").fill(size)
        draw_line(page, board(page), [(0.2, 0.5), (0.8, 0.5)])
        sizes.append(lit(page))
        page.get_by_role("button", name="Clear the board").click()
    assert sizes[1] > 3 * sizes[0]


def test_an_outline_is_a_start_that_can_be_undone(page, url, visit):
    opened(page, visit, f"{url}/predict")
    page.get_by_role("button", name="Start from an outline").click()
    page.get_by_role("button", name="Ankle boot", exact=True).click()
    expect(answer(page)).to_contain_text("Ankle boot", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Undo").click()
    is_blank(page)


def test_a_pen_pressed_harder_draws_a_broader_line(page, url, visit):
    opened(page, visit, f"{url}/predict")
    board(page).scroll_into_view_if_needed()
    box = board(page).bounding_box()
    pen = page.context.new_cdp_session(page)

    def drawn(force: float) -> int:
        event = {"button": "left", "pointerType": "pen", "force": force, "y": box["y"] + box["height"] / 2}
        moves = [("mouseMoved", x / 20) for x in range(5, 16)]
        for kind, share in [("mousePressed", 0.2), *moves, ("mouseReleased", 0.8)]:
            place = {"x": box["x"] + share * box["width"], "buttons": 0 if kind == "mouseReleased" else 1}
            pen.send("Input.dispatchMouseEvent", {"type": kind, "clickCount": 1, **event, **place})
        dots = lit(page)
        expect(answer(page).locator("b")).to_contain_text("%", timeout=PATIENCE_MS)  # the server drew it, too
        page.get_by_role("button", name="Clear the board").click()
        is_blank(page)
        return dots

    light, hard = drawn(0.1), drawn(1.0)
    assert light > 0 and hard > 1.8 * light


def test_on_a_phone_a_finger_draws_and_the_answer_stands_on_the_board(phone, url, visit):
    opened(phone, visit, f"{url}/predict")
    board(phone).scroll_into_view_if_needed()
    top = phone.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    box = board(phone).bounding_box()
    touch = phone.context.new_cdp_session(phone)
    points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in TROUSER]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [points[0]]})
    for start, end in pairwise(points):
        for step in range(1, 9):
            place = {axis: start[axis] + (end[axis] - start[axis]) * step / 8 for axis in ("x", "y")}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(phone.locator(".board .note")).to_contain_text("Trouser", timeout=PATIENCE_MS)
    expect(answer(phone)).to_contain_text("Trouser")
    # The finger drew and did not scroll, and nothing is wider than the screen.
    assert phone.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == top
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_a_phone_pictures_are_uploaded_looked_through_and_a_model_is_taken_away(phone, url, visit):
    opened(phone, visit, f"{url}/predict?mode=Upload")
    phone.locator("input[type=file]").set_input_files([picture(colour="#8898a8", ground="#c8c0b0"), bag()])
    expect(answer(phone)).to_contain_text("Trouser", timeout=PATIENCE_MS)
    phone.locator(".image-grid .cell").nth(1).tap()
    expect(answer(phone)).to_contain_text("Bag", timeout=PATIENCE_MS)
    phone.locator(".image-grid .cell").nth(0).tap()
    expect(answer(phone)).to_contain_text("Trouser", timeout=PATIENCE_MS)
    phone.get_by_text("Input X-ray", exact=True).tap()
    bars = phone.locator(".verdict.compact .bars")
    expect(bars).to_have_attribute("aria-label", re.compile("Trouser"), timeout=PATIENCE_MS)
    before = bars.get_attribute("aria-label")
    phone.get_by_text("Crop", exact=True).tap()
    expect(bars).not_to_have_attribute("aria-label", before, timeout=PATIENCE_MS)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390

    visit(phone, f"{url}/take-away", "Take away")
    script = phone.get_by_role("button", name=re.compile(r"^py \("))
    expect(script).to_be_visible(timeout=PATIENCE_MS)
    with phone.expect_download() as taken:
        script.tap()
    assert "import keras" in taken.value.path().read_text()
    phone.get_by_text("Bring in a model of your own").tap()
    expect(phone.get_by_role("button", name="Bring it in")).to_be_visible(timeout=PATIENCE_MS)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_several_pictures_at_once_are_answered_and_a_bad_one_is_named(page, url, visit):
    opened(page, visit, f"{url}/predict?mode=Upload")
    bad = {"name": "logo.png", "mimeType": "image/png", "buffer": b"<svg xmlns='x'/>"}
    page.locator("input[type=file]").set_input_files([picture(), bad, bag()])
    expect(page.get_by_text("logo.png: expected a PNG, JPEG, WebP or GIF picture")).to_be_visible(timeout=PATIENCE_MS)
    cells = page.locator(".image-grid .cell")
    expect(cells).to_have_count(2)
    expect(answer(page)).to_contain_text("Trouser")
    cells.nth(1).click()
    expect(answer(page)).to_contain_text("Bag", timeout=PATIENCE_MS)


def test_pictures_are_pasted_by_keys_and_by_the_button(page, url, visit):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
    opened(page, visit, f"{url}/predict?mode=Upload")
    page.evaluate(
        """async bytes => navigator.clipboard.write([
            new ClipboardItem({ 'image/png': new Blob([new Uint8Array(bytes)], { type: 'image/png' }) })])""",
        list(picture()["buffer"]),
    )
    page.keyboard.press("Control+V")
    expect(answer(page)).to_contain_text("Trouser", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Paste a picture").click()
    expect(page.locator(".image-grid .cell")).to_have_count(2, timeout=PATIENCE_MS)
    page.evaluate("navigator.clipboard.writeText('words')")
    page.get_by_role("button", name="Paste a picture").click()
    expect(page.get_by_text("Expected a picture in the clipboard")).to_be_visible()


def test_the_camera_s_picture_is_answered(browser, url, visit):
    # A browser whose camera shows a disc that moves about.
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    filming = browser.browser_type.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS + flags)
    page = opened(filming.new_page(), visit, f"{url}/predict?mode=Camera")
    # A click before the first frame takes nothing; on a busy machine a later one was lost, too.
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 3", timeout=PATIENCE_MS)
    take, taken = (page.get_by_role("button", name=name) for name in ("Take Photo", "Clear photo"))
    for _ in range(4):
        take.click(timeout=PATIENCE_MS)
        with suppress(AssertionError):
            expect(taken).to_be_visible(timeout=PATIENCE_MS / 4)
            break
    expect(answer(page).locator("b")).to_contain_text("%", timeout=PATIENCE_MS)
    filming.close()


def test_a_switch_of_the_x_ray_moves_the_probabilities_in_sight(page, url, visit):
    opened(page, visit, f"{url}/predict?mode=Upload&look=Input+X-ray")
    page.locator("input[type=file]").set_input_files(picture(colour="#8898a8", ground="#c8c0b0"))
    expect(answer(page)).to_contain_text("Trouser", timeout=PATIENCE_MS)
    bars = page.locator(".verdict.compact .bars")
    switch = page.get_by_text("Crop", exact=True)
    switch.scroll_into_view_if_needed()
    page.mouse.wheel(0, 400)
    page.wait_for_timeout(300)
    before = bars.get_attribute("aria-label")
    switch.click()
    expect(bars).not_to_have_attribute("aria-label", before, timeout=PATIENCE_MS)
    expect(bars).to_be_in_viewport()
    expect(page).to_have_url(re.compile(r"picture\.crop=false"))
    expect(page.locator(".verdict.compact .marked")).to_contain_text("usual steps")
    page.get_by_role("button", name="Back to the usual steps").click()
    expect(bars).to_have_attribute("aria-label", before, timeout=PATIENCE_MS)


def test_a_link_opens_a_test_image_and_a_click_in_the_gallery_another(page, url, visit):
    opened(page, visit, f"{url}/predict?n=7")
    expect(page.get_by_role("spinbutton", name="Test image")).to_have_value("7", timeout=PATIENCE_MS)
    expect(answer(page)).to_contain_text(re.compile("Right|Wrong"))
    page.locator(".image-grid .cell").nth(4).click()
    expect(page).not_to_have_url(re.compile(r"[?&]n=7\b"), timeout=PATIENCE_MS)
    page.get_by_text("Nearest training images", exact=True).click()
    expect(page.get_by_text(re.compile("It (looks|does not look) like the data"))).to_be_visible(timeout=PATIENCE_MS)


def test_two_models_answer_side_by_side_and_the_link_keeps_both(page, url, workspace, visit, draw_line):
    (twin,) = (run.id for run in list_runs(workspace / "runs"))
    opened(page, visit, f"{url}/predict?run=ready-made&second={twin}")
    draw_line(page, board(page), TROUSER)
    expect(page.locator(".answer .line")).to_have_count(2, timeout=PATIENCE_MS)
    for line in page.locator(".answer .line").all():
        expect(line).to_contain_text("Trouser")
    expect(page).to_have_url(re.compile(rf"(?=.*second={twin})(?=.*run=ready-made)"))

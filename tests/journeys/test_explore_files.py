"""From a duplicate to its images, and figures as files, in a real browser."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.journey

PATIENCE_MS = 180_000


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A folder with a CSV of 60 images of noise, of which number 7 repeats number 3 under another label."""
    folder = tmp_path_factory.mktemp("own")
    rows = np.random.default_rng(5).integers(0, 256, (60, 785))
    rows[:, 0] = np.arange(60) % 10
    rows[7, 1:] = rows[3, 1:]
    head = ",".join(["label", *(f"pixel{number}" for number in range(1, 785))])
    for name, part in (("train.csv", rows[:40]), ("test.csv", rows[40:])):
        np.savetxt(folder / name, part, fmt="%d", delimiter=",", header=head, comments="")
    return folder


def saved(page: Page, menu, form: str) -> Path:
    with page.expect_download() as download:
        menu.get_by_role("button", name=form, exact=True).click()
    assert download.value.suggested_filename.endswith(f".{form.lower()}")
    return Path(download.value.path())


def test_a_duplicate_leads_to_its_images(page, url, planted, visit):
    visit(page, f"{url}/quality?data=Your+own+files&data.folder={planted}&duplicates=true", "Quality")
    expect(page.get_by_text("1 image of 60 repeats another")).to_be_visible(timeout=PATIENCE_MS)
    twins = page.locator(".quality-cards figure").first.get_by_role("link")
    expect(twins).to_have_count(2, timeout=PATIENCE_MS)
    expect(twins.nth(1).get_by_role("img")).to_have_attribute("alt", re.compile("training 7"))
    twins.nth(1).click()
    expect(page.get_by_role("heading", name="Samples", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("application", name=re.compile("training image 7"))).to_be_visible(timeout=PATIENCE_MS)
    nearest = page.get_by_role("listbox", name="Images nearest to train-7").get_by_role("option")
    expect(nearest.first).to_have_attribute("aria-label", re.compile(r"^train-3, .*distance 0\.00"))


def test_a_chart_is_saved_as_png_and_svg(page, url, visit):
    visit(page, f"{url}/balance", "Balance")
    expect(page.locator(".js-plotly-plot")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Save").click()
    menu = page.locator("[data-testid=stPopoverBody]")
    picture = np.asarray(Image.open(saved(page, menu, "PNG")).convert("RGB"))
    assert picture.shape[1] > 800 and len(np.unique(picture.reshape(-1, 3), axis=0)) > 20
    page.get_by_role("button", name="Save").click()  # a menu closes when it has done its work
    text = saved(page, menu, "SVG").read_text()
    assert text.startswith("<svg") and "Ankle boot" in text


@pytest.mark.parametrize(
    "address, title, hosts",
    [
        (
            "projection?n=300",
            "Projection",
            {"div.scatter": ("Ankle boot, train-", "component 1"), ".pictures": ("data:image/png", ">24</text>")},
        ),
        (
            "correlation?pixel=202",
            "Correlation",
            {".pixel-image": ("Row 7, column 6: 67", "linearGradient"), ".image-grid": ("data:image/png",)},
        ),
        ("correlation?relation=All+pixels", "Correlation", {".matrix": ("data:image/png", "Pixel, by row")}),
    ],
)
def test_pictures_of_our_own_are_saved_in_three_forms(page, url, visit, address, title, hosts):
    visit(page, f"{url}/{address}", title)
    for host, words in hosts.items():
        picture = page.locator(host).first
        expect(picture).to_be_visible(timeout=PATIENCE_MS)
        picture.get_by_role("button", name="Save").click()
        text = saved(page, picture, "SVG").read_text()
        assert text.startswith("<svg") and all(word in text for word in words)
        page_text = saved(page, picture, "HTML").read_text()
        assert page_text.startswith("<!doctype html>") and all(word in page_text for word in words)
        dots = np.asarray(Image.open(saved(page, picture, "PNG")).convert("RGB"))
        assert min(dots.shape[:2]) > 300 and len(np.unique(dots.reshape(-1, 3), axis=0)) > 20


def test_the_chosen_of_several_is_readable_on_a_dark_page(page, url, visit):
    page.emulate_media(color_scheme="dark")
    visit(page, f"{url}/balance", "Balance")
    choice = page.get_by_role("radio", name="Both", exact=True)
    expect(choice).to_have_attribute("aria-checked", "true", timeout=PATIENCE_MS)
    ink, ground, below = choice.evaluate(
        """button => [getComputedStyle(button).color, getComputedStyle(button).backgroundColor,
                      getComputedStyle(document.querySelector('.stApp')).backgroundColor]"""
    )
    assert contrast(colour(ink), over(colour(ground), colour(below))) >= 4.5


def colour(css: str) -> np.ndarray:
    """Red, green, blue, 0 to 1, and opacity."""
    numbers = np.array([float(number) for number in re.findall(r"[\d.]+", css)])
    numbers[:3] /= 1 if css.startswith("color(") else 255
    return np.append(numbers, 1.0)[:4]


def over(ground: np.ndarray, below: np.ndarray) -> np.ndarray:
    return ground[:3] * ground[3] + below[:3] * (1 - ground[3])


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """WCAG's ratio of two colours."""
    linear = [
        np.where(part[:3] <= 0.04045, part[:3] / 12.92, ((part[:3] + 0.055) / 1.055) ** 2.4) for part in (one, other)
    ]
    dark, light = sorted(float(part @ [0.2126, 0.7152, 0.0722]) for part in linear)
    return (light + 0.05) / (dark + 0.05)

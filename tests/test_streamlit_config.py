""".streamlit/config.toml as Streamlit itself reads it: safe defaults, and a theme that can be read."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fmnist_core.batch import MAX_BYTES
from fmnist_core.figures.palette import CLASS_COLOURS

ROOT = Path(__file__).resolve().parents[1]
THEME = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"]
READABLE = 4.5  # contrast of small text, WCAG 2.2 AA
DISCERNIBLE = 3.0  # contrast of what is not text

SAFE = {
    "server.address": "127.0.0.1",
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.maxUploadSize": MAX_BYTES >> 20,
    "server.showEmailPrompt": False,
    "client.showErrorDetails": "none",
    "browser.gatherUsageStats": False,
}
SCRIPT = """
import json, sys
from streamlit import config
config.get_config_options(force_reparse=True)
print(json.dumps({name: config.get_option(name) for name in sys.argv[1:]}))
"""


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    home = str(tmp_path_factory.mktemp("home"))  # without the settings of whoever runs this
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *SAFE], cwd=ROOT, env={"HOME": home},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip


@pytest.mark.parametrize("name", SAFE)
def test_streamlit_reads_the_safe_value(parsed, name):
    assert json.loads(parsed.stdout)[name] == SAFE[name]


def test_streamlit_has_nothing_to_complain_about_in_the_file(parsed):
    assert parsed.stderr == ""


def test_charts_have_the_colours_of_the_classes():
    assert THEME["chartCategoricalColors"] == list(CLASS_COLOURS)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_on_every_background(mode):
    theme = THEME[mode]
    for background in _backgrounds(theme):
        for text in ("textColor", "linkColor", "grayTextColor"):
            assert _contrast(theme[text], background) >= READABLE, text
        caption = _blend(theme["textColor"], background, 0.6)
        assert _contrast(caption, background) >= READABLE, f"caption on {background}"


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("colour", ["gray", "blue", "green", "yellow", "orange", "red", "violet"])
def test_a_badge_or_alert_can_be_read(mode, colour):
    theme = THEME[mode]
    for background in (theme[f"{colour}BackgroundColor"], theme["backgroundColor"]):
        assert _contrast(theme[f"{colour}TextColor"], background) >= READABLE


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_white_text_of_a_primary_button_can_be_read_and_the_accent_seen(mode):
    theme = THEME[mode]
    assert _contrast("#FFFFFF", theme["primaryColor"]) >= READABLE
    for background in _backgrounds(theme):
        assert _contrast(theme["primaryColor"], background) >= DISCERNIBLE


def _backgrounds(theme: dict) -> list[str]:
    return [theme["backgroundColor"], theme["sidebar"]["backgroundColor"]]


def _channels(colour: str) -> list[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def _blend(colour: str, background: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(background), strict=True)
    return "#" + "".join(f"{round(share * over + (1 - share) * under):02X}" for over, under in pairs)


def _contrast(one: str, other: str) -> float:
    """The contrast ratio, 1 to 21. Source: WCAG 2.2, definitions of contrast ratio and relative luminance."""
    low, high = sorted(_luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    shares = [value / 255 for value in _channels(colour)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

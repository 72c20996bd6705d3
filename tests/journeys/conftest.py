"""What every journey needs: a real Chromium, a page, and a Streamlit server that is gone afterwards."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from unpacked import know_data, know_results

from fmnist_core.ready_made import FOLDER as READY_MADE

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
START_LIMIT_S = 90.0
PATIENCE_MS = 180_000
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
expect.set_options(timeout=PATIENCE_MS / 2)  # Playwright's own five seconds are few where two cores run two journeys

# Logs of the servers now running; a failing test shows them.
_logs: list[Path] = []


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "journey: drives the app in a real browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    report = yield
    if report.failed:
        report.sections.extend((f"log of {log.name}", _text(log)) for log in _logs)
    return report


def chromium_path() -> str:
    """Path of a Chromium: CHROMIUM_PATH, else the usual places. Without one the journeys fail, not skip."""
    named = os.environ.get("CHROMIUM_PATH")
    candidates = [named] if named else ["/usr/bin/chromium", *map(shutil.which, CHROMIUM_NAMES)]
    for path in candidates:
        if path and os.access(path, os.X_OK):
            return path
    pytest.fail(
        f"Expected a Chromium for the journeys. Received none at {', '.join(filter(None, candidates))}: "
        "install the package chromium, or set CHROMIUM_PATH.",
        pytrace=False,
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for all journeys."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def desk(browser: Browser) -> Page:
    """The page that `page` lends. A page of its own for each test compiles Streamlit's scripts anew, for 3 s."""
    return browser.new_context(viewport=DESK).new_page()


@pytest.fixture(scope="session")
def handset(browser: Browser) -> Page:
    """The page that `phone` lends."""
    return browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True).new_page()


@pytest.fixture
def page(desk: Page) -> Iterator[Page]:
    """A page of 1440x900, with no cookies or storage of another test."""
    yield from _lent(desk, DESK)


@pytest.fixture
def phone(handset: Page) -> Iterator[Page]:
    """The same of a phone that is touched."""
    yield from _lent(handset, PHONE)


@pytest.fixture
def fresh_page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that was never here before: nothing is in its cache."""
    context = browser.new_context(viewport=DESK)
    yield context.new_page()
    context.close()


def _lent(page: Page, size: dict[str, int]) -> Iterator[Page]:
    """Lend a page to a test, and forget afterwards what the test has left in it."""
    yield page
    if page.url.startswith("http"):
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    page.goto("about:blank")
    page.context.clear_cookies()
    page.context.clear_permissions()
    page.set_viewport_size(size)
    page.emulate_media(color_scheme="null")
    page.set_default_timeout(30_000)


@pytest.fixture(scope="session")
def visit() -> Callable[[Page, str, str], None]:
    """visit(page, address, title): open an address and wait for the title of its page."""

    def go(page: Page, address: str, title: str) -> None:
        page.goto(address, timeout=PATIENCE_MS)
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=PATIENCE_MS)

    return go


@pytest.fixture(scope="session")
def rest() -> Callable[[Page], None]:
    """rest(page): wait until no script runs. A click or key before that would ask for what the rerun replaces."""

    def wait(page: Page) -> None:
        page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=PATIENCE_MS)

    return wait


@pytest.fixture(scope="session")
def draw_line() -> Callable[[Page, Locator, list[tuple[float, float]]], None]:
    """draw_line(page, board, points): drag the mouse over a board along points in shares of its sides."""

    def draw(page: Page, board: Locator, points: list[tuple[float, float]]) -> None:
        board.scroll_into_view_if_needed()
        box = board.bounding_box()
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=6)
        page.mouse.up()

    return draw


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """serve(script, env=None) -> url of a Streamlit server that runs `script` until the test ends."""
    yield from _serving(tmp_path)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace of `url`: a copy of the model that comes along, as a Run."""
    home = tmp_path_factory.mktemp("workspace")
    shutil.copytree(READY_MADE, home / "runs/20260101-000000-000000-twin-0001")
    return home


@pytest.fixture(scope="session")
def url(workspace: Path) -> Iterator[str]:
    """The app: one server for all journeys but those that change what others look at; they serve one of their own."""
    logs = workspace / "server"
    logs.mkdir()
    serving = _serving(logs)
    yield next(serving)(ROOT / "app.py", {"FMNIST_LAB_HOME": str(workspace)})
    next(serving, None)


@pytest.fixture(scope="module")
def serve_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """As `serve`, but until the module ends: for tests that need a session of their own, not a server.

    first_ever: its workspace does not even know the real data.
    """
    yield from _serving(tmp_path_factory.mktemp("server"))


def _serving(folder: Path) -> Iterator[Callable[..., str]]:
    servers: list[tuple[subprocess.Popen, Path]] = []

    def start(script: Path, env: dict[str, str] | None = None, *, first_ever: bool = False) -> str:
        if env:
            know_results(Path(env["FMNIST_LAB_HOME"]) / "cache")
        if env and not first_ever:
            know_data(Path(env["FMNIST_LAB_HOME"]) / "cache")
        log = folder / f"streamlit-{len(servers)}.log"
        port = _free_port()
        with log.open("wb") as sink:
            server = subprocess.Popen(
                _command(script, port), cwd=ROOT, env={**os.environ, **(env or {})}, stdout=sink, stderr=sink
            )
        servers.append((server, log))
        _logs.append(log)
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(server, url)
        return url

    yield start
    for server, log in servers:
        _end(server)
        _logs.remove(log)


def _command(script: Path, port: int) -> list[str]:
    options = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    # The app itself is served as ./lab start serves it.
    start = ["pages.ui.server"] if script == ROOT / "app.py" else ["streamlit", "run", str(script)]
    return [sys.executable, "-m", *start, *flags]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_healthy(server: subprocess.Popen, url: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"Streamlit ended with code {server.returncode}, see its log.", pytrace=False)
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:  # not listening yet; URLError is an OSError, too
            pass
        time.sleep(0.1)
    pytest.fail(f"Expected Streamlit to start within {START_LIMIT_S:.0f} s, see its log.", pytrace=False)


def _end(server: subprocess.Popen) -> None:
    server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")

"""Each exploration page's first and later visit on the server, and what a session costs in memory.

    python -m benchmarks.pages [--sessions 10]

Times: for each page a fresh process with the data loaded and no result cached on disk opens the home page, then the
page (cold), then the page again (warm), then with a condition on a pixel that about half of the images fulfil (pixel),
then with the test set selected instead (set). Heavy computations in the background are not waited for, as on screen.
Memory: the real server with one open browser tab, then with more, each of which visits every page.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from fmnist_core import datasets, paths

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

PAGES = ("samples", "quality", "balance", "distributions", "correlation", "projection", "labels")


def main() -> None:
    """Print the two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--page", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.page:
        print(json.dumps(_visit(options.page)))
        return
    print(f"{'page':14s} {'cold':>8s} {'warm':>8s} {'pixel':>8s} {'set':>8s}   seconds on the server")
    for page in PAGES:
        with _fresh_home() as environment:
            command = [sys.executable, "-m", "benchmarks.pages", "--page", page]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            times = json.loads(done.stdout.splitlines()[-1])
            print(f"{page:14s} " + " ".join("       -" if one is None else f"{one:8.2f}" for one in times), flush=True)
    _measure_memory(options.sessions)


def _visit(page: str) -> list[float | None]:
    """Return the seconds of the first visit, the next, one with a condition on a pixel, and one with another set.

    None where a page has no such choice.
    """
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(paths.PROJECT / "app.py"), default_timeout=120).run()
    script = f"pages/explore/{page}.py"
    times = [_timed(lambda: app.switch_page(script).run(), app) for _ in range(2)]
    sets = [choice for choice in app.main.get("button_group") if choice.label == "Set"]
    values = [slider for slider in app.main.slider if slider.label == "Value"]
    times.append(_timed(values[0].set_value((150, 255)).run, app) if values else None)
    if values:
        values[0].set_value((0, 255)).run()
    times.append(_timed(sets[0].set_value("Test").run, app) if sets else None)
    return times


def _timed(run: Callable[[], object], app: "AppTest") -> float:
    began_s = time.perf_counter()
    run()
    if app.exception:
        sys.exit(f"Expected a page. Received {app.exception[0].value}")
    return time.perf_counter() - began_s


class _fresh_home:
    """A workspace that has the data and no results."""

    def __enter__(self) -> dict[str, str]:
        datasets.load("fashion-mnist")
        self._folder = Path(tempfile.mkdtemp())
        shutil.copytree(paths.cache() / "datasets", self._folder / "cache" / "datasets")
        return {**os.environ, "FMNIST_LAB_HOME": str(self._folder), "TF_CPP_MIN_LOG_LEVEL": "2"}

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _measure_memory(sessions: int) -> None:
    from benchmarks.browser import open_page, served_app

    with served_app() as address, open_page(1440, 900) as first:
        server = _server_process()
        tabs = [first, *(first.context.browser.new_page() for _ in range(sessions - 1))]
        used = []
        for tab in tabs:
            tab.goto(address)
            for page in PAGES:
                # By the navigation: a new address would be a new session, and the old one lingers.
                tab.locator(f"[data-testid=stSidebarNav] a[href$='/{page}']").click(timeout=120_000)
                tab.wait_for_timeout(2500)
            memory = server.memory_info()
            # Mapped files are one copy for all processes; what the process holds for itself is what counts.
            used.append((memory.rss - memory.shared) / 1e6)
        each = (used[-1] - used[0]) / max(1, sessions - 1)
        print(f"memory: {used[0]:.0f} MB with 1 session, {used[-1]:.0f} MB with {sessions}, {each:.1f} MB each")


def _server_process() -> psutil.Process:
    return next(child for child in psutil.Process().children() if "pages.ui.server" in " ".join(child.cmdline()))


if __name__ == "__main__":
    main()

"""What benchmarks in a browser share: the app on a free port, and a Chromium page."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import mean, median

from playwright.sync_api import Page, sync_playwright

from fmnist_core import paths

CHROMIUM = os.environ.get("CHROMIUM_PATH", "/usr/bin/chromium")
FRAME_MS = 1000 / 60
PARTS, PART_MS = 6, 500
# Acts in each frame of a part of the time, and returns the gaps between these frames in ms.
_IN_EACH_FRAME = """async ([from, lasting]) => {
    const act = %s, gaps = [];
    await new Promise(done => {
        let last = performance.now(), begun = last;
        const step = now => {
            gaps.push(now - last); last = now;
            act(from + now - begun);
            now - begun < lasting ? requestAnimationFrame(step) : done();
        };
        requestAnimationFrame(step);
    });
    return gaps.slice(1);
}"""
CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def served_app(timeout_s: float = 60.0) -> Iterator[str]:
    """Run the app on a free port for the time of the block and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "pages.ui.server", f"--server.port={port}", "--server.headless=true"],
        cwd=paths.PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, timeout_s)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextmanager
def open_page(width: int, height: int) -> Iterator[Page]:
    """Open an empty page in Chromium for the time of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
        browser.close()


def frames(what: str, page: Page, act: str) -> float:
    """Act in each frame for 3 s, print what a frame takes, and return the ms in the worst of six parts of that time.

    Smooth means that a frame is ready before the next is due, 60 times a second: FRAME_MS. What a frame takes is the
    processor time of the page's main thread (Chromium's TaskDuration in thread ticks), so that other work on the
    machine does not count; the gaps between frames, in which it does, are printed beside it.

    act: a JavaScript function of the milliseconds since the beginning.
    """
    chromium = page.context.new_cdp_session(page)
    chromium.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent_s() -> float:
        metrics = chromium.send("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

    gaps, parts = [], []
    for part in range(PARTS):
        before_s = spent_s()
        now = page.evaluate(_IN_EACH_FRAME % act, [part * PART_MS, PART_MS])
        parts.append(1000 * (spent_s() - before_s) / len(now))
        gaps += now
    gaps.sort()
    print(
        f"{what} for {PARTS * PART_MS / 1000:g} s: {mean(parts):.1f} ms of processor time a frame, {max(parts):.1f} ms "
        f"in the worst of {PARTS} parts (limit {FRAME_MS:.1f}); gaps between frames median {median(gaps):.1f} ms, 95 % "
        f"within {gaps[int(0.95 * len(gaps))]:.1f} ms",
        flush=True,
    )
    return max(parts)


def _wait_for(address: str, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"Expected the app to answer at {address} within {timeout_s:g} s.")

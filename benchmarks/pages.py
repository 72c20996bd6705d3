"""Each exploration page's first and later visit on the server, its browser part, and what a session costs in memory.

    python -m benchmarks.pages [--only labels] [--sessions 10]

Times: for each view of a page a fresh process with the data loaded and no result cached on disk opens the home page,
then the view (cold), then the view again (warm), then with the test set selected instead (set), with two classes
(classes), and with a condition on a pixel that about half of the images fulfil (pixel). The last two are the medians of
three choices that were not made before: a shared machine now and then takes a tenth of a second for itself. The home
page begins to look for the nearest images in the background, at low priority, and that goes on meanwhile, as it does
for a user. Quality's near-duplicates and Label suspects need the result: they are measured once more with it.

Index: how long that search takes in its own process, and how many of the ten nearest it finds, against scikit-learn.
Correlation: all 784 x 784 from nothing, and from the sums on disk. Matrix: what a frame takes while the pointer moves
over it (browser.frames). Memory: the real server with one open browser tab, then with more, each of which visits every
page.

The code that the program ends with is 1 where a limit is exceeded.
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
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from fmnist_core import datasets, neighbours, paths, tasks
from fmnist_core.correlation import correlations
from fmnist_core.places import all_labels, images_at
from fmnist_core.selection import Selection
from fmnist_core.sums import sums_of

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

PAGES = ("samples", "quality", "balance", "distributions", "correlation", "projection", "labels")
Query = dict[str, str]
VIEWS: tuple[tuple[str, Query], ...] = (
    ("samples", {}), ("samples", {"order": "Most typical"}), ("samples", {"order": "Most unusual"}),
    ("samples", {"order": "Nearest to the image", "image": "train-123"}),
    ("quality", {}), ("balance", {}),
    ("distributions", {"view": "Pixels", "pixel": "406"}), ("distributions", {"view": "Images"}),
    ("distributions", {"view": "Classes"}), ("distributions", {"view": "Classes", "split": "Both"}),
    ("correlation", {"relation": "One pixel"}), ("correlation", {"relation": "All pixels"}),
    ("correlation", {"relation": "Classes"}), ("correlation", {"relation": "One pixel", "split": "Both"}),
    ("correlation", {"relation": "All pixels", "split": "Both"}),
    ("correlation", {"relation": "Classes", "split": "Both"}),
    ("projection", {}), ("labels", {}),
)  # fmt: skip
INDEXED: tuple[tuple[str, Query], ...] = (("quality", {}), ("quality", {"near": "true"}), ("labels", {}))
TWO_CLASSES = (["Coat", "Bag"], ["Shirt", "Sneaker"], ["Dress", "Pullover"])
CONDITIONS = ((150, 255), (140, 255), (145, 255))
COLUMNS = ("cold", "warm", "set", "classes", "pixel")
COLD_S, WARM_S, SESSION_MB = 2.0, 0.3, 30.0
K, ASKED = 10, 300  # neighbours, and images whose neighbours are compared with the true ones
# Moves the pointer over the matrix, twice a second from side to side.
_HOVER = """since => {
    const box = window.board.getBoundingClientRect(), sway = period => 0.5 + 0.45 * Math.sin(since / period);
    const place = {clientX: box.left + box.width * sway(80), clientY: box.top + box.height * sway(190)};
    window.board.dispatchEvent(new PointerEvent('pointermove', {...place, bubbles: true}));
}"""


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--only", choices=PAGES, help="measure the views of this page alone, and nothing else")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, *arguments = json.loads(options.child)
        print(json.dumps({"visit": _visit, "index": _index, "correlation": _correlation}[name](*arguments)))
        return
    beyond = []
    with tempfile.TemporaryDirectory() as folder:
        indexed = _measure_index(Path(folder))
        print(f"{'seconds on the server':42s} " + " ".join(f"{name:>8s}" for name in COLUMNS), flush=True)
        for results, views in ((None, VIEWS), (indexed, INDEXED)):
            for page, query in views:
                if options.only in (None, page):
                    beyond += _measure_view(page, query, results)
    if not options.only:
        beyond += [*_measure_correlation(), *_measure_matrix(), *_measure_memory(options.sessions)]
    if beyond:
        sys.exit("\n".join(beyond))


def _measure_view(page: str, query: Query, results: Path | None) -> list[str]:
    """Print the times of a view, in a fresh home or in one with results; return what exceeds its limit."""
    with _Home(results) as environment:
        times = _child(environment, "visit", page, query)
    words = ", ".join([page, *query.values(), *(["index ready"] if results else [])])
    print(f"{words:42s} " + " ".join("       -" if one is None else f"{one:8.2f}" for one in times), flush=True)
    limits = (COLD_S, *[WARM_S] * (len(times) - 1))
    return [
        f"Expected {words}, {name}, within {limit:g} s. Received {one:.2f} s."
        for name, one, limit in zip(COLUMNS, times, limits, strict=True) if one is not None and one > limit
    ]  # fmt: skip


def _visit(page: str, query: Query) -> list[float | None]:
    """Return the seconds of each of COLUMNS; None where a page has no such choice."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(paths.PROJECT / "app.py"), default_timeout=120).run()
    app.switch_page(f"pages/explore/{page}.py")
    for name, value in query.items():
        app.query_params[name] = value
    times = [_timed(app.run, app), _timed(app.run, app)]
    sets = [choice for choice in app.main.get("button_group") if choice.label == "Set"]
    classes = [choice for choice in app.main.multiselect if choice.label == "Classes"]
    values = [slider for slider in app.main.slider if slider.label == "Value"]
    for widgets, choices in ((sets, ["Test"]), (classes, TWO_CLASSES), (values, CONDITIONS)):
        if not widgets:
            times.append(None)
            continue
        before, taken = widgets[0].value, []
        for choice in choices:
            taken.append(_timed(widgets[0].set_value(choice).run, app))
            widgets[0].set_value(before).run()
        times.append(median(taken))
    data = datasets.load("fashion-mnist")
    tasks.Task("neighbours", data.name, "", data.sha256).cancel()
    return times


def _timed(run: Callable[[], object], app: "AppTest") -> float:
    began_s = time.perf_counter()
    run()
    if app.exception:
        sys.exit(f"Expected a page. Received {app.exception[0].value}")
    return time.perf_counter() - began_s


def _measure_index(folder: Path) -> Path:
    """Print what the index of neighbours costs and finds; return the results that its search leaves, in the folder."""
    with _Home() as environment:
        took = _child({**environment, **tasks.ENVIRONMENT}, "index")
        shutil.copytree(Path(environment["FMNIST_LAB_HOME"]) / "cache" / "results", folder / "results")
    print(
        f"index of neighbours: {took['seconds']:.1f} s, {took['processor_s']:.1f} s of processor time; "
        f"{took['recall']:.1%} of the {K} nearest are the true ones, of {ASKED} images",
        flush=True,
    )  # fmt: skip
    return folder / "results"


def _index() -> dict[str, float]:
    from sklearn.neighbors import NearestNeighbors

    data = datasets.load("fashion-mnist")
    began_s, processor_s = time.perf_counter(), time.process_time()
    found = neighbours.neighbours(data, K).index
    took = {"seconds": time.perf_counter() - began_s, "processor_s": time.process_time() - processor_s}
    count = len(all_labels(data))
    flat = images_at(np.arange(count), data).reshape(count, -1).astype(np.float32)
    asked = np.random.default_rng(0).choice(count, ASKED, replace=False)
    true = NearestNeighbors(n_neighbors=K + 1, algorithm="brute").fit(flat).kneighbors(flat[asked])[1]
    hits = [
        len({*own.tolist()} & {*exact.tolist()} - {place})
        for place, own, exact in zip(asked, found[asked], true, strict=True)
    ]
    return {**took, "recall": sum(hits) / (K * ASKED)}


def _measure_correlation() -> list[str]:
    with _Home() as environment:
        first, again = _child(environment, "correlation")
    print(f"correlation of 784 x 784 pixels, 60,000 images: {first:.2f} s, from sums on disk {again:.3f} s", flush=True)
    return [f"Expected the correlations within 1 s. Received {first:.2f} s."] if first > 1 else []


def _correlation() -> list[float]:
    data, times = datasets.load("fashion-mnist"), []
    for _ in range(2):
        began_s = time.perf_counter()
        correlations(sums_of(data, Selection("train")))
        times.append(time.perf_counter() - began_s)
    return times


def _measure_matrix() -> list[str]:
    from benchmarks.browser import FRAME_MS, frames, open_page, served_app

    with served_app() as address, open_page(1440, 900) as page:
        page.goto(f"{address}/correlation?relation=All+pixels")
        board = page.locator(".matrix .board")
        board.wait_for(timeout=120_000)
        page.wait_for_timeout(3000)
        board.hover()
        board.evaluate("board => { window.board = board }")
        worst_ms = frames("browser: pointer over the matrix", page, _HOVER)
    return [f"Expected {FRAME_MS:.1f} ms a frame. Received {worst_ms:.1f} ms."] if worst_ms > FRAME_MS else []


def _child(environment: dict[str, str], *what: Any) -> Any:
    command = [sys.executable, "-m", "benchmarks.pages", "--child", json.dumps(what)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


class _Home:
    """A workspace that has the data and no results, or those of a folder."""

    def __init__(self, results: Path | None = None) -> None:
        self._results = results

    def __enter__(self) -> dict[str, str]:
        datasets.load("fashion-mnist")
        self._folder = Path(tempfile.mkdtemp())
        shutil.copytree(paths.cache() / "datasets", self._folder / "cache" / "datasets")
        if self._results:
            shutil.copytree(self._results, self._folder / "cache" / "results")
        return {**os.environ, "FMNIST_LAB_HOME": str(self._folder), "TF_CPP_MIN_LOG_LEVEL": "2"}

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _measure_memory(sessions: int) -> list[str]:
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
    print(f"memory: {used[0]:.0f} MB with 1 session, {used[-1]:.0f} MB with {sessions}, {each:.1f} MB each", flush=True)
    return [f"Expected {SESSION_MB:g} MB for a session. Received {each:.1f} MB."] if each > SESSION_MB else []


def _server_process() -> psutil.Process:
    return next(child for child in psutil.Process().children() if "pages.ui.server" in " ".join(child.cmdline()))


if __name__ == "__main__":
    main()

"""Downloads, against a server that behaves badly in all the usual ways."""

import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from fmnist_core.datasets import debian, fashion_mnist, fetch, idx, mnist, store
from fmnist_core.datasets.edition import FILE_NAMES, Edition
from fmnist_core.datasets.fetch import download
from fmnist_core.errors import DataError, SourceUnavailable

CONTENT = np.random.default_rng(0).bytes(400_000)


@pytest.fixture(autouse=True)
def workspace(nothing_known, tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(fetch, "_PAUSE_S", 0)


@pytest.fixture
def server():
    """A web server: .files path -> bytes, .cut_after bytes per answer, .ignore_range, .ranges seen."""
    state = SimpleNamespace(files={}, cut_after=None, ignore_range=False, ranges=[], hang_s=0.0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range")
            state.ranges.append(asked)
            time.sleep(state.hang_s)
            content = state.files.get(self.path.strip("/"))
            if content is None:
                self.send_error(404)
                return
            start = int(asked.split("=")[1].rstrip("-")) if asked and not state.ignore_range else 0
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = len(content) if state.cut_after is None else min(len(content), start + state.cut_after)
            self.wfile.write(content[start:end])

        def log_message(self, *_):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{httpd.server_address[1]}"
    yield state
    httpd.shutdown()
    httpd.server_close()


def expect(content):
    def verify(file):
        if file.read_bytes() != content:
            raise DataError("Expected the content. Received other content.")

    return verify


def fetch_content(server, target, **options):
    options = {"verify": expect(CONTENT), "max_bytes": 1_000_000} | options
    return download(f"{server.address}/a.gz", target, **options)


def test_a_download_reports_progress_and_leaves_only_the_file(server, tmp_path):
    server.files["a.gz"] = CONTENT
    seen = []
    fetch_content(server, tmp_path / "a.gz", progress=lambda text, fraction: seen.append(fraction))
    assert (tmp_path / "a.gz").read_bytes() == CONTENT
    assert seen == sorted(seen) and seen[-1] == 1.0
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a.gz"]


def test_a_cut_connection_is_taken_up_where_it_broke(server, tmp_path):
    server.files["a.gz"], server.cut_after = CONTENT, 150_000
    fetch_content(server, tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=150000-", "bytes=300000-"]


def test_an_interrupted_download_goes_on_in_the_next_attempt(server, tmp_path):
    server.files["a.gz"] = CONTENT
    part = fetch._part_file(f"{server.address}/a.gz", tmp_path / "a.gz")
    part.write_bytes(CONTENT[:100_000])
    fetch_content(server, tmp_path / "a.gz")
    assert server.ranges == ["bytes=100000-"]
    assert (tmp_path / "a.gz").read_bytes() == CONTENT


def test_a_server_that_ignores_range_starts_over_without_doubling(server, tmp_path):
    server.files["a.gz"], server.ignore_range = CONTENT, True
    fetch._part_file(f"{server.address}/a.gz", tmp_path / "a.gz").write_bytes(CONTENT[:100_000])
    fetch_content(server, tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("leftover", [b"x" * 1_000, CONTENT + b"more"])
def test_a_leftover_of_another_file_is_thrown_away_and_fetched_anew(server, tmp_path, leftover):
    server.files["a.gz"] = CONTENT
    fetch._part_file(f"{server.address}/a.gz", tmp_path / "a.gz").write_bytes(leftover)
    fetch_content(server, tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == CONTENT


def test_wrong_content_is_refused_and_nothing_stays(server, tmp_path):
    server.files["a.gz"] = b"<html>Please log in</html>"
    with pytest.raises(DataError, match="other content"):
        fetch_content(server, tmp_path / "a.gz")
    assert not [file for file in tmp_path.iterdir() if file.is_file()]


def test_a_missing_file_is_told_with_its_address_and_code(server, tmp_path):
    with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1:\d+/a\.gz.*HTTP 404"):
        fetch_content(server, tmp_path / "a.gz")
    assert len(server.ranges) == 1, "a clear answer is not asked for twice"


def test_an_endless_answer_is_refused(server, tmp_path):
    server.files["a.gz"] = CONTENT
    with pytest.raises(DataError, match="at most 1,000 bytes"):
        fetch_content(server, tmp_path / "a.gz", max_bytes=1_000)
    assert not [file for file in tmp_path.iterdir() if file.is_file()]


def test_a_server_that_says_nothing_is_given_up_within_the_timeouts(server, tmp_path):
    server.files["a.gz"], server.hang_s = CONTENT, 1.0
    started = time.perf_counter()
    with pytest.raises(SourceUnavailable):
        fetch_content(server, tmp_path / "a.gz", timeout_s=0.2)
    assert time.perf_counter() - started < 4


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_without_a_network_the_answer_comes_in_seconds(tmp_path, address):
    started = time.perf_counter()
    with pytest.raises(SourceUnavailable, match="Expected an answer"):
        download(f"{address}/a.gz", tmp_path / "a.gz", verify=expect(CONTENT), max_bytes=10)
    assert time.perf_counter() - started < 6


def test_a_name_server_that_never_answers_does_not_hold_us_up(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch.socket, "getaddrinfo", lambda *_, **__: threading.Event().wait(5))
    started = time.perf_counter()
    with pytest.raises(SourceUnavailable, match="no name server answered"):
        download("http://example.invalid/a.gz", tmp_path / "a.gz", verify=expect(b""), max_bytes=10, timeout_s=0.3)
    assert time.perf_counter() - started < 2


# Whole editions


def toy_arrays():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (30, 28, 28), dtype=np.uint8)
    labels = rng.integers(0, 10, 30, dtype=np.uint8)
    return images, labels, images[:10], labels[:10]


@pytest.fixture
def toy(server):
    """A small edition, and the server that publishes it."""
    arrays = toy_arrays()
    for name, array in zip(FILE_NAMES, arrays, strict=True):
        server.files[f"{name}.gz"] = gzip.compress(idx.header(array) + array.tobytes())
    return Edition("toy", tuple(store.file_hash(array) for array in arrays))


def quiet(text, fraction):
    pass


def test_a_mirror_is_downloaded_verified_cached_and_cleaned_up(server, toy, tmp_path):
    found = toy.from_mirror(server.address, "the mirror", quiet)
    assert found.verified and (found.entry.arrays.x_train == toy_arrays()[0]).all()
    assert toy.from_cache().phrase == "this project's cache, first read from the mirror"
    assert not list((tmp_path / "home/cache/downloads/toy").iterdir())


def test_files_that_arrived_are_kept_when_a_later_one_fails(server, toy):
    missing = server.files.pop("t10k-images-idx3-ubyte.gz")
    with pytest.raises(SourceUnavailable, match="t10k-images"):
        toy.from_mirror(server.address, "the mirror", quiet)
    assert store.find(toy.key) is None, "nothing half-loaded"
    server.files["t10k-images-idx3-ubyte.gz"] = missing
    server.ranges.clear()
    toy.from_mirror(server.address, "the mirror", quiet)
    assert len(server.ranges) == 2, "only what was missing"


def test_a_mirror_with_other_content_is_refused_by_its_hash(server, toy):
    images = toy_arrays()[0][::-1].copy()
    server.files["train-images-idx3-ubyte.gz"] = gzip.compress(idx.header(images) + images.tobytes())
    with pytest.raises(DataError, match=r"train-images.*Expected content of SHA-256"):
        toy.from_mirror(server.address, "the mirror", quiet)
    assert store.find(toy.key) is None


@pytest.mark.skipif(not debian.INSTALLED_FOLDER.is_dir(), reason="the Debian package is not installed")
def test_fashion_mnist_comes_from_the_second_mirror_when_the_first_is_dead(server, tmp_path):
    server.files.update({file.name: file.read_bytes() for file in debian.INSTALLED_FOLDER.iterdir()})
    mirrors = [
        ("publisher", "http://127.0.0.1:9/", "the dead one"),
        ("keras", server.address, "the living one"),
    ]
    fractions = []
    dataset = fashion_mnist.load_from(
        fashion_mnist.sources(debian_folder=tmp_path / "absent", mirrors=mirrors),
        progress=lambda text, fraction: fractions.append(fraction),
    )
    assert dataset.source == "the living one" and dataset.verified
    assert [attempt.source for attempt in dataset.attempts][-1] == "the dead one"
    assert fractions == sorted(fractions)


def test_mnists_mirror_with_another_archive_is_refused_before_it_is_opened(server):
    server.files["mnist.npz"] = b"PK\x03\x04 something else"
    dataset = mnist.load_from(mnist.sources(keras_address=f"{server.address}/mnist.npz", idx_address=server.address))
    assert dataset.synthetic
    assert "mnist.npz: Expected SHA-256" in dataset.attempts[1].reason

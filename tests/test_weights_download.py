"""The download of a backbone's weights: from a server that the test starts, told on the Run's page, and checked."""

import importlib
import inspect
import threading
import types
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fmnist_core import backbones, callbacks, training, zoo
from fmnist_core.backbones import BACKBONES
from fmnist_core.datasets import fetch
from fmnist_core.errors import ModelError
from fmnist_core.progress import Progress
from fmnist_core.runs import STOP_FILE, Run
from fmnist_core.spec import RunSpec
from fmnist_core.zoo import weights

CONTENT = weights._HDF5 + bytes(3_000_000)
SPEC = RunSpec(title="Frozen", network="transfer", backbone="mobilenet", cut="1", image_size_px=32, scaling="base")


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server with every file that is asked of it; yields what was asked. No weights are here."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            start = int(self.headers.get("Range", "bytes=0-").split("=")[1].rstrip("-"))
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            with suppress(OSError):  # who asked may have given up
                self.wfile.write(CONTENT[start:])

        def log_message(self, *_):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setattr(backbones, "WEIGHTS_SERVER", f"http://127.0.0.1:{httpd.server_address[1]}")
    monkeypatch.setenv("FMNIST_LAB_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(fetch, "_PAUSE_S", 0)
    yield asked
    httpd.shutdown()
    httpd.server_close()


def test_weights_are_downloaded_once_and_told_in_megabytes(server):
    told = []
    file = weights.fetch("mobilenet", lambda *what: told.append(what))
    assert file == weights.folder() / BACKBONES["mobilenet"].weights_file
    assert file.read_bytes() == CONTENT
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > 10
    assert told[0][0].startswith("Weights of MobileNet. Downloading from 127.0.0.1")
    assert {sentence.rsplit(": ", 1)[1] for sentence, _ in told} == {f"{done} of 3 MB" for done in range(4)}
    assert weights.fetch("mobilenet") == file
    assert server == ["/tensorflow/keras-applications/mobilenet/mobilenet_1_0_224_tf_no_top.h5"]


def test_a_run_tells_the_download_on_its_page_before_it_builds(server, tmp_path, monkeypatch):
    def built(run, *_, **__):
        raise callbacks.StopRequested

    monkeypatch.setattr(training, "build", built)
    run = Run.create(SPEC, tmp_path)
    with pytest.raises(callbacks.StopRequested):
        training.fit(run)
    phases = [event.logs["phase"] for event in run.events()]
    assert phases[0] == "loading data" and phases[-1] == "building the network"
    assert phases[1].startswith("Weights of MobileNet. Downloading") and phases[1].endswith(" of 3 MB")
    assert Progress(run).phase == phases[-1]


def test_a_download_that_is_stopped_goes_on_where_it_was(server, tmp_path):
    run = Run.create(SPEC, tmp_path)
    (run.folder / STOP_FILE).touch()
    with pytest.raises(callbacks.StopRequested):
        training.fit(run)
    assert weights.find("mobilenet") is None
    (part,) = weights.folder().glob("*.part")
    assert 0 < part.stat().st_size < len(CONTENT)
    assert weights.fetch("mobilenet").read_bytes() == CONTENT


@pytest.mark.parametrize("content", [b"<html>Please log in</html>", CONTENT])
def test_something_else_than_the_file_is_refused_and_not_kept(server, content, monkeypatch):
    monkeypatch.setitem(globals(), "CONTENT", content)
    with pytest.raises(ModelError, match=r"ImageNet weights of VGG16. Received no download: Expected a file of"):
        weights.fetch("vgg16")
    assert weights.find("vgg16") is None and not list(weights.folder().glob("*.part"))


def test_without_a_network_the_file_and_its_place_are_named(server, monkeypatch):
    monkeypatch.setattr(backbones, "WEIGHTS_SERVER", "http://127.0.0.1:1")
    with pytest.raises(ModelError, match=r"put the file mobilenet_1_0_224_tf_no_top.h5 into .*, or choose weights"):
        zoo.build(SPEC)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_address_and_hash_are_those_that_keras_has(backbone):
    line = BACKBONES[backbone]
    module, name = line.builder.split(":")
    source = inspect.getmodule(getattr(importlib.import_module(module), name))
    sources = [source, *(one for one in vars(source).values() if isinstance(one, types.ModuleType))]
    known = [one for module in sources for one in vars(module).values() if isinstance(one, str)]
    address = line.weights_address
    assert {address, address.removesuffix(line.weights_file)} & set(known)
    if line.weights_hash:
        assert any(f'"{line.weights_hash}"' in inspect.getsource(module) for module in sources)
    else:
        assert "file_hash" not in inspect.getsource(source)

"""A path that a user has typed, and files that the system refuses: told in words, on every page, and never a fault."""

from pathlib import Path

import pytest
from app_page import open_app
from test_datasets_files import csv_bytes

from fmnist_core import datasets, paths
from fmnist_core.datasets import edition, mnist, own, sources, store
from fmnist_core.errors import DataError

NAMES = {
    "no such user": "~nosuchuser/x",
    "too long": "/tmp/" + 300 * "x",
    "a NUL": "/tmp/a\0b",
    "half a character": "/tmp/\udc80\ud800",
}
EXPECTED = r"Expected the name of a folder or file that can be reached\. Received: .+\."


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(paths.PROJECT)


@pytest.fixture(params=[name for name in NAMES if name != "half a character"])
def bad(request):
    return NAMES[request.param]


def refuse(*_, **__):
    raise PermissionError(13, "Permission denied", "/private")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_that_no_folder_can_have_is_refused_in_words(name):
    with pytest.raises(DataError, match=EXPECTED):
        datasets.load("own", name)


@pytest.mark.parametrize("key", ["fashion-mnist", "mnist"])
def test_published_data_are_found_elsewhere_and_say_why_the_folder_was_left(key, bad, monkeypatch):
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "folder,debian,cache,sample")
    dataset = datasets.load(key, bad)
    assert "can be reached. Received" in dataset.attempts[0].reason


@pytest.mark.parametrize("what", ["folder", "file", "classes", "state"])
def test_own_files_that_the_system_refuses_are_refused_in_words(what, tmp_path, monkeypatch):
    (tmp_path / "train.csv").write_bytes(csv_bytes())
    (tmp_path / "classes.txt").write_text("\n".join("abcdefghij"))
    if what == "folder":
        monkeypatch.setattr(Path, "iterdir", refuse)
    elif what == "file":
        monkeypatch.setattr(own, "open", refuse, raising=False)
    elif what == "classes":
        monkeypatch.setattr(Path, "read_bytes", refuse)
    else:
        monkeypatch.setattr(store, "fingerprint", refuse)
    with pytest.raises(DataError, match="/private: Expected access to it. Received: Permission denied"):
        datasets.load("own", tmp_path)


def test_a_published_folder_that_the_system_refuses_is_left_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "folder,sample")
    monkeypatch.setattr(edition, "find_file", refuse)
    monkeypatch.setattr(mnist, "find_file", refuse)
    for key in ("fashion-mnist", "mnist"):
        (reason,) = [one.reason for one in datasets.load(key, tmp_path).attempts if one.source.startswith("the folder")]
        assert "Received: Permission denied" in reason


@pytest.mark.parametrize("script", ["pages/explore/samples.py", "pages/train/new.py", "pages/home/home.py"])
def test_every_page_says_it_and_stands(script, bad):
    app = open_app(script, data="Your own files", **{"data.folder": bad})
    if "home" not in script:
        assert "can be reached. Received" in app.error[0].value.replace("\\", "")


def test_a_page_of_published_data_stands_and_hands_the_folder_on_as_it_was_typed(bad):
    app = open_app("pages/train/new.py", data="Fashion-MNIST", **{"data.folder": bad})
    assert not app.error


def test_an_upload_that_cannot_be_saved_is_told(monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(DataError, match="Received: Permission denied"):
        datasets.save_upload([("train.csv", csv_bytes())])

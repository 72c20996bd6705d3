"""The Samples page in its states: real data, stand-in, own files, broken files; the choice in the sidebar."""

import pytest
from streamlit.testing.v1 import AppTest
from test_datasets_files import change_cell, csv_bytes

from fmnist_core import paths
from fmnist_core.datasets import debian, sources

SCRIPT = f"""
import runpy, sys
import streamlit as st
sys.path.insert(0, {str(paths.PROJECT)!r})
from pages.ui.data import data_banner, dataset_selector
with st.sidebar:
    dataset_selector()
data_banner()
runpy.run_path({str(paths.PROJECT / "pages/explore/samples.py")!r})
"""
needs_real = pytest.mark.skipif(
    not debian.INSTALLED_FOLDER.is_dir(), reason=f"the Debian package {debian.PACKAGE} is not installed"
)


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "folder,debian,cache,sample")


def open_page(**query):
    page = AppTest.from_string(SCRIPT, default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    return page.run()


def sheet_of(page):
    return page.get("html")[0].proto.body


def text_of(page):
    return " ".join(element.value for element in page.markdown)


@needs_real
def test_the_page_tells_source_and_size_and_shows_one_picture():
    page = open_page()
    assert not page.exception and not page.warning
    assert "60,000 training and 10,000 test images" in text_of(page) and "Content verified" in text_of(page)
    assert sheet_of(page).count("<img") == 1
    assert "T-shirt/top" in sheet_of(page) and "Ankle boot" in sheet_of(page)


@needs_real
def test_split_seed_and_class_change_the_picture_and_stand_in_the_address():
    page = open_page()
    pictures = {sheet_of(page)}
    page.segmented_control(key="split").set_value("Test").run()
    pictures.add(sheet_of(page))
    page.number_input(key="seed").set_value(7).run()
    pictures.add(sheet_of(page))
    page.selectbox(key="show").set_value("Bag").run()
    pictures.add(sheet_of(page))
    assert len(pictures) == 4 and not page.exception
    assert "T-shirt/top" not in sheet_of(page), "one class needs no names beside the rows"
    shared = open_page(split="Test", seed="7", show="Bag")
    assert sheet_of(shared) == sheet_of(page)


def test_a_stand_in_is_marked_and_says_what_was_tried(monkeypatch):
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "sample")
    page = open_page()
    assert not page.exception
    assert "not the real Fashion-MNIST" in page.warning[0].value
    assert "2,000 training and 500 test images" in text_of(page)
    assert "switched off by" in text_of(page)


@needs_real
def test_the_button_retries_the_real_source(monkeypatch):
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "sample")
    page = open_page()
    page.button(key="data.again").click().run()
    assert page.warning and "still no real source" in page.toast[0].value
    monkeypatch.delenv(sources.ALLOWED_VARIABLE)
    page.button(key="data.again").click().run()
    assert not page.warning and "Now from the Debian package" in page.toast[0].value
    assert "60,000 training" in text_of(page)


def test_own_files_without_a_folder_lead_to_the_sidebar():
    page = open_page(data="Your own files")
    assert not page.exception and not page.error
    assert "name a folder or upload files" in page.info[0].value


def test_own_files_are_shown_with_their_class_names(tmp_path):
    (tmp_path / "train.csv").write_bytes(csv_bytes())
    (tmp_path / "classes.txt").write_text("\n".join(["<b>hat</b>", *[f"thing {i}" for i in range(9)]]))
    page = open_page()
    page.selectbox(key="data").set_value("own").run()
    page.text_input(key="data.folder").set_value(str(tmp_path)).run()
    assert not page.exception and not page.error
    assert "held out" in text_of(page)
    assert "&lt;b&gt;hat" in sheet_of(page), "names come from a file and are escaped"


def test_a_broken_file_is_a_clear_sentence_and_no_traceback(tmp_path):
    (tmp_path / "train.csv").write_bytes(change_cell(7, 100, "abc"))
    page = open_page(data="Your own files", **{"data.folder": str(tmp_path)})
    assert not page.exception
    message = page.error[0].value.replace("\\", "")
    assert "train.csv, line 7, column 100 (pixel 99): Expected a whole number from 0 to 255" in message


def test_an_uploaded_file_becomes_the_data_in_use():
    page = open_page(data="Your own files")
    page.file_uploader(key="data.upload").set_value([("mine.csv", csv_bytes(), "text/csv")]).run()
    page.button(key="data.use").click().run()
    assert not page.exception and not page.error
    assert page.text_input(key="data.folder").value.startswith(str(paths.home() / "uploads"))
    assert "held out" in text_of(page)


def test_a_broken_upload_says_why_and_leaves_nothing():
    page = open_page(data="Your own files")
    page.file_uploader(key="data.upload").set_value([("mine.csv", change_cell(3, 3, "?"), "text/csv")]).run()
    page.button(key="data.use").click().run()
    assert not page.exception
    assert "mine.csv, line 3, column 3" in page.error[0].value.replace("\\", "")
    assert not list((paths.home() / "uploads").iterdir())


def test_another_data_set_forgets_the_folder(tmp_path):
    page = open_page(data="Your own files", **{"data.folder": str(tmp_path)})
    page.selectbox(key="data").set_value("mnist").run()
    assert page.text_input(key="data.folder").value == ""
    assert "not the real MNIST" in page.warning[0].value

"""Opening one exploration page in a test, and reading what its image grids hold."""

import json
import struct

from streamlit.testing.v1 import AppTest

from fmnist_core import paths


def open_page(name, **query):
    """Run pages/explore/<name>.py with the sidebar's choice of data; query: names and values of the address."""
    page = AppTest.from_string(
        f"""
import runpy, sys
import streamlit as st
sys.path.insert(0, {str(paths.PROJECT)!r})
from pages.ui.data import data_banner, dataset_selector
with st.sidebar:
    dataset_selector()
data_banner()
runpy.run_path({str(paths.PROJECT / "pages" / "explore" / name) + ".py"!r})
""",
        default_timeout=120,
    )
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert_charts_speak(page)
    return page


def assert_charts_speak(page):
    """Every chart on the page has titled axes and says in words what it shows."""
    for chart in page.get("plotly_chart"):
        layout = json.loads(chart.proto.spec)["layout"]
        for axis in ("xaxis", "yaxis"):
            titles = [part.get("title", {}).get("text") for name, part in layout.items() if name.startswith(axis)]
            assert any(titles), f"{axis} without a title: {chart.proto.alt}"
        assert len(chart.proto.alt.split()) > 3


def components(page, name):
    """The heads, as dicts, of the components of a name on the page: what Python told the browser."""
    heads = []
    for element in page.get("bidi_component"):
        if element.proto.component_name == name:
            data = element.proto.bytes
            (length,) = struct.unpack("<I", data[:4])
            heads.append(json.loads(data[4 : 4 + length]) | {"pixels": data[4 + length :]})
    return heads


def grids(page):
    """The image grids on the page, from above."""
    return components(page, "fmnist_lab_image_grid")


def text_of(page):
    """All running text of the page."""
    return " ".join(element.value for element in [*page.markdown, *page.caption, *page.subheader])

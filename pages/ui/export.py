"""Take it with you: every table as CSV, every figure as PNG, SVG or HTML. Nothing is made before it is asked for.

    show_figure(figure, "class-counts", alt="...", frame=frame)

PNG and SVG are drawn by the browser, with the colours of the page (save_image.js). The HTML holds the whole chart,
zoom and hover included, and needs no network.
"""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

_HERE = Path(__file__).parent
# save_image.js needs this one button, which needs no place on the page.
CONFIG: dict[str, Any] = {"displayModeBar": True, "modeBarButtons": [["toImage"]], "displaylogo": False}
_HIDE_LONE_BUTTON = """<style>
.stPlotlyChart .modebar:has(> .modebar-group:only-child > .modebar-btn:only-child) { display: none; }
</style>"""

# At module level, so that it is registered once per process and never within a rerun.
_image_buttons = st.components.v2.component(
    "fmnist_lab_save_image",
    html='<div><button data-format="png">PNG</button><button data-format="svg">SVG</button><output></output></div>',
    css=(_HERE / "save_image.css").read_text(encoding="utf-8"),
    js=(_HERE / "save_image.js").read_text(encoding="utf-8"),
)


def table_download(
    frame: pd.DataFrame | Callable[[], pd.DataFrame], name: str, *, index: bool = True, label: str = "CSV"
) -> None:
    """Show a quiet button that saves a table as <name>.csv.

    Args:
        frame: the table, or what makes it once somebody asks.
        name: of the file, without ending; unique on the page.
        index: whether the index is a column of the file.
    """
    st.download_button(
        label, lambda: _csv(frame, index=index), f"{name}.csv", "text/csv", key=f"csv-{_slug(name)}",
        icon=":material/download:", on_click="ignore", type="tertiary", help=f"Save the table as {name}.csv",
    )  # fmt: skip


def show_figure(
    figure: go.Figure,
    name: str,
    *,
    alt: str,
    frame: pd.DataFrame | Callable[[], pd.DataFrame] | None = None,
    config: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Show a figure with its quiet Save menu below and return what st.plotly_chart returns.

    Args:
        name: of the files, without ending; unique on the page.
        alt: the figure in words.
        frame: the numbers behind it, for CSV; None if they stand in a table elsewhere.
        config: Plotly's; its own buttons must include toImage.
        options: for st.plotly_chart: key, on_select, ...
    """
    result = st.plotly_chart(figure, config=config or CONFIG, alt=alt, **options)
    figure_downloads(figure, name, frame=frame)
    return result


def figure_downloads(
    figure: go.Figure, name: str, *, frame: pd.DataFrame | Callable[[], pd.DataFrame] | None = None
) -> None:
    """Show the Save menu of the chart that stands right above; it was drawn with config=CONFIG.

    Args:
        name: of the files, without ending; unique on the page.
        frame: the numbers behind it, for CSV.
    """
    marker = f"save-{_slug(name)}"
    st.html(_HIDE_LONE_BUTTON)
    with (
        st.container(key=marker, horizontal=True, horizontal_alignment="right"),
        st.popover("Save", icon=":material/download:", type="tertiary"),
    ):
        st.caption("As an image, or with zoom and hover.")
        _image_buttons(key=f"{marker}-image", data={"marker": marker, "name": name})
        with st.container(horizontal=True, gap="small"):
            st.download_button(
                "HTML", lambda: figure_html(figure, name), f"{name}.html", "text/html", key=f"{marker}-html",
                on_click="ignore", help="One file that opens in any browser, without a network (5 MB).",
            )  # fmt: skip
            if frame is not None:
                st.download_button(
                    "CSV", lambda: _csv(frame), f"{name}.csv", "text/csv", key=f"{marker}-csv", on_click="ignore",
                    help="The numbers behind the figure.",
                )  # fmt: skip


def figure_html(figure: go.Figure, name: str) -> str:
    """Return a figure as one HTML file that needs no network, dark on white."""
    copy = go.Figure(figure).update_layout(template="plotly_white", paper_bgcolor="white", font_color="#13181A")
    html = copy.to_html(include_plotlyjs=True, config={"displaylogo": False, "responsive": True})
    return html.replace("<head>", f"<head><title>{escape(name)}</title>", 1)


def _csv(frame: pd.DataFrame | Callable[[], pd.DataFrame], *, index: bool = True) -> str:
    return (frame() if callable(frame) else frame).to_csv(index=index)


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name)

"""A sheet of small pictures with a name beside each row: one image for the browser, however many pictures."""

import base64
from collections.abc import Sequence
from html import escape

import streamlit as st


def picture_grid(png: bytes, *, alt: str, row_names: Sequence[str] = ()) -> None:
    """Show a sheet over the full width, each row named on the left in the page's own type.

    png: the encoded sheet; alt: what it shows, for those who cannot see it; row_names: one per row, or none.
    """
    names = "".join(f'<span style="align-self:center">{escape(name)}</span>' for name in row_names)
    column = (
        f'<div style="display:grid;grid-template-rows:repeat({len(row_names)},1fr);text-align:right;'
        f'font-size:clamp(0.62rem,2.4vw,0.85rem);line-height:1.1;max-width:22vw">{names}</div>'
    )
    data = base64.b64encode(png).decode("ascii")
    st.html(
        f'<figure style="margin:0;display:grid;grid-template-columns:{"auto " if names else ""}minmax(0,1fr);'
        f'gap:0 0.6rem">{column if names else ""}'
        f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}" '
        'style="width:100%;height:auto;display:block">'
        "</figure>"
    )

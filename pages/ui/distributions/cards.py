"""Pictures side by side, as many to a row as there is room for, each below its name."""

import base64
from collections.abc import Sequence
from html import escape

import streamlit as st

_NARROWEST_PX, _WIDEST_PX = 60, 136  # of a picture: five to a row on a phone


def cards(items: Sequence[tuple[str, tuple[bytes, str]]]) -> None:
    """Show PNG pictures with names above them.

    items: (name, (png, what it shows)).
    """
    figures = "".join(
        f'<figure style="margin:0"><figcaption style="font-size:clamp(0.68rem,2.6vw,0.85rem);'
        f'white-space:nowrap;overflow:hidden;text-overflow:ellipsis" title="{escape(name)}">{escape(name)}</figcaption>'
        f'<img alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode("ascii")}" '
        f'style="width:100%;height:auto;display:block;image-rendering:pixelated"></figure>'
        for name, (png, alt) in items
    )
    st.html(
        f'<div style="display:grid;grid-template-columns:repeat(auto-fit,minmax({_NARROWEST_PX}px,1fr));'
        f'gap:0.8rem 0.6rem;max-width:{_WIDEST_PX * len(items)}px">{figures}</div>'
    )

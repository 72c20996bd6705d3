"""Paste: pictures in the clipboard go the way of uploaded files, by Ctrl+V or a button (paste.js)."""

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_CSS = """
.paste { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 10px; font: 14px/1.4 var(--st-font);
  color: color-mix(in srgb, var(--st-text-color) 66%, transparent); }
button { font: inherit; padding: 6px 12px; color: var(--st-text-color); background: none; cursor: pointer;
  border: 1px solid color-mix(in srgb, var(--st-text-color) 22%, transparent); border-radius: var(--st-button-radius); }
button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
@media (pointer: coarse) { button { min-height: 44px; } .keys { display: none; } }
"""
_HTML = """<div class="paste"><button type="button">Paste a picture</button>
<span class="keys">or press Ctrl+V anywhere on this page</span><span class="said" role="status"></span></div>"""

# At module level, so that it is registered once per process and never within a rerun.
_component = st.components.v2.component(
    "fmnist_lab_paste", html=_HTML, css=_CSS, js=(_HERE / "paste.js").read_text(encoding="utf-8")
)


def paste(*, key: str, uploader: str) -> None:
    """Show the button; what is pasted is added to the files of the uploader with this key."""
    _component(key=key, data={"uploader": uploader})

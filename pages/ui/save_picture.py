"""Pictures that are drawn in the browser by components of ours: each with a Save menu for PNG, SVG and HTML.

The files are made by the browser from what is on the screen (save_picture.js): nothing is asked of the server. Charts
have their own menu, see export.py.
"""

import re
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent


def picture_component(name: str, script: Path, *helpers: str) -> Any:
    """Register a component whose script can use SaveMenu; call it at module level.

    Args:
        name: of the component, unique in the app.
        script: its .js file; a .css file of the same name lies beside it.
        helpers: further scripts and styles beside it or below, to stand in front of its own.
    """
    files = [script.parent / helper for helper in helpers]
    scripts = (_HERE / "save_picture.js", *(file for file in files if file.suffix == ".js"), script)
    own = (script.with_suffix(".css"), _HERE / "save_picture.css")
    styles = (*(file for file in files if file.suffix == ".css"), *own)
    return st.components.v2.component(
        name,
        css="\n".join(path.read_text(encoding="utf-8") for path in styles),
        js="\n".join(path.read_text(encoding="utf-8") for path in scripts),
    )


def file_name(text: str) -> str:
    """Return a text as the name of a file, without ending: lower case, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")

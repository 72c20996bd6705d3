"""A board to draw on, for mouse, finger and pen; the browser part is canvas.html, .css, .js and canvas_ink.js.

The strokes are the state. They travel to Python while a line grows and when it ends, and Python renders them, so
that the model sees the same picture whatever browser drew it. A rerun of the page for each would take a tenth of a
second, most of it in the browser; so they are answered past the page, where it gives an address for that.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from fmnist_core.drawing import Drawing
from fmnist_core.templates import Template

BRUSH_PX = 1.5  # of 28: thicker outlines close the gap between trouser legs

_HERE = Path(__file__).parent

# At module level, so that it is registered once per process and never within a rerun.
_component = st.components.v2.component(
    "fmnist_lab_canvas",
    html=(_HERE / "canvas.html").read_text(encoding="utf-8"),
    css=(_HERE / "canvas.css").read_text(encoding="utf-8"),
    js="\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("canvas_ink.js", "canvas.js")),
)


def canvas(*, key: str, invite: str, templates: Sequence[Template] = (), ask: str = "") -> None:
    """Show the board; `kept_drawing` returns what is drawn on it.

    Use it in a fragment: it asks for a rerun when the drawing has rested a moment; without `ask` several times a second
    while a line grows. The drawing outlasts a visit to other pages, because a copy stays in the session: Streamlit
    forgets a component that is not shown.

    Args:
        key: name of the component.
        invite: what stands on the empty board.
        templates: outlines to start from, on offer below the board.
        ask: address that answers a drawing at once (predict/live.py); a verdict with the same one shows the answers.
    """
    first = f"{key}.first"
    if _sent(key) is None:  # the board is new on the page: give it what was on the last one
        st.session_state[first] = st.session_state.get(f"{key}.kept")
    # While the board is there its data stay the same, so Streamlit has nothing to send it.
    data = {
        "drawing": st.session_state.get(first), "invite": invite, "brush_px": BRUSH_PX,
        "templates": [template.to_dict() for template in templates], "ask": ask,
    }  # fmt: skip
    _component(key=key, data=data, on_drawing_change=_nothing)


def kept_drawing(key: str) -> dict[str, Any] | None:
    """Return what the board of this name sent last; None before the first stroke. Whether it is one, nobody checked."""
    kept = f"{key}.kept"
    if (sent := _sent(key)) is not None:
        st.session_state[kept] = sent
    return st.session_state.get(kept)


def read_drawing(values: Any) -> tuple[Drawing, int]:
    """Return the drawing that a board sent and its number, 0 for None, which is before the first stroke.

    Raises:
        ImageError: if it is anything but strokes.
    """
    if values is None:
        return Drawing(), 0
    drawing, stamp = Drawing.from_dict(values), values.get("stamp")
    return drawing, stamp if isinstance(stamp, int) else 0


def _sent(key: str) -> dict[str, Any] | None:
    return (st.session_state.get(key) or {}).get("drawing")


def _nothing() -> None:
    """Streamlit lists a component's values by the callbacks given; the page needs none."""

"""A board to draw on, for mouse, finger and pen; the browser part is canvas.html, .css, .js and canvas_ink.js.

The strokes are the state. They travel to Python while a line grows and when it ends, and Python renders them, so
that the model sees the same picture whatever browser drew it.
"""

from collections.abc import Sequence
from pathlib import Path

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


def canvas(*, key: str, invite: str, templates: Sequence[Template] = ()) -> tuple[Drawing, int]:
    """Show the board; return what is drawn on it and the number of the message that brought it, 0 before the first.

    Use it in a fragment: it asks for a rerun several times a second while a line grows. The drawing outlasts a
    visit to other pages, because a copy stays in the session: Streamlit forgets a component that is not shown.

    Args:
        key: name of the component.
        invite: what stands on the empty board.
        templates: outlines to start from, on offer below the board.

    Raises:
        ImageError: if the browser sends anything but strokes.
    """
    kept, first = f"{key}.kept", f"{key}.first"
    sent = (st.session_state.get(key) or {}).get("drawing")
    if sent is None:  # the board is new on the page: give it what was on the last one
        st.session_state[first] = st.session_state.get(kept)
    else:
        st.session_state[kept] = sent
    # While the board is there its data stay the same, so Streamlit has nothing to send it.
    data = {
        "drawing": st.session_state.get(first), "invite": invite, "brush_px": BRUSH_PX,
        "templates": [template.to_dict() for template in templates],
    }  # fmt: skip
    _component(key=key, data=data, on_drawing_change=_nothing)
    values = st.session_state.get(kept)
    if values is None:
        return Drawing(), 0
    drawing, stamp = Drawing.from_dict(values), values.get("stamp")
    return drawing, stamp if isinstance(stamp, int) else 0


def _nothing() -> None:
    """Streamlit lists a component's values by the callbacks given; the page needs none."""

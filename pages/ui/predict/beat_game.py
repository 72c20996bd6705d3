"""The game itself: one image at a time, ten buttons or the keys 0 to 9, a clock that runs in the browser.

A component of our own (beat_game.js, .css): the next image comes with the click, without asking the server.
"""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from fmnist_core.figures.palette import coloured

_FILE = Path(__file__)

# At module level, so that it is registered once per process and never within a rerun.
_component = st.components.v2.component(
    "fmnist_lab_beat_game",
    css=_FILE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_FILE.with_suffix(".js").read_text(encoding="utf-8"),
)


def beat_game(
    images: np.ndarray, class_names: Sequence[str], *, token: str, key: str, on_done: Callable[[Any], None]
) -> None:
    """Let the visitor label images, (n, 28, 28) uint8, against the clock.

    Args:
        token: names this game; another token begins another.
        on_done: called once, before the page runs again, with what the browser sent: answers and times_ms.
    """
    data = {
        "token": token, "count": len(images),
        "pixels": base64.b64encode(np.ascontiguousarray(images).tobytes()).decode("ascii"),
        "classes": coloured(class_names),
    }  # fmt: skip

    def done() -> None:
        sent = (st.session_state.get(key) or {}).get("done")
        if hasattr(sent, "get") and sent.get("token") == token:
            on_done(sent)

    _component(key=key, data=data, on_done_change=done)

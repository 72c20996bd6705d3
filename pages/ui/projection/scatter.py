"""A map of images: each a dot in the colour of its class, the image under the pointer, a lasso to take some out.

The browser part is scatter.js and scatter_view.js. The images travel with the dots, packed (grey_levels.py), so that
the one under the pointer is there at once.
"""

import json
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from fmnist_core.figures.palette import CLASS_COLOURS
from pages.ui.grey_levels import grey_levels
from pages.ui.save_picture import picture_component

# At module level, so that it is registered once per process and never within a rerun.
_component = picture_component("fmnist_lab_scatter", Path(__file__).with_suffix(".js"), "scatter_view.js")


def scatter(
    points: np.ndarray,
    labels: np.ndarray,
    images: np.ndarray,
    names: Sequence[str],
    *,
    key: str,
    identity: str,
    class_names: Sequence[str],
    axes: tuple[str, str],
    alt: str,
    file: str = "map",
    colours: Sequence[str] = CLASS_COLOURS,
    named: bool = True,
    on_click: Callable[[int], None] | None = None,
    on_lasso: Callable[[], None] | None = None,
) -> np.ndarray:
    """Show the map and return the rows inside the lasso, ascending int64; empty without one.

    Args:
        points: (n, 2) float32.
        labels: (n,) uint8.
        images: (n, 28, 28) uint8.
        names: of the images, such as train-123.
        key: name of the component; zoom and lasso belong to it.
        identity: of what is shown; the same identity means the same points and images.
        class_names: by label.
        axes: titles of the axes with units; where they mean nothing, a sentence that says so, and "".
        alt: what is shown, for those who cannot see it.
        file: name of saved files, without ending.
        colours: by label; those of the classes, unless labels are something else.
        named: whether the names of the classes stand on the map.
        on_click: called with the row of a clicked dot before the page runs again.
        on_lasso: called before the page runs again when a lasso was drawn.
    """
    data = _packed(identity, tuple(axes), alt, file, tuple(colours), named, points, labels, images, names, class_names)

    def clicked() -> None:
        row = _sent(st.session_state.get(key), "clicked", identity)
        if on_click and isinstance(row, int | float) and 0 <= row < len(labels):
            on_click(int(row))

    state = _component(key=key, data=data, on_clicked_change=clicked, on_lasso_change=on_lasso or _nothing)
    rows = _sent(state, "lasso", identity) or []
    return np.array(sorted({int(row) for row in rows if 0 <= row < len(labels)}), dtype=np.int64)


def _nothing() -> None:
    """Streamlit lists a component's values by the callbacks given; the page needs none."""


def _sent(state: Any, name: str, identity: str) -> Any:
    """What the browser sent about these very points; None if it is about others."""
    sent = state.get(name) if hasattr(state, "get") else None
    return sent.get("value") if hasattr(sent, "get") and sent.get("identity") == identity else None


# A few megabytes at most, shared by all sessions.
@st.cache_resource(max_entries=6, show_spinner=False)
def _packed(
    identity: str, axes: tuple[str, str], alt: str, file: str, colours: tuple[str, ...], named: bool,
    _points: np.ndarray, _labels: np.ndarray, _images: np.ndarray, _names: Sequence[str], _class_names: Sequence[str],
) -> bytes:  # fmt: skip
    """Length of the head (uint32), the head as JSON padded to whole words, x and y, labels, compressed images."""
    classes = [
        {
            "name": _class_names[label], "label": int(label), "colour": colours[label % len(colours)],
            "count": int((_labels == label).sum()), "at": np.median(_points[_labels == label], axis=0).tolist(),
        }
        for label in np.unique(_labels)
    ]  # fmt: skip
    head = {
        "identity": identity, "axes": axes, "alt": alt, "file": file, "count": len(_labels), "classes": classes,
        "names": list(_names), "named": named,
    }  # fmt: skip
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([
        struct.pack("<I", len(text)), text, np.ascontiguousarray(_points.T, "<f4").tobytes(),
        _labels.astype(np.uint8).tobytes(), grey_levels(_images),
    ])  # fmt: skip

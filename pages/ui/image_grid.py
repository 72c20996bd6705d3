"""A grid of 28x28 images to look through and click: mouse, finger and arrow keys; the index under the pointer.

The images travel as one block of bytes and are drawn by the browser (image_grid.js), however many they are.
"""

import json
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import streamlit as st

from fmnist_core.errors import LabError
from pages.ui.save_picture import file_name, picture_component

# At module level, so that it is registered once per process and never within a rerun.
_component = picture_component("fmnist_lab_image_grid", Path(__file__).with_suffix(".js"))


@overload
def image_grid(
    images: np.ndarray, captions: Sequence[str] = (), *, key: str, selectable: Literal[False] = False, **options: Any
) -> int | None: ...
@overload
def image_grid(
    images: np.ndarray, captions: Sequence[str] = (), *, key: str, selectable: Literal[True], **options: Any
) -> tuple[int, ...]: ...
def image_grid(
    images: np.ndarray,
    captions: Sequence[str] = (),
    *,
    key: str,
    columns: int = 10,
    selectable: bool = False,
    selected: int | None = None,
    tips: Sequence[str] = (),
    rows: Sequence[tuple[str, int]] = (),
    size_px: int = 96,
    alt: str = "",
    file: str = "",
    on_click: Callable[[int], None] | None = None,
):
    """Show images and return which one was clicked, or which ones are chosen.

    Args:
        images: (n, 28, 28) uint8.
        captions: below the images, one each, or none.
        key: name of the component.
        columns: at most; narrow screens have fewer, unless there are `rows`.
        selectable: a click chooses an image or takes the choice back; several can be chosen.
        selected: the outlined one, where a click opens.
        tips: what the pointer over an image says, one each; line breaks are kept. Without them, the captions.
        rows: name and number of images of each line, in the order of the images.
        size_px: largest side of an image.
        alt: what is shown, for those who cannot see it.
        file: name of saved files, without ending; without it the key.
        on_click: called with the position before the page runs again, so that all of it sees the new choice.

    Returns:
        The position just clicked, else `selected`; if selectable, the chosen positions, ascending. A choice belongs
        to the images it was made of: other images, nothing chosen.

    Raises:
        LabError: images are not (n, 28, 28) uint8, or captions or tips are not one each.
    """
    _check(images, captions, tips)
    head = {
        "captions": list(captions), "tips": list(tips), "rows": [list(row) for row in rows], "columns": columns,
        "size": size_px, "selectable": selectable, "alt": alt, "count": len(images),
        "file": file_name(file or key),
    }  # fmt: skip
    pixels = np.ascontiguousarray(images).tobytes()
    head["token"] = zlib.crc32(pixels, zlib.crc32(json.dumps(head).encode()))
    head["selected"] = None if selected is None else int(selected)

    def tell() -> None:
        position = _position(st.session_state.get(key), head)
        if on_click and position is not None:
            on_click(position)

    state = _component(key=key, data=_pack(head, pixels), on_clicked_change=tell, on_chosen_change=_nothing)
    if selectable:
        return _chosen(state, head)
    position = _position(state, head)
    return selected if position is None else position


def _check(images: np.ndarray, captions: Sequence[str], tips: Sequence[str]) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        raise LabError(
            f"Expected images of shape (n, 28, 28) and type uint8. "
            f"Received shape {images.shape} and type {images.dtype}."
        )
    for name, texts in (("captions", captions), ("tips", tips)):
        if len(texts) not in (0, len(images)):
            raise LabError(f"Expected no {name}, or {len(images)}. Received {len(texts)}.")


def _position(state: Any, head: dict[str, Any]) -> int | None:
    """The position in what the browser sent about these very images; None if it sent anything else."""
    sent = state.get("clicked") if hasattr(state, "get") else None
    if not hasattr(sent, "get") or sent.get("token") != head["token"]:
        return None
    position = sent.get("position")
    return int(position) if isinstance(position, int | float) and 0 <= position < head["count"] else None


def _chosen(state: Any, head: dict[str, Any]) -> tuple[int, ...]:
    sent = state.get("chosen") if hasattr(state, "get") else None
    if not hasattr(sent, "get") or sent.get("token") != head["token"]:
        return ()
    return tuple(sorted({int(at) for at in sent.get("positions", ()) if 0 <= at < head["count"]}))


def _nothing() -> None:
    """Streamlit lists a component's values by the callbacks given; the page needs none."""


def _pack(head: dict[str, Any], pixels: bytes) -> bytes:
    """Length of the head (uint32), the head as JSON, then the pixels."""
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return struct.pack("<I", len(text)) + text + pixels

"""Images side by side with words below each: what findings are about."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from fmnist_core import samples
from fmnist_core.datasets.base import IMAGE_SHAPE
from pages.ui.data import FOLDER_KEY, NAME_KEY
from pages.ui.save_picture import file_name, picture_component

ZOOM = 3  # shown 84 pixels wide

# At module level, so that it is registered once per process and never within a rerun.
_component = picture_component("fmnist_lab_quality_cards", Path(__file__).with_suffix(".js"))


@dataclass(frozen=True)
class Picture:
    """image: (28, 28) uint8; title and notes: below it, in bold and in grey lines.

    place: name of the image, such as train-123, which a click opens on the Samples page; empty for none.
    """

    image: np.ndarray
    title: str
    notes: tuple[str, ...]
    place: str = ""


def cards(groups: Sequence[Sequence[Picture]], *, key: str, alt: str) -> None:
    """Show groups of pictures: those of a group stand together, and a group never breaks over two lines.

    key: name of the component, and of saved files. alt: what all of them are.
    """
    if groups:
        figures = "".join(f"<figure>{''.join(_picture(picture) for picture in group)}</figure>" for group in groups)
        _component(key=key, data={"figures": figures, "file": file_name(key), "alt": alt})


def _picture(picture: Picture) -> str:
    data = _encoded(np.ascontiguousarray(picture.image).tobytes())
    words = ", ".join((picture.title, *picture.notes))
    image = f'<img src="data:image/png;base64,{data}" alt="{escape(words)}">'
    if picture.place:
        image = f'<a href="samples?{escape(_query(picture.place))}" title="Open this image">{image}</a>'
    notes = "".join(f"<span>{escape(note)}</span>" for note in picture.notes)
    return f"<div>{image}<b>{escape(picture.title)}</b>{notes}</div>"


# Pairs stay the same while a filter moves: two kilobytes each, drawn once.
@lru_cache(maxsize=1024)
def _encoded(pixels: bytes) -> str:
    """Return an image of 28x28 bytes as a PNG in base64."""
    image = np.frombuffer(pixels, np.uint8).reshape(1, *IMAGE_SHAPE)
    png = samples.to_png(samples.sheet(image, np.zeros(1, np.int64), 1, gap_px=0, zoom=ZOOM))
    return base64.b64encode(png).decode("ascii")


def _query(place: str) -> str:
    """Return the address's part that opens an image of the data set in use."""
    chosen = {name: st.query_params[name] for name in (NAME_KEY, FOLDER_KEY) if name in st.query_params}
    return urlencode({"image": place, **chosen})

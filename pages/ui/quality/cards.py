"""Images side by side with words below each: what findings are about."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from fmnist_core import samples
from pages.ui.data import FOLDER_KEY, NAME_KEY

ZOOM = 3  # shown 84 pixels wide

_STYLE = """<style>
.quality-cards { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; margin: 0.25rem 0 0.5rem; }
.quality-cards figure { margin: 0; display: flex; gap: 2px; }
.quality-cards figure > div { width: 84px; font-size: 0.78rem; line-height: 1.3; }
.quality-cards img { width: 84px; height: 84px; display: block; image-rendering: pixelated; border-radius: 2px; }
.quality-cards a:hover img, .quality-cards a:focus-visible img { outline: 2px solid currentColor; }
.quality-cards b { display: block; font-weight: 600; margin-top: 3px; overflow-wrap: anywhere; }
.quality-cards span { opacity: 0.75; display: block; }
</style>"""


@dataclass(frozen=True)
class Picture:
    """image: (28, 28) uint8; title and notes: below it, in bold and in grey lines.

    place: name of the image, such as train-123, which a click opens on the Samples page; empty for none.
    """

    image: np.ndarray
    title: str
    notes: tuple[str, ...]
    place: str = ""


def cards(groups: Sequence[Sequence[Picture]]) -> None:
    """Show groups of pictures: those of a group stand together, and a group never breaks over two lines."""
    figures = "".join(f"<figure>{''.join(_picture(picture) for picture in group)}</figure>" for group in groups)
    st.html(f'{_STYLE}<div class="quality-cards">{figures}</div>')


def _picture(picture: Picture) -> str:
    png = samples.to_png(samples.sheet(picture.image[np.newaxis], np.zeros(1, np.int64), 1, gap_px=0, zoom=ZOOM))
    data = base64.b64encode(png).decode("ascii")
    words = ", ".join((picture.title, *picture.notes))
    image = f'<img src="data:image/png;base64,{data}" alt="{escape(words)}">'
    if picture.place:
        image = f'<a href="samples?{escape(_query(picture.place))}" title="Open this image">{image}</a>'
    notes = "".join(f"<span>{escape(note)}</span>" for note in picture.notes)
    return f"<div>{image}<b>{escape(picture.title)}</b>{notes}</div>"


def _query(place: str) -> str:
    """Return the address's part that opens an image of the data set in use."""
    chosen = {name: st.query_params[name] for name in (NAME_KEY, FOLDER_KEY) if name in st.query_params}
    return urlencode({"image": place, **chosen})

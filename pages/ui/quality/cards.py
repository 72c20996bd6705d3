"""Images side by side with words below each: what findings are about."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from fmnist_core import samples

IMAGE_PX, ZOOM = 84, 3

_STYLE = """<style>
.quality-cards { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; margin: 0.25rem 0 0.5rem; }
.quality-cards figure { margin: 0; display: flex; gap: 2px; }
.quality-cards figure > div { width: 84px; font-size: 0.78rem; line-height: 1.3; }
.quality-cards img { width: 84px; height: 84px; display: block; image-rendering: pixelated; border-radius: 2px; }
.quality-cards b { display: block; font-weight: 600; margin-top: 3px; overflow-wrap: anywhere; }
.quality-cards span { opacity: 0.75; display: block; }
</style>"""


@dataclass(frozen=True)
class Picture:
    """image: (28, 28) uint8; title and notes: below it, in bold and in grey lines."""

    image: np.ndarray
    title: str
    notes: tuple[str, ...]


def cards(groups: Sequence[Sequence[Picture]]) -> None:
    """Show groups of pictures: those of a group stand together, and a group never breaks over two lines."""
    figures = "".join(f"<figure>{''.join(_picture(picture) for picture in group)}</figure>" for group in groups)
    st.html(f'{_STYLE}<div class="quality-cards">{figures}</div>')


def _picture(picture: Picture) -> str:
    png = samples.to_png(samples.sheet(picture.image[np.newaxis], np.zeros(1, np.int64), 1, gap_px=0, zoom=ZOOM))
    data = base64.b64encode(png).decode("ascii")
    words = ", ".join((picture.title, *picture.notes))
    return (
        f'<div><img src="data:image/png;base64,{data}" alt="{escape(words)}">'
        f"<b>{escape(picture.title)}</b>{''.join(f'<span>{escape(note)}</span>' for note in picture.notes)}</div>"
    )

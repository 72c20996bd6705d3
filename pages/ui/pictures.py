"""Pictures side by side, as many to a row as there is room for, each below its name; saved together as one."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pages.ui.save_picture import file_name, picture_component

NARROWEST_PX, WIDEST_PX = 60, 136  # of a picture: five to a row on a phone

# At module level, so that it is registered once per process and never within a rerun.
_component = picture_component("fmnist_lab_pictures", Path(__file__).with_suffix(".js"))


class Picture(NamedTuple):
    """A PNG, the name above it, and what it shows, for those who cannot see it."""

    name: str
    png: bytes
    alt: str


def pictures(
    items: Sequence[Picture],
    *,
    key: str,
    alt: str,
    file: str = "",
    narrowest_px: int = NARROWEST_PX,
    widest_px: int = WIDEST_PX,
) -> None:
    """Show pictures with names above them.

    alt: what all of them are. file: name of saved files, without ending; without it the key.
    narrowest_px, widest_px: of one picture.
    """
    data = [
        {"name": name, "alt": about, "src": f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"}
        for name, png, about in items
    ]
    head = {"narrowest": narrowest_px, "widest": widest_px, "alt": alt, "file": file_name(file or key)}
    _component(key=key, data={"items": data, **head})

"""What a judge gives each class of one image: a row per class, which a click or its digit gives to the image.

A component of our own (class_bars.js, .css): to the user, ten buttons with bars in them, and keys, are one thing.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from fmnist_core.figures.palette import CLASS_COLOURS

_HERE = Path(__file__).parent
DIGITS = 10  # classes that have a key

# At module level, so that it is registered once per process and never within a rerun.
_component = st.components.v2.component(
    "fmnist_lab_class_bars",
    html='<div class="class-bars" role="group"></div>',
    css=(_HERE / "class_bars.css").read_text(encoding="utf-8"),
    js=(_HERE / "class_bars.js").read_text(encoding="utf-8"),
)


def class_bars(
    shares: np.ndarray,
    classes: Sequence[str],
    *,
    key: str,
    given: int,
    proposed: int,
    image: str,
    title: str,
    on_choose: Callable[[int], None],
) -> None:
    """Show the rows.

    Args:
        shares: (classes,) floats, 0..1; NaN where the judge says nothing.
        key: name of the component.
        given, proposed: the label that the image bears, and the strongest other.
        image: its name; a choice counts for the image that it was made on.
        title: what the bars show, for those who cannot see them.
        on_choose: called with the class before the page runs again.
    """
    rows = [
        {
            "name": name, "key": str(label) if label < DIGITS else "",
            "colour": CLASS_COLOURS[label % len(CLASS_COLOURS)],
            "share": None if np.isnan(shares[label]) else round(float(shares[label]), 4),
            "role": {given: "given", proposed: "proposed"}.get(label, ""),
        }
        for label, name in enumerate(classes)
    ]  # fmt: skip

    def tell() -> None:
        label = _chosen(st.session_state.get(key), image, len(classes))
        if label is not None:
            on_choose(label)

    _component(key=key, data={"rows": rows, "image": image, "title": title}, on_chosen_change=tell)


def _chosen(state: object, image: str, count: int) -> int | None:
    """The class in what the browser sent about this very image; None if it sent anything else."""
    sent = state.get("chosen") if hasattr(state, "get") else None
    if not hasattr(sent, "get") or sent.get("image") != image:
        return None
    label = sent.get("label")
    return int(label) if isinstance(label, int | float) and 0 <= label < count else None

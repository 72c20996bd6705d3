"""All 784 x 784 correlations as one picture: a lens follows the pointer, a click chooses a pair of pixels.

The numbers travel as 16-bit whole numbers, half of the symmetric matrix, 614 kB: the browser colours one bitmap of
784 x 784 dots, which is no more work for it than a photograph, and it can say every value (to 0.00003) without asking.
"""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st

from fmnist_core.figures.pixels import DIVERGING
from fmnist_core.pixels import PIXELS
from pages.ui.save_picture import file_name, picture_component

_BLANK, _UNIT = -32768, 32767

# At module level, so that it is registered once per process and never within a rerun.
_component = picture_component("fmnist_lab_correlation_matrix", Path(__file__).with_suffix(".js"))


def packed(matrix: np.ndarray) -> bytes:
    """Pack the upper half of a symmetric (784, 784) matrix of -1..1, row by row, diagonal included; NaN is kept."""
    upper = matrix[np.triu_indices(PIXELS)]
    return np.where(np.isnan(upper), _BLANK, np.round(upper * _UNIT)).astype("<i2").tobytes()


def correlation_matrix(
    numbers: bytes,
    *,
    key: str,
    pair: tuple[int, int] | None,
    alt: str,
    on_select: Callable[[int, int], None],
    top: float = 1.0,
) -> None:
    """Show the matrix; numbers from packed().

    pair: the two pixels with the cross. on_select: called with the pair before the page runs again.
    top: what a packed 1 stands for, such as the largest difference.
    """
    head = {"stops": DIVERGING, "pair": pair, "alt": alt, "top": top, "file": file_name(key)}
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)

    def tell() -> None:
        sent = (st.session_state.get(key) or {}).get("pair")
        if isinstance(sent, list) and len(sent) == 2 and all(isinstance(p, int) and 0 <= p < PIXELS for p in sent):
            on_select(*sent)

    _component(key=key, data=struct.pack("<I", len(text)) + text + numbers, on_pair_change=tell)

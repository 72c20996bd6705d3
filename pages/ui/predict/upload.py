"""Upload: a picture from the user's disk or camera roll becomes an item."""

import numpy as np
import streamlit as st

from fmnist_core import intake
from fmnist_core.errors import ImageError
from fmnist_core.intake import Framing, Polarity
from fmnist_core.prediction import Predictor
from pages.ui.data import plain
from pages.ui.verdict import verdict

_PREVIEW_PX = 300
_POLARITIES = {
    "Detect": None,
    "Dark on light": Polarity.DARK_ON_LIGHT,
    "Light on dark": Polarity.LIGHT_ON_DARK,
}


def upload_panel(predictor: Predictor, framing: Framing, hint: str) -> None:
    """Take a picture and show it beside what the model makes of it."""
    left, right = st.columns([6, 5], gap="large")
    with left:
        item, caption = _item(framing)
    with right:
        verdict(predictor, item, key="upload_verdict", hint=hint, caption=caption)


def _item(framing: Framing) -> tuple[np.ndarray | None, str]:
    """Show the controls; return the item, or None, and how it came about."""
    file = st.file_uploader(
        "Picture", type=["png", "jpg", "jpeg", "webp"], key="picture", max_upload_size=intake.MAX_BYTES >> 20,
        help="One item, seen whole, on a plain ground. It is trimmed and centred as the data were.",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        asked = st.segmented_control(
            "The item is", list(_POLARITIES), default="Detect", required=True, key="polarity", bind="query-params",
            help="Garments in the data are light on black; photos and pencil drawings are mostly dark on light.",
        )  # fmt: skip
        fill = st.toggle(
            "Fill closed outlines", key="fill", bind="query-params",
            help="For line drawings: the data show filled shapes, not lines.",
        )  # fmt: skip
    if file is None:
        return None, ""
    try:
        picture = intake.from_file(file.getvalue(), file.name)
        polarity = _POLARITIES[asked] or intake.detect_polarity(picture.pixels)
        item = intake.to_item(picture.pixels, polarity=polarity, framing=framing, fill=fill)
    except ImageError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None, ""
    height, width = picture.pixels.shape
    st.image(picture.pixels, "As it came, in grey", width=round(_PREVIEW_PX * min(1, width / height)))
    if item is None:
        st.info("The picture is blank: nothing stands out from its ground.", icon=":material/image_search:")
    return item, " ".join([f"Taken as {polarity}.", *picture.notes])

"""Upload and Camera: pictures from the user's disk, clipboard or webcam become items."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from fmnist_core import intake
from fmnist_core.decoding import Picture
from fmnist_core.errors import ImageError
from fmnist_core.xray import Framing, Kind, kind_of, trace, usual
from pages.ui.data import plain
from pages.ui.image_grid import image_grid
from pages.ui.predict.given import Given
from pages.ui.predict.honest import Yardstick, caption_of, judged
from pages.ui.predict.paste import paste
from pages.ui.predict.words import hint_for
from pages.ui.verdict import Model

MOST = 48  # pictures looked at together
_PREVIEW_PX = 300
_DECODED, _AT, _UPLOADER = "upload.decoded", "upload.at", "picture"


@dataclass
class Read:
    """A picture read from a file, and the items that its usual steps made of it: None where it is blank."""

    picture: Picture
    items: dict[Framing, np.ndarray | None] = field(default_factory=dict)

    def item(self, framing: Framing) -> np.ndarray | None:
        """Return the item, (28, 28) uint8; its steps are taken once."""
        if framing not in self.items:
            self.items[framing] = trace(self.picture, usual(kind_of(self.picture), framing)).item
        return self.items[framing]


def upload_panel(model: Model, framing: Framing, yardsticks: Sequence[Yardstick]) -> Given:
    """Take pictures from files or the clipboard; return the one looked at.

    yardsticks: the model's, for "none of these", or none where every picture shall get a class.
    """
    files = st.file_uploader(
        "Pictures", type=["png", "jpg", "jpeg", "webp", "gif"], key=_UPLOADER, accept_multiple_files=True,
        max_upload_size=intake.MAX_BYTES >> 20,
        help="One item in each, seen whole, on a plain ground. It is trimmed and centred as the data were.",
    )  # fmt: skip
    paste(key="paste", uploader=_UPLOADER)
    hint = hint_for(model.predictor.class_names, "Upload a picture of")
    readable = decoded(files)
    if not readable:
        return Given(None, Kind.PICTURE, hint)
    at = _choose(model, framing, readable, yardsticks) if len(readable) > 1 else 0
    name, read = readable[at]
    return _given(name, read.picture, preview=True)


def camera_panel(model: Model) -> Given:
    """Take a picture with the webcam and return it."""
    file = st.camera_input(
        "Hold one item before a plain ground, so that all of it is seen", key="camera",
        help="The picture goes to the machine on which this app runs, and nowhere else.",
    )  # fmt: skip
    readable = decoded([] if file is None else [file])
    if not readable:
        return Given(None, Kind.PICTURE, hint_for(model.predictor.class_names, "Show the camera"))
    return _given("", readable[0][1].picture, preview=False)


def decoded(files: Sequence[UploadedFile]) -> list[tuple[str, Read]]:
    """Return name and picture of each readable file, and name those that are not. Each is decoded once."""
    if len(files) > MOST:
        st.info(f"Showing the first {MOST} of {len(files)} pictures.", icon=":material/image:")
    known = st.session_state.get(_DECODED, {})
    results = {file.file_id: known.get(file.file_id) or _decode(file) for file in files[:MOST]}
    st.session_state[_DECODED] = results
    bad = [result for result in results.values() if isinstance(result, str)]
    if bad:
        st.error("  \n".join(plain(reason) for reason in bad), icon=":material/error:")
    named = [(file.name, results[file.file_id]) for file in files[:MOST]]
    return [(name, result) for name, result in named if isinstance(result, Read)]


def _decode(file: UploadedFile) -> Read | str:
    try:
        return Read(intake.from_file(file.getvalue(), file.name))
    except ImageError as error:
        return str(error)


def _choose(model: Model, framing: Framing, readable: list[tuple[str, Read]], yardsticks: Sequence[Yardstick]) -> int:
    """Show all pictures as the model sees them, with its answers; return the position of the one clicked last."""
    items = [read.item(framing) for _, read in readable]
    blank = np.zeros((28, 28), np.uint8)
    images = np.stack([blank if item is None else item for item in items])
    names = model.predictor.class_names
    refused = judged(model, yardsticks[0], images) if yardsticks else np.zeros(len(images), np.uint8)
    captions = [
        "blank" if item is None else caption_of(names[row.argmax()], row.max(), why)
        for item, row, why in zip(items, model.probabilities(images), refused, strict=True)
    ]
    known = st.session_state.get(_AT, 0)
    at = image_grid(
        images, captions, key="upload-grid", columns=6, selected=min(known, len(images) - 1), size_px=84,
        tips=[f"{name}\n{caption}" for (name, _), caption in zip(readable, captions, strict=True)],
        alt="The pictures as the model sees them", file="uploaded",
    )  # fmt: skip
    st.session_state[_AT] = at
    return at


def _given(name: str, picture: Picture, *, preview: bool) -> Given:
    if preview:
        shown = picture.pixels if picture.colours is None else picture.colours
        height, width = shown.shape[:2]
        st.image(shown, name, width=round(_PREVIEW_PX * min(1, width / height)))
    caption = " ".join(["Trimmed and centred as the data were.", *picture.notes])
    hint = "The picture is blank: nothing stands out from its ground."
    kind = kind_of(picture)
    if kind == Kind.SMALL:
        caption = "A picture of 28 × 28 is taken as it is, but for its polarity."
    return Given(picture, kind, hint, caption)

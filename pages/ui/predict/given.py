"""What a way of giving a picture hands to the rest of the page."""

from dataclasses import dataclass

from fmnist_core.decoding import Picture
from fmnist_core.xray import Kind


@dataclass(frozen=True)
class Given:
    """A picture to answer, or the hint that stands in its place.

    Attributes:
        picture: None while there is none.
        kind: decides which steps are usual.
        hint: what to do to get an answer, or why there is none.
        caption: how the item came about, below the pixels that the model sees.
        truth: the true class, where it is known.
        stamp: number of the drawing.
    """

    picture: Picture | None
    kind: Kind
    hint: str = ""
    caption: str = ""
    truth: str | None = None
    stamp: int = 0

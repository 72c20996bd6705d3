"""One fixed colour per class through the whole app, safe for colour-blind readers.

Source: Paul Tol's "muted" qualitative scheme (SRON/EPS/TN/09-002, 2021): nine colours that stay apart under the three
common kinds of colour blindness, and a light grey as the tenth. Indigo, green and wine are lighter than his so that
they stand off a dark page, and teal is bluer so that it stays apart from the grey; a test holds all ten apart.
"""

from collections.abc import Sequence

CLASS_COLOURS = (
    "#CC6677", "#6F66E0", "#DDAB2F", "#198540", "#88CCEE",
    "#A8305F", "#43A4A8", "#999933", "#A84197", "#C4C4C4",
)  # fmt: skip
TRAIN_COLOUR = "#14918D"  # between the light and the dark theme's primary, so that it stands off both pages
VALIDATION_COLOUR = "#D9822B"
NEUTRAL_COLOUR = "#8A8F98"


def coloured(class_names: Sequence[str]) -> list[dict[str, str]]:
    """Return name and colour of each class, as our components in the browser take them."""
    return [{"name": name, "colour": CLASS_COLOURS[at % len(CLASS_COLOURS)]} for at, name in enumerate(class_names)]

"""One fixed colour per class through the whole app, safe for colour-blind readers.

Source: Paul Tol's "muted" qualitative scheme (SRON/EPS/TN/09-002, 2021): nine colours that stay apart under
the three common kinds of colour blindness, with grey as the tenth. Indigo, green and wine are lightened so that they
stand off a dark page as well.
"""

CLASS_COLOURS = (
    "#CC6677", "#6F66E0", "#DDAA33", "#1B8540", "#88CCEE",
    "#A8305F", "#44AA99", "#999933", "#AA4499", "#808080",
)  # fmt: skip
TRAIN_COLOUR = "#14918D"  # between the light and the dark theme's primary, so that it stands off both pages
VALIDATION_COLOUR = "#D9822B"
NEUTRAL_COLOUR = "#8A8F98"

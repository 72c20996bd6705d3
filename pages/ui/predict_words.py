"""What the Predict page says while there is nothing to predict."""

from collections.abc import Sequence


def hint_for(class_names: Sequence[str]) -> str:
    """Name what the model knows, in one sentence."""
    return f"It knows: {', '.join(class_names)}."


def invite_for(class_names: Sequence[str]) -> str:
    """Say what to draw on the empty board."""
    if all(name.isdigit() for name in class_names):
        return "Draw a digit here"
    return "Draw an item here, as large as the board"

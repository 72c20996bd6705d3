"""What the Predict page says while there is nothing to predict."""

from collections.abc import Sequence


def hint_for(class_names: Sequence[str], act: str) -> str:
    """Say what to do to get an answer; the names of the classes stand right below it."""
    hint = f"{act} one of these."
    return f"{hint} Shoes in the data point to the left." if "Sneaker" in class_names else hint


def invite_for(class_names: Sequence[str]) -> str:
    """Say what to draw on the empty board."""
    thing = "a digit" if all(name.isdigit() for name in class_names) else "an item"
    return f"Draw {thing} here, as large as the board"

"""What a completed Run says of itself, checked: files may be damaged, and pages trust the kinds of these figures."""

from collections.abc import Callable
from math import isfinite
from typing import Any

from fmnist_core.errors import LabError, RunError
from fmnist_core.overlay import Overlay
from fmnist_core.runs import RESULT_FILE, Run
from fmnist_core.training_data import MARKS_FILE


def _is_number(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _is_count(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(name, str) for name in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


# What each figure must be, in words and as a check.
FIGURES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "test_accuracy": ("a number of 0 to 1", lambda value: _is_number(value, 0, 1)),
    "test_loss": ("a number from 0", lambda value: _is_number(value, 0, float("inf")) and isfinite(value)),
    "test_images": ("a whole number from 1", lambda value: _is_count(value, 1)),
    "class_names": ("names of classes", _are_names),
    "sha256": ("a text", _is_text),
    "source": ("a text", _is_text),
    "parameters": ("a whole number from 0", lambda value: _is_count(value, 0)),
    "synthetic": ("true or false", lambda value: isinstance(value, bool)),
}


def read_result(run: Run) -> dict[str, Any]:
    """Return a completed Run's figures.

    Raises:
        RunError: where the file is absent, incomplete or holds something else.
    """
    result = run.result
    if result is None:
        raise RunError(f"Run {run.id}: expected {RESULT_FILE} of a completed Run. Received none.")
    missing = [name for name in FIGURES if name not in result]
    if missing:
        raise RunError(f"Run {run.id}: expected {', '.join(missing)} in {RESULT_FILE}. Received none.")
    for name, (words, is_right) in FIGURES.items():
        if not is_right(result[name]):
            raise RunError(
                f"Run {run.id}: expected {words} as {name} in {RESULT_FILE}. Received {repr(result[name])[:60]}."
            )
    return result


def decisions_digest(run: Run, sha256: str) -> str:
    """Return a short name of the label decisions that a Run on the data of this hash applied; "" where it applied none.

    Of decisions that cannot be read nobody knows whether they are those of another Run: their name is the Run's own.
    """
    if not run.spec.label_marks:
        return ""
    try:
        return Overlay.read(sha256, run.folder / MARKS_FILE).digest
    except LabError:
        return run.id

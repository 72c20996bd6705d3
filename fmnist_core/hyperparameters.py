"""Hyperparameter: the description of one field of a spec, and the checks that read it."""

import math
from dataclasses import dataclass, field
from typing import Any

from fmnist_core.errors import SpecError


@dataclass(frozen=True)
class Hyperparameter:
    """What a form and a validator need to know of one field.

    Attributes:
        label: name on screen.
        help: one or two sentences: what it does, and its usual range.
        section: the part of the form it belongs to.
        minimum, maximum, step: inclusive numeric range, in the field's own unit.
        log: True where a slider should move by factors.
        choices: allowed values and the words for them.
    """

    label: str
    help: str
    section: str
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    log: bool = False
    choices: dict[str, str] | None = None


def hyper(default: Any, section: str, label: str, help: str, **limits: Any) -> Any:
    """Return a dataclass field with this default that carries its description."""
    return field(default=default, metadata={"hyper": Hyperparameter(label, help, section, **limits)})


def whole(name: str, value: Any, minimum: float, maximum: float) -> None:
    """Raise SpecError unless value is an int (no bool) in minimum..maximum."""
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
        raise SpecError(f"Expected {name}: a whole number from {minimum:g} to {maximum:g}. Received: {value!r}.")


def number(name: str, value: Any, minimum: float, maximum: float) -> float:
    """Return value as a float; raise SpecError unless it is a finite number in minimum..maximum."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not usable or not minimum <= value <= maximum:
        raise SpecError(f"Expected {name}: a number from {minimum:g} to {maximum:g}. Received: {value!r}.")
    return float(value)


def checked(name: str, parameter: Hyperparameter, value: Any, default: Any) -> Any:
    """Return the value of a field, a whole number as a float where its default is one; else raise SpecError."""
    if parameter.choices is not None:
        if value not in parameter.choices:
            raise SpecError(f"Expected {name}: one of {', '.join(map(str, parameter.choices))}. Received: {value!r}.")
    elif parameter.minimum is None:
        if not isinstance(value, bool):
            raise SpecError(f"Expected {name}: true or false. Received: {value!r}.")
    elif isinstance(default, int):
        whole(name, value, parameter.minimum, parameter.maximum)
    else:
        return number(name, value, parameter.minimum, parameter.maximum)
    return value

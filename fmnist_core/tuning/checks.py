"""Whether a search space can be searched: refused with a reason before anything trains."""

from collections.abc import Sequence
from typing import Any

from fmnist_core import zoo
from fmnist_core.errors import SpecError
from fmnist_core.spec import RunSpec
from fmnist_core.tuning.fields import field_at, put
from fmnist_core.tuning.space import Entry, Fixed

_KINDS = {
    "int": ("int", "choice", "fixed"), "float": ("float", "choice", "fixed"), "choice": ("choice", "fixed"),
    "boolean": ("boolean", "fixed"),
}  # fmt: skip


def check_space(base: RunSpec, space: Sequence[Entry], tuner: str) -> None:
    """Make sure that a space belongs to the network and that its values can be tried.

    Raises:
        SpecError: if not, with the reason.
    """
    if not any(not isinstance(entry, Fixed) for entry in space):
        raise SpecError("Expected at least one hyperparameter to search. Received an empty space.")
    paths = [entry.path for entry in space]
    if doubles := {path for path in paths if paths.count(path) > 1}:
        raise SpecError(f"Expected each hyperparameter once. Received {', '.join(sorted(doubles))} more than once.")
    if tuner == "hyperband" and "epochs" in paths:
        raise SpecError("Expected Hyperband to choose the epochs. Received epochs among the hyperparameters, too.")
    for place, entry in enumerate(space):
        _check_entry(base, entry, space[:place])
    _check_fit(base, space)


def _check_entry(base: RunSpec, entry: Entry, before: Sequence[Entry]) -> None:
    known = field_at(base, entry.path)
    if entry.kind not in _KINDS[known.kind]:
        raise SpecError(
            f"Expected {entry.path}: an entry of kind {' or '.join(_KINDS[known.kind])}. Received: {entry.kind}."
        )
    if entry.when is None:
        return
    parent = next((one for one in before if one.path == entry.when.path), None)
    if parent is None:
        raise SpecError(
            f"Expected the condition of {entry.path} to name a hyperparameter that stands before it in the space. "
            f"Received {entry.when.path!r}."
        )
    if parent.options is None or not set(entry.when.values) <= set(parent.options):
        raise SpecError(
            f"Expected the condition of {entry.path} to name values that {entry.when.path} can have. Received "
            f"{', '.join(map(str, entry.when.values))}."
        )


def _check_fit(base: RunSpec, space: Sequence[Entry]) -> None:
    """Try the limits: each entry's own, all at their lowest, all at their highest.

    A combination in between that does not fit all the same fails as a trial, and the search goes on.
    """
    lowest, highest = _corner(space, 0), _corner(space, -1)
    for entry in space:
        for value in entry.extremes:
            # With the parts that it may need: a condition on a count must bring them.
            needed = {entry.when.path: entry.when.values[0]} if entry.when else {}
            _try(base, space, needed | {entry.path: value})
    _try(base, space, lowest)
    _try(base, space, highest)


def _try(base: RunSpec, space: Sequence[Entry], values: dict[str, Any]) -> None:
    fixed = {entry.path: entry.value for entry in space if isinstance(entry, Fixed) and entry.when is None}
    try:
        zoo.describe(put(base, fixed | values))
    except SpecError as error:
        words = ", ".join(f"{path} = {value}" for path, value in values.items())
        raise SpecError(f"These values cannot be tried: {words}. {error}") from error


def _corner(space: Sequence[Entry], end: int) -> dict[str, Any]:
    """Return the first (0) or last (-1) value of every entry that counts then."""
    values: dict[str, Any] = {}
    for entry in space:
        if entry.when is None or values.get(entry.when.path) in entry.when.values:
            values[entry.path] = entry.extremes[end]
    return values

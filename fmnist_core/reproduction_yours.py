"""A user's own Runs and cross-validations of the reference systems' rows, in the figures that the system reported."""

from collections.abc import Sequence
from typing import Any

from fmnist_core.comparison import differences
from fmnist_core.crossval import Group
from fmnist_core.crossval_schemes import scheme_of
from fmnist_core.crossval_scores import Score, summary
from fmnist_core.reproduction import Row
from fmnist_core.reproduction_runs import KeptRun
from fmnist_core.reproduction_table import name_words
from fmnist_core.spec import RunSpec

SHOWN_FIGURES = 2  # of each row, those that it reports first


def belongs(row: Row, spec: RunSpec) -> bool:
    """Whether a Run is one of the row's preset, changed or not; folds and trials of searches are not."""
    if row.scheme or row.search or spec.fold:
        return False
    if row.spec.preset:
        return spec.preset == row.spec.preset
    return spec.conv_blocks == row.spec.conv_blocks and spec.dense_layers == row.spec.dense_layers


def as_kept(row: Row, spec: RunSpec, result: dict[str, Any] | None, epochs: Sequence[dict[str, float]]) -> KeptRun:
    """Return a Run of the user's in the form of ours; `epochs` are its finished ones, `result` its figures."""
    numbers = {name: value for name, value in (result or {}).items() if isinstance(value, int | float)}
    last = dict(epochs[-1]) if epochs else {}
    return KeptRun(row.key, spec=spec, result=numbers, last=last)


def run_record(row: Row, run: KeptRun) -> dict[str, Any]:
    """Return a table row: Run, the row's first figures, and what differs from the preset, in words."""
    changed = differences(run.spec, row.spec)["hyperparameter"].str.lower()
    figures = {name_words(row, name): _value(run.figure(name)) for name, _ in row.reported[:SHOWN_FIGURES]}
    return {"Run": run.spec.title, **figures, "Changed": ", ".join(changed) or "nothing"}


def is_of_scheme(row: Row, group: Group) -> bool:
    """Whether a cross-validation follows the row's scheme, with or without carried weights."""
    return bool(row.scheme) and scheme_of(group.cross) == row.scheme


def group_record(row: Row, group: Group, scores: Sequence[Score]) -> dict[str, Any]:
    """Return a table row: when, folds done, lowest, mean and highest accuracy, and what is not as the system did it."""
    part = "validation" if row.measured_on == "validation" else "test"
    found = summary(scores, part)
    changed = differences(group.cross.base, row.spec)["hyperparameter"].str.lower().tolist()
    if group.cross.leaking != row.crosses()[0].leaking:
        changed.append("a new network for each fold" if row.crosses()[0].leaking else "weights carried")
    return {
        "Cross-validation": f"{group.when:%d %b %H:%M}",
        "Folds done": f"{len(found.values) if found else 0} of {group.cross.folds * group.cross.repeats}",
        f"Lowest, {part}": found and found.minimum,
        f"Mean, {part}": found and found.mean,
        f"Highest, {part}": found and found.maximum,
        "Changed": ", ".join(changed) or "nothing",
    }


def _value(figure: Any) -> float | None:
    return figure.value if figure else None

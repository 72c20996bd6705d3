"""Runs in one table: figures, and the hyperparameters in which they differ; repeats with other seeds as one row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pandas as pd

from fmnist_core.comparison import compared_fields, label, words
from fmnist_core.spec import RunSpec

ACCURACIES = ("Validation, best", "Validation, last", "Test")
FIGURES = (*ACCURACIES, "Epochs", "Seconds", "Parameters")


@dataclass(frozen=True)
class Row:
    """What is known of a Run.

    Attributes:
        id, spec, state: of the Run.
        val_accuracy: of each finished epoch, 0..1.
        seconds: of all finished epochs.
        test_accuracy: 0..1; None before the end.
        test_images: on how many images.
        parameters: weights of the network; None before the end.
    """

    id: str
    spec: RunSpec
    state: str
    val_accuracy: tuple[float, ...] = ()
    seconds: float = 0.0
    test_accuracy: float | None = None
    test_images: int = 0
    parameters: int | None = None

    def figures(self) -> dict[str, float]:
        """Return FIGURES; NaN for what is not known."""
        values = (
            max(self.val_accuracy, default=nan), self.val_accuracy[-1] if self.val_accuracy else nan,
            nan if self.test_accuracy is None else self.test_accuracy, len(self.val_accuracy), self.seconds,
            nan if self.parameters is None else self.parameters,
        )  # fmt: skip
        return dict(zip(FIGURES, values, strict=True))


def differing(specs: Sequence[RunSpec]) -> list[str]:
    """Return the hyperparameters that matter to one of the specs at least and in which they differ, seed last."""
    names = dict.fromkeys(name for spec in specs for name in compared_fields(spec))
    different = [name for name in names if len({words(name, getattr(spec, name)) for spec in specs}) > 1]
    return different + ["seed"] * (len({spec.seed for spec in specs}) > 1)


def run_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Return a row per Run, by id: Run, State, FIGURES, and a column per hyperparameter that differs, in words."""
    names = differing([row.spec for row in rows]) if rows else []
    records: list[dict[str, Any]] = [
        {"Run": row.spec.title, "State": row.state, **row.figures(), **_settings(row.spec, names)} for row in rows
    ]
    return pd.DataFrame(records, index=[row.id for row in rows])


def seed_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Return a row per set of completed Runs that differ in nothing but their seed.

    Its columns: Run, Runs (how many), mean and sd of ACCURACIES, and what differs. sd has n - 1 in the denominator; NaN
    for one Run.
    """
    sets: dict[RunSpec, list[Row]] = {}
    for row in [row for row in rows if row.state == "completed"]:
        sets.setdefault(row.spec.replace(seed=0, title="-", group=""), []).append(row)
    names = [name for name in differing([some[0].spec for some in sets.values()]) if name != "seed"] if sets else []
    records = []
    for some in sets.values():
        record: dict[str, Any] = {"Run": some[0].spec.title, "Runs": len(some)}
        for name in ACCURACIES:
            record[name], record[f"{name}, sd"] = _mean_and_sd(row.figures()[name] for row in some)
        records.append(record | _settings(some[0].spec, names))
    return pd.DataFrame(records)


def smoothed(values: Sequence[float], weight: float) -> np.ndarray:
    """Return a running mean in which the past weighs `weight`, 0..1, debiased as TensorBoard's: (n,) -> (n,) float64.

    NaN stays NaN and leaves the mean as it was.
    """
    result, mean, seen = np.full(len(values), np.nan), 0.0, 0.0
    for place, value in enumerate(values):
        if value == value:
            mean, seen = weight * mean + (1 - weight) * value, weight * seen + (1 - weight)
            result[place] = mean / seen
    return result


def _settings(spec: RunSpec, names: Iterable[str]) -> dict[str, str]:
    return {label(name): words(name, getattr(spec, name)) for name in names}


def _mean_and_sd(values: Iterable[float]) -> tuple[float, float]:
    known = [value for value in values if value == value]
    return (fmean(known) if known else nan), (stdev(known) if len(known) > 1 else nan)

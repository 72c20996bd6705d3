"""Runs in one table: figures, and the hyperparameters in which they differ; repeats with other seeds as one row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from math import nan
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pandas as pd

from fmnist_core.comparison import NAMING, compared_fields, label, words
from fmnist_core.datasets import DATASETS
from fmnist_core.spec import RunSpec
from fmnist_core.zoo import NETWORKS

DIFFERS = "≠"  # before the name of a hyperparameter in which Runs differ, where all are shown
ACCURACIES = ("Validation, best", "Validation, last", "Test")
STAND_IN = "stand-in"  # instead of the real data, which could not be had
FIGURES = (*ACCURACIES, "Epochs done", "Seconds", "Parameters")
_NO_DIFFERENCE = NAMING - {"dataset_folder"}  # of own files another folder is other data


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
        tags: the user's.
        sha256: of the data that it was trained and tested on; "" before the end.
        synthetic: whether those were a stand-in.
        decisions: short name of the label decisions that it applied; "" for none.
    """

    id: str
    spec: RunSpec
    state: str
    val_accuracy: tuple[float, ...] = ()
    seconds: float = 0.0
    test_accuracy: float | None = None
    test_images: int = 0
    parameters: int | None = None
    tags: tuple[str, ...] = ()
    sha256: str = ""
    synthetic: bool = False
    decisions: str = ""

    @cached_property
    def found_by(self) -> str:
        """The words that a filter looks in, in lower case: title, tags, state, preset, network and data set."""
        network = f"{self.spec.backbone} transfer" if self.spec.is_transfer else self.spec.network
        data = DATASETS[self.spec.dataset].title if self.spec.dataset in DATASETS else ""
        parts = (self.spec.marked_title, *self.tags, self.state, self.spec.preset, network, self.spec.dataset, data)
        return " ".join(parts).lower()

    def figures(self) -> dict[str, float]:
        """Return FIGURES; NaN for what is not known."""
        values = (
            max(self.val_accuracy, default=nan), self.val_accuracy[-1] if self.val_accuracy else nan,
            nan if self.test_accuracy is None else self.test_accuracy,
            len(self.val_accuracy) or nan, self.seconds or nan,  # no epoch is known of a model from outside
            nan if self.parameters is None else self.parameters,
        )  # fmt: skip
        return dict(zip(FIGURES, values, strict=True))


def differing(specs: Sequence[RunSpec]) -> list[str]:
    """Return the hyperparameters that matter to one of the specs at least and in which they differ, seed last."""
    return [name for name in _fields(specs) if _differs(name, specs)]


def _fields(specs: Sequence[RunSpec]) -> list[str]:
    """Return the hyperparameters that matter to one of the specs at least, seed last."""
    names = dict.fromkeys(name for spec in specs for name in compared_fields(spec))
    return [*names, "seed"] if names else []


def _differs(name: str, specs: Sequence[RunSpec]) -> bool:
    values = {getattr(spec, name) for spec in specs}
    return len(values) > 1 and len({words(name, value) for value in values}) > 1


def filtered(rows: Iterable[Row], text: str = "", tags: Iterable[str] = ()) -> list[Row]:
    """Return the rows that hold each word of the text somewhere in `found_by`, and all of the tags."""
    wanted, sought = set(tags), text.lower().split()
    return [row for row in rows if wanted <= set(row.tags) and all(word in row.found_by for word in sought)]


def run_table(rows: Sequence[Row], *, everything: bool = False) -> pd.DataFrame:
    """Return a row per Run, by id: Run, Tags, State, FIGURES, and a column per hyperparameter that differs.

    Hyperparameters are numbers where they are numbers, so that a table sorts 3 before 10; all others are in words.

    Args:
        everything: also, after them, the hyperparameters in which all are alike. Those that differ are then marked.
    """
    specs = [row.spec for row in rows]
    different = differing(specs)
    alike = [name for name in _fields(specs) if name not in different] if everything else []
    names = {name: f"{DIFFERS} {label(name)}" if everything else label(name) for name in different}
    names |= {name: label(name) for name in alike}
    records: list[dict[str, Any]] = [
        {
            "Run": row.spec.marked_title, "Tags": list(row.tags), "State": row.state, **row.figures(),
            **_settings(row.spec, names),
        }
        for row in rows
    ]  # fmt: skip
    return _with_data(pd.DataFrame(records, index=[row.id for row in rows]), rows)


def seed_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Return a row per set of completed Runs on the same data that differ in nothing but their seed.

    Its columns: Run, Runs (how many), mean and sd of ACCURACIES, and what differs. sd has n - 1 in the denominator; NaN
    for one Run.
    """
    sets = seed_sets(rows)
    names = {name: label(name) for name in differing([some[0].spec for some in sets]) if name != "seed"}
    records = []
    for some in sets:
        record: dict[str, Any] = {"Run": some[0].spec.marked_title, "Runs": len(some)}
        for name in ACCURACIES:
            record[name], record[f"{name}, sd"] = _mean_and_sd(row.figures()[name] for row in some)
        records.append(record | _settings(some[0].spec, names))
    return _with_data(pd.DataFrame(records), [some[0] for some in sets])


def seed_sets(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the completed Runs in sets that differ in nothing but their seed, and in what names or keeps them.

    Data and label decisions can change while a spec stays the same: a set has them in common, too. A model from outside
    is a set of its own: its spec does not say how it was trained.
    """
    sets: dict[tuple, list[Row]] = {}
    for row in rows:
        if row.state == "completed":
            names = (field.name for field in fields(row.spec) if field.name not in _NO_DIFFERENCE)
            key = (*(getattr(row.spec, name) for name in names), row.sha256, row.synthetic, row.decisions)
            sets.setdefault(key if row.spec.network in NETWORKS else (row.id,), []).append(row)
    return list(sets.values())


def _with_data(frame: pd.DataFrame, rows: Sequence[Row]) -> pd.DataFrame:
    """Return the frame of these rows with what they learned from, where that is a stand-in or not what settings say."""
    contents: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        contents.setdefault((row.spec.dataset, row.spec.dataset_folder), set()).add(row.sha256)
    columns = {}
    if any(row.synthetic for row in rows) or any(len(some - {""}) > 1 for some in contents.values()):
        columns["Data"] = [STAND_IN if row.synthetic else row.sha256[:8] for row in rows]
    if len({row.decisions for row in rows if row.spec.label_marks}) > 1:
        columns["Decisions"] = [row.decisions[:8] for row in rows]
    return frame.assign(**columns)


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


def _settings(spec: RunSpec, titles: dict[str, str]) -> dict[str, Any]:
    """Return hyperparameters by the titles of their columns; titles: by the names of the fields."""
    return {title: _cell(name, getattr(spec, name)) for name, title in titles.items()}


def _cell(name: str, value: Any) -> float | str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else words(name, value)


def _mean_and_sd(values: Iterable[float]) -> tuple[float, float]:
    known = [value for value in values if value == value]
    return (fmean(known) if known else nan), (stdev(known) if len(known) > 1 else nan)

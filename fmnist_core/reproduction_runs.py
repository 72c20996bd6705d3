"""Our own Runs of the reference systems' rows, as `python -m benchmarks.reproduce` kept them, with intervals.

Method of the intervals: Wilson score for an accuracy on n images, the normal approximation for a mean loss, corrected t
(Nadeau and Bengio, 2003) for the mean of folds. Figures of single folds have the interval of their images.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from math import sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Any

from fmnist_core.crossval_scores import Summary
from fmnist_core.errors import LabError
from fmnist_core.evaluation import wilson_interval
from fmnist_core.files import write_atomically
from fmnist_core.reproduction import ROWS, SHOWN, Row
from fmnist_core.spec import RunSpec

FILE = Path(__file__).with_name("presets") / "reproduced.json"
# They name or place a Run.
_PLACES = {"title": "-", "preset": "", "group": "", "dataset_folder": "", "start_run": "", "weights_file": ""}
_DEFAULT = RunSpec().to_dict()
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class KeptRun:
    """One Run of ours, or why there is none.

    Attributes:
        row: key in ROWS or SHOWN.
        not_run: why it was not run; "" where it was, and only then do the others count.
        fold, carried: number of the fold, from 1, or 0, and whether it started with the weights of the one before.
        spec: its hyperparameters.
        result: test_accuracy, test_loss, test_images, parameters, and the same of validation images.
        last: loss, accuracy, val_loss, val_accuracy of the last epoch.
        loss_sd: standard deviation of single images' loss in nats, of "test" and "validation".
        train_images, epochs: on how many images, how often.
        data_sha256, date, cores, processor, versions: what was read, when, and with what.
        processor_s: seconds of processor time on each core, scoring and saving included.
    """

    row: str
    not_run: str = ""
    fold: int = 0
    carried: bool = False
    spec: RunSpec | None = None
    result: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    loss_sd: dict[str, float] = field(default_factory=dict)
    train_images: int = 0
    epochs: int = 0
    data_sha256: str = ""
    date: str = ""
    cores: int = 0
    processor: str = ""
    processor_s: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)

    def is_of(self, spec: RunSpec) -> bool:
        """Whether it was made with these hyperparameters, on so many images."""
        return self.spec is not None and self.spec.replace(**_PLACES) == spec.replace(**_PLACES)

    def figure(self, name: str) -> "Figure | None":
        """Return one of FIGURES of this Run by itself; None where it has none."""
        if name in ("accuracy", "loss"):
            return Figure(self.last[name]) if name in self.last else None
        part, kind = name.replace("val_", "validation_").split("_")
        value, images = self.result.get(f"{part}_{kind}"), int(self.result.get(f"{part}_images", 0))
        if value is None or not images:
            return None
        if kind == "accuracy":
            return Figure(value, wilson_interval(value, images))
        if part not in self.loss_sd:
            return Figure(value)
        reach = _Z * self.loss_sd[part] / sqrt(images)
        return Figure(value, (max(0.0, value - reach), value + reach))


@dataclass(frozen=True)
class Figure:
    """A value, fraction or nats, and its 95 % interval."""

    value: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Reproduction:
    """All that is kept."""

    runs: tuple[KeptRun, ...]

    def of(self, row: Row, *, carried: bool | None = None) -> tuple[KeptRun, ...]:
        """Return the Runs of a row by fold: of a leaking cross-validation the carried ones, unless asked otherwise."""
        wanted = row.scheme != "" and row.crosses()[0].leaking if carried is None else carried
        return tuple(run for run in self.runs if run.row == row.key and not run.not_run and run.carried == wanted)

    def why_not(self, row: Row) -> str:
        """Say why the row was not run; "" where it was."""
        if self.of(row):
            return ""
        waiting = f"Not trained yet; python -m benchmarks.reproduce {row.key} does it."
        return next((run.not_run for run in self.runs if run.row == row.key and run.not_run), waiting)

    def figure(self, row: Row, name: str) -> Figure | None:
        """Return our figure of a row, by the name that stands in `Row.reported`; None where there is none."""
        return figure_of(row, name, self.of(row))

    def shown(self) -> list[tuple[str, KeptRun]]:
        """Return title and Run of what was shown on another base, as far as it was run."""
        return [(SHOWN[run.row].title, run) for run in self.runs if run.row in SHOWN and not run.not_run]


def figure_of(row: Row, name: str, runs: Sequence[KeptRun]) -> Figure | None:
    """Return a figure over Runs of a row: of its one Run, of one fold, or over the folds that are there."""
    if not runs:
        return None
    if not row.scheme:
        return runs[0].figure(name)
    part = "val" if row.measured_on == "validation" else "test"
    if name.startswith("fold "):
        run = next((run for run in runs if run.fold == int(name.split()[1])), None)
        return run and run.figure(f"{part}_accuracy")
    kind = "loss" if name == "mean_loss" else "accuracy"
    values = tuple(found.value for run in runs if (found := run.figure(f"{part}_{kind}")))
    if not values:
        return None
    over = Summary(values, runs[0].spec.fold.count)
    if name in ("minimum", "maximum"):
        return Figure(getattr(over, name))
    return Figure(over.mean, over.interval())


def same_place(one: KeptRun, other: KeptRun) -> bool:
    """Whether one takes the other's place in the file: the same row, fold and way."""
    return (one.row, one.fold, one.carried) == (other.row, other.fold, other.carried)


def read(file: Path = FILE) -> Reproduction:
    """Return what is kept; nothing where there is no file.

    Raises:
        LabError: if the file is damaged.
    """
    try:
        rows = json.loads(file.read_text())
        return Reproduction(tuple(run for item in rows if (run := _from_json(item)).row in (*ROWS, *SHOWN)))
    except FileNotFoundError:
        return Reproduction(())
    except (OSError, ValueError, TypeError, AttributeError, LabError) as error:
        raise LabError(f"Expected our own figures as JSON in {file.name}. Received: {error}") from error


def write(runs: Iterable[KeptRun], file: Path = FILE) -> None:
    """Keep these Runs. Of specs only what differs from the defaults stands in the file, and no folder."""
    write_atomically(file, json.dumps([_to_json(run) for run in runs], indent=1) + "\n")


def _to_json(run: KeptRun) -> dict[str, Any]:
    if run.not_run:
        return {"row": run.row, "not_run": run.not_run, "date": run.date}
    spec = run.spec.replace(**_PLACES).to_dict()
    values = {name: getattr(run, name) for name in (f.name for f in fields(run)) if name not in ("not_run", "spec")}
    return values | {"spec": {name: value for name, value in spec.items() if value != _DEFAULT[name]}}


def _from_json(item: dict[str, Any]) -> KeptRun:
    spec = RunSpec.from_dict(item["spec"]) if "spec" in item else None
    return KeptRun(**item | {"spec": spec})

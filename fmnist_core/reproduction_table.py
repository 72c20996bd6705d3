"""Reported figures beside ours: lines of a table, and in words how far they can be compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan
from statistics import fmean

import pandas as pd

from fmnist_core.comparison import place_of
from fmnist_core.datasets import DATASETS
from fmnist_core.reproduction import FIGURES, ROWS, SHOWN, Row
from fmnist_core.reproduction_runs import Figure, KeptRun, Reproduction

WHOLE_IMAGES = 60_000  # training images of both data sets
_SLACK = 0.98  # what dropping duplicates may cost
VERDICTS: dict[str, str] = {
    "inside": "Agrees", "above": "Theirs is higher", "below": "Ours is higher", "few": "Fewer images here",
    "none": "Not run here",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One reported figure.

    Attributes:
        row: what it belongs to.
        name: key of FIGURES or "fold N".
        reported: by the system: a fraction, or nats.
        ours: None where there is none.
        verdict: key of VERDICTS: where the reported figure lies, seen from our interval; "" for one without interval.
    """

    row: Row
    name: str
    reported: float
    ours: Figure | None
    verdict: str

    @property
    def title(self) -> str:
        """The figure in words."""
        return name_words(self.row, self.name)

    @property
    def is_loss(self) -> bool:
        """Whether it is in nats, where less is better."""
        return "loss" in self.name


def lines_of(row: Row, kept: Reproduction) -> tuple[Line, ...]:
    """Return a line per reported figure, the one to compare first."""
    whole = is_whole(row, kept.of(row))
    lines = []
    for name, reported in row.reported:
        ours = kept.figure(row, name)
        lines.append(Line(row, name, reported, ours, _verdict(reported, ours, whole)))
    return tuple(lines)


def all_lines(kept: Reproduction, system: str = "") -> list[tuple[Line, ...]]:
    """Return the lines of each row, of one system or of all."""
    return [lines_of(row, kept) for row in ROWS.values() if system in ("", row.system)]


def name_words(row: Row, name: str) -> str:
    """Return a figure's name in words, for folds with the images they were scored on."""
    part = f", {row.measured_on}" if row.scheme else ""
    return FIGURES[name] + part if name in FIGURES else name.capitalize() + part


def is_whole(row: Row, runs: Sequence[KeptRun]) -> bool:
    """Whether all Runs learned from as many images as the system did."""
    return all(run.train_images >= _SLACK * _expected(row) for run in runs)


def subset_words(row: Row, runs: Sequence[KeptRun]) -> str:
    """Say on how few images ours were made; "" where on as many as theirs."""
    if not runs or is_whole(row, runs):
        return ""
    run, title = runs[0], DATASETS[row.spec.dataset].title
    part = "validation" if row.measured_on == "validation" or row.reported[0][0].startswith("val") else "test"
    judged = int(run.result.get(f"{part}_images", 0))
    return (
        f"Ours learned from {run.train_images:,} images of {title}, theirs from about {_expected(row):,}, and ours was "
        f"judged on {judged:,} {part} images: the two figures cannot be compared."
    )


def made_words(runs: Sequence[KeptRun]) -> str:
    """Say when, with what, on how many images and in which time ours were made."""
    if not runs:
        return ""
    last = max(runs, key=lambda run: run.date)
    versions = last.versions
    epochs = sorted({run.epochs for run in runs})
    count = "1 Run" if len(runs) == 1 else f"{len(runs)} Runs"
    spread = f"{epochs[0]}" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]}"
    return (
        f"{count} on {last.date}, seed {_seeds(runs)}, {spread} epochs on {last.train_images:,} training images, "
        f"{sum(run.processor_s for run in runs):,.0f} s of processor time on each of {last.cores} cores "
        f"({last.processor}), TensorFlow {versions.get('tensorflow', '?')}, Keras {versions.get('keras', '?')}, "
        f"Python {versions.get('python', '?')}."
    )


def overview_frame(rows: Iterable[Sequence[Line]]) -> pd.DataFrame:
    """Return each row's first figure: System, What, Figure, Reported, Ours, Low, High, Verdict."""
    return pd.DataFrame([_record(lines[0]) for lines in rows if lines])


def figures_frame(rows: Iterable[Sequence[Line]]) -> pd.DataFrame:
    """Return every figure of these rows, in the same columns."""
    return pd.DataFrame([_record(line) for lines in rows for line in lines])


def summary_words(rows: Sequence[Sequence[Line]]) -> str:
    """Say how many of the first figures were run here, and how many agree."""
    first = [lines[0] for lines in rows if lines]
    count = {verdict: sum(line.verdict == verdict for line in first) for verdict in VERDICTS}
    compared = count["inside"] + count["above"] + count["below"]
    parts = [f"{len(first)} rows, {len(first) - count['none']} of them run here."]
    if compared:
        parts.append(
            f"{compared} can be compared: the reported figure lies inside our 95% interval in {count['inside']}, above "
            f"it in {count['above']}, below it in {count['below']}."
        )
    if count["few"]:
        parts.append(f"{count['few']} had fewer images than the system, too few to compare.")
    return " ".join(parts)


def _record(line: Line) -> dict:
    low, high = (line.ours.interval if line.ours else None) or (nan, nan)
    return {
        "System": line.row.system, "What": line.row.title.removesuffix(f" ({line.row.system})"), "Figure": line.title,
        "Reported": line.reported, "Ours": line.ours.value if line.ours else nan, "Low": low, "High": high,
        "Verdict": VERDICTS.get(line.verdict, ""),
    }  # fmt: skip


def _verdict(reported: float, ours: Figure | None, whole: bool) -> str:
    if ours is None:
        return "none"
    if not whole:
        return "few"
    return place_of(reported, ours.interval) if ours.interval else ""


def _expected(row: Row) -> int:
    spec = row.spec
    if row.scheme:
        folds = row.crosses()[0].folds
        return WHOLE_IMAGES * (folds - 1) // folds
    return WHOLE_IMAGES if spec.split == "test" else round(WHOLE_IMAGES * (1 - spec.validation_fraction))


def _seeds(runs: Sequence[KeptRun]) -> str:
    seeds = sorted({run.spec.seed for run in runs if run.spec})
    return f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"


def carried_words(row: Row, kept: Reproduction) -> str:
    """Say what carried weights did to ours, where both ways were run; "" else."""
    carried, honest = kept.of(row, carried=True), kept.of(row, carried=False)
    both = {run.fold for run in carried} & {run.fold for run in honest} - {1}
    if not both:
        return ""
    means = [fmean(run.result["validation_accuracy"] for run in runs if run.fold in both) for runs in (carried, honest)]
    return (
        f"Ours without the leak: folds 2 to {max(both)} have {means[1]:.1%} on validation with a new network each, and "
        f"{means[0]:.1%} with carried weights. The {100 * (means[0] - means[1]):.1f} points between them are the leak."
    )


def shown_words(kept: Reproduction, *, chance: bool) -> str:
    """Say what input range and cut do on the base whose weights could be had; "" until all four Runs are there.

    chance: of a row that never left it: also what follows for that.
    """
    runs = {run.row: run.figure("test_accuracy") for _, run in kept.shown()}
    if not all(runs.get(key) for key in SHOWN):
        return ""
    unit_12, own_12, unit_7, own_7 = (100 * runs[key].value for key in SHOWN)
    words = (
        f"There the base's own range changes accuracy by {own_12 - unit_12:+.1f} points after block 12 and by "
        f"{own_7 - unit_7:+.1f} after block 7; the earlier cut changes it by {unit_7 - unit_12:+.1f} fed 0 to 1 and by "
        f"{own_7 - own_12:+.1f} in its own range. Each is one Run; less than a point is within the luck of the test "
        "images."
    )
    if chance:
        words += (
            f" With both causes at work {unit_12:.1f}% are right all the same. None of this brings MobileNet near "
            "chance, 10%: what kept A's base there stays open."
        )
    return words.replace("-", "−")

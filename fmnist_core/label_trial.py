"""Label trial: the same network trained with and without the label decisions, several seeds, a Run each.

    group = launch(Trial(PRESETS["first-steps"], seeds=5))
    trial = find_trial(group, list_runs())

The two Runs of a seed differ in `RunSpec.label_marks` alone, and in the title that says so. All Runs with decisions get
the decisions as they are at the launch: whoever goes on reviewing while they wait does not change them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fmnist_core import datasets, jobs, zoo
from fmnist_core.errors import LabError, SpecError
from fmnist_core.files import write_atomically
from fmnist_core.overlay import Overlay, overlay_file
from fmnist_core.run_groups import members, names_of, new_name, when
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec
from fmnist_core.training_data import MARKS_FILE

MOST_SEEDS = 20
_NAMES = names_of("labels")
_WORDS = {False: "labels as given", True: "with decisions"}
_SUFFIX = re.compile(r", seed \d+, (labels as given|with decisions)$")
_MOST_TITLE = 80  # characters, so that there is room for what is added


@dataclass(frozen=True)
class Trial:
    """What is trained twice for each seed.

    Attributes:
        base: hyperparameters of all Runs. Its seed is the first; whether it applies decisions is not used.
        seeds: how many pairs.

    Raises:
        SpecError: at construction, if a number is out of its range, the network does not fit the images, would be
            validated on the test set, on which the two are compared, or starts with weights of an earlier Run.
    """

    base: RunSpec
    seeds: int = 5

    def __post_init__(self) -> None:
        if isinstance(self.seeds, bool) or not isinstance(self.seeds, int) or not 2 <= self.seeds <= MOST_SEEDS:
            raise SpecError(f"Expected 2 to {MOST_SEEDS} seeds. Received {self.seeds!r}.")
        if self.base.split == "test":
            raise SpecError(
                "Expected a network that validates on training images, so that the test set is new to it. "
                "Received one that validates on the test set."
            )
        if self.base.fold or self.base.train_limit:
            # With a limit, the images that stand in for dropped ones would be a second difference.
            raise SpecError("Expected all training images. Received a limit, or one fold of a cross-validation.")
        if self.base.start_run:
            raise SpecError(
                "Expected a network that starts afresh: weights of an earlier Run have learned the labels under trial. "
                f"Received those of {self.base.start_run}."
            )
        zoo.describe(self.base)

    def specs(self, group: str = "") -> tuple[tuple[RunSpec, RunSpec], ...]:
        """Return for each seed the specs without and with the decisions."""
        return tuple(
            (self._spec(number, False, group), self._spec(number, True, group)) for number in range(1, self.seeds + 1)
        )

    def _spec(self, number: int, marked: bool, group: str) -> RunSpec:
        return self.base.replace(
            title=f"{self.base.title[:_MOST_TITLE]}, seed {number}, {_WORDS[marked]}", group=group,
            seed=(self.base.seed + number - 1) % 2**31, label_marks=marked,
        )  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """The two Runs of one seed; None where one was deleted."""

    seed: int
    without: Run | None
    marked: Run | None


@dataclass(frozen=True)
class Launched:
    """A launched trial.

    Attributes:
        name: the group that its Runs share.
        base: hyperparameters of all, with the first seed.
        pairs: by seed.
    """

    name: str
    base: RunSpec
    pairs: tuple[Pair, ...]

    @property
    def when(self) -> datetime:
        """When it was launched."""
        return when(self.name)

    @property
    def runs(self) -> tuple[Run, ...]:
        """All Runs that are there, in the order in which they were queued."""
        return tuple(run for pair in self.pairs for run in (pair.without, pair.marked) if run)

    def decisions(self, sha256: str) -> Overlay:
        """Return the decisions that its Runs apply.

        Raises:
            DataError: their file is damaged.
        """
        files = [pair.marked.folder / MARKS_FILE for pair in self.pairs if pair.marked]
        return Overlay.read(sha256, files[0]) if files else Overlay(sha256, {})


def launch(trial: Trial, runs_folder: Path | None = None) -> str:
    """Queue the Runs of all seeds, pair by pair, and return the group that they share.

    Raises:
        LabError: if no decision changes a training image, the decisions do not fit the trial's data, or these cannot be
            read; nothing starts then.
    """
    dataset = datasets.load(trial.base.dataset, trial.base.dataset_folder or None)
    overlay = Overlay.read(dataset.sha256)
    if not overlay.digest:
        raise LabError("Expected a training image that was relabelled or dropped. Received no such decision.")
    overlay.apply(dataset)
    marks = overlay_file(dataset.sha256).read_bytes()
    group = new_name("labels")
    for without, marked in trial.specs(group):
        jobs.submit(without, runs_folder=runs_folder)
        jobs.submit(
            marked, runs_folder=runs_folder, prepare=lambda run: write_atomically(run.folder / MARKS_FILE, marks)
        )
    return group


def trials(runs: Iterable[Run]) -> list[Launched]:
    """Return the trials among these Runs, newest first. Runs whose spec is damaged are passed over."""
    return [_launched(name, some) for name, some in members(runs, _NAMES).items()]


def find_trial(name: str, runs: Iterable[Run]) -> Launched | None:
    """Return the trial of this name among the Runs; None if there is none."""
    return next((launched for launched in trials(runs) if launched.name == name), None)


def _launched(name: str, runs: list[Run]) -> Launched:
    by_seed: dict[int, dict[bool, Run]] = {}
    for run in sorted(runs, key=lambda run: run.id):
        by_seed.setdefault(run.spec.seed, {})[run.spec.label_marks] = run
    first = min(runs, key=lambda run: run.id).spec
    base = first.replace(title=_SUFFIX.sub("", first.title), group="", label_marks=False)
    return Launched(name, base, tuple(Pair(seed, some.get(False), some.get(True)) for seed, some in by_seed.items()))

"""Cross-validation: one network trained on each part of the images in turn, a Run for each fold.

    group = launch(CrossValidation(PRESETS["C-lenet5"], folds=5))
    found = find_group(group, list_runs())

Every fold is a Run of its own, so every fold has a network of its own. The Runs share `RunSpec.group`; nothing else is
stored, and what the cross-validation was is read back from their specs.

System A carried the weights from fold to fold, so that all folds but the first were validated on images that the
network had learned from. `leaking=True` does the same, to show by how much that flatters.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from fmnist_core import datasets, jobs, zoo
from fmnist_core.cluster.demand import Demand
from fmnist_core.errors import SpecError
from fmnist_core.fold import Fold
from fmnist_core.run_groups import members, names_of, new_name, when
from fmnist_core.runs import Run, find_run
from fmnist_core.spec import RunSpec

_NAMES = names_of("crossval")
_SUFFIX = re.compile(r", (repeat \d+, )?fold \d+ of \d+(, weights carried)?$")
_MOST_TITLE = 80  # characters, so that there is room for the fold


@dataclass(frozen=True)
class CrossValidation:
    """What is cross-validated, and how.

    Attributes:
        base: hyperparameters of every fold's Run. Its seed draws the folds; each Run's own seed follows from it, so
            that the folds also differ in the luck of their first weights. Its validation split is not used.
        kind: of folds, see fold.KINDS.
        folds: parts, the k of k-fold.
        repeats: how often the images are cut anew.
        leaking: each fold starts with the weights that the one before ended with. A lesson, not a measurement.

    Raises:
        SpecError: at construction, if a number is out of its range, the network does not fit the images, or weights
            are to be carried where that is not possible.
    """

    base: RunSpec
    kind: str = "stratified"
    folds: int = 5
    repeats: int = 1
    leaking: bool = False

    def __post_init__(self) -> None:
        Fold(1, self.folds, self.kind, 1, self.repeats, self.base.seed)
        zoo.describe(self.base)
        if self.base.start_epoch:
            raise SpecError(
                "Expected a network that starts afresh: weights of an earlier Run's epoch have learned from images "
                f"that folds validate on. Received epoch {self.base.start_epoch} of {self.base.start_run}."
            )
        if self.leaking and self.base.is_transfer:
            raise SpecError("Expected a network of our own where weights are carried. Received one with a backbone.")
        if self.leaking and self.repeats > 1:
            raise SpecError(f"Expected one repeat where weights are carried. Received {self.repeats}.")

    def specs(self, group: str = "") -> tuple[RunSpec, ...]:
        """Return the spec of each Run, repeat by repeat, fold by fold. `launch` adds whose weights are carried."""
        return tuple(
            self._spec(Fold(number, self.folds, self.kind, repeat, self.repeats, self.base.seed), group)
            for repeat in range(1, self.repeats + 1)
            for number in range(1, self.folds + 1)
        )

    def check(self, dataset: datasets.Dataset) -> None:
        """Make sure that the data set bears so many folds, and that the first weights know nothing of it.

        Raises:
            SpecError: if a class has too few images, or the weights that every fold starts from learned the same data.
            RunError: if the Run whose weights they are is gone.
        """
        from fmnist_core.splits import check_folds, kept_images
        from fmnist_core.training_data import marked

        if teacher := taught_by(self.base, dataset.sha256):
            raise SpecError(
                "Expected first weights that know nothing of the images that folds validate on. Received those of Run "
                f"{self.base.start_run}: {teacher.spec.title} learned the same data."
            )
        images, labels, _ = marked(dataset, self.base)
        check_folds(labels[kept_images(images, self.base)], self.folds)

    def _spec(self, fold: Fold, group: str) -> RunSpec:
        carried = ", weights carried" * self.leaking
        return self.base.replace(
            title=f"{self.base.title[:_MOST_TITLE]}, {fold.words}{carried}", group=group, fold=fold,
            seed=(self.base.seed + fold.place) % 2**31, start_whole=self.leaking and fold.number > 1,
            keep_epochs="none",
        )  # fmt: skip


@dataclass(frozen=True)
class Group:
    """A launched cross-validation.

    Attributes:
        name: what its Runs share.
        cross: what was launched.
        runs: as far as they are there, repeat by repeat, fold by fold.
    """

    name: str
    cross: CrossValidation
    runs: tuple[Run, ...]

    @property
    def when(self) -> datetime:
        """When it was launched."""
        return when(self.name)

    @property
    def is_whole(self) -> bool:
        """Whether no Run was deleted."""
        return len(self.runs) == self.cross.folds * self.cross.repeats


def launch(cross: CrossValidation, runs_folder: Path | None = None, demand: Demand | None = None) -> str:
    """Queue the Runs of all folds and return the group that they share.

    demand: what each asks of a cluster's worker; without it, what the settings name.

    Raises:
        SpecError: if the data do not bear so many folds; nothing is started then.
        DataError: if the data cannot be read.
        ClusterError: if a cluster should execute them that cannot; nothing is started then.
    """
    cross.check(datasets.load(cross.base.dataset, cross.base.dataset_folder or None))
    group = new_name("crossval", cross.base.preset or cross.base.title)
    before: Run | None = None
    for spec in cross.specs(group):
        if before and spec.start_whole:
            spec = spec.replace(start_run=before.id)
        before = jobs.submit(spec, runs_folder=runs_folder, demand=demand)
    return group


def taught_by(spec: RunSpec, sha256: str, runs_folder: Path | None = None) -> Run | None:
    """Return the earlier Run through which the weights that a spec starts from learned these data; None without one.

    That is the Run that it names, the one which that started from, and so on. Whatever such a Run held back for
    validation, folds are drawn otherwise: most of what they validate on was learned.

    Args:
        spec: its data set and folder are compared where a hash is not known, as of a Run that has no result yet.
        sha256: of the data; empty if not known.

    Raises:
        RunError: if an earlier Run is gone or damaged.
    """
    here, passed = (spec.dataset, spec.dataset_folder), set()
    while spec.start_run and spec.start_run not in passed:
        passed.add(spec.start_run)
        earlier = find_run(spec.start_run, runs_folder)
        spec, theirs = earlier.spec, (earlier.result or {}).get("sha256")
        if (theirs == sha256) if theirs and sha256 else ((spec.dataset, spec.dataset_folder) == here):
            return earlier
    return None


def groups(runs: Iterable[Run]) -> list[Group]:
    """Return the cross-validations among these Runs, newest first. Runs whose spec is damaged are passed over."""
    found = members(runs, _NAMES)
    return [_group(name, folds) for name, some in found.items() if (folds := [run for run in some if run.spec.fold])]


def find_group(name: str, runs: Iterable[Run]) -> Group | None:
    """Return the cross-validation of this name among the Runs; None if there is none."""
    return next((group for group in groups(runs) if group.name == name), None)


def twin(group: Group, others: Iterable[Group]) -> Group | None:
    """Return the newest of the others that differs in nothing but whether weights are carried; None without one."""
    wanted = replace(group.cross, leaking=not group.cross.leaking)
    return next((other for other in others if other.cross == wanted), None)


def _group(name: str, runs: list[Run]) -> Group:
    runs = sorted(runs, key=lambda run: (run.spec.fold.place, run.id))
    first, fold = runs[0].spec, runs[0].spec.fold
    base = first.replace(
        title=_SUFFIX.sub("", first.title), group="", fold=None, seed=fold.seed, start_whole=False,
        start_run="" if first.start_whole else first.start_run,
    )  # fmt: skip
    # By the title: the first Run carries nothing, and the others may have been deleted.
    leaking = any(run.spec.start_whole or run.spec.title.endswith("weights carried") for run in runs)
    return Group(name, CrossValidation(base, fold.kind, fold.count, fold.repeats, leaking), tuple(runs))

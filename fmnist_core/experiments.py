"""EXPERIMENTS: groups of Runs that differ in one thing and so answer one question.

    group = launch("filter-grid", "fashion-mnist")
    [run for run in list_runs() if run.spec.group == group]

The Runs of a launch share `RunSpec.group`. A new experiment is one entry in the table.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fmnist_core import jobs, zoo
from fmnist_core.presets import PRESETS, REPORTED
from fmnist_core.run_groups import names_of, new_name
from fmnist_core.spec import RunSpec

# What a launch sets, and the name; everything else is the experiment's.
_CHANGES = ("dataset", "dataset_folder", "train_limit", "epochs", "group", "title")
_NAMES = names_of("experiment")


@dataclass(frozen=True)
class Member:
    """One Run of an experiment.

    Attributes:
        label: what sets it apart, in a few words; unique in the experiment.
        spec: all of its hyperparameters.
        reported: accuracy that the reference system reported for it, 0..1; None if there is none.
    """

    label: str
    spec: RunSpec
    reported: float | None = None


@dataclass(frozen=True)
class Experiment:
    """Runs that differ in one thing.

    Attributes:
        title: a few words.
        question: what the Runs answer.
        note: what they have in common and where they differ.
        caveat: what a reader must know to compare with the reported figures.
        members: the Runs.
    """

    title: str
    question: str
    note: str
    caveat: str
    members: tuple[Member, ...]

    @property
    def dataset(self) -> str:
        """Key of the data set that the reference system used."""
        return self.members[0].spec.dataset


def _without_dropout(spec: RunSpec) -> RunSpec:
    return spec.replace(
        preset="", title=spec.title.replace(" (E)", ", without dropout (E)"),
        conv_blocks=tuple(replace(block, dropout=0.0) for block in spec.conv_blocks),
    )  # fmt: skip


_GRID = ("E-cnn-k3n32", "E-cnn-k3n64", "E-cnn-k5n32", "E-cnn-k5n64")
_ON_TEST = "E validated on the test set, and so do these Runs; see them as E's, not as a model of how to measure."

EXPERIMENTS: dict[str, Experiment] = {
    "filter-grid": Experiment(
        "Filter grid (E)",
        "Do more or larger filters in the second convolution help?",
        "Two convolutions with batch normalisation and dropout 0.5, a dense layer of 128. Only kernel and number of "
        "filters of the second convolution differ.",
        _ON_TEST,
        tuple(
            Member(
                f"{PRESETS[key].conv_blocks[1].kernel_px}x{PRESETS[key].conv_blocks[1].kernel_px}, "
                f"{PRESETS[key].conv_blocks[1].filters} filters",
                PRESETS[key], REPORTED[key].accuracy,
            )
            for key in _GRID
        ),
    ),
    "dropout": Experiment(
        "Dropout (E)",
        "What does dropout do?",
        "The network with 5x5 kernels and 64 filters, with dropout 0.5 after both convolutions and without any.",
        "In E, training reached 0.9885 with dropout and 0.9979 without. E has two figures for the one with dropout, "
        f"0.9922 in its grid and 0.9933 here: so much do two Runs of one network differ. {_ON_TEST}",
        (
            Member("With dropout", PRESETS["E-cnn-k5n64"], 0.9933),
            Member("Without dropout", _without_dropout(PRESETS["E-cnn-k5n64"]), 0.9884),
        ),
    ),
}  # fmt: skip


def specs_of(
    key: str, dataset: str, folder: str = "", *, epochs: int | None = None, train_limit: int = 0, group: str = ""
) -> tuple[RunSpec, ...]:
    """Return the specs of an experiment's Runs on a data set.

    Args:
        key: of EXPERIMENTS.
        dataset, folder: what to train on, as in RunSpec.
        epochs: instead of the experiment's own, for a quick look.
        train_limit: at most so many training images, for a quick look; 0 for all.
        group: what the Runs share.
    """
    changes = {"dataset": dataset, "dataset_folder": folder, "train_limit": train_limit, "group": group}
    return tuple(
        member.spec.replace(**changes, epochs=epochs or member.spec.epochs) for member in EXPERIMENTS[key].members
    )


def launch(key: str, dataset: str, folder: str = "", *, epochs: int | None = None, train_limit: int = 0) -> str:
    """Queue all Runs of an experiment and return the group that they share; see specs_of.

    Raises:
        SpecError: if a network does not fit; nothing is started then.
    """
    group = new_name("experiment", key)
    specs = specs_of(key, dataset, folder, epochs=epochs, train_limit=train_limit, group=group)
    for spec in specs:
        zoo.describe(spec)
    for spec in specs:
        jobs.submit(spec)
    return group


def experiment_of(group: str) -> str | None:
    """Return the key of the experiment that a group is a launch of; None for other groups."""
    found = _NAMES.fullmatch(group)
    return found["title"] if found and found["title"] in EXPERIMENTS else None


def member_of(key: str, spec: RunSpec) -> Member | None:
    """Return the member of an experiment that a Run is one of; None if the experiment has changed since."""
    where = {name: getattr(spec, name) for name in _CHANGES}
    return next((member for member in EXPERIMENTS[key].members if member.spec.replace(**where) == spec), None)


def launches(key: str, specs: Iterable[RunSpec]) -> list[str]:
    """Return the groups among these specs that are launches of the experiment, newest first."""
    return sorted({spec.group for spec in specs if experiment_of(spec.group) == key}, reverse=True)

"""Forks: a new Run that starts from the weights that an earlier one had after some epoch, with other hyperparameters.

    spec = fork(run, epoch=3)                       # the earlier Run's hyperparameters, to be changed
    jobs.submit(spec.replace(learning_rate=1e-4))

The new Run's spec names the earlier Run and the epoch. As it is submitted, the weights are taken over into its own
folder, so that it needs neither the earlier Run nor a download afterwards.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from fmnist_core import zoo
from fmnist_core.epoch_record import FOLDER, TRUNK_FILE, weights_file
from fmnist_core.errors import LabError, RunError, SpecError
from fmnist_core.progress import Progress
from fmnist_core.runs import Run, find_run
from fmnist_core.spec import HYPERPARAMETERS, RunSpec

START_FOLDER, START_FILE = "start", "weights.npz"
# They decide which images train and which validate.
_SPLIT = ("dataset", "split", "validation_fraction", "seed", "train_limit", "duplicates", "label_marks", "fold")
_TITLE = 120


def fork(run: Run, epoch: int, progress: Progress | None = None) -> RunSpec:
    """Return the spec of a Run that goes on from the weights after an epoch, for the epochs that were left then.

    After an epoch of fine-tuning, that is all it goes on with: the same layers train, from the start, at the same rate.

    progress: of the Run, where it was read already.

    Raises:
        RunError: if the weights of that epoch are not kept, or the Run's spec is damaged.
    """
    spec = run.spec
    if not weights_file(run.folder / FOLDER, epoch).is_file():
        raise RunError(f"Expected an epoch whose weights Run {run.id} kept. Received epoch {epoch}.")
    suffix = f", from epoch {epoch}"
    named = spec.replace(
        start_run=run.id, start_epoch=epoch, group="", title=spec.title[: _TITLE - len(suffix)] + suffix
    )
    # Early stopping may have ended the epochs before fine-tuning, so the spec cannot tell when it began.
    before = (progress or Progress(run)).fine_tuning_from if spec.fine_tune_epochs else None
    if before is None or epoch <= before:
        return named.replace(epochs=max(1, spec.epochs - epoch))
    return named.replace(
        epochs=max(1, before + spec.fine_tune_epochs - epoch), fine_tune_epochs=0,
        unfrozen_layers=spec.fine_tune_layers,
        learning_rate=max(spec.fine_tune_learning_rate, HYPERPARAMETERS["learning_rate"].minimum),
    )  # fmt: skip


def check_fork(spec: RunSpec, runs_folder: Path | None = None) -> None:
    """Check that a spec which starts from an epoch can: the weights are there, and fit its layers one for one.

    Raises:
        SpecError: if the network has other layers than the earlier Run's.
        RunError: if the earlier Run or its weights are gone.
    """
    parent = find_run(spec.start_run, runs_folder)
    if not weights_file(parent.folder / FOLDER, spec.start_epoch).is_file():
        raise RunError(f"Expected the weights after epoch {spec.start_epoch} of Run {parent.id}. Received none.")
    theirs, ours = (_parameters(one) for one in (parent.spec, spec))
    if theirs != ours or spec.network != parent.spec.network or _base(spec) != _base(parent.spec):
        raise SpecError(
            f"Expected a network with the layers of Run {parent.id}, whose weights it starts from, {theirs} "
            f"parameters. Received {ours}."
        )


def check_start(spec: RunSpec, runs_folder: Path | None = None) -> None:
    """Check that a spec which starts from what an earlier Run learned has its convolutions.

    Raises:
        SpecError: if it has others.
        RunError: if the earlier Run is gone.
    """
    parent = find_run(spec.start_run, runs_folder)
    theirs, ours = (
        [layer.parameters for layer in zoo.describe(one) if layer.parameters and layer.kind != "Dense"]
        for one in (parent.spec, spec)
    )
    if theirs != ours or spec.network != parent.spec.network:
        raise SpecError(
            f"Expected Run {parent.id} to have this network's convolutions, layers of {ours} parameters. "
            f"Received {theirs}."
        )


def same_images_validate(spec: RunSpec, parent: RunSpec) -> bool:
    """Whether both specs validate on the same images; else the fork validates on images that the other learned from."""
    return all(getattr(spec, name) == getattr(parent, name) for name in _SPLIT)


def ancestry(spec: RunSpec, runs_folder: Path | None = None) -> list[tuple[str, int, Run | None]]:
    """Return from which Run and epoch a spec was forked, from which that one was, and so on: the Run's id, the epoch,
    and the Run itself; None where it is gone."""
    steps: dict[str, tuple[int, Run | None]] = {}
    with suppress(LabError):  # one that is gone, or damaged, is the last
        while spec.start_epoch and spec.start_run not in steps:
            name = spec.start_run
            steps[name] = spec.start_epoch, None
            parent = find_run(name, runs_folder)
            steps[name] = spec.start_epoch, parent
            spec = parent.spec
    return [(name, *step) for name, step in steps.items()]


def weights_of(spec: RunSpec, runs_folder: Path | None = None) -> tuple[Path, Path]:
    """Return the files of the weights that a fork starts from, in the earlier Run: the epoch's, the backbone's."""
    folder = find_run(spec.start_run, runs_folder).folder / FOLDER
    return weights_file(folder, spec.start_epoch), folder / TRUNK_FILE


def keep_start(run: Run) -> tuple[Path, Path]:
    """Take the weights that a fork starts from over into its own folder, unless they are there; return their files.

    Raises:
        RunError: if the earlier Run or its weights are gone.
    """
    own = run.folder / START_FOLDER
    if not (own / START_FILE).is_file():
        check_fork(run.spec, run.folder.parent)
        file, trunk = weights_of(run.spec, run.folder.parent)
        own.mkdir(exist_ok=True)
        if trunk.is_file():
            _link_or_copy(trunk, own / TRUNK_FILE)
        _link_or_copy(file, own / START_FILE)  # last: with it, all is there
    return own / START_FILE, own / TRUNK_FILE


def _parameters(spec: RunSpec) -> list[int]:
    return [layer.parameters for layer in zoo.describe(spec) if layer.parameters]


def _base(spec: RunSpec) -> tuple[str, str, int]:
    return (spec.backbone, spec.cut, spec.image_size_px) if spec.is_transfer else ("", "", 0)


def _link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, which costs no space; a copy where the disk cannot. Files of weights never change."""
    target.unlink(missing_ok=True)
    with suppress(OSError):
        os.link(source, target)
        return
    temporary = target.with_name(f".{target.name}")
    shutil.copyfile(source, temporary)
    temporary.replace(target)

"""What the driver does with one trial: its Runs made, Hyperband's promotions continued, and what they came to."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fmnist_core.cluster import executor
from fmnist_core.cluster.demand import Demand
from fmnist_core.errors import LabError, SpecError
from fmnist_core.events import EventWriter
from fmnist_core.progress import Progress
from fmnist_core.runs import Run, RunState, list_runs
from fmnist_core.spec import RunSpec
from fmnist_core.tuning.group import SearchGroup
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import cleaned
from fmnist_core.tuning.trials import Trial

# Names in a Run's folder, as in callbacks.py, which cannot be imported without TensorFlow.
CHECKPOINT_FILE, WEIGHTS = "checkpoint.json", "*.weights.h5"
_HYPERBAND = "tuner/"  # what Hyperband adds to the values of a trial


def begin(group: SearchGroup, search: Search, oracle: Any, trial: Any, known: Sequence[Trial]) -> Trial:
    """Make the Runs of a new trial, without starting them, and tell the folder of it.

    Values that were trained already are not trained again: the trial has the earlier one's Runs.
    """
    values = {name: value for name, value in trial.hyperparameters.values.items() if not name.startswith(_HYPERBAND)}
    extra = trial.hyperparameters.values
    epochs, initial = extra.get("tuner/epochs"), extra.get("tuner/initial_epoch", 0)
    told = Trial(trial.trial_id, len(known), cleaned(values), epochs or search.epochs, initial)
    try:
        specs = [
            search.trial_spec(values, number=told.number, epochs=epochs, execution=execution, group=group.id)
            for execution in range(search.executions_per_trial)
        ]
    except SpecError as error:
        _write(group, told)
        return tell(group, replace(told, state=RunState.FAILED, message=str(error)), math.nan)
    told = replace(told, epochs=specs[0].epochs)
    equal = next((one for one in known if (one.values, one.epochs) == (told.values, told.epochs) and one.runs), None)
    if equal is not None:
        runs = [Run(group.runs_folder / run_id) for run_id in equal.runs]
    else:
        earlier = next((one for one in known if one.id == extra.get("tuner/trial_id")), None)
        runs = [_made(group, spec, known) for spec in specs]
        told = replace(told, initial_epoch=_continue(group, runs, earlier) if earlier else 0)
    told = replace(told, runs=tuple(run.id for run in runs))
    _write(group, told)
    return told


def is_lost(progress: Progress) -> bool:
    """Whether a Run was lost with its scheduler, which says nothing of the trial; else a dead process fails it."""
    said = progress.last is not None and progress.last.kind == "interrupted"
    return progress.state == RunState.INTERRUPTED and (said or executor.is_set(progress.run.folder.parent))


def ended(told: Trial, progresses: Sequence[Progress], search: Search) -> Trial:
    """Return the trial with what its Runs came to: the mean of the objective in the best epoch of each.

    A trial of which a Run failed has failed: the mean of the others would flatter it.
    """
    for progress in progresses:
        if progress.state != RunState.COMPLETED:
            message = progress.message or "Its process is gone: killed, or the machine went down."
            return replace(told, state=RunState.FAILED, message=message)
    pick = max if search.direction == "max" else min
    rows = [[row for row in one.epochs if math.isfinite(row.get(search.objective, math.nan))] for one in progresses]
    if not all(rows):
        return replace(told, state=RunState.FAILED, message=f"Expected {search.objective} of an epoch. Received none.")
    best = [pick(epochs, key=lambda row: row[search.objective]) for epochs in rows]
    value = float(np.mean([row[search.objective] for row in best]))
    epoch = round(np.mean([row["epoch"] for row in best]))
    return replace(told, state=RunState.COMPLETED, objective=value, best_epoch=epoch)


def tell(group: SearchGroup, told: Trial, elapsed_s: float) -> Trial:
    """Write down that a trial has ended, and return it so."""
    value = None if math.isnan(told.objective) else told.objective
    group.write_event(
        "trial_end", trial=told.id, state=str(told.state), objective=value, best_epoch=told.best_epoch,
        message=told.message, elapsed_s=None if math.isnan(elapsed_s) else elapsed_s,
    )  # fmt: skip
    return replace(told, ended_s=elapsed_s)


def _write(group: SearchGroup, told: Trial) -> None:
    group.write_event(
        "trial", trial=told.id, values=told.values, epochs=told.epochs, initial_epoch=told.initial_epoch,
        runs=list(told.runs),
    )  # fmt: skip


def _made(group: SearchGroup, spec: RunSpec, known: Sequence[Trial]) -> Run:
    """Return a new Run of the spec, or one that a driver made before it was killed and could tell of it."""
    told = {run_id for trial in known for run_id in trial.runs}
    untold = (run for run in list_runs(group.runs_folder) if run.id not in told and _spec(run) == spec)
    run = next(untold, None) or Run.create(spec, group.runs_folder)
    if demand := Demand.read(group.folder):
        demand.write(run.folder)
    return run


def _spec(run: Run) -> RunSpec | None:
    try:
        return run.spec
    except LabError:
        return None


def _continue(group: SearchGroup, runs: Sequence[Run], earlier: Trial) -> int:
    """Let promoted Runs go on where the earlier trial's ended: with its weights, optimizer and epochs.

    Return the epoch that they go on after; 0 where the earlier checkpoints are gone or belong to fine-tuning, so that
    the Runs train anew.
    """
    sources = [Run(group.runs_folder / run_id) for run_id in earlier.runs]
    usable = len(sources) == len(runs) and all((one.folder / CHECKPOINT_FILE).is_file() for one in sources)
    if not usable or any(run.spec.is_transfer and run.spec.fine_tune_epochs for run in runs):
        return 0
    for run, source in zip(runs, sources, strict=True):
        if not run.events():  # else an earlier driver has done so
            _copy_start(run, source)
    return int(sources[0].history()["epoch"].max())


def _copy_start(run: Run, source: Run) -> None:
    for path in [*source.folder.glob(WEIGHTS), source.folder / CHECKPOINT_FILE]:
        shutil.copyfile(path, run.folder / path.name)
    writer = EventWriter(run.folder)
    for row in source.history().to_dict("records"):
        writer.write("epoch", epoch=int(row.pop("epoch")), **row)

"""Whose turn it is: which of the waiting Runs may start now, on this machine or on a cluster."""

from pathlib import Path

from fmnist_core.cluster import executor
from fmnist_core.cluster.demand import Demand
from fmnist_core.cluster.executor import Cluster
from fmnist_core.errors import LabError
from fmnist_core.processes import Claim
from fmnist_core.queue_file import Queue
from fmnist_core.runs import Run, RunState, find_run
from fmnist_core.settings import Settings


def take_next(folder: Path, known: Queue, cluster: Cluster | None) -> Run | None:
    """Take the first waiting Run that can start out of the queue, if the limit or the cluster allows.

    One that starts from the weights of a Run that is not done yet keeps its place, and those behind it pass; so does
    one that asks for more than any worker of the cluster has.
    """
    known.active = [run_id for run_id in known.active if _is_at_work(Run(folder / run_id))]
    if not cluster.is_ready if cluster else len(known.active) >= Settings.read(folder).parallel_runs:
        return None
    for run_id in list(known.waiting):
        run = Run(folder / run_id)
        state = _state_of_start(run) if run.folder.is_dir() else None
        if (state is not None and not state.is_over) or _is_barred(run, cluster):
            continue
        known.waiting.remove(run_id)
        if state is not None and state.is_resumable:
            run.write_event(
                "failed",
                message=f"Expected Run {run.spec.start_run}, whose weights this one starts from, to complete. "
                f"Received one that is {state}: resume it first, then this one.",
            )
        elif run.folder.is_dir():  # else deleted by hand while it waited
            return run
    return None


def _is_barred(run: Run, cluster: Cluster | None) -> bool:
    """Whether something keeps the Run from this machine, or from every worker of the cluster."""
    return bool(cluster.lack(Demand.of(run.folder))) if cluster else executor.is_held(run)


def _state_of_start(run: Run) -> RunState | None:
    """Return the state of the Run whose finished weights this one starts from; None if there is none, or it cannot be
    read. The weights of an epoch are there already."""
    try:
        spec = run.spec
        waits = spec.start_run and not spec.start_epoch
        return find_run(spec.start_run, run.folder.parent).state if waits else None
    except LabError:
        return None  # the worker says what is wrong


def _is_at_work(run: Run) -> bool:
    """Whether the Run is under way, or has stopped but not yet ended its process: a worker ends after a stop."""
    state = run.state
    if state == RunState.STOPPED:
        claim = Claim.read(run.folder)
        return claim is not None and claim.process() is not None
    return not state.is_over

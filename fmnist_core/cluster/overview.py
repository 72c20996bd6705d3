"""Overview: a cluster in words and rows for the page: its workers, which Run executes where, and why others wait."""

from collections.abc import Iterable

from fmnist_core.cluster.demand import Demand
from fmnist_core.cluster.executor import Cluster
from fmnist_core.cluster.handover import is_handed_over
from fmnist_core.cluster.link import Snapshot
from fmnist_core.processes import Claim
from fmnist_core.runs import Run, RunState


def placed(runs: Iterable[tuple[Run, RunState]]) -> dict[str, list[Run]]:
    """Return the Runs that execute on each worker, by its name."""
    found: dict[str, list[Run]] = {}
    for run, state in runs:
        claim = Claim.read(run.folder) if state == RunState.RUNNING else None
        if claim and claim.worker:
            found.setdefault(claim.worker, []).append(run)
    return found


def count_waiting(runs: Iterable[tuple[Run, RunState]]) -> int:
    """Return how many Runs wait at the scheduler for a worker."""
    return sum(state == RunState.QUEUED and is_handed_over(run.folder) for run, state in runs)


def why_waiting(cluster: Cluster, waiting: Iterable[Run]) -> str:
    """Say why Runs wait in the queue instead of at the scheduler; "" if none does, or they go there next."""
    demands = {Demand.of(run.folder) for run in waiting}
    return next(filter(None, (cluster.problem or cluster.lack(demand) for demand in demands)), "")


def worker_rows(snapshot: Snapshot, runs: Iterable[tuple[Run, RunState]]) -> list[dict[str, object]]:
    """Return a row for each worker: name, machine, its Runs and what they ask for, threads, memory in GB, resources."""
    at = placed(runs)
    return [
        {
            "Worker": worker.name,
            "Machine": worker.host,
            "Executes": ", ".join(run.spec.title for run in at.get(worker.name, [])),
            "Asked for": "; ".join(Demand.of(run.folder).words for run in at.get(worker.name, [])),
            "Threads": worker.threads,
            "Memory": worker.memory_bytes / 1e9 or None,
            "Declares": " ".join(_declared(name, amount) for name, amount in sorted(worker.resources.items())),
        }
        for worker in snapshot.workers
    ]


def _declared(name: str, amount: float) -> str:
    return f"{name}={amount / 1e9:g}e9" if amount >= 1e9 else f"{name}={amount:g}"

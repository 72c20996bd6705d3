"""Executor: what the queue asks of a cluster: whether it can take Runs, hand one over, look after those that it has.

    cluster = executor_of(runs_folder)      # None: Runs execute on this machine
    if cluster and cluster.is_ready:
        cluster.hand_over(run)              # from now on the Run's folder holds a Handover
    lost = look_after(runs_folder, away, cluster)

Nothing here waits for the network, except `check`, which whoever submits a Run calls before the queue is locked.
"""

import socket
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fmnist_core.cluster import handover, heartbeat
from fmnist_core.cluster.address import scheduler_of
from fmnist_core.cluster.demand import Demand, Resources
from fmnist_core.cluster.handover import Handover
from fmnist_core.cluster.link import Link, Snapshot, link_to
from fmnist_core.errors import ClusterError, SpecError
from fmnist_core.events import LIFECYCLE
from fmnist_core.processes import FILE_NAME as CLAIM_FILE
from fmnist_core.processes import Claim
from fmnist_core.runs import STOP_FILE, Run
from fmnist_core.settings import Settings

FIRST_WAIT_S = 10.0  # for the first answer of a scheduler: loading Dask, connecting, asking the workers
GONE_S = 30.0  # a scheduler that was silent for so long is gone
SETTLE_S = 10.0  # a task may take so long to arrive at the scheduler, or its end to arrive here
MOST_AT_ONCE = 50  # handed over while the queue is locked
MOST_TRIES = 3  # a Run that the cluster gives up so often before it begins has failed
HANDED = "handed_over"  # kind of event
GIVEN_UP = (
    "The cluster gave the Run up. Expected a worker to finish it. Received: too many workers died while they had it, "
    "or its task failed there."
)


@dataclass(frozen=True)
class Cluster:
    """The cluster of a runs folder, as it was found last.

    Attributes:
        link: the connection; None where the environment names no usable address.
        snapshot: what it found last; None if nothing is known yet.
    """

    link: Link | None
    snapshot: Snapshot | None

    @property
    def is_ready(self) -> bool:
        """Whether Runs may be handed over now, as far as they ask for what a worker has."""
        return self.snapshot is not None and not self.problem

    @property
    def problem(self) -> str:
        """Why no Run can be handed over now; "" if one can, or nothing is known yet."""
        if self.snapshot is None or not self.snapshot.is_up:
            return self.snapshot.reason if self.snapshot else ""
        if self.snapshot.faults:
            return next(iter(self.snapshot.faults.values()))
        if not self.snapshot.workers:
            return f"Expected a worker at {self.link.address}. Received none yet: Runs wait until one comes."
        return ""

    def lack(self, demand: Demand) -> str:
        """Say what a Run asks for and no worker has; "" if one has it, or that is not known."""
        try:
            demand.resources(self._resources)
        except ClusterError as error:
            return str(error)
        return ""

    @property
    def uncounted(self) -> list[str]:
        """Of what a Run asks for, in words, what no worker declares, so that it is not counted; GPUs always are."""
        declared = {name for resources in self._resources for name in resources}
        names = {"CORES": "cores", "MEMORY": "memory"} if self._resources else {}
        return [word for name, word in names.items() if name not in declared]

    def places(self, demand: Demand) -> int:
        """Return how many Runs that ask for so much the workers execute at once."""
        if self.lack(demand):
            return 0
        workers, asked = self.snapshot.workers if self.snapshot else (), demand.resources(self._resources)
        return sum(demand.places(worker.threads, worker.resources, asked) for worker in workers)

    @property
    def _resources(self) -> list[Resources]:
        return [worker.resources for worker in self.snapshot.workers] if self.snapshot else []

    def look_again(self) -> None:
        """Have everything looked at anew, also what was found well before."""
        if self.link:
            self.link.look_again()

    def hand_over(self, run: Run) -> bool:
        """Give the Run to the cluster; False if the connection has just broken, or it now asks for too much."""
        from fmnist_core.cluster.watching import Ticket, execute

        demand, key = Demand.of(run.folder), f"{run.id}-{uuid.uuid4().hex[:8]}"
        if self.lack(demand) or not self.link.is_connected:  # before the event, which counts as a try
            return False
        run.write_event(HANDED, scheduler=self.link.address)
        Handover(key, self.link.address, self.snapshot.scheduler_id, time.time()).write(run.folder)
        ticket, resources = Ticket.of(run, key, demand), demand.resources(self._resources)
        if self.link.submit(execute, ticket, key=key, resources=resources):
            return True
        handover.take_back(run.folder)
        return False


@dataclass
class Fates:
    """What became of Runs that a cluster had: ids that it still has, and ids that wait again because none began."""

    away: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def is_set(folder: Path) -> bool:
    """Whether a cluster executes the Runs of a folder, reachable or not."""
    try:
        return bool(scheduler_of(folder))
    except SpecError:
        return True  # the address in the environment is none: what is meant is not this machine


def executor_of(folder: Path, wait_s: float = 0.0) -> Cluster | None:
    """Return the cluster that executes the Runs of a folder; None if this machine does."""
    try:
        address = scheduler_of(folder)
    except SpecError as error:
        return Cluster(None, Snapshot(time.monotonic(), str(error)))
    if not address:
        return None
    link = link_to(address, folder)
    return Cluster(link, link.snapshot(wait_s))


def check(folder: Path, demand: Demand | None = None) -> None:
    """Raise ClusterError if an address is set and Runs could not execute there, as far as that is certain.

    demand: what the Runs ask for, if not what the settings name.

    A scheduler that does not answer now may do so later: Runs then wait in the queue.
    """
    cluster = executor_of(folder, FIRST_WAIT_S)
    if cluster is None or cluster.snapshot is None:
        return
    snapshot = cluster.snapshot
    problem = cluster.problem or cluster.lack(demand or Settings.read(folder).demand)
    if problem and (snapshot.workers or snapshot.is_missing or cluster.link is None):
        raise ClusterError(problem)


def settle_demand(run: Run) -> None:
    """For a Run that is queued where a cluster is set: what it asks for stands in its folder from now on."""
    if is_set(run.folder.parent) and Demand.read(run.folder) is None:
        Settings.read(run.folder.parent).demand.write(run.folder)


def is_held(run: Run) -> bool:
    """Whether a process of an earlier attempt still works on the Run on some machine; it ends within seconds."""
    return heartbeat.is_fresh(run.folder)


def release(run: Run) -> None:
    """End the handover of a Run that is queued again; a process that still works on it ends when it sees that."""
    claim = Claim.read(run.folder)
    handover.take_back(run.folder)
    if claim and claim.host == socket.gethostname() and claim.process() is None:
        heartbeat.end(run.folder)  # nobody needs to wait until it grows old


def withdraw(run: Run, cluster: Cluster | None) -> bool:
    """Take a Run back that no process works on now; False if one does. The mark to stop is set before."""
    handed = Handover.read(run.folder)
    if handed is None or _lives(run):
        return False
    handover.take_back(run.folder)
    # After that look for a claim: either this sees the worker's claim, or the worker sees that the Run is gone.
    if _lives(run):
        return False
    if cluster and cluster.link:
        cluster.link.cancel(handed.key)
    return True


def look_after(folder: Path, away: Iterable[str], cluster: Cluster | None) -> Fates:
    """Sort the Runs that a cluster had into those that it still has, and those that wait again; mark those it lost."""
    fates, keys = Fates(), set()
    for run_id in away:
        run = Run(folder / run_id)
        if (handed := Handover.read(run.folder)) is None:
            continue  # over, or taken back
        if reason := _loss(handed, cluster):
            if _lives(run):
                fates.away.append(run_id)
            elif _mark_lost(run, reason):
                fates.waiting.append(run_id)
        else:
            fates.away.append(run_id)
        keys.add(handed.key)
    if cluster and cluster.link:
        cluster.link.watch(keys)
    return fates


def _loss(handed: Handover, cluster: Cluster | None) -> str:
    """Say why the Run will not be executed any more; "" if it will, or that cannot be told yet."""
    if cluster is None or (cluster.link and cluster.link.address != handed.scheduler):
        return f"The address of its scheduler, {handed.scheduler}, was taken out of the settings."
    if (snapshot := cluster.snapshot) is None:
        return ""
    if not snapshot.is_up:
        return f"The scheduler at {handed.scheduler} was lost." if snapshot.unreachable_s > GONE_S else ""
    if snapshot.scheduler_id != handed.scheduler_id:
        return f"The scheduler at {handed.scheduler} was started anew."
    if handed.age_s > SETTLE_S and snapshot.tasks.get(handed.key, "unknown") is None:
        return GIVEN_UP
    return ""


def _lives(run: Run) -> bool:
    claim = Claim.read(run.folder)
    return claim is not None and claim.is_alive(run.folder)


def _mark_lost(run: Run, reason: str) -> bool:
    """End the handover of a Run that no process works on, and say why; True if it never began and may wait again."""
    kinds = [event.kind for event in run.events() if event.kind in (*LIFECYCLE, HANDED)]
    kinds = kinds[len(kinds) - kinds[::-1].index("queued") :] if "queued" in kinds else kinds
    handover.take_back(run.folder)
    (run.folder / CLAIM_FILE).unlink(missing_ok=True)
    if set(kinds) - {"started", HANDED}:
        return False  # it is over
    if (run.folder / STOP_FILE).exists():
        run.write_event("stopped", message="Stopped on request.")
    elif reason == GIVEN_UP and ("started" in kinds or kinds.count(HANDED) >= MOST_TRIES):
        run.write_event("failed", message=reason)
    elif "started" in kinds:
        run.write_event("interrupted", message=reason)
    else:
        return True
    return False

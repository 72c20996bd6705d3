"""Claims: how a worker makes a Run of the queue its own, and takes the next one; the other side of jobs.py."""

from fmnist_core import jobs
from fmnist_core.cluster import executor
from fmnist_core.machine import threads_of_each
from fmnist_core.processes import FILE_NAME as CLAIM_FILE
from fmnist_core.processes import Claim
from fmnist_core.queue_file import locked
from fmnist_core.runs import STOP_FILE, Run
from fmnist_core.settings import Settings
from fmnist_core.turns import take_next


def claim(run: Run) -> bool:
    """For a worker that starts: make sure that the Run is its own; False if another living process has it.

    Waits for the lock, so a claim that the starter of this process is about to write is seen.
    """
    with locked(run.folder.parent) as (_, known):
        present = Claim.read(run.folder)
        if present and present.is_alive(run.folder):
            return present.is_mine
        executor.release(run)
        (run.folder / STOP_FILE).unlink(missing_ok=True)  # of an earlier attempt: this one was begun by hand
        known.forget(run.id)
        known.active.append(run.id)
        Claim.of().write(run.folder)
        return True


def claim_next(finished: Run, made_for: int | None = None) -> Run | None:
    """For a worker that has finished a Run: let go of it, and claim the next waiting one if the limit allows.

    TensorFlow keeps the threads that it began with. If those of a worker made for so many Runs at once are not what the
    settings give each now, another takes its place.
    """
    with locked(finished.folder.parent) as (folder, known):
        if (held := Claim.read(finished.folder)) and held.is_mine:  # else it was resumed meanwhile, by another process
            (finished.folder / CLAIM_FILE).unlink(missing_ok=True)
        if executor.is_set(folder):  # whoever looks after the queue gives the cluster what waits
            return None
        if made_for and threads_of_each(made_for) != threads_of_each(Settings.read(folder).parallel_runs):
            jobs.dispatch(folder, known)
            return None
        if run := take_next(folder, known, None):
            known.active.append(run.id)
            Claim.of().write(run.folder)
        return run

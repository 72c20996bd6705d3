"""Demand: cores, GPUs and memory that a Run asks of a worker, as Dask's abstract resources.

Workers declare what they have: `dask worker ADDRESS --nthreads 8 --resources "CORES=8 GPU=1 MEMORY=32e9"`. Dask gives a
worker no more tasks than its resources bear. A name that no worker declares is not asked for, so that workers without
any still work: their threads are then the limit, one Run for each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fmnist_core.errors import ClusterError
from fmnist_core.settings import Settings

Resources = Mapping[str, float]


@dataclass(frozen=True)
class Demand:
    """What one Run asks for.

    Attributes:
        cores: of the processor.
        gpus: 0 hides the worker's GPUs from the Run where the worker declares some.
        memory_gb: of main memory.
    """

    cores: int = 1
    gpus: int = 0
    memory_gb: float = 2.0

    @classmethod
    def of(cls, settings: Settings) -> "Demand":
        """Return the demand that the settings of this installation name."""
        return cls(settings.run_cores, settings.run_gpus, settings.run_memory_gb)

    @property
    def wanted(self) -> dict[str, float]:
        """Amounts by resource name. RUN stands for a place: a worker that declares RUN=2 executes two at once."""
        amounts = {"RUN": 1.0, "CORES": float(self.cores), "GPU": float(self.gpus), "MEMORY": self.memory_gb * 1e9}
        return {name: amount for name, amount in amounts.items() if amount}

    def resources(self, workers: Iterable[Resources]) -> dict[str, float]:
        """Return what to ask the scheduler for, from what each worker declares.

        Raises:
            ClusterError: if no worker has that much; the task would wait for ever.
        """
        workers = list(workers)
        declared = {name for worker in workers for name in worker}
        asked = {name: amount for name, amount in self.wanted.items() if name in declared}
        if self.gpus and "GPU" not in declared:
            raise ClusterError(
                f"Expected a worker that declares {_words({'GPU': self.gpus})}. Received none that declares any GPU."
            )
        if not any(all(worker.get(name, 0) >= amount for name, amount in asked.items()) for worker in workers):
            most = {name: max(worker.get(name, 0.0) for worker in workers) for name in asked}
            raise ClusterError(
                f"Expected a worker with {_words(asked)}, which a Run asks for. Received workers with at most "
                f"{_words(most)}, or not all of it on one."
            )
        return asked

    def places(self, worker_threads: int, worker: Resources) -> int:
        """Return how many Runs a worker of so many threads and these resources executes at once."""
        return min([worker_threads, *(int(worker[name] // n) for name, n in self.wanted.items() if name in worker)])

    def threads(self, worker_threads: int, worker: Resources) -> int:
        """Return with how many threads a Run computes on such a worker."""
        if "CORES" in worker:
            return self.cores
        return max(1, worker_threads // max(1, self.places(worker_threads, worker)))


def _words(resources: Resources) -> str:
    return ", ".join(f"{name}={amount:g}" for name, amount in resources.items())

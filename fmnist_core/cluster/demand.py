"""Demand: cores, GPUs and memory that a Run asks of a worker, as Dask's abstract resources.

It lies in the Run's folder from its launch on, and counts for each attempt. Without one there, the settings' counts.

Workers declare what they have: `dask worker ADDRESS --nthreads 8 --resources "CORES=8 GPU=1 MEMORY=32e9"`. Dask gives a
worker no more tasks than its resources bear. A name that no worker declares is not asked for, so that workers without
any still work: their threads are then the limit, one Run for each.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from fmnist_core.errors import ClusterError, SpecError
from fmnist_core.files import write_atomically
from fmnist_core.hyperparameters import number, whole

FILE_NAME = "demand.json"
MOST_CORES, MOST_GPUS, LEAST_GB, MOST_GB = 1024, 16, 0.1, 10_000.0
Resources = Mapping[str, float]


@dataclass(frozen=True)
class Demand:
    """What one Run asks for.

    Attributes:
        cores: of the processor.
        gpus: 0 hides the worker's GPUs from the Run where the worker declares some.
        memory_gb: of main memory.

    Raises:
        SpecError: at construction, if a number is out of its range.
    """

    cores: int = 1
    gpus: int = 0
    memory_gb: float = 2.0

    def __post_init__(self) -> None:
        whole("cores of a Run", self.cores, 1, MOST_CORES)
        whole("GPUs of a Run", self.gpus, 0, MOST_GPUS)
        object.__setattr__(self, "memory_gb", number("GB of a Run", self.memory_gb, LEAST_GB, MOST_GB))

    @classmethod
    def read(cls, folder: Path) -> "Demand | None":
        """Return the demand in the folder of a Run or a search; None if there is none that can be read."""
        try:
            return cls(**json.loads((folder / FILE_NAME).read_text()))
        except (OSError, ValueError, TypeError, SpecError):
            return None

    @classmethod
    def of(cls, folder: Path, runs_folder: Path | None = None) -> "Demand":
        """Return the demand in the folder of a Run or a search; without one, what the settings name.

        runs_folder: where the settings lie; the folder above, if not given.
        """
        from fmnist_core.settings import Settings  # which checks its own fields with this class

        return cls.read(folder) or Settings.read(runs_folder or folder.parent).demand

    def write(self, folder: Path) -> None:
        """Put the demand into the folder of a Run or a search."""
        write_atomically(folder / FILE_NAME, json.dumps(asdict(self)))

    @property
    def words(self) -> str:
        """The demand as one reads it, such as "4 cores, 1 GPU, 16 GB"."""
        return _words({name: amount for name, amount in self.wanted.items() if name != "RUN"})

    @property
    def wanted(self) -> dict[str, float]:
        """Amounts by resource name. RUN stands for a place: a worker that declares RUN=2 executes two at once."""
        amounts = {"RUN": 1.0, "CORES": float(self.cores), "GPU": float(self.gpus), "MEMORY": self.memory_gb * 1e9}
        return {name: amount for name, amount in amounts.items() if amount}

    def resources(self, workers: Iterable[Resources]) -> dict[str, float]:
        """Return what to ask the scheduler for, from what each worker declares; nothing where no worker is known.

        Raises:
            ClusterError: if no worker has that much; the task would wait for ever.
        """
        if not (workers := list(workers)):
            return {}
        declared = {name for worker in workers for name in worker}
        asked = {name: amount for name, amount in self.wanted.items() if name in declared}
        if self.gpus and "GPU" not in declared:
            raise ClusterError(
                f"Expected a worker that declares {_words({'GPU': self.gpus})}. Received none that declares any."
            )
        if not any(all(worker.get(name, 0) >= amount for name, amount in asked.items()) for worker in workers):
            most = {name: max(worker.get(name, 0.0) for worker in workers) for name in asked}
            short = [name for name in asked if most[name] < asked[name]]  # none: each is there, but not on one worker
            asked, most = ({name: of[name] for name in short or asked} for of in (asked, most))
            raise ClusterError(
                f"Expected a worker with {_words(asked)}, which a Run asks for. Received workers with at most "
                f"{_words(most)}{'' if short else ', not all of it on one'}."
            )
        return asked

    def places(self, worker_threads: int, worker: Resources, asked: Resources | None = None) -> int:
        """Return how many Runs a worker of so many threads and these resources executes at once.

        asked: what the scheduler is asked for, see resources; without it, what this worker declares of what is wanted.
        """
        asked = {name: n for name, n in self.wanted.items() if name in worker} if asked is None else asked
        return min([worker_threads, *(int(worker.get(name, 0) // n) for name, n in asked.items())])

    def threads(self, worker_threads: int, worker: Resources) -> int:
        """Return with how many threads a Run computes on such a worker."""
        if "CORES" in worker:
            return self.cores
        return max(1, worker_threads // max(1, self.places(worker_threads, worker)))


def _words(resources: Resources) -> str:
    nouns = {"RUN": "place", "CORES": "core", "GPU": "GPU"}
    return ", ".join(
        f"{amount / 1e9:g} GB" if name == "MEMORY" else f"{amount:g} {nouns[name]}{'s' * (amount != 1)}"
        for name, amount in resources.items()
    )

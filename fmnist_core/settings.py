"""Settings of this installation, kept beside the Runs and read by the app and the workers alike."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from fmnist_core.cluster.address import scheduler_address
from fmnist_core.cluster.demand import Demand
from fmnist_core.errors import SpecError
from fmnist_core.files import write_atomically
from fmnist_core.hyperparameters import whole

FILE_NAME = "settings.json"
MOST_PARALLEL_RUNS = 64


@dataclass(frozen=True)
class Settings:
    """What a user may set for the whole installation.

    Attributes:
        parallel_runs: how many Runs may execute at once on this machine; the others wait in the queue.
        scheduler: address of a Dask scheduler, whose workers then execute the Runs; "" for this machine.
        run_cores, run_gpus, run_memory_gb: what a Run asks of a cluster's worker, unless its launch says otherwise.
    """

    parallel_runs: int = min(MOST_PARALLEL_RUNS, max(1, (os.cpu_count() or 1) // 4))
    scheduler: str = ""
    run_cores: int = 1
    run_gpus: int = 0
    run_memory_gb: float = 2.0

    def __post_init__(self) -> None:
        whole("parallel_runs", self.parallel_runs, 1, MOST_PARALLEL_RUNS)
        object.__setattr__(self, "scheduler", scheduler_address(self.scheduler))
        object.__setattr__(self, "run_memory_gb", self.demand.memory_gb)

    @property
    def demand(self) -> Demand:
        """What a Run asks for, as one."""
        return Demand(self.run_cores, self.run_gpus, self.run_memory_gb)

    @classmethod
    def read(cls, runs_folder: Path) -> "Settings":
        """Return the saved settings; the defaults where there are none or they are damaged."""
        try:
            return cls(**json.loads((runs_folder / FILE_NAME).read_text()))
        except (OSError, ValueError, TypeError, SpecError):
            return cls()

    def write(self, runs_folder: Path) -> None:
        """Save the settings."""
        write_atomically(runs_folder / FILE_NAME, json.dumps(asdict(self)))

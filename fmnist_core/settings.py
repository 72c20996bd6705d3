"""Settings of this installation, kept beside the Runs and read by the app and the workers alike."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from fmnist_core.errors import SpecError
from fmnist_core.files import write_atomically
from fmnist_core.hyperparameters import whole

FILE_NAME = "settings.json"
MOST_PARALLEL_RUNS = 64


@dataclass(frozen=True)
class Settings:
    """What a user may set for the whole installation.

    Attributes:
        parallel_runs: how many Runs may execute at once; the others wait in the queue.
    """

    parallel_runs: int = min(MOST_PARALLEL_RUNS, max(1, (os.cpu_count() or 1) // 4))

    def __post_init__(self) -> None:
        whole("parallel_runs", self.parallel_runs, 1, MOST_PARALLEL_RUNS)

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

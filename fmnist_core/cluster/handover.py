"""Handover: what lies in a run folder while its Run belongs to a cluster.

It is also the fence. Whoever takes the Run back removes it; a watcher that does not find its own key there any more
lets go of the Run, or does not begin.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from fmnist_core.files import write_atomically

FILE_NAME = "cluster.json"


@dataclass(frozen=True)
class Handover:
    """One attempt to have a Run executed by a cluster.

    Attributes:
        key: of the Dask task, another one for each attempt.
        scheduler: address of the scheduler.
        scheduler_id: Dask's name for this one life of the scheduler.
        time_s: when it was handed over, seconds since 1970.
    """

    key: str
    scheduler: str
    scheduler_id: str
    time_s: float

    @classmethod
    def read(cls, folder: Path) -> "Handover | None":
        """Return the handover in a run folder; None if there is none that can be read."""
        try:
            return cls(**json.loads((folder / FILE_NAME).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        """Put the handover into a run folder."""
        write_atomically(folder / FILE_NAME, json.dumps(asdict(self)))

    @property
    def age_s(self) -> float:
        """Seconds since it was handed over; a clock that was set back does not make it young again."""
        return abs(time.time() - self.time_s)


def is_handed_over(folder: Path) -> bool:
    """Whether the Run in this folder belongs to a cluster."""
    return (folder / FILE_NAME).exists()


def take_back(folder: Path) -> None:
    """End the handover, if there is one: no worker begins, and one that is at work lets go."""
    (folder / FILE_NAME).unlink(missing_ok=True)

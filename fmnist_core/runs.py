"""Run: a view on one folder. Its state is derived from its events and from whether its worker lives, never stored."""

import json
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fmnist_core import paths
from fmnist_core.cluster.handover import is_handed_over
from fmnist_core.errors import LabError, RunError
from fmnist_core.events import LIFECYCLE, Event, EventWriter, read_events
from fmnist_core.files import write_atomically
from fmnist_core.processes import Claim
from fmnist_core.spec import RunSpec

if TYPE_CHECKING:
    import pandas as pd

SPEC_FILE = "spec.json"
STOP_FILE = "stop"
RESULT_FILE = "result.json"
PROBABILITIES_FILE = "test_probabilities.npy"
VALIDATION_FILE = "validation_probabilities.npy"
VALIDATION_INDEX_FILE = "validation_index.npy"
LITERT_FILE = "model.tflite"
KERAS_FILE = "model.keras"
LOG_FILE = "log.txt"
HISTORY_FILE = "history.csv"


class RunState(StrEnum):
    """Where a Run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen unless somebody resumes the Run."""
        return self not in (RunState.QUEUED, RunState.RUNNING)

    @property
    def is_resumable(self) -> bool:
        """Whether the Run ended before its time."""
        return self in (RunState.STOPPED, RunState.FAILED, RunState.INTERRUPTED)


@dataclass(frozen=True)
class Run:
    """A Run in its folder.

    Attributes:
        folder: the run folder; need not exist yet when the object is made.
    """

    folder: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))

    @classmethod
    def create(cls, spec: RunSpec, runs_folder: Path | None = None) -> "Run":
        """Make a new run folder that holds the spec. Nothing starts; see jobs.submit."""
        slug = "".join(c if c.isalnum() else "-" for c in (spec.preset or spec.title).lower()).strip("-")[:40]
        # Microseconds, so that names sort as they were made.
        name = f"{datetime.now():%Y%m%d-%H%M%S-%f}-{slug}-{uuid.uuid4().hex[:4]}"
        run = cls((runs_folder or paths.runs()) / name)
        run.folder.mkdir(parents=True)
        write_atomically(run.folder / SPEC_FILE, spec.to_json())
        return run

    @property
    def id(self) -> str:
        """Name of the run folder, unique among Runs."""
        return self.folder.name

    @cached_property
    def spec(self) -> RunSpec:
        """The Run's hyperparameters.

        Raises:
            RunError: if the folder holds no readable spec.
        """
        try:
            return RunSpec.from_json((self.folder / SPEC_FILE).read_text())
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(
                f"Run {self.id}: expected a readable {SPEC_FILE} in its folder. Received: {error}."
            ) from error
        except LabError as error:
            raise RunError(f"Run {self.id}: {SPEC_FILE} is damaged. {error}") from error

    @property
    def state(self) -> RunState:
        """Where the Run stands now, from its events and its worker's life."""
        state = self.state_after(self.events())
        # A worker writes its last event and then ends: look once more before calling its end an interruption.
        return self.state_after(self.events()) if state == RunState.INTERRUPTED else state

    def state_after(self, events: list[Event]) -> RunState:
        """Return the state that these events (at least the last of LIFECYCLE) and the worker's life imply."""
        last = next((event.kind for event in reversed(events) if event.kind in LIFECYCLE), None)
        if last in ("completed", "stopped", "failed"):
            return RunState(last)
        claim = Claim.read(self.folder)
        if claim and claim.is_alive(self.folder):
            return RunState.RUNNING
        if last != "interrupted" and is_handed_over(self.folder):
            return RunState.QUEUED  # at the scheduler, perhaps on its way from a worker that died to another
        return RunState.QUEUED if last == "queued" and not claim else RunState.INTERRUPTED

    def events(self) -> list[Event]:
        """Return all events so far, oldest first."""
        return read_events(self.folder)

    def history(self) -> "pd.DataFrame":
        """Return one row per finished epoch: epoch (from 1), loss, accuracy, val_loss, val_accuracy, learning_rate,
        duration_s. Epochs that a resumed Run did again stand once, as done last."""
        import pandas as pd  # most of the time that a process takes to start; workers begin without

        rows = {int(e.epoch): {"epoch": int(e.epoch), **e.logs} for e in self.events() if e.kind == "epoch" and e.epoch}
        return pd.DataFrame(sorted(rows.values(), key=lambda row: row["epoch"]))

    @property
    def result(self) -> dict[str, Any] | None:
        """The finished Run's figures on the test set; None before the end."""
        try:
            result = json.loads((self.folder / RESULT_FILE).read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise RunError(f"Run {self.id}: expected JSON in {RESULT_FILE}. Received: {error}.") from error
        if not isinstance(result, dict):
            raise RunError(
                f"Run {self.id}: expected a JSON object in {RESULT_FILE}. Received a {type(result).__name__}."
            )
        return result

    def test_probabilities(self) -> np.ndarray:
        """Return the model's probabilities on the test set: (n, classes) float32.

        Raises:
            RunError: if the Run has not finished or the file is damaged.
        """
        return self._array(PROBABILITIES_FILE)

    def validation_probabilities(self) -> tuple[np.ndarray, np.ndarray]:
        """Return which of the data set's training images validated the Run, (v,) int64, and the finished model's
        probabilities on them, (v, classes) float32.

        Raises:
            RunError: if the Run has not finished, validated on the test set, or a file is damaged.
        """
        return self._array(VALIDATION_INDEX_FILE), self._array(VALIDATION_FILE)

    def _array(self, name: str) -> np.ndarray:
        try:
            return np.load(self.folder / name, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise RunError(f"Run {self.id}: expected {name} of a completed Run. Received: {error}.") from error

    def log(self, last_bytes: int = 20_000) -> str:
        """Return the end of what the worker printed."""
        try:
            with (self.folder / LOG_FILE).open("rb") as file:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - last_bytes))
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    def write_event(self, kind: str, **values: Any) -> Event:
        """Append an event; see EventWriter.write."""
        return EventWriter(self.folder).write(kind, **values)

    def wait(self, timeout_s: float) -> RunState:
        """Block until the Run is over or the time is up, and return the state then."""
        deadline = time.monotonic() + timeout_s
        while not (state := self.state).is_over and time.monotonic() < deadline:
            time.sleep(0.2)
        return state

    def stop(self, timeout_s: float = 20.0) -> RunState:
        """Stop the Run, gracefully and then firmly; return once its process is gone. See jobs.stop."""
        from fmnist_core import jobs  # jobs stands above runs; only this convenience looks up

        return jobs.stop(self, timeout_s=timeout_s)


def list_runs(runs_folder: Path | None = None) -> list[Run]:
    """Return all Runs, newest first. Folders without a spec file are passed over."""
    folder = runs_folder or paths.runs()
    return [Run(path.parent) for path in sorted(folder.glob(f"*/{SPEC_FILE}"), reverse=True)]


def find_run(run_id: str, runs_folder: Path | None = None) -> Run:
    """Return the Run of this id.

    Raises:
        RunError: if there is none.
    """
    folder = runs_folder or paths.runs()
    run = Run(folder / run_id)
    # The id may come from a web address: it must name a direct sub-folder and nothing else.
    direct = run_id not in ("", ".", "..") and run.folder.parent == folder
    try:
        if direct and (run.folder / SPEC_FILE).is_file():
            return run
    except OSError:
        pass  # longer than a name may be
    raise RunError(f"Expected the id of a Run in {folder}. Received {run_id[:80]!r}, which is not there.")

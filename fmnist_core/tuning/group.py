"""SearchGroup: a search's folder. It says what is searched and what happened; its trials are Runs beside it.

    <workspace>/searches/<id>/
        search.json     what is searched, see search.py
        events.jsonl    what happened: queued, started, trial, trial_end, completed, stopped, failed, extended
        oracle.json     where Keras Tuner's oracle stands
        importance.json which hyperparameters matter, once there are trials enough
        demand.json     what each of its Runs asks of a cluster's worker, where the launch said so
        worker.json     the claim of the driver's process; stop asks it to end; log.txt is what it printed

As with a Run, the state follows from the events and from whether the process lives. The trials' Runs have the folder's
name as their group.
"""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from fmnist_core import jobs, paths
from fmnist_core.cluster import executor
from fmnist_core.cluster.demand import Demand
from fmnist_core.errors import LabError, RunError
from fmnist_core.events import LIFECYCLE, Event, EventWriter, read_events
from fmnist_core.files import write_atomically
from fmnist_core.processes import FILE_NAME as CLAIM_FILE
from fmnist_core.processes import Claim
from fmnist_core.run_groups import new_name
from fmnist_core.runs import LOG_FILE, STOP_FILE, Run, RunState
from fmnist_core.tuning.search import Search

SEARCH_FILE = "search.json"
IMPORTANCE_FILE = "importance.json"
DRIVER_COMMAND = (sys.executable, "-m", "fmnist_core.tuning.driver")
GRACE_S = 30.0  # from the request to stop until the driver is killed; its Runs have jobs.GRACE_S


@dataclass(frozen=True)
class SearchGroup:
    """A search in its folder.

    Attributes:
        folder: of the search; its name is the search's id and the group of its Runs.
    """

    folder: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))

    @classmethod
    def create(cls, search: Search, searches: Path | None = None, demand: Demand | None = None) -> "SearchGroup":
        """Make a new folder that holds the search. Nothing starts; see start.

        demand: what each Run asks of a cluster's worker; without it, what the settings name.

        Raises:
            ClusterError: if a cluster should execute its Runs that cannot; nothing is written then.
        """
        group = cls((searches or searches_folder()) / new_name("search", search.preset or search.title))
        executor.check(group.runs_folder, demand)
        group.folder.mkdir(parents=True)
        if demand:
            demand.write(group.folder)
        write_atomically(group.folder / SEARCH_FILE, search.to_json())
        return group

    @property
    def id(self) -> str:
        """Name of the folder, and the group of its Runs."""
        return self.folder.name

    @property
    def runs_folder(self) -> Path:
        """Where its Runs lie."""
        return self.folder.parent.parent / "runs"

    @property
    def search(self) -> Search:
        """What is searched, as last extended.

        Raises:
            RunError: if the folder holds no readable search.
        """
        try:
            return Search.from_json((self.folder / SEARCH_FILE).read_text())
        except (OSError, UnicodeDecodeError, LabError) as error:
            raise RunError(f"Search {self.id}: expected a readable {SEARCH_FILE}. Received: {error}") from error

    @property
    def state(self) -> RunState:
        """Where the search stands now."""
        state = self.state_after(self.events())
        # A driver writes its last event and then ends: look once more before calling its end an interruption.
        return self.state_after(self.events()) if state == RunState.INTERRUPTED else state

    def state_after(self, events: list[Event]) -> RunState:
        """Return the state that these events and the driver's life imply; QUEUED before the first start."""
        last = next((event.kind for event in reversed(events) if event.kind in LIFECYCLE), None)
        if last in ("completed", "stopped", "failed"):
            return RunState(last)
        claim = Claim.read(self.folder)
        if claim and claim.process():
            return RunState.RUNNING
        return RunState.QUEUED if not claim and last in (None, "queued") else RunState.INTERRUPTED

    def events(self) -> list[Event]:
        """Return all events so far, oldest first."""
        return read_events(self.folder)

    def write_event(self, kind: str, **values: Any) -> Event:
        """Append an event; see EventWriter.write."""
        return EventWriter(self.folder).write(kind, **values)

    def start(self) -> None:
        """Start the driver, or let it go on where an earlier one ended. Nothing happens while one is at work."""
        with FileLock(self.folder / "start.lock", timeout=30):
            claim = Claim.read(self.folder)
            if claim and claim.process():
                return
            for name in (STOP_FILE, CLAIM_FILE):
                (self.folder / name).unlink(missing_ok=True)
            self.write_event("queued")
            try:
                self._spawn()
            except (OSError, psutil.Error) as error:
                self.write_event("failed", message=f"Expected a process to start. Received: {error}")

    def request_stop(self) -> None:
        """Ask driver and Runs to stop; returns at once. `push_on` kills a driver that does not hear."""
        (self.folder / STOP_FILE).touch()
        for run in self.open_runs():
            jobs.request_stop(run)

    def push_on(self) -> None:
        """Kill a driver that has ignored the request to stop for GRACE_S; its Runs were asked themselves."""
        try:
            asked_s = (self.folder / STOP_FILE).stat().st_mtime
        except FileNotFoundError:
            return
        claim = Claim.read(self.folder)
        process = claim and claim.process()
        if process and abs(time.time() - asked_s) > GRACE_S:
            with suppress(psutil.NoSuchProcess):
                process.kill()  # not its children: they are workers, and may be at other people's Runs by now
                process.wait(timeout=5)
            if self.state == RunState.INTERRUPTED:
                self.write_event("stopped", message="Killed: it did not stop by itself.")

    def extend(self, *, trials: int = 0, epochs: int = 0, minutes: float = 0, passes: int = 0) -> Search:
        """Add to the budget of a search that is over, and start it again.

        Raises:
            RunError: if it is not over.
            SpecError: if it becomes more than is allowed.
        """
        if not self.state.is_over:
            raise RunError("Expected a search that is over, to extend it. Received one that is under way.")
        search = self.search
        if epochs and search.tuner == "hyperband":
            raise RunError("Expected more passes: Hyperband's rounds hang on its epochs. Received more epochs.")
        longer = search.replace(
            max_trials=search.max_trials + trials if search.max_trials else 0, epochs=search.epochs + epochs,
            minutes=search.minutes + minutes if search.minutes else 0.0, passes=search.passes + passes,
        )  # fmt: skip
        write_atomically(self.folder / SEARCH_FILE, longer.to_json())
        self.write_event("extended", trials=trials, epochs=epochs, minutes=minutes, passes=passes)
        self.start()
        return longer

    def open_runs(self) -> list[Run]:
        """Return the Runs of trials that have begun and not ended."""
        trials: dict[str, list[str]] = {}
        for event in self.events():
            if event.kind == "trial":
                trials[event.logs["trial"]] = event.logs["runs"]
            elif event.kind == "trial_end":
                trials.pop(event.logs["trial"], None)
        return [Run(self.runs_folder / run_id) for ids in trials.values() for run_id in ids]

    def importance(self) -> dict[str, Any] | None:
        """Return what the driver made of the trials, see importance.py; None before there are enough."""
        try:
            return json.loads((self.folder / IMPORTANCE_FILE).read_text())
        except (OSError, ValueError):
            return None

    def _spawn(self) -> None:
        """Start a process of its own session: signals to the app, and the app's end, do not reach it."""
        with (self.folder / LOG_FILE).open("ab") as log:
            process = subprocess.Popen(
                [*DRIVER_COMMAND, str(self.folder)], cwd=paths.PROJECT, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "FMNIST_LAB_HOME": str(paths.home()), "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        Claim.of(process.pid).write(self.folder)


def searches_folder() -> Path:
    """Return the folder whose sub-folders are searches, made if absent."""
    folder = paths.home() / "searches"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def list_searches(searches: Path | None = None) -> list[SearchGroup]:
    """Return all searches, newest first. Folders without a search are passed over."""
    groups = [SearchGroup(path.parent) for path in (searches or searches_folder()).glob(f"*/{SEARCH_FILE}")]
    return sorted(groups, key=lambda group: group.id.split("-")[-3:], reverse=True)  # by the time in the name


def find_search(search_id: str, searches: Path | None = None) -> SearchGroup:
    """Return the search of this id.

    Raises:
        RunError: if there is none.
    """
    known = {group.id: group for group in list_searches(searches)}
    if search_id not in known:
        raise RunError(f"Expected the id of a search. Received {search_id[:80]!r}, which is not there.")
    return known[search_id]

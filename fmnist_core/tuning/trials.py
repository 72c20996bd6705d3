"""What has become of a search so far, read from its events: trials, the best of them, time, state."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from fmnist_core.events import LIFECYCLE, Event
from fmnist_core.runs import RunState
from fmnist_core.tuning.group import SearchGroup
from fmnist_core.tuning.search import Search


@dataclass(frozen=True)
class Trial:
    """One combination of values, trained in one Run or several.

    Attributes:
        id: Keras Tuner's name of it.
        number: counted from 0 in the order in which trials began.
        values: by path, as the tuner drew them; what counts not for it is absent.
        epochs: that its Runs train at most, those of an earlier trial that it goes on from included.
        initial_epoch: from which on; 0 but for trials that Hyperband promoted.
        runs: ids of its Runs; empty if its values do not go together.
        state: RUNNING until it has ended, then COMPLETED or FAILED.
        objective: in its best epoch, the mean over its Runs; NaN before it has ended, and if it failed.
        best_epoch: from 1; 0 where there is none.
        message: why it failed.
        ended_s: seconds of the search's own time at its end; NaN before.
    """

    id: str
    number: int
    values: dict[str, Any]
    epochs: int
    initial_epoch: int = 0
    runs: tuple[str, ...] = ()
    state: RunState = RunState.RUNNING
    objective: float = math.nan
    best_epoch: int = 0
    message: str = ""
    ended_s: float = math.nan

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state == RunState.RUNNING


@dataclass(frozen=True)
class SearchProgress:
    """A search at one moment.

    Attributes:
        group: its folder.
        search: what is searched, as last extended.
        state: where it stands.
        message: why it ended.
        trials: in the order in which they began.
        elapsed_s: seconds in which a driver was at work.
    """

    group: SearchGroup
    search: Search
    state: RunState
    message: str = ""
    trials: tuple[Trial, ...] = ()
    elapsed_s: float = 0.0

    @property
    def completed(self) -> tuple[Trial, ...]:
        """The trials with an objective."""
        return tuple(trial for trial in self.trials if trial.state == RunState.COMPLETED)

    @property
    def best(self) -> Trial | None:
        """The trial with the best objective, the first of equals; None before any has completed."""
        sign = 1 if self.search.direction == "max" else -1
        return max(self.completed, key=lambda trial: sign * trial.objective, default=None)


def read_progress(group: SearchGroup) -> SearchProgress:
    """Read a search's folder.

    Raises:
        RunError: if it holds no readable search.
    """
    events = group.events()
    state = group.state_after(events)
    if state == RunState.INTERRUPTED:  # a driver writes its last event and then ends: look once more
        events = group.events()
        state = group.state_after(events)
    last = next((event for event in reversed(events) if event.kind in LIFECYCLE), None)
    message = last.logs.get("message", "") if last else ""
    alive = state == RunState.RUNNING
    return SearchProgress(group, group.search, state, message, trials_of(events), elapsed_s(events, alive=alive))


def trials_of(events: Sequence[Event]) -> tuple[Trial, ...]:
    """Return the trials that these events tell of. A trial that is told twice counts as told last."""
    trials: dict[str, Trial] = {}
    for event in events:
        logs = event.logs
        if event.kind == "trial":
            number = trials[logs["trial"]].number if logs["trial"] in trials else len(trials)
            trials[logs["trial"]] = Trial(
                logs["trial"], number, logs["values"], logs["epochs"], logs["initial_epoch"], tuple(logs["runs"])
            )
        elif event.kind == "trial_end" and logs["trial"] in trials:
            value = logs.get("objective")
            trials[logs["trial"]] = replace(
                trials[logs["trial"]], state=RunState(logs["state"]),
                objective=math.nan if value is None else value, best_epoch=logs.get("best_epoch", 0),
                message=logs.get("message", ""), ended_s=logs.get("elapsed_s") or math.nan,
            )  # fmt: skip
    return tuple(trials.values())


def elapsed_s(events: Sequence[Event], *, alive: bool) -> float:
    """Return the seconds in which a driver was at work: from each start to its end, its last event, or now."""
    clock = _Clock()
    for event in events:
        clock.see(event)
    return clock.total_s(time.time() if alive else None)


def trial_frame(search: Search, trials: Sequence[Trial]) -> pd.DataFrame:
    """Return a row per completed trial: number (from 1), objective, ended_s, epochs, and a column per path.

    What does not count for a trial is None there. Floats stay numbers, words are words.
    """
    paths = searched_paths(search)
    rows = [
        {"number": trial.number + 1, "objective": trial.objective, "ended_s": trial.ended_s, "epochs": trial.epochs}
        | {path: trial.values.get(path) for path in paths}
        for trial in trials
        if trial.state == RunState.COMPLETED
    ]
    # A space may hold the epochs themselves: one column then serves both.
    return pd.DataFrame(rows, columns=list(dict.fromkeys(["number", "objective", "ended_s", "epochs", *paths])))


def searched_paths(search: Search) -> list[str]:
    """Return the paths that differ between trials: all but fixed ones."""
    return [entry.path for entry in search.space if entry.kind != "fixed"]


@dataclass
class _Clock:
    """Adds up the times between a start and what was last heard of it."""

    began_s: float | None = None
    heard_s: float = 0.0
    before_s: float = field(default=0.0)

    def see(self, event: Event) -> None:
        if event.kind == "started":
            self._close()
            self.began_s = event.time_s
        self.heard_s = event.time_s if event.kind != "queued" else self.heard_s
        if event.kind in ("completed", "stopped", "failed"):
            self._close()

    def total_s(self, now_s: float | None) -> float:
        if now_s is not None and self.began_s is not None:
            self.heard_s = max(self.heard_s, now_s)
        self._close()
        return self.before_s

    def _close(self) -> None:
        if self.began_s is not None:
            self.before_s += max(0.0, self.heard_s - self.began_s)
        self.began_s = None

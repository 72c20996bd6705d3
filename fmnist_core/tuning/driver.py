"""The process that drives a search: python -m fmnist_core.tuning.driver FOLDER

It asks Keras Tuner's oracle for trials, submits each as Runs through the queue, waits until they are over and tells
the oracle what they came to. It trains nothing itself. Everything it knows lies in the search's folder, so a driver
that was killed is followed by another that goes on with the same trials.
"""

import math
import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from fmnist_core import jobs
from fmnist_core.cluster.demand import Demand
from fmnist_core.errors import LabError, RunError
from fmnist_core.processes import FILE_NAME as CLAIM_FILE
from fmnist_core.processes import Claim
from fmnist_core.progress import Progress
from fmnist_core.runs import STOP_FILE, Run, RunState
from fmnist_core.tuning import importance, launching
from fmnist_core.tuning.group import SearchGroup
from fmnist_core.tuning.trials import Trial, elapsed_s, trials_of

PERIOD_S = 0.3
RECONCILE_S = 3.0
HOPELESS = 5  # failures with nothing completed, until the search gives up
WORST = {"max": 0.0, "min": 1e9}


class Driver:
    """Goes through a search, trial by trial, until it is over or somebody asks it to stop."""

    def __init__(self, group: SearchGroup) -> None:
        from fmnist_core.tuning import oracles  # loads Keras and TensorFlow: seconds, after the event that says so

        self._group, self._search = group, group.search
        self._oracle = oracles.open_oracle(self._search, group.folder)
        self._told = {trial.id: trial for trial in trials_of(group.events())}
        self._open: dict[str, tuple[Any, list[Progress]]] = {}  # trial id: Keras Tuner's trial, its Runs
        self._asked = 0
        self._failures: list[Trial] = []  # of this driver
        self._reconciled_s = 0.0

    def run(self) -> tuple[RunState, str]:
        """Return how the search ended and why."""
        while True:
            if (self._group.folder / STOP_FILE).exists():
                self._stop_runs()
                return RunState.STOPPED, "Stopped on request."
            self._collect()
            if reason := self._hopeless():
                return RunState.FAILED, reason
            reason = self._begin_trials()
            if reason and not self._open:
                return RunState.COMPLETED, reason
            self._reconcile()
            time.sleep(PERIOD_S)

    def _begin_trials(self) -> str:
        """Begin trials until there is no room; return why no further trial will come, or an empty string."""
        while len(self._open) < self._room() and not self._hopeless():
            if self._time_is_up() and not self._oracle.owes:
                return f"The {self._search.minutes:g} minutes were up."
            self._asked += 1
            trial = self._oracle.create_trial(f"{os.getpid()}-{self._asked}")
            if trial.status == "IDLE":
                return ""
            if trial.status == "STOPPED":
                return self._end_words()
            self._begin(trial)
        return ""

    def _begin(self, trial: Any) -> None:
        told = self._told.get(trial.trial_id)
        if told is None:
            told = self._told[trial.trial_id] = launching.begin(
                self._group, self._search, self._oracle, trial, list(self._told.values())
            )
        if (
            not told.is_open
        ):  # it could not start; or it had ended when a driver was killed before the oracle heard of it
            self._tell_oracle(trial, told)
            self._count(told)
            return
        runs = [Run(self._group.runs_folder / run_id) for run_id in told.runs]
        for run in runs:
            if run.state in (RunState.INTERRUPTED, RunState.STOPPED):  # new, or left behind by an earlier driver
                jobs.resume(run)
        self._open[trial.trial_id] = trial, [Progress(run) for run in runs]

    def _collect(self) -> None:
        for trial_id, (trial, progresses) in list(self._open.items()):
            for progress in progresses:
                progress.update()
                if launching.is_lost(progress):
                    with suppress(RunError):  # somebody else was faster
                        jobs.resume(progress.run)
                    progress.update()
            if all(progress.state.is_over for progress in progresses):
                told = launching.ended(self._told[trial_id], progresses, self._search)
                told = launching.tell(self._group, told, self._elapsed_s())
                self._told[trial_id] = told
                del self._open[trial_id]
                self._tell_oracle(trial, told)
                self._count(told)
                self._weigh()

    def _tell_oracle(self, trial: Any, told: Trial) -> None:
        """Report an ended trial. Hyperband cannot fill a round that lost a trial: there a failure counts as worst."""
        value = told.objective
        if told.state == RunState.FAILED and self._search.tuner == "hyperband":
            value = WORST[self._search.direction]
        trial.status, trial.message = "FAILED", told.message or None
        if not math.isnan(value):
            self._oracle.update_trial(trial.trial_id, {self._search.objective: value}, step=told.best_epoch)
            trial.status = "COMPLETED"
        self._oracle.end_trial(trial)

    def _weigh(self) -> None:
        """Keep for the page which hyperparameters matter so far."""
        with suppress(ValueError):
            importance.remember(self._group, self._search, list(self._told.values()))

    def _room(self) -> int:
        """How many trials may be under way: one more than train, so that a worker that ends finds its next Run.

        It then keeps TensorFlow loaded. Not where Bayesian optimisation would rather hear of the last trial first.
        """
        parallel = jobs.places(self._group.runs_folder, Demand.read(self._group.folder))
        done = sum(told.state == RunState.COMPLETED for told in self._told.values())
        listens = self._search.tuner == "bayesian_optimization" and done >= 3 * len(self._search.space)
        trials = math.ceil(parallel / self._search.executions_per_trial)
        return trials if listens else trials + 1

    def _hopeless(self) -> str:
        some = any(told.state == RunState.COMPLETED for told in self._told.values())
        if some or len(self._failures) < HOPELESS:
            return ""
        self._stop_runs()
        return (
            f"Expected some trial to complete. Received {len(self._failures)} failures, the last: "
            f"{self._failures[-1].message}"
        )

    def _count(self, told: Trial) -> None:
        if told.state == RunState.FAILED:
            self._failures.append(told)

    def _stop_runs(self) -> None:
        """Ask the Runs of open trials to stop, and wait until their processes are gone."""
        for _, progresses in self._open.values():
            for progress in progresses:
                with suppress(LabError):
                    jobs.stop(progress.run)

    def _reconcile(self) -> None:
        if time.monotonic() - self._reconciled_s > RECONCILE_S:  # the app, which else does so, may be closed
            self._reconciled_s = time.monotonic()
            jobs.reconcile(self._group.runs_folder)

    def _time_is_up(self) -> bool:
        return bool(self._search.minutes) and self._elapsed_s() >= 60 * self._search.minutes

    def _elapsed_s(self) -> float:
        return elapsed_s(self._group.events(), alive=True)

    def _end_words(self) -> str:
        if self._search.max_trials and len(self._told) >= self._search.max_trials:
            return "All trials are done."
        return "Hyperband has come to its end." if self._search.tuner == "hyperband" else "Every combination was tried."


def main(arguments: list[str]) -> int:
    """Drive the search in the folder that the only argument names to its end."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.exit(f"Expected one argument, the folder of a search. Received: {arguments}")
    group = SearchGroup(Path(arguments[0]).resolve())
    claim = Claim.read(group.folder)
    if claim and claim.process() and not claim.is_mine:
        sys.exit(f"Another process drives search {group.id}.")
    Claim.of().write(group.folder)
    group.write_event("started", pid=os.getpid())
    try:
        with threadpool_limits(1):  # the cores belong to the trials
            state, message = Driver(group).run()
    except LabError as error:
        state, message = RunState.FAILED, str(error)
    except Exception as error:  # whatever else: the page says it, the log has the rest
        traceback.print_exc()
        state, message = RunState.FAILED, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    group.write_event(str(state), message=message)
    (group.folder / CLAIM_FILE).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

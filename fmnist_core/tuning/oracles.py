"""Keras Tuner's own oracles, saved as one file after every step. Only the driver's process imports this.

Keras Tuner draws the values and judges the trials; Runs train them. Its Tuner classes, which build and fit models in
their own process, are not used.
"""

import json
import sys
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner import HyperParameters, Objective
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.oracles import BayesianOptimizationOracle, GridSearchOracle, HyperbandOracle, RandomSearchOracle

from fmnist_core.files import write_atomically
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Boolean, Choice, Entry, Fixed, Int

__all__ = ["Trial", "TrialStatus", "open_oracle"]

FILE_NAME = "oracle.json"


class _Saved(keras_tuner.Oracle):
    """An oracle whose whole state, trials included, is one file that is replaced in one step.

    Keras Tuner writes a file per trial and one more, so that a kill in between leaves them at odds.
    """

    folder: Path

    def save(self) -> None:
        trials = {trial_id: trial.get_state() for trial_id, trial in self.trials.items()}
        write_atomically(self.folder / FILE_NAME, json.dumps({"state": self.get_state(), "trials": trials}))

    def _save_trial(self, trial: Trial) -> None:
        pass  # save does

    @property
    def owes(self) -> bool:
        """Whether trials that were under way when it was saved have not been handed out again."""
        return bool(self._retry_queue)

    def load(self) -> None:
        """Go on where the file ends: trials that were under way are handed out again, with the same ids and values."""
        saved = json.loads((self.folder / FILE_NAME).read_text())
        self.trials = {trial_id: Trial.from_state(state) for trial_id, state in saved["trials"].items()}
        self.set_state(saved["state"])
        # Keras Tuner saves before it takes an ended trial off this list.
        under_way = [trial for trial in self.ongoing_trials.values() if trial.status == TrialStatus.RUNNING]
        self._retry_queue += [trial.trial_id for trial in reversed(under_way)]
        self.ongoing_trials = {}


class _RandomSearch(_Saved, RandomSearchOracle):
    pass


class _Hyperband(_Saved, HyperbandOracle):
    pass


class _BayesianOptimization(_Saved, BayesianOptimizationOracle):
    pass


class _GridSearch(_Saved, GridSearchOracle):
    """Keras Tuner 1.4.8 does not save where a grid stands: reloaded, it ends at once or raises KeyError."""

    def get_state(self) -> dict[str, Any]:
        order, next_id = [], self._ordered_ids._next_index[None]
        while next_id is not None:
            order.append(self._ordered_ids._memory[next_id])
            next_id = self._ordered_ids._next_index[next_id]
        return {**super().get_state(), "ordered_ids": order}

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)
        before = None
        for trial_id in state["ordered_ids"]:
            self._ordered_ids.insert(trial_id, before)
            before = trial_id
        self._populate_next = list(self.start_order)  # those whose next combination was tried are passed over


def open_oracle(search: Search, folder: Path) -> _Saved:
    """Return the search's oracle, new or as it was saved in the folder.

    Raises:
        ValueError, KeyError, OSError: if the saved one cannot be read.
    """
    common = {
        "objective": Objective(search.objective, search.direction),
        "hyperparameters": _space(search),
        "seed": search.seed + 1,  # Keras Tuner takes 0 for "any"
        "max_consecutive_failed_trials": sys.maxsize,  # trials that fail are marked, and the search goes on
    }
    if search.tuner == "hyperband":
        oracle = _Hyperband(
            max_epochs=search.epochs, factor=search.factor, hyperband_iterations=search.passes, **common
        )
    else:
        kinds = {
            "random_search": _RandomSearch, "bayesian_optimization": _BayesianOptimization, "grid_search": _GridSearch,
        }  # fmt: skip
        oracle = kinds[search.tuner](**common)
    oracle.folder, oracle.verbose = folder, 0
    if (folder / FILE_NAME).is_file():
        oracle.load()
    oracle.max_trials = search.max_trials or None  # as the search has it now: it may have been extended
    if search.tuner == "hyperband":
        oracle.hyperband_iterations = search.passes
    return oracle


def _space(search: Search) -> HyperParameters:
    space = HyperParameters()
    for entry in search.space:
        parent = entry.when and {"parent_name": entry.when.path, "parent_values": list(entry.when.values)}
        _register(space, entry, parent or {})
    return space


def _register(space: HyperParameters, entry: Entry, parent: dict[str, Any]) -> None:
    if isinstance(entry, Fixed):
        space.Fixed(entry.path, entry.value, **parent)
    elif isinstance(entry, Boolean):
        space.Boolean(entry.path, bool(entry.default), **parent)
    elif isinstance(entry, Choice):
        space.Choice(entry.path, list(entry.values), default=entry.default, **parent)
    else:
        whole = isinstance(entry, Int)
        maximum = entry.maximum
        if not whole and entry.step and not entry.log:
            maximum += entry.step * 1e-4  # else 0.5 // 0.05 is 9, and 0.5 is never tried
        (space.Int if whole else space.Float)(
            entry.path, entry.minimum, maximum, step=entry.step, sampling="log" if entry.log else "linear",
            default=entry.default, **parent,
        )  # fmt: skip

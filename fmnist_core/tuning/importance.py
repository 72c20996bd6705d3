"""Which hyperparameters matter, by the trials so far: permutation importance of a random forest.

A forest learns to predict the objective from the values. Then the values of one hyperparameter are shuffled among the
trials: the more the forest's error grows, the more it matters. Source: Breiman, Random Forests, 2001.
"""

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from fmnist_core.files import write_atomically
from fmnist_core.tuning.group import IMPORTANCE_FILE, SearchGroup
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Entry
from fmnist_core.tuning.trials import Trial, searched_paths, trial_frame

LEAST_TRIALS = 5
TREES, REPEATS = 100, 10


@dataclass(frozen=True)
class Importance:
    """What the forest found.

    Attributes:
        trials: on how many trials.
        shares: by path, 0..1, in sum 1, the largest first; "epochs" stands for the budget of a trial where it differed.
            All are 0 if the values explain nothing.
        explained: share of the variance between trials that the forest predicts for trials that it has not seen
            (out-of-bag R²); 0 or less means that it cannot.
    """

    trials: int
    shares: dict[str, float]
    explained: float


def importance(frame: pd.DataFrame, entries: Sequence[Entry], seed: int = 0) -> Importance | None:
    """Return what matters in these trials; None if there are fewer than LEAST_TRIALS or all are equally good.

    Args:
        frame: from trials.trial_frame.
        entries: of the search space that differ between trials.
    """
    from sklearn.ensemble import RandomForestRegressor  # takes a second to import, and few need it

    if len(frame) < LEAST_TRIALS or frame.objective.nunique() < 2:
        return None
    table = encoded(frame, entries)
    goal = frame.objective.to_numpy(float)
    forest = RandomForestRegressor(TREES, random_state=seed, oob_score=True, max_features=max(1, table.shape[1] // 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # with few trials some are in every tree's bag
        forest.fit(table.to_numpy(), goal)
    grown = np.clip(_error_growth(forest.predict, table.to_numpy(), goal, seed), 0, None)
    shares = grown / grown.sum() if grown.sum() > 0 else grown
    order = np.argsort(-shares, kind="stable")
    return Importance(len(frame), {table.columns[i]: float(shares[i]) for i in order}, float(forest.oob_score_))


def _error_growth(
    predict: Callable[[np.ndarray], np.ndarray], table: np.ndarray, goal: np.ndarray, seed: int
) -> np.ndarray:
    """Return by how much the mean squared error grows when each column is shuffled, on average: (columns,) float64.

    All shuffled copies are predicted in one call: scikit-learn's permutation_importance takes ten times as long.

    Args:
        table: (trials, columns) float64.
        goal: (trials,) float64.
    """
    generator, (trials, columns) = np.random.default_rng(seed), table.shape
    copies = np.broadcast_to(table, (columns, REPEATS, trials, columns)).copy()
    for column in range(columns):
        for repeat in range(REPEATS):
            copies[column, repeat, :, column] = generator.permutation(table[:, column])
    errors = (predict(copies.reshape(-1, columns)).reshape(columns, REPEATS, trials) - goal) ** 2
    return errors.mean(axis=(1, 2)) - ((predict(table) - goal) ** 2).mean()


def encoded(frame: pd.DataFrame, entries: Sequence[Entry]) -> pd.DataFrame:
    """Return the values as float64 columns: numbers as they are, words by their place, absent ones below all."""
    columns: dict[str, np.ndarray] = {}
    for entry in entries:
        places = {value: place for place, value in enumerate(entry.options or ()) if isinstance(value, str)}
        values = pd.Series([places.get(value, value) for value in frame[entry.path]], dtype=float)
        columns[entry.path] = values.fillna(values.min() - 1 if values.notna().any() else 0).to_numpy()
    if "epochs" not in columns and frame.epochs.nunique() > 1:
        columns["epochs"] = frame.epochs.to_numpy(float)
    return pd.DataFrame(columns)


def remember(group: SearchGroup, search: Search, trials: Sequence[Trial]) -> None:
    """Compute the importance and keep it in the search's folder, if there are trials enough."""
    entries = [entry for entry in search.space if entry.path in searched_paths(search)]
    found = importance(trial_frame(search, trials), entries, search.seed)
    if found:
        write_atomically(group.folder / IMPORTANCE_FILE, json.dumps(asdict(found)))


def recall(group: SearchGroup) -> Importance | None:
    """Return what was kept; None before there were enough trials."""
    found: dict[str, Any] | None = group.importance()
    try:
        return Importance(**found) if found else None
    except TypeError:
        return None

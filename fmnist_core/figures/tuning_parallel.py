"""Parallel coordinates of a search's trials: places on axes, and what the best have in common. The page draws them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fmnist_core.figures.tuning_words import (
    entries_of,
    is_absent,
    label_of,
    objective_title,
    objective_words,
    value_words,
)
from fmnist_core.tuning.importance import LEAST_TRIALS
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Entry, Number
from fmnist_core.tuning.trials import searched_paths

_MOST_TICKS = 6  # options beyond that are drawn as a range


@dataclass(frozen=True)
class Axis:
    """An axis of parallel coordinates.

    Attributes:
        title: what it shows.
        places: of each trial, 0 at the foot to 1 at the head; None where the hyperparameter does not count for it.
        words: of each trial, its value as text.
        ticks: places and their words.
    """

    title: str
    places: tuple[float | None, ...]
    words: tuple[str, ...]
    ticks: tuple[tuple[float, str], ...]


def parallel_axes(search: Search, frame: pd.DataFrame) -> tuple[Axis, ...]:
    """Return an axis per hyperparameter and one for the objective, which comes last.

    Args:
        frame: from trials.trial_frame.
    """
    axes = [_axis(search, entry, frame[entry.path].tolist()) for entry in entries_of(search)]
    if "epochs" not in searched_paths(search) and frame.epochs.nunique() > 1:
        axes.append(_range_axis("Epochs", frame.epochs.tolist(), False, lambda value: f"{value:.0f}"))
    values = frame.objective.tolist()
    return (*axes, _range_axis(objective_title(search), values, False, lambda value: objective_words(search, value)))


def parallel_text(search: Search, frame: pd.DataFrame) -> str:
    """Say what the best third of the trials have in common: hyperparameters that they take from a part of the range."""
    if len(frame) < LEAST_TRIALS:
        return "Each line is a trial."
    count = max(2, len(frame) // 3)
    order = frame.objective.rank(ascending=search.direction == "min", method="first")
    top, common = frame[order <= count], []
    for entry in entries_of(search):
        values = [value for value in top[entry.path] if value is not None and value == value]
        if values and len({str(value) for value in frame[entry.path]}) > 1:
            common += _narrow(search, entry, values, frame[entry.path].tolist())
    head = f"Each line is a trial. The best {count} of {len(frame)}"
    return f"{head} share {', '.join(common)}." if common else f"{head} have no value in common."


def _axis(search: Search, entry: Entry, values: Sequence[Any]) -> Axis:
    options = entry.options
    if options is None or (len(options) > _MOST_TICKS and not isinstance(options[0], str)):
        limits = (entry.minimum, entry.maximum) if isinstance(entry, Number) else (min(options), max(options))
        log = _is_log(entry)
        title = label_of(search, entry.path)
        return _range_axis(title, values, log, lambda value: value_words(search, entry.path, value), limits)
    steps = max(1, len(options) - 1)
    at = {option: place / steps if len(options) > 1 else 0.5 for place, option in enumerate(options)}
    return Axis(
        label_of(search, entry.path),
        tuple(None if is_absent(value) else at[value] for value in values),
        tuple(value_words(search, entry.path, value) for value in values),
        tuple((at[option], value_words(search, entry.path, option)) for option in options),
    )


def _range_axis(
    title: str, values: Sequence[Any], log: bool, words: Callable[[Any], str], limits: tuple[float, float] | None = None
) -> Axis:
    known = [value for value in values if not is_absent(value)]
    low, high = limits or (min(known, default=0.0), max(known, default=1.0))
    place = _log_place if log else _place
    ticks = [(place(value, low, high), value) for value in tick_values(low, high, log)]
    whole = all(isinstance(value, int) for value in (*known, low, high))
    return Axis(
        title,
        tuple(None if is_absent(value) else place(value, low, high) for value in values),
        tuple("–" if is_absent(value) else words(value) for value in values),
        tuple((share, words(round(value) if whole else value)) for share, value in ticks),
    )


def tick_values(low: float, high: float, log: bool) -> list[float]:
    """Return the ends and what lies between: the middle, or the powers of ten that are clear of the ends."""
    if high == low:
        return [low]
    if not log:
        return [low, (low + high) / 2, high]
    powers = (10.0**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1))
    return [low, *(power for power in powers if 0.12 < _log_place(power, low, high) < 0.88), high]


def _place(value: float, low: float, high: float) -> float:
    return 0.5 if high == low else (value - low) / (high - low)


def _log_place(value: float, low: float, high: float) -> float:
    return 0.5 if high == low else math.log(value / low) / math.log(high / low)


def _narrow(search: Search, entry: Entry, top: list[Any], every: Sequence[Any]) -> list[str]:
    """Return the words for what the top trials share; empty if they spread over more than half of what was tried."""
    name, numeric = label_of(search, entry.path), isinstance(top[0], int | float) and not isinstance(top[0], bool)
    if len(set(top)) == 1:
        return [f"{name} {value_words(search, entry.path, top[0])}"]
    known = [value for value in every if not is_absent(value)]
    if not numeric or min(top) < 0:
        return []
    scale = math.log if _is_log(entry) else float
    spread = scale(max(top)) - scale(min(top))
    if spread > 0.5 * (scale(max(known)) - scale(min(known))):
        return []
    low, high = (value_words(search, entry.path, value) for value in (min(top), max(top)))
    return [f"{name} {low} to {high}"]


def _is_log(entry: Entry) -> bool:
    return isinstance(entry, Number) and entry.log

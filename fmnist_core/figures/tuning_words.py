"""A search in words: names of hyperparameters, values and objectives as a reader expects them."""

import math
from typing import Any

from fmnist_core.tuning.fields import field_at
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Entry, Number
from fmnist_core.tuning.trials import Trial, searched_paths


def entries_of(search: Search) -> list[Entry]:
    """Return the entries that differ between trials."""
    return [entry for entry in search.space if entry.path in searched_paths(search)]


def label_of(search: Search, path: str) -> str:
    """Return the name of a hyperparameter on screen."""
    entry = next((one for one in search.space if one.path == path), None)
    return entry.label if entry and entry.label else field_at(search.base, path).label


def value_words(search: Search, path: str, value: Any) -> str:
    """Return a value as a reader expects it: 0.0012, 64, on, ReLU."""
    if is_absent(value):
        return "–"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.3g}"
    choices = field_at(search.base, path).parameter.choices or {}
    return str(choices.get(value, value))


def entry_words(search: Search, entry: Entry) -> str:
    """Say which values an entry has: 0.0001 to 0.01 by factors, 64 to 128 by 16, 3 or 5."""
    if isinstance(entry, Number):
        low, high = (value_words(search, entry.path, value) for value in (entry.minimum, entry.maximum))
        step = "" if entry.step in (None, 1) else f" by {entry.step:g}"
        words = f"{low} to {high}" + (f", factors of {entry.step:g}" if entry.log and step else step)
        words += ", log scale" if entry.log and not step else ""
    else:
        *most, last = (value_words(search, entry.path, value) for value in entry.options or ("–",))
        words = f"{', '.join(most)} or {last}" if most else last
    if entry.when:
        parent = ", ".join(value_words(search, entry.when.path, value) for value in entry.when.values)
        words += f" (with {label_of(search, entry.when.path)} {parent})"
    return words


def objective_words(search: Search, value: float) -> str:
    """Return an objective as a reader expects it: 91.24 % or 0.2531."""
    if math.isnan(value):
        return "–"
    return f"{value:.2%}" if search.objective == "val_accuracy" else f"{value:.4f}"


def combination_words(search: Search, trial: Trial) -> str:
    """Say which values a trial has."""
    paths = [path for path in searched_paths(search) if path in trial.values]
    return ", ".join(f"{label_of(search, path)} {value_words(search, path, trial.values[path])}" for path in paths)


def objective_title(search: Search) -> str:
    """Return the name of the objective."""
    return "Validation accuracy" if search.objective == "val_accuracy" else "Validation loss"


def counted(number: int, noun: str) -> str:
    """Return 1 trial, 2 trials."""
    return f"{number} {noun}{'s' * (number != 1)}"


def is_absent(value: Any) -> bool:
    """Whether a hyperparameter does not count for a trial."""
    return value is None or (isinstance(value, float) and math.isnan(value))

"""How much a search will train, by arithmetic: trials and epochs before the first of them starts."""

import math
from dataclasses import dataclass

from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import SAMPLES, Entry


@dataclass(frozen=True)
class Plan:
    """What a search comes to if no trial stops early.

    Attributes:
        trials: at most so many.
        epochs: that all Runs train together, at most.
    """

    trials: int
    epochs: int


def plan(search: Search) -> Plan:
    """Return how many trials a search makes and how many epochs these train."""
    if search.tuner == "hyperband":
        rounds = hyperband_rounds(search.epochs, search.factor) * search.passes
        trials, epochs = 0, 0
        for count, new_epochs in rounds:
            count = min(count, search.max_trials - trials) if search.max_trials else count
            trials += count
            epochs += count * new_epochs
        return Plan(trials, epochs * search.executions_per_trial)
    trials, size = search.max_trials, space_size(search)
    if size is not None:
        trials = min(size, trials) if trials else size
    return Plan(trials, trials * _longest(search) * search.executions_per_trial)


def hyperband_rounds(max_epochs: int, factor: int) -> list[tuple[int, int]]:
    """Return the rounds of one pass of Hyperband: trials, and epochs that each of them trains beyond its earlier ones.

    Source: Li et al., Hyperband, 2018, in the form of Keras Tuner 1.4.8's HyperbandOracle; a test holds it to that.
    """
    brackets, epochs = 0, float(max_epochs)
    while epochs >= 1:
        epochs /= factor
        brackets += 1
    rounds = []
    for bracket in reversed(range(brackets)):
        end_size = math.ceil(1 + math.log(max_epochs, factor)) / (bracket + 1)
        before = 0
        for number in range(bracket + 1):
            count = math.ceil(end_size * factor ** (bracket - number))
            until = math.ceil(max_epochs / factor ** (bracket - number))
            rounds.append((count, until - before))
            before = until
    return rounds


def space_size(search: Search) -> int | None:
    """Return how many combinations a search can try; None where a range has no step and values are drawn from it."""
    sizes = [_options(entry, search.tuner) for entry in search.space]
    if None in sizes:
        return None
    asked = {entry.when.path for entry in search.space if entry.when}
    states: dict[tuple, int] = {(): 1}  # combinations so far, by the values that conditions ask for
    for entry in search.space:
        states = _grown(states, entry, entry.path in asked, search.tuner)
    return sum(states.values())


def _grown(states: dict[tuple, int], entry: Entry, asked: bool, tuner: str) -> dict[tuple, int]:
    """Return the combinations with one more entry, which counts only where its condition is met."""
    grown: dict[tuple, int] = {}
    for known, count in states.items():
        if entry.when is not None and dict(known).get(entry.when.path) not in entry.when.values:
            grown[known] = grown.get(known, 0) + count
        elif not asked:
            grown[known] = grown.get(known, 0) + count * (_options(entry, tuner) or 1)
        else:
            grown |= {(*known, (entry.path, value)): count for value in entry.options or ()}
    return grown


def _options(entry: Entry, tuner: str) -> int | None:
    if entry.options is not None:
        return len(entry.options)
    return SAMPLES if tuner == "grid_search" else None


def _longest(search: Search) -> int:
    tuned = next((entry for entry in search.space if entry.path == "epochs"), None)
    return search.epochs if tuned is None else int(max(tuned.extremes))

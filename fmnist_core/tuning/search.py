"""Search: all that a tuning is, in one frozen, validated dataclass, JSON both ways.

    search = Search("Small", PRESETS["C-lenet5"], (Float("learning_rate", 1e-4, 1e-2, log=True),), max_trials=20)
    search.trial_spec({"learning_rate": 0.001}, number=0)     # the RunSpec of a trial

Field descriptions serve form and validation, as in RunSpec.
"""

import dataclasses
import functools
import json
from dataclasses import dataclass, fields
from typing import Any

from fmnist_core import zoo
from fmnist_core.errors import SpecError
from fmnist_core.hyperparameters import Hyperparameter, checked, hyper
from fmnist_core.spec import RunSpec
from fmnist_core.tuning.checks import check_space
from fmnist_core.tuning.fields import put
from fmnist_core.tuning.space import Entry, cleaned, entry_from_dict

SEARCH_VERSION = 1
DIRECTIONS = {"val_accuracy": "max", "val_loss": "min"}
TUNERS = {
    "random_search": "Random search",
    "hyperband": "Hyperband",
    "bayesian_optimization": "Bayesian optimisation",
    "grid_search": "Grid search",
}


@dataclass(frozen=True)
class Search:
    """A search for good hyperparameters. Construction validates; a wrong value raises SpecError.

    Attributes:
        title: a few words.
        base: every hyperparameter that is not searched; its own epochs are those of the full training of the best.
        space: what is searched.
        preset: key in presets.SEARCHES that it began as; empty for others.
    """

    title: str
    base: RunSpec
    space: tuple[Entry, ...]
    preset: str = ""
    tuner: str = hyper(
        "random_search", "Search", "Tuner",
        "Random search draws each trial anew. Hyperband starts many short trials and goes on with the best. Bayesian "
        "optimisation draws where a model of the trials so far hopes for most. Grid search tries every combination.",
        choices=TUNERS,
    )  # fmt: skip
    objective: str = hyper(
        "val_accuracy", "Search", "Objective",
        "What makes a trial good: this figure in its best epoch. Test figures play no part.",
        choices={
            "val_accuracy": "Largest validation accuracy", "val_loss": "Smallest validation loss",
        },
    )  # fmt: skip
    max_trials: int = hyper(
        10, "Budget", "Trials",
        "The search ends after so many. 0 sets no limit where the tuner has an end of its own: grid and Hyperband.",
        minimum=0, maximum=10_000, step=1,
    )  # fmt: skip
    epochs: int = hyper(
        5, "Budget", "Epochs per trial",
        "How long each trial trains at most. With Hyperband, the longest trials.",
        minimum=1, maximum=1000, step=1,
    )  # fmt: skip
    minutes: float = hyper(
        0.0, "Budget", "Minutes",
        "After so much time no further trial starts; those under way are finished. 0 sets no limit.",
        minimum=0.0, maximum=100_000.0, step=5.0,
    )  # fmt: skip
    early_stopping: str = hyper(
        "val_loss", "Trials", "Early stopping",
        "Ends a trial once this has not improved for some epochs.",
        choices={"none": "Off", "val_loss": "On validation loss", "val_accuracy": "On validation accuracy"},
    )  # fmt: skip
    patience: int = hyper(
        3, "Trials", "Patience",
        "Epochs without improvement before early stopping ends a trial.",
        minimum=1, maximum=100, step=1,
    )  # fmt: skip
    executions_per_trial: int = hyper(
        1, "Trials", "Runs per trial",
        "Each combination is trained so often with other seeds, and the mean counts: luck weighs less, time more.",
        minimum=1, maximum=20, step=1,
    )  # fmt: skip
    seed: int = hyper(
        0, "Search", "Seed of the search",
        "Start of the random numbers that the tuner draws values with. Trials have the seed of their network.",
        minimum=0, maximum=2**31 - 2, step=1,
    )  # fmt: skip
    factor: int = hyper(
        3, "Search", "Hyperband factor",
        "One trial in so many is promoted, and then trains so many times as long.",
        minimum=2, maximum=10, step=1,
    )  # fmt: skip
    passes: int = hyper(
        1, "Search", "Hyperband passes",
        "How often the whole of Hyperband is gone through.",
        minimum=1, maximum=100, step=1,
    )  # fmt: skip

    def __post_init__(self) -> None:
        for name, parameter in SETTINGS.items():
            object.__setattr__(self, name, checked(name, parameter, getattr(self, name), _DEFAULTS[name]))
        if not isinstance(self.title, str) or not self.title.strip() or len(self.title) > 120:
            raise SpecError("Expected a title of 1 to 120 characters. Received another.")
        object.__setattr__(self, "space", tuple(self.space))
        if self.max_trials == 0 and self.tuner not in ("grid_search", "hyperband"):
            raise SpecError(f"Expected at least one trial for {TUNERS[self.tuner].lower()}. Received 0.")
        check_space(self.base, self.space, self.tuner)
        zoo.describe(self.base)

    @property
    def direction(self) -> str:
        """Whether a good objective is large ("max") or small ("min")."""
        return DIRECTIONS[self.objective]

    def trial_spec(
        self, values: dict[str, Any], *, number: int, epochs: int | None = None, execution: int = 0, group: str = ""
    ) -> RunSpec:
        """Return the spec of a Run of a trial.

        Args:
            values: by path, as the tuner drew them.
            number: of the trial, from 0.
            epochs: instead of the search's own, as Hyperband has it.
            execution: which of several Runs with these values, from 0; each has a seed of its own.

        Raises:
            SpecError: if the values do not go together, or the network does not fit.
        """
        common = {
            "epochs": epochs or self.epochs, "early_stopping": self.early_stopping, "patience": self.patience,
            "best_checkpoint": self.objective, "seed": (self.base.seed + execution) % 2**31, "preset": "",
            "keep_epochs": "none", "group": group, "title": f"Trial {number + 1}, {self.base.title}"[:120],
        }  # fmt: skip
        spec = put(self.base.replace(**common), cleaned(values))
        zoo.describe(spec)
        return spec

    def best_spec(self, values: dict[str, Any]) -> RunSpec:
        """Return the spec that trains these values fully: the base's epochs, from scratch, the best epoch kept."""
        title = f"Best of {self.title}"[:120]
        return put(self.base.replace(best_checkpoint=self.objective, preset="", group="", title=title), cleaned(values))

    def replace(self, **changes: Any) -> "Search":
        """Return a copy with the named fields changed; the copy is validated."""
        return dataclasses.replace(self, **changes)

    def to_json(self) -> str:
        """Return the search as indented JSON text."""
        values = {name: getattr(self, name) for name in ("title", "preset", *SETTINGS)}
        values |= {"base": self.base.to_dict(), "space": [entry.to_dict() for entry in self.space]}
        return json.dumps({"version": SEARCH_VERSION, **values}, indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Search":
        """Build a search from JSON text; text that is not such JSON raises SpecError."""
        return _parsed(text)


@functools.lru_cache(128)  # pages read the same text at every tick, and validating describes some networks
def _parsed(text: str) -> Search:
    try:
        values = json.loads(text)
        version = values.pop("version", SEARCH_VERSION)
        if version != SEARCH_VERSION:
            raise SpecError(f"Expected a search of version {SEARCH_VERSION}. Received version {version!r}.")
        base = RunSpec.from_dict(values.pop("base"))
        return Search(base=base, space=tuple(entry_from_dict(one) for one in values.pop("space")), **values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SpecError(f"Expected a search as JSON. Received something else: {error}.") from error


SETTINGS: dict[str, Hyperparameter] = {f.name: f.metadata["hyper"] for f in fields(Search) if "hyper" in f.metadata}
_DEFAULTS = {f.name: f.default for f in fields(Search)}

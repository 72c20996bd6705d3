"""What label decisions did to the test accuracy: the difference of two Runs of one seed, and its interval over seeds.

The interval is Student's t of the paired differences, mean ± t · s / √n with n - 1 degrees of freedom for n seeds. It
covers the luck of training: first weights, order of images, split. It does not cover the choice of the test images; for
that each pair is put to McNemar's exact test (paired.py).

The test labels are as published. If they hold the mistakes that were corrected for training, a network that has learned
the mistakes is rewarded for them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import fmean

import pandas as pd

from fmnist_core.crossval_scores import t_interval
from fmnist_core.datasets import Dataset
from fmnist_core.errors import RunError
from fmnist_core.evaluation import Evaluation, EvaluationError
from fmnist_core.label_trial import Launched
from fmnist_core.paired import LEVEL, Pairing
from fmnist_core.runs import Run, RunState


@dataclass(frozen=True)
class Outcome:
    """The two Runs of one seed on the same test images.

    Attributes:
        seed: theirs.
        without, marked: test accuracy, 0..1, with the labels as given and with the decisions.
        only_without, only_marked: images that the one alone has right.
        p_value: McNemar's exact.
    """

    seed: int
    without: float
    marked: float
    only_without: int
    only_marked: int
    p_value: float

    @property
    def difference(self) -> float:
        """With less without decisions, -1..1."""
        return self.marked - self.without


@dataclass(frozen=True)
class Effect:
    """The outcomes of the seeds that are done."""

    outcomes: tuple[Outcome, ...]

    @property
    def mean(self) -> float:
        """Mean difference, -1..1."""
        return fmean(one.difference for one in self.outcomes)

    def interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Return the interval of the mean difference over seeds; None for one seed."""
        return t_interval([one.difference for one in self.outcomes], level)

    @property
    def is_settled(self) -> bool:
        """Whether 0 lies outside the 95 % interval."""
        interval = self.interval()
        return interval is not None and (interval[0] > 0 or interval[1] < 0)

    def frame(self) -> pd.DataFrame:
        """Return a row per seed: seed, without, marked, difference (0..1), only_without, only_marked, p_value."""
        rows = [vars(one) | {"difference": one.difference} for one in self.outcomes]
        columns = ["seed", "without", "marked", "difference", "only_without", "only_marked", "p_value"]
        return pd.DataFrame(rows, columns=columns)


def outcome(seed: int, without: Evaluation, marked: Evaluation) -> Outcome:
    """Compare two evaluations on the same images; raises EvaluationError if their labels differ."""
    pairing = Pairing(without, marked)
    return Outcome(
        seed, without.accuracy, marked.accuracy, len(pairing.only_first), len(pairing.only_second), pairing.p_value
    )


def effect_of(
    launched: Launched, dataset: Dataset, state_of: Callable[[Run], RunState] = attrgetter("state")
) -> Effect | None:
    """Return what the pairs came to whose Runs are both completed; None while there is none.

    Args:
        launched: the trial.
        dataset: on which its Runs were tested.
        state_of: says a Run's state, where it is known already.

    Raises:
        LabError: if a Run was tested on other data, or its files are damaged.
    """
    outcomes = tuple(
        outcome(pair.seed, _evaluation(pair.without, dataset), _evaluation(pair.marked, dataset))
        for pair in launched.pairs
        if all(run and state_of(run) == RunState.COMPLETED for run in (pair.without, pair.marked))
    )
    return Effect(outcomes) if outcomes else None


def effect_text(effect: Effect) -> str:
    """Say in a few sentences what the decisions did and whether that is more than luck."""
    count = len(effect.outcomes)
    without, marked = (fmean(getattr(one, name) for one in effect.outcomes) for name in ("without", "marked"))
    words = (
        f"Mean test accuracy of {count} seed{'s' * (count != 1)}: {without:.2%} with the labels as given, {marked:.2%} "
        f"with the decisions, a difference of {points(effect.mean)} points"
    )
    interval = effect.interval()
    if interval is None:
        return f"{words}. One seed says nothing of the luck in training: wait for a second."
    words += f"; 95 % interval over seeds {points(interval[0])} to {points(interval[1])}."
    better = "helped" if effect.mean > 0 else "harmed"
    verdict = (
        f"**The decisions {better}**, by more than the luck of the seed."
        if effect.is_settled
        else "**Within noise:** other seeds could turn it round. That is no proof that the decisions change nothing."
    )
    return f"{words} {verdict} {_settled_words(effect.outcomes)}"


def points(difference: float) -> str:
    """Write a difference of shares, -1..1, in points with its sign: +0.42."""
    return f"{100 * difference:+.2f}".replace("-0.00", "+0.00").replace("-", "−")


def _settled_words(outcomes: Sequence[Outcome]) -> str:
    settled = [one for one in outcomes if one.p_value < LEVEL]
    up = sum(one.difference > 0 for one in settled)
    by = f"{up} for the decisions, {len(settled) - up} against" if settled else "none"
    return (
        f"On the test images themselves McNemar's exact test settles {len(settled)} of {len(outcomes)} pairs"
        f"{f': {by}' if settled else ''}."
    )


def _evaluation(run: Run, dataset: Dataset) -> Evaluation:
    if (run.result or {}).get("sha256") != dataset.sha256:
        raise RunError(
            f"Expected Runs that were tested on these data, {dataset.sha256[:12]}. Received one on others: {run.id}."
        )
    try:
        return Evaluation(dataset.y_test, run.test_probabilities(), dataset.class_names)
    except EvaluationError as error:
        raise RunError(f"Run {run.id}: {error}") from error

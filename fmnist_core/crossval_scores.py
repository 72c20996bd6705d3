"""What the folds of a cross-validation came to: mean, spread, and how sure the mean is.

Two intervals of the mean are given, both from Student's t with one degree of freedom less than there are folds.

- Plain: mean ± t · s / √J for J folds. It takes the folds for independent. They are not: two of k folds share
  (k - 2) / (k - 1) of their training images, so it is too narrow (Dietterich 1998; Bengio and Grandvalet 2004).
- Corrected: mean ± t · s · √(1/J + n_validation/n_training), the correction of the resampled t test by Nadeau and
  Bengio (2003), used for repeated k-fold by Bouckaert and Frank (2004). n_validation/n_training is 1/(k - 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from fmnist_core.errors import LabError
from fmnist_core.fold import Fold
from fmnist_core.runs import Run, RunState

METHOD = "corrected t (Nadeau and Bengio, 2003)"


@dataclass(frozen=True)
class Score:
    """One fold's figures, of its finished model.

    Attributes:
        fold: which.
        validation, test: accuracy, 0..1, on the images held out of this fold, and on the test set; None before the end.
        validation_loss, test_loss: mean cross-entropy in nats.
    """

    fold: Fold
    validation: float | None = None
    test: float | None = None
    validation_loss: float | None = None
    test_loss: float | None = None


@dataclass(frozen=True)
class Summary:
    """A figure over the folds that are done.

    Attributes:
        values: one per fold.
        folds: the k of k-fold, on which the correction depends.
    """

    values: tuple[float, ...]
    folds: int

    @property
    def mean(self) -> float:
        """Mean over the folds."""
        return fmean(self.values)

    @property
    def sd(self) -> float | None:
        """Standard deviation between folds, with J - 1 in the denominator; None for one fold."""
        return stdev(self.values) if len(self.values) > 1 else None

    @property
    def minimum(self) -> float:
        """Lowest of the folds."""
        return min(self.values)

    @property
    def maximum(self) -> float:
        """Highest of the folds."""
        return max(self.values)

    def interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Return the corrected interval of the mean, see above; None for one fold."""
        return t_interval(self.values, level, 1 / (self.folds - 1))

    def plain_interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Return the plain interval of the mean, see above; None for one fold."""
        return t_interval(self.values, level)


def t_interval(values: Sequence[float], level: float = 0.95, correction: float = 0.0) -> tuple[float, float] | None:
    """Return Student's interval of the mean; None for one value. `correction` is added to 1/J, see above."""
    if len(values) < 2:
        return None
    from scipy.special import stdtrit  # a tenth of a second to load, and only where folds are done

    quantile = float(stdtrit(len(values) - 1, (1 + level) / 2))
    mean, reach = fmean(values), quantile * stdev(values) * sqrt(1 / len(values) + correction)
    return mean - reach, mean + reach


def score_of(run: Run, state: RunState | None = None) -> Score:
    """Return the figures of a fold's Run; without numbers if it is not completed, or its result is damaged.

    Args:
        state: of the Run, where it is known already.
    """
    try:
        result = (run.result or {}) if (state or run.state) == RunState.COMPLETED else {}
    except LabError:
        result = {}  # the Result page says so
    return Score(
        run.spec.fold,
        *(result.get(name) for name in ("validation_accuracy", "test_accuracy", "validation_loss", "test_loss")),
    )


def summary(scores: Sequence[Score], name: str) -> Summary | None:
    """Summarise an attribute of the scores, such as "validation"; None while no fold has it."""
    values = tuple(value for score in scores if (value := getattr(score, name)) is not None)
    return Summary(values, scores[0].fold.count) if values else None


def best_and_worst(scores: Sequence[Score]) -> tuple[Score, Score] | None:
    """Return the folds of highest and lowest validation accuracy; None while fewer than two differ."""
    done = [score for score in scores if score.validation is not None]
    best, worst = (pick(done, key=lambda score: score.validation, default=None) for pick in (max, min))
    return None if best is None or best.validation == worst.validation else (best, worst)


def leak(carried: Sequence[Score], honest: Sequence[Score]) -> tuple[float, float] | None:
    """Return the mean validation accuracy of the folds after the first, with carried and with fresh weights.

    The first fold leaks nothing. None while no fold after it is done in both.
    """
    both = [
        (one.validation, other.validation)
        for one, other in zip(carried, honest, strict=False)
        if one.fold.number > 1 and one.validation is not None and other.validation is not None
    ]
    return (fmean(one for one, _ in both), fmean(other for _, other in both)) if both else None

"""Balance: how evenly images are spread over the classes, measured and said in words."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fmnist_core.errors import DataError

# Up to this ratio of the largest class to the smallest, accuracy reads the same as its mean over the classes.
EVEN_RATIO, UNEVEN_RATIO = 1.1, 1.5
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Balance:
    """Counts of images per class and what they say.

    counts: one per class, at least one class; at least one image in all.
    Raises DataError where there is nothing to measure.
    """

    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.counts or min(self.counts) < 0 or not sum(self.counts):
            raise DataError(f"Expected counts of at least one image. Received {list(self.counts)}.")

    @property
    def images(self) -> int:
        """Number of images."""
        return sum(self.counts)

    @property
    def ratio(self) -> float:
        """Largest count over smallest: 1 is even; infinite where a class is empty."""
        return max(self.counts) / min(self.counts) if min(self.counts) else math.inf

    @property
    def entropy(self) -> float:
        """Shannon's entropy of the shares over its maximum, the log of the number of classes: 0 to 1, 1 is even."""
        if len(self.counts) == 1:
            return 1.0
        shares = [count / self.images for count in self.counts if count]
        return max(-sum(share * math.log(share) for share in shares) / math.log(len(self.counts)), 0.0)

    @property
    def chi_square(self) -> float:
        """Pearson's statistic against equal counts: sum of (count - mean)² / mean."""
        mean = self.images / len(self.counts)
        return sum((count - mean) ** 2 for count in self.counts) / mean

    @property
    def degrees(self) -> int:
        """Degrees of freedom of chi_square: classes - 1."""
        return len(self.counts) - 1

    @property
    def p_value(self) -> float:
        """Probability of a chi_square at least this large if all classes were equally likely; 1 for one class."""
        if not self.degrees:
            return 1.0
        from scipy.special import chdtrc  # slow to import, and only this page needs it

        return float(chdtrc(self.degrees, self.chi_square))

    @property
    def smallest_expected(self) -> float:
        """Images per class if all were equal; below 5 the p-value is only rough (Cochran, 1954)."""
        return self.images / len(self.counts)


def verdict(balance: Balance) -> str:
    """Say in a sentence or two how even the classes are and what to do about it."""
    if len(balance.counts) == 1:
        return "One class only: there is nothing to compare."
    if not min(balance.counts):
        empty = balance.counts.count(0)
        what = "One class has" if empty == 1 else f"{empty} classes have"
        return f"{what} no image here: nothing can be learned or judged about it. Add images, or leave it out."
    ratio = f"The largest class has {balance.ratio:.2f} times the images of the smallest."
    if max(balance.counts) == min(balance.counts):
        return "Every class has the same number of images: accuracy is a fair figure and no weights are needed."
    if balance.ratio <= EVEN_RATIO:
        return f"{ratio} As good as even: accuracy is a fair figure and no weights are needed."
    if balance.ratio <= UNEVEN_RATIO:
        return f"{ratio} Slightly uneven: read recall class by class beside accuracy."
    return (
        f"{ratio} Uneven: accuracy rewards the large classes. Judge by macro F1, keep the split stratified, "
        "and collect more of the small classes."
    )


def chance_sentence(balance: Balance) -> str:
    """Say what the chi-square test finds."""
    if not balance.degrees:
        return "The chi-square test needs two classes."
    test = f"Chi-square {balance.chi_square:,.1f} with {balance.degrees} degrees of freedom, {p_text(balance.p_value)}"
    if balance.smallest_expected < 5:
        return f"{test}: with fewer than 5 images per class only a rough guide."
    if balance.p_value < SIGNIFICANCE:
        return f"{test}: drawing classes at random would hardly give counts this uneven, so it is no accident."
    if balance.p_value > 1 - SIGNIFICANCE:
        return f"{test}: more even than chance would make it, so somebody chose the counts."
    return f"{test}: drawing equally likely classes at random gives counts like these."


def p_text(p_value: float) -> str:
    """Write p = 0.23, or p < 0.001."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}" if p_value < 0.1 else f"p = {p_value:.2f}"


def counts_table(
    labels: np.ndarray, is_test: np.ndarray, classes: tuple[int, ...], names: tuple[str, ...]
) -> pd.DataFrame:
    """Count images per class and split.

    Args:
        labels: (n,) integers.
        is_test: (n,) bool.
        classes: the labels that are rows of the table, in this order.
        names: of all classes, by label.

    Returns a row per class: label, class, training, test (int64).
    """
    of_test = np.bincount(labels[is_test], minlength=len(names))
    of_train = np.bincount(labels[~is_test], minlength=len(names))
    rows = list(classes)
    return pd.DataFrame(
        {"label": rows, "class": [names[label] for label in rows], "training": of_train[rows], "test": of_test[rows]}
    )


def measures_table(balances: dict[str, Balance]) -> pd.DataFrame:
    """Put the measures of some Balances side by side: a row per measure, a column per name, as text."""
    rows = {
        "Images": lambda b: f"{b.images:,}",
        "Classes": lambda b: f"{len(b.counts)}",
        "Largest class": lambda b: f"{max(b.counts):,}",
        "Smallest class": lambda b: f"{min(b.counts):,}",
        "Largest / smallest": lambda b: "infinite" if math.isinf(b.ratio) else f"{b.ratio:.3f}",
        "Normalised entropy": lambda b: f"{b.entropy:.4f}",
        "Chi-square": lambda b: f"{b.chi_square:,.2f}",
        "Degrees of freedom": lambda b: f"{b.degrees}",
        "p-value": lambda b: p_text(b.p_value).removeprefix("p ").removeprefix("= "),
    }
    return pd.DataFrame(
        {name: [write(balance) for write in rows.values()] for name, balance in balances.items()},
        index=pd.Index(rows, name="Measure"),
    )

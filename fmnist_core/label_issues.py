"""Label suspects by confident learning: training images that networks which never saw them give another class.

    issues = find_issues(labels, found.index, found.probabilities)     # arrays in, arrays out
    issues = read_issues(dataset, group)                               # computed before by the task "label_issues"

Source: Northcutt, Jiang, Chuang (2021), Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70,
1373-1411; by its authors' package cleanlab. A class's threshold is the mean probability that its own images get for it.
What lies above another class's threshold counts towards that pair of given and true class; as many images as that
count says are taken for wrong in each pair, those with the largest margin. So a class that networks are seldom sure of,
like Shirt, does not fill the list with honest doubt. Of those taken for wrong, the least probable label comes first.

cleanlab is loaded only where something is computed: it brings scikit-learn along, which takes seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fmnist_core.crossval import find_group
from fmnist_core.crossval_probabilities import out_of_fold
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError, RunError
from fmnist_core.memory import is_remembered, remembered
from fmnist_core.runs import list_runs

NAME, VERSION = "label-issues", 1
# Cleanlab's names. What they find of labels flipped on purpose is printed by benchmarks/label_loop.py.
FILTER, RANK = "prune_by_noise_rate", "self_confidence"

Report = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class LabelIssues:
    """Labels of training images, judged by probabilities of networks that did not learn from them.

    Attributes:
        index: (m,) int64, ascending: which training images were judged.
        probabilities: (m, classes) float32, rows sum to 1.
        issues: (k,) int64, rows of the arrays above: the labels taken for wrong, most suspect first.
        joint: (classes, classes) float64, sums to 1: estimated share of images with the given label of the row and the
            true class of the column.
    """

    index: np.ndarray
    probabilities: np.ndarray
    issues: np.ndarray
    joint: np.ndarray

    @property
    def noise(self) -> float:
        """Estimated share of wrong labels, 0..1."""
        return float(1 - np.trace(self.joint))


def find_issues(labels: np.ndarray, index: np.ndarray, probabilities: np.ndarray) -> LabelIssues:
    """Judge labels by out-of-fold probabilities.

    Args:
        labels: (m,) integers in 0..classes-1, as given.
        index: (m,) integers, names of the images; passed through.
        probabilities: (m, classes) floats, rows sum to 1.

    Raises:
        LabError: the arrays do not fit each other, or bear fewer than two classes.
    """
    _check(labels, index, probabilities)
    from cleanlab.count import compute_confident_joint, estimate_joint
    from cleanlab.filter import find_label_issues

    labels, wide = labels.astype(np.int64), probabilities.astype(np.float64)
    # One job: several would fork this process, and gain nothing on so few classes.
    issues = find_label_issues(labels, wide, return_indices_ranked_by=RANK, filter_by=FILTER, n_jobs=1)
    joint = estimate_joint(labels, wide, confident_joint=compute_confident_joint(labels, wide))
    return LabelIssues(
        np.asarray(index, np.int64), probabilities.astype(np.float32), np.asarray(issues, np.int64), joint
    )


def remember(dataset: Dataset, report: Report, *, group: str) -> None:
    """Carry out the task: judge the data set's labels by a cross-validation and keep the result.

    Raises:
        RunError: if the cross-validation is not there, not complete, or was made on other data.
    """
    report("Reading the out-of-fold probabilities", 0.1)
    known = find_group(group, list_runs())
    if known is None:
        raise RunError(f"Expected a cross-validation of this workspace. Received {group!r}, which is not there.")
    found = out_of_fold(known)
    if found.sha256 != dataset.sha256:
        raise RunError(
            f"Expected a cross-validation on these data, {dataset.sha256[:12]}. Received one on {found.sha256[:12]}."
        )
    report(f"Confident learning on {len(found.index):,} images", 0.4)
    _read(dataset, group, lambda: vars(find_issues(dataset.y_train[found.index], found.index, found.probabilities)))


def is_ready(dataset: Dataset, group: str) -> bool:
    """Whether the result is on disk."""
    return is_remembered(dataset.sha256, NAME, VERSION, group=group)


def read_issues(dataset: Dataset, group: str) -> LabelIssues:
    """Return the result that the task has kept, memory-mapped.

    Raises:
        LabError: there is none; ask is_ready first.
    """

    def absent() -> dict[str, np.ndarray]:
        raise LabError(f"Expected labels that were judged by {group} before. Received none.")

    return LabelIssues(**_read(dataset, group, absent))


def _read(dataset: Dataset, group: str, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return remembered(dataset.sha256, NAME, VERSION, compute, group=group)


def _check(labels: np.ndarray, index: np.ndarray, probabilities: np.ndarray) -> None:
    if labels.ndim != 1 or probabilities.ndim != 2 or not len(labels) == len(index) == len(probabilities) > 0:
        raise LabError(
            "Expected labels (m,), their images (m,) and probabilities (m, classes). "
            f"Received {labels.shape}, {np.shape(index)} and {probabilities.shape}."
        )
    classes = probabilities.shape[1]
    if labels.min() < 0 or labels.max() >= classes:
        raise LabError(f"Expected labels in 0..{classes - 1}. Received {labels.min()}..{labels.max()}.")
    if len(np.unique(labels)) < 2:
        raise LabError(f"Expected labels of two classes or more. Received only {labels[0]}.")

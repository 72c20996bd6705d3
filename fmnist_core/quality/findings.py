"""Findings: one line for each thing that was checked, with its meaning for training and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import pandas as pd

from fmnist_core.datasets import Dataset
from fmnist_core.datasets.gaps import Gaps, sentence
from fmnist_core.quality.copies import Pairs

# A column with fewer different values than this says next to nothing.
FEW_VALUES = 16


class Verdict(Enum):
    """How a check ended."""

    FINE = "Fine"
    NOTE = "Note"
    LOOK = "Look"
    WAIT = "Wait"


@dataclass(frozen=True)
class Finding:
    """A check's name, its verdict, and a sentence or two on what it means and what to do."""

    name: str
    verdict: Verdict
    text: str


def source(dataset: Dataset) -> Finding:
    """Say whether the content is proven to be the published one."""
    if dataset.synthetic:
        text = "A stand-in: what you measure on it says nothing about the real data. Retry the real source first."
        return Finding("Source", Verdict.LOOK, text)
    if dataset.verified:
        return Finding(
            "Source", Verdict.FINE, "Byte for byte the published files: results compare with others'. Nothing to do."
        )
    return Finding("Source", Verdict.NOTE, "Nobody published a hash of these files: keep ours beside your results.")


def missing(n_images: int, gaps: Sequence[Gaps] = ()) -> Finding:
    """Say that the images lack no value; gaps: the files of which rows were left out for that."""
    name = "Missing values"
    if not gaps:
        return Finding(name, Verdict.FINE, f"None in {n_images * 785 / 1e6:,.1f} million cells. Nothing to fill in.")
    text = f"{sentence(gaps)}: nothing is guessed, and networks learn from whole rows. "
    text += "If there is a reason why values are missing, what is left is no fair sample: fill them in at the source."
    return Finding(name, Verdict.LOOK, text)


def copies(pairs: Pairs, n_images: int) -> Finding:
    """Judge images that agree in every pixel; pairs: those in which one of the n_images selected stands."""
    name = "Exact duplicates"
    if not len(pairs):
        return Finding(name, Verdict.FINE, f"None among {n_images:,} images. Nothing to drop.")
    across = int(pairs.across.sum())
    repeat = "repeats" if len(pairs) == 1 else "repeat"
    text = f"{_count(len(pairs), 'image')} of {n_images:,} {repeat} another."
    if across:
        stand = "stands" if across == 1 else "stand"
        text += f" {across:,} of the test set {stand} in training: the test score is flattered. Export without them."
    else:
        text += " They weigh double. Choose what happens to them under Duplicates on the Train page."
    return Finding(name, Verdict.LOOK, text)


def conflicts(pairs: Pairs) -> Finding:
    """Judge equal images with different labels."""
    name, count = "Conflicting labels", int(pairs.conflicting.sum())
    if not count:
        return Finding(name, Verdict.FINE, "None: no image contradicts itself. Nothing to do.")
    text = f"{_count(count, 'pair')} of equal images with different labels: one label is wrong. "
    inside = int((pairs.conflicting & pairs.within_train).sum())
    text += "Drop both copies." if inside == count else "Open this line: what helps depends on the set."
    return Finding(name, Verdict.LOOK, text)


def near_copies(pairs: Pairs | None, threshold: float, selected: np.ndarray) -> Finding:
    """Judge images that nearly agree; None while they are being searched.

    pairs: those in which one of the selected images, (n,) bool, stands.
    """
    name = "Near-duplicates"
    if pairs is None:
        return Finding(name, Verdict.WAIT, "Every image is being compared with all others, in the background.")
    if not len(pairs):
        text = f"No two images are within {threshold:g} grey levels: test images are new to the network. Nothing to do."
        return Finding(name, Verdict.FINE, text)
    if not pairs.across.any():
        text = f"{_count(len(pairs), 'pair')} within {threshold:g} grey levels, none across training and test: the "
        return Finding(name, Verdict.NOTE, text + "test score is not affected. Nothing to do.")
    return Finding(name, Verdict.LOOK, f"{_twins(pairs, selected)} Trust larger differences only.")


def _twins(pairs: Pairs, selected: np.ndarray) -> str:
    """Say how many selected test images have a twin in training; where none is selected, of training images."""
    across = pairs.chosen(pairs.across)
    n_test = int(selected[pairs.n_train :].sum())
    own, other = ("test", "training") if n_test else ("training", "the test set")
    places = across.second if n_test else across.first
    count = len(np.unique(places[selected[places]]))
    share = f" ({count / n_test:.2%})" if n_test else ""
    have = "has" if count == 1 else "have"
    return (
        f"{_count(count, f'{own} image')}{share} {have} a twin in {other}: the test score may be flattered"
        f"{' by that much' if n_test else ''}."
    )


def constant(columns: Mapping[str, np.ndarray]) -> Finding:
    """Judge columns with one value only; columns: their numbers, by set."""
    name = "Constant columns"
    if not any(len(found) for found in columns.values()):
        return Finding(name, Verdict.FINE, "None: every pixel changes in some image. Keep all 784.")
    counts = {name: _count(len(found), "column") for name, found in columns.items()}
    text = f"Never changing: {_by_set(counts)}. Nothing to learn there. "
    text += "Harmless to networks; leave them out before scaling column by column, or it divides by zero."
    return Finding(name, Verdict.NOTE, text)


def redundant(pairs: pd.DataFrame, threshold: float, largest: Mapping[str, float]) -> Finding:
    """Judge pairs of pixels with a high correlation; pairs: of columns.redundant_columns; largest: |r| by set."""
    name = "Redundant columns"
    if not len(pairs):
        values = _by_set({word: f"{value:.3f}" for word, value in largest.items()})
        text = f"None at |r| > {threshold:g}; the largest is {values}. Keep all 784."
        return Finding(name, Verdict.FINE, text)
    dropped = pairs["second"].nunique()
    repeat = "repeats" if dropped == 1 else "repeat"
    text = f"{_count(dropped, 'pixel')} {repeat} another at |r| > {threshold:g}. Networks do not mind; "
    return Finding(name, Verdict.NOTE, text + "linear models get steadier without them.")


def cardinality(descriptions: Mapping[str, pd.DataFrame]) -> Finding:
    """Judge the number of different values per pixel; descriptions: of columns.describe, by set."""
    unique = {name: frame["unique"].drop("label") for name, frame in descriptions.items()}
    few = {name: int((counts < FEW_VALUES).sum()) for name, counts in unique.items()}
    ranges = {name: f"{counts.min():,} to {counts.max():,}" for name, counts in unique.items()}
    text = f"Of 256 values a pixel takes {_by_set(ranges)}"
    if not any(few.values()):
        return Finding("Cardinality", Verdict.FINE, f"{text}: every one can tell images apart. Nothing to do.")
    poor = _by_set({name: _count(count, "pixel") for name, count in few.items()})
    text += f"; fewer than {FEW_VALUES} take {poor}: these say little. Nothing to do."
    return Finding("Cardinality", Verdict.NOTE, text)


def _by_set(words: Mapping[str, str]) -> str:
    """Join words about sets: "3 in training, 5 in test"."""
    return ", ".join(f"{word} in {name}" for name, word in words.items())


def outliers(table: pd.DataFrame, n_images: int, threshold: float) -> Finding:
    """Judge images unlike their class; table: of outliers.outlier_table."""
    if table.empty:
        text = f"No image is beyond a robust z-score of {threshold:g} in its class. Nothing to do."
        return Finding("Outliers", Verdict.FINE, text)
    text = f"{_count(len(table), 'image')} ({len(table) / n_images:.1%}) stand out in their class (robust z above "
    text += f"{threshold:g}): if mislabelled, they teach errors. Correct wrong labels; keep what is merely rare."
    return Finding("Outliers", Verdict.NOTE, text)


def summary(findings: list[Finding]) -> str:
    """Say in one sentence how the checks ended."""
    look = [_lower_first(finding.name) for finding in findings if finding.verdict is Verdict.LOOK]
    waiting = " One is still under way." if any(finding.verdict is Verdict.WAIT for finding in findings) else ""
    if not look:
        return f"{len(findings)} checks, and none speaks against training on these data.{waiting}"
    asks = "asks" if len(look) == 1 else "ask"
    return f"{len(look)} of {len(findings)} checks {asks} for a look before you train: {', '.join(look)}.{waiting}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

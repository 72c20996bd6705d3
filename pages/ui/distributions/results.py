"""What the Distributions page shows, computed once per data set; class filters are sums of what is on disk."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import streamlit as st

from fmnist_core import sums
from fmnist_core.datasets import Dataset
from fmnist_core.memory import remembered
from fmnist_core.pixels import MEASURES, measure
from fmnist_core.places import WORDS
from fmnist_core.selection import Selection
from fmnist_core.sums import part, splits_of


class Shown(NamedTuple):
    """The classes that a page shows: labels and names, in the order of the data set."""

    labels: tuple[int, ...]
    names: tuple[str, ...]


def shown_classes(dataset: Dataset, selection: Selection) -> Shown:
    """Return the selected classes, or all."""
    labels = selection.labels or tuple(range(len(dataset.class_names)))
    return Shown(labels, tuple(dataset.class_names[label] for label in labels))


def require_images(dataset: Dataset, selection: Selection) -> None:
    """End the page here, with a sentence, if nothing fulfils the selection."""
    if selection.is_whole or selection.count(dataset):
        return
    st.info("No image fulfils this. Widen the classes or the values above.", icon=":material/filter_alt_off:")
    st.stop()


def counts_of(dataset: Dataset, selection: Selection, most: int | None = None) -> np.ndarray:
    """Return sums.counts_of; under a condition on a pixel, which takes a moment, the last few are kept."""
    if selection.pixel is None:
        return sums.counts_of(dataset, selection)
    return _conditioned_counts(dataset.sha256, selection.key, most, dataset, selection)


def totals_of(dataset: Dataset, selection: Selection) -> np.ndarray:
    """Return sums.totals_of, kept likewise."""
    if selection.pixel is None:
        return sums.totals_of(dataset, selection)
    return _conditioned_totals(dataset.sha256, selection.key, dataset, selection)


def class_totals_of(dataset: Dataset, selection: Selection) -> np.ndarray:
    """Return sums.class_totals_of, kept likewise."""
    if selection.pixel is None:
        return sums.class_totals_of(dataset, selection)
    return _conditioned_class_totals(dataset.sha256, selection.key, dataset, selection)


# Eight megabytes each, and a condition is seldom returned to: a few in memory, none on disk.
@st.cache_resource(max_entries=4, show_spinner=False)
def _conditioned_counts(
    sha256: str, key: str, most: int | None, _dataset: Dataset, _selection: Selection
) -> np.ndarray:
    return sums.counts_of(_dataset, _selection, most)


@st.cache_resource(max_entries=16, show_spinner=False)
def _conditioned_totals(sha256: str, key: str, _dataset: Dataset, _selection: Selection) -> np.ndarray:
    return sums.totals_of(_dataset, _selection)


@st.cache_resource(max_entries=16, show_spinner=False)
def _conditioned_class_totals(sha256: str, key: str, _dataset: Dataset, _selection: Selection) -> np.ndarray:
    return sums.class_totals_of(_dataset, _selection)


def counts_by_set(dataset: Dataset, selection: Selection, most: int) -> dict[str, np.ndarray]:
    """Return counts_of, of so many images of each set, by the name of the set, for the sets selected that have one."""
    counts = {WORDS[split]: counts_of(dataset, replace(selection, split=split), most) for split in splits_of(selection)}
    return {name: one for name, one in counts.items() if one[:, 0].any()}


def prefixed(texts: list[str], names: tuple[str, ...]) -> str:
    """Join what is said of each set, with the name of the set before it where there are two."""
    if len(texts) == 1:
        return texts[0]
    return " ".join(f"{name} set: {text}" for name, text in zip(names, texts, strict=True))


class Measured(NamedTuple):
    """A measure of the images of one or both sets: values (n,), NaN where not selected; labels (n,)."""

    values: np.ndarray
    labels: np.ndarray


def measured(dataset: Dataset, selection: Selection, name: str) -> dict[str, Measured]:
    """Return a measure by name of the set, for the sets selected; values stand in the order of the set's images."""
    result = {}
    for split in splits_of(selection):
        images, labels = part(dataset, split)
        values = remembered(
            dataset.sha256, "image-measures", 1, lambda images=images: measure(images), split=split
        )[name]  # fmt: skip
        if not selection.is_whole:
            kept = np.zeros(len(labels), bool)
            kept[replace(selection, split=split).take(dataset).index] = True
            values = np.where(kept, values, np.nan)
        result[WORDS[split]] = Measured(values, labels)
    return result


MEASURE_NAMES = {title.title: name for name, title in MEASURES.items()}

"""Distributions, third view: mean, median and standard deviation image of each class, and two classes compared."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core import pixels, samples
from fmnist_core.datasets import Dataset
from fmnist_core.figures.pixels import absent_text, difference_text, limits, pixel_words
from fmnist_core.pixels import SIDE
from fmnist_core.places import WORDS
from fmnist_core.selection import Selection
from fmnist_core.sums import splits_of
from pages.ui.data import plain
from pages.ui.distributions.behind import bright_and_dark, chooser_table
from pages.ui.distributions.results import Shown, counts_by_set, shown_classes
from pages.ui.export import table_download
from pages.ui.pictures import NARROWEST_PX, WIDEST_PX, Picture, pictures
from pages.ui.pixel_image import choose_pixel, chosen_pixel, pixel_image

MOST = 10_000  # images of a set under a condition on a pixel, with which the slider answers at once


@st.fragment
def classes_view(dataset: Dataset, selection: Selection) -> None:
    """Show the statistics of each class as pictures, and the difference of two classes."""
    sets, shown = counts_by_set(dataset, selection, MOST), shown_classes(dataset, selection)
    beside = "Left the training set, right the test set. " if len(sets) > 1 else ""
    st.caption(
        f"Of each class, from top to bottom: mean, median and standard deviation of each pixel "
        f"(the last drawn from 0 to 128). {beside}A sharp median with little deviation is a class whose images look "
        f"alike."
    )
    _sample_note(dataset, selection, sets)
    if absent := _absent_words(_lacking(sets, *shown)):
        st.caption(absent)
    items = [_sheet([counts[label] for counts in sets.values()], name) for label, name in zip(*shown, strict=True)]
    pictures(
        items, key="class-images", alt=f"Mean, median and standard deviation image of each class. {beside}",
        narrowest_px=NARROWEST_PX + SIDE * (len(sets) - 1), widest_px=WIDEST_PX,
    )  # fmt: skip
    st.subheader("Two classes compared", anchor=False)
    if len(shown.names) < 2:
        st.info("Select two classes or more above to compare them.")
        return
    _difference(sets, dataset, selection, shown)


def _sample_note(dataset: Dataset, selection: Selection, sets: dict[str, np.ndarray]) -> None:
    """Say of how many images the pictures are, where they are not of all that are selected."""
    if selection.pixel is None:
        return
    selected = {WORDS[split]: replace(selection, split=split).count(dataset) for split in splits_of(selection)}
    counted = {name: int(counts[:, 0].sum()) for name, counts in sets.items()}
    drawn = [
        f"{count:,} of the {selected[name]:,} {name.lower()} images that fulfil the condition"
        for name, count in counted.items() if count < selected[name]
    ]  # fmt: skip
    if drawn:
        st.caption(f"Drawn from {' and '.join(drawn)}, a random sample, so that the slider answers at once.")


def _lacking(sets: dict[str, np.ndarray], labels: Sequence[int], names: Sequence[str]) -> dict[str, list[str]]:
    """Return which classes no image was counted of, by name of the set."""
    named = dict(zip(names, labels, strict=True))
    return {one: [name for name, label in named.items() if not counts[label, 0].any()] for one, counts in sets.items()}


def _absent_words(lacking: dict[str, list[str]]) -> str:
    """Say which classes have no image, by name of the set; nothing if all have."""
    texts = {one: plain(absent_text(names)) for one, names in lacking.items() if names}
    return " ".join(texts.values() if len(lacking) == 1 else (f"{one} set: {text}" for one, text in texts.items()))


def _sheet(sets: list[np.ndarray], name: str) -> Picture:
    """Lay the three pictures of a class below each other, the sets side by side; sets: counts (784, 256) each."""
    stack = np.stack([
        (2 if statistic == "std" else 1) * pixels.picture(counts, statistic)
        for statistic in ("mean", "median", "std") for counts in sets
    ])  # fmt: skip
    images = np.nan_to_num(stack).clip(0, 255).round().astype(np.uint8)
    png = samples.to_png(samples.sheet(images, np.arange(len(images)), len(sets)))
    about = f"Mean, median and standard deviation of {name}"
    return Picture(name, png, about if any(counts[0].any() for counts in sets) else absent_text([name]))


def _difference(sets: dict[str, np.ndarray], dataset: Dataset, selection: Selection, shown: Shown) -> None:
    with st.container(horizontal=True, gap="small"):
        first = st.selectbox("Mean of", shown.names, key="a", bind="query-params", width=220)
        second = st.selectbox("minus mean of", shown.names, 1, key="b", bind="query-params", width=220)
    names, labels = (first, second), [dataset.class_names.index(name) for name in (first, second)]
    lacking = _lacking(sets, labels, names)
    means = {
        one: [pixels.picture(counts[label], "mean") for label in labels]
        for one, counts in sets.items() if not lacking[one]
    }  # fmt: skip
    if absent := _absent_words(lacking):
        st.info(absent, icon=":material/filter_alt_off:")
    if not means:
        return
    pixel = _differences(means, names, several=len(sets) > 1)
    subset = replace(selection, labels=tuple(sorted(set(labels)))).take(dataset)
    st.caption(f"Below, images of these two classes at {pixel_words(pixel)}; click another pixel to see others.")
    bright_and_dark(dataset, subset, pixel)


def _differences(means: dict[str, list[np.ndarray]], names: tuple[str, str], *, several: bool) -> int:
    """Show what the mean images of two classes differ by, in each set that has both, and return the chosen pixel.

    several: whether more than one set is selected.
    """
    first, second = names
    largest = pixels.extremes(np.subtract(*next(iter(means.values()))))
    top = int(_places(largest)[0])
    pixel = chosen_pixel(top)
    *places, right = st.columns([2, 2, 3] if len(means) > 1 else [2, 3], gap="medium")
    bounds = limits(np.stack([np.subtract(*pair) for pair in means.values()]), "diverging")
    for place, (one, pair) in zip(places, means.items(), strict=True):
        with place:
            if several:
                st.markdown(f"**{one} set**")
            pixel_image(
                np.subtract(*pair), key=f"class_difference_{one}", scale="diverging", selected=pixel, decimals=1,
                bounds=bounds, on_select=choose_pixel, file=f"{first}-less-{second}-{one}",
                alt=f"{one}, mean image of {first} minus that of {second}. Red: {first} is brighter; blue: {second}.",
            )  # fmt: skip
    with right:
        _largest(means, names, largest, several=several)
    return pixel


def _largest(
    means: dict[str, list[np.ndarray]], names: tuple[str, str], largest: pd.DataFrame, *, several: bool
) -> None:
    """Say where the mean images of two classes differ most in the first of the sets, and list it for each."""
    first, second = names
    places = _places(largest)
    sentence = difference_text(first, second, largest, *(mean.flat[places[0]] for mean in next(iter(means.values()))))
    st.markdown(plain(f"{next(iter(means))} set: {sentence}" if several else sentence))
    st.caption(plain(f"Red: {first} is brighter on average. Blue: {second} is. White: no difference."))
    table = largest[["row", "column"]]
    if len(means) == 1:
        (pair,) = means.values()
        columns = dict(zip(("difference", *names), (np.subtract(*pair), *pair), strict=True))
    else:
        columns = {f"in {one.lower()}": np.subtract(*pair) for one, pair in means.items()}
    table = table.assign(**{name: values.flat[places] for name, values in columns.items()})
    formats = dict.fromkeys(table.columns[2:], "{:.1f}")
    places = places.tolist()
    chooser_table(
        table.style.format(formats), lambda row: choose_pixel(places[row]), key=f"furthest-{places}", alt=sentence
    )  # fmt: skip
    table_download(lambda: _all_pixels(means, names), "class-difference", index=False, label="All 784 as CSV")


def _places(table: pd.DataFrame) -> np.ndarray:
    return (table["row"] * SIDE + table["column"]).to_numpy()


def _all_pixels(means: dict[str, list[np.ndarray]], names: tuple[str, str]) -> pd.DataFrame:
    columns = {
        f"{name}, {one.lower()}": mean.ravel()
        for one, pair in means.items() for name, mean in zip(names, pair, strict=True)
    }  # fmt: skip
    return pd.DataFrame({"pixel": np.arange(SIDE * SIDE), **columns})

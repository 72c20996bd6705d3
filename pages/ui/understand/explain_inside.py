"""Explain one image, the inside: what each layer answers, the first filters, and the training images nearest to it."""

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.explain import nearest_rows, unit
from fmnist_core.explain_client import Explanation
from fmnist_core.explain_features import LastHidden
from fmnist_core.figures.explain import channel_png, units_figure, units_text
from fmnist_core.places import Place
from pages.ui.data import plain
from pages.ui.export import show_figure
from pages.ui.image_grid import image_grid
from pages.ui.pictures import Picture, pictures
from pages.ui.understand.explain import digest_of, open_place

LAYER_KEY = "layer"
SHOWN_CHANNELS, SHOWN_FILTERS, NEIGHBOURS = 24, 64, 10
KINDS = {
    "Conv2D": "A convolution: each channel looks for one pattern, everywhere.",
    "DepthwiseConv2D": "A convolution of each channel by itself.",
    "BatchNormalization": "Batch normalisation: channels are brought to a common range.",
    "Activation": "An activation: what is below 0 is mostly cut off.",
    "MaxPooling2D": "Pooling: of each four places the strongest is kept.",
    "AveragePooling2D": "Pooling: each four places are averaged.",
    "GlobalAveragePooling2D": "Each channel is averaged over all places: where something was is forgotten.",
    "GlobalMaxPooling2D": "Of each channel the strongest place is kept: where it was is forgotten.",
    "Flatten": "The pictures laid out in one row.",
    "Dropout": "Dropout: does nothing outside training.",
    "Dense": "A dense layer: each unit weighs all numbers before it.",
    "Block": "A block of the backbone: several layers, one after another.",
}


@st.fragment
def layers_panel(found: Explanation, class_names: tuple[str, ...]) -> None:
    """Let the user go through the layers and see what each answers to the image.

    A fragment, so that the slider moves nothing else.
    """
    st.subheader("Through the layers", anchor=False)
    names = [tap.name for tap in found.taps]
    if st.session_state.get(LAYER_KEY) not in (None, *names):
        del st.session_state[LAYER_KEY]  # of another network
    name = st.select_slider("Layer", names, key=LAYER_KEY, bind="query-params")
    number = names.index(name)
    tap = found.taps[number]
    values, channels = found.activation(number)
    kind = KINDS.get(name.split(" ")[0], "")
    if values.ndim == 3:
        _channels(name, values, channels, tap.shape, kind)
        return
    last = number == len(names) - 1 and values.size == len(class_names)
    values, classes = values.astype(np.float32), class_names if last else None
    words = " ".join(filter(None, (not last and kind, units_text(values, classes))))
    frame = pd.DataFrame({"answer": values}, pd.Index(classes or range(len(values)), name="unit"))
    show_figure(units_figure(values, classes), "layer-answers", alt=f"Answers of {name}. {words}", frame=frame)
    st.caption(plain(words))


def _channels(name: str, values: np.ndarray, channels: np.ndarray, shape: tuple[int, ...], kind: str) -> None:
    shown = values[..., :SHOWN_CHANNELS].astype(np.float32)
    top = float(np.abs(shown).max())
    items = [
        Picture(str(channel), channel_png(shown[..., at], top), f"{name}, channel {channel}")
        for at, channel in enumerate(channels[:SHOWN_CHANNELS].tolist())
    ]
    pictures(
        items, key="explain-layer", alt=f"The channels of {name} that answer most to this image", widest_px=96,
        file=f"explain-{name}",
    )  # fmt: skip
    some = f"The {len(items)} that answer most of {shape[-1]:,} channels" if len(items) < shape[-1] else "All channels"
    st.caption(
        f"{kind} {some}, each {shape[0]}x{shape[1]}. Red: the pattern is there; white: nothing; blue: its opposite. "
        "Good: patterns that follow the item. Bad: white all over, where nothing answers. One scale for all; the "
        "numbers above them are the channels'."
    )


def filters_panel(found: Explanation) -> None:
    """Show the kernels of the first convolution; folded."""
    filters = found.arrays.get("filters")
    if filters is None:
        return
    with st.expander("What the first layer looks for: its filters"):
        count = filters.shape[-1]
        items = [
            Picture(str(at), channel_png(filters[..., at], float(np.abs(filters[..., at]).max())), f"Filter {at}")
            for at in range(min(count, SHOWN_FILTERS))
        ]
        pictures(items, key="explain-filters", alt="Kernels of the first convolution", widest_px=72, narrowest_px=48)
        st.caption(
            f"{len(items)} of {count} kernels of {filters.shape[0]}x{filters.shape[1]}: bright pixels below red are "
            "counted for, below blue against; each has a scale of its own. Red beside blue is an edge detector; plain "
            "noise means that it has learned little."
        )


def neighbours_panel(
    kept: LastHidden, dataset: Dataset, row: np.ndarray, place: Place | None, said: int, class_names: tuple[str, ...]
) -> None:
    """Show the training images that look most alike to the network.

    row: the image's last hidden layer, (d,), as LastHidden.row_of returns it. said: the class that the model names.
    """
    leave_out = None
    if place and place.split == "train":
        at = int(np.searchsorted(kept.train_index, place.index))
        leave_out = at if at < len(kept.train_index) and kept.train_index[at] == place.index else None
    best, cosines = _nearest(kept.identity, digest_of(row), leave_out, kept.train, row)
    index = kept.train_index[best]
    labels = np.asarray(dataset.y_train)[index]
    same = int((labels == said).sum())
    all_of = (
        f"all {len(kept.train):,}" if len(kept.train) == len(dataset.y_train) else f"a sample of {len(kept.train):,}"
    )
    st.markdown(
        f"**{same} of the {len(index)} nearest are labelled {plain(class_names[said])}**, what the Run says. "
        + (
            "Its neighbours agree with it."
            if same >= 0.8 * len(index)
            else "Few of its neighbours agree: a guess at the edge of a class."
            if same <= 0.4 * len(index)
            else "Its neighbours are divided: it lies where classes meet."
        )
    )
    names = [class_names[label] for label in labels]
    image_grid(
        np.asarray(dataset.x_train[index]), [f"{n}\n{c:.2f}" for n, c in zip(names, cosines, strict=True)],
        key="explain-nearest", columns=10, size_px=64, alt="Training images nearest in the last hidden layer",
        tips=[f"train-{at}\n{n}\ncosine {c:.3f}" for at, n, c in zip(index, names, cosines, strict=True)],
        on_click=lambda at: open_place(f"train-{index[at]}"),
    )  # fmt: skip
    st.caption(
        f"Nearest of {all_of} training images by the cosine of the last hidden layer: 1 is the same direction, so the "
        "network can hardly tell them apart. A click explains that image instead."
    )


@st.cache_resource(max_entries=200, show_spinner=False)
def _nearest(
    identity: str, digest: str, leave_out: int | None, _rows: np.ndarray, _row: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return nearest_rows(_rows, _row, NEIGHBOURS, leave_out=leave_out)


def row_of(kept: LastHidden, place: Place | None, features: np.ndarray | None) -> np.ndarray | None:
    """Return the row of an image: from disk where it is kept, else of its last hidden layer; None without either."""
    if place:
        index, rows = (kept.test_index, kept.test) if place.split == "test" else (kept.train_index, kept.train)
        at = int(np.searchsorted(index, place.index))
        if at < len(index) and index[at] == place.index:
            return unit(np.asarray(rows[at : at + 1], np.float32))[0]
    return kept.row_of(features) if features is not None else None

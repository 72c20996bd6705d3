"""Distributions, second view: one number per image, as a box per class, and the images behind the outliers."""

import numpy as np
import streamlit as st

from fmnist_core import pixels
from fmnist_core.datasets import Dataset
from fmnist_core.figures.pixels import boxes_figure, boxes_text, class_colours
from fmnist_core.pixels import MEASURES, Boxes
from fmnist_core.places import Place, images_at
from fmnist_core.selection import Selection
from pages.ui.data import plain
from pages.ui.distributions.behind import COLUMNS, image_rows, images_heading, opened_image
from pages.ui.distributions.results import MEASURE_NAMES, Measured, Shown, measured, prefixed, shown_classes
from pages.ui.export import CONFIG, show_figure, table_download

CHART, IMAGES_OF, NEAR = "boxes", "images_of", "near"


@st.fragment
def images_view(dataset: Dataset, selection: Selection) -> None:
    """Show the boxes of a measure by class and set, the table of outliers, and images of one class along it."""
    title = st.selectbox(
        "Measure", list(MEASURE_NAMES), key="measure", bind="query-params", width=320, on_change=_forget,
        help="  \n".join(f"**{one.title}**: {one.definition}" for one in MEASURES.values()),
    )  # fmt: skip
    measure, shown = MEASURES[MEASURE_NAMES[title]], shown_classes(dataset, selection)
    sets = measured(dataset, selection, MEASURE_NAMES[title])
    named = dict(zip(shown.labels, shown.names, strict=True))
    boxes = {name: pixels.boxes(values, labels, named) for name, (values, labels) in sets.items()}
    texts = [plain(boxes_text(group, title)) for group in boxes.values()]
    st.caption(f"{plain(measure.definition)} {prefixed(texts, tuple(boxes))}")
    figure = boxes_figure(
        boxes, {name: one.values for name, one in sets.items()}, shown.names, class_colours(shown.labels), measure
    )
    show_figure(
        figure, "image-measure", alt=" ".join(texts), key=CHART, on_select=_click, selection_mode="points",
        config=CONFIG,
    )  # fmt: skip
    _table(boxes, title)
    _images(dataset, selection, shown, sets, title)


def _click() -> None:
    """Before the page runs again: show the images of the class and value of the point that was clicked."""
    points = st.session_state[CHART].selection.points
    if points and points[0].get("customdata"):
        name, _, value = points[0]["customdata"]
        st.session_state[IMAGES_OF] = name
        st.query_params[NEAR] = f"{value:.6g}"


def _forget() -> None:
    st.query_params.pop(NEAR, None)


def _table(boxes: dict[str, Boxes], title: str) -> None:
    with st.expander("Boxes and outliers in numbers"):
        for name, group in boxes.items():
            st.markdown(f"**{name} set**, {group.outlier_count:,} outliers")
            st.dataframe(group.frame.style.format(precision=3), height="content", alt=boxes_text(group, title))
            table_download(group.frame, f"boxes-{name.lower()}")
        st.caption("low and high: ends of the whiskers. below and above: outliers beyond them.")


def _images(dataset: Dataset, selection: Selection, shown: Shown, sets: dict[str, Measured], title: str) -> None:
    images_heading("Click a point of the chart, an outlier or a median, or choose a class.")
    name = st.selectbox("Images of", shown.names, key=IMAGES_OF, bind="query-params", width=240, on_change=_forget)
    values = np.concatenate([one.values for one in sets.values()])
    labels = np.concatenate([one.labels for one in sets.values()])
    for words, value in _stops(values[labels == dataset.class_names.index(name)]):
        positions = pixels.nearest(values, labels, dataset.class_names.index(name), value, COLUMNS)
        ends = f", {values[positions[0]]:.4g} to {values[positions[-1]]:.4g}" if len(positions) else ""
        everywhere = positions + (len(dataset.y_train) if selection.split == "test" else 0)
        image_rows(
            dataset, images_at(everywhere, dataset), [Place.at(at, dataset) for at in everywhere],
            f"**{words}**{ends}", key=f"behind-{words.split()[0].lower()}",
            alt=f"{len(positions)} images of {name}, {title.lower()} {words.lower()}{ends}",
        )  # fmt: skip
    opened_image(dataset)


def _stops(values: np.ndarray) -> list[tuple[str, float]]:
    """Return the places along the measure to show images of, each with its words."""
    if np.isnan(values).all():
        st.info("No selected image of this class has a value.")
        return []
    low, middle, high = np.nanquantile(values, (0, 0.5, 1))
    stops = [("Lowest", low), ("Around the median", middle), ("Highest", high)]
    near = _number(st.query_params.get(NEAR, ""))
    return stops if near is None else [(f"Nearest to the point clicked ({near:.4g})", near), *stops]


def _number(text: str) -> float | None:
    try:
        return float(text) if np.isfinite(float(text)) else None
    except ValueError:
        return None

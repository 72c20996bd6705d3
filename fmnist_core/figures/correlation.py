"""Figures of correlations; each has a sentence that says the same."""

import io

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image

from fmnist_core.correlation import closest_classes
from fmnist_core.figures.pixels import DIVERGING, SEQUENTIAL, coloured, finished, pixel_words
from fmnist_core.pixels import SIDE

REDUNDANT = 0.98  # |correlation| above which one of two columns is called redundant
_SCALE = [(place / (len(DIVERGING) - 1), colour) for place, colour in enumerate(DIVERGING)]
_TEAL = [(place / (len(SEQUENTIAL) - 1), colour) for place, colour in enumerate(SEQUENTIAL)]


def class_map_png(values: np.ndarray, top: float, zoom: int = 5) -> bytes:
    """Colour the correlations of the pixels with a class: (784,) float of -top..top -> PNG."""
    picture = coloured(values.reshape(SIDE, SIDE), DIVERGING, -top, top)
    return _png(picture.repeat(zoom, axis=0).repeat(zoom, axis=1))


def columns_figure(frame: pd.DataFrame) -> go.Figure:
    """Draw the correlations of the first columns of the table; frame from correlation.first_columns."""
    figure = go.Figure(
        go.Heatmap(
            z=frame.to_numpy(), x=frame.columns, y=frame.index, zmin=-1, zmax=1, colorscale=_SCALE, hoverongaps=False,
            colorbar={"thickness": 12, "len": 0.6, "tickvals": [-1, 0, 1], "title": "r"},
            hovertemplate="%{y} with %{x}: %{z:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(title="Column of the table", tickangle=-90, nticks=12, showgrid=False)
    figure.update_yaxes(title="Column of the table", nticks=12, showgrid=False, range=(len(frame) - 0.5, -0.5))
    return finished(figure, 520)


def columns_text(frame: pd.DataFrame) -> str:
    """Say what the first columns are, and which two of the pixels move most together."""
    values = frame.to_numpy()[1:, 1:]
    upper = np.abs(np.where(np.triu(np.ones(values.shape, bool), 1), values, np.nan))
    start = f"Correlations of the first {len(frame)} columns of the table: the label and pixel1 to pixel{len(values)}."
    if np.isnan(upper).all():
        return f"{start} None of these pixels varies."
    first, second = np.unravel_index(np.nanargmax(upper), upper.shape)
    return (
        f"{start} These are the top {-(-len(values) // SIDE)} rows of the image: they say nothing about the rest. "
        f"Strongest: pixel{first + 1} with pixel{second + 1}, {signed(values[first, second])}. "
        "The label is only a number of a class: "
        "its correlation with a pixel would change with the order of the classes."
    )


def similarity_figure(similarity: np.ndarray, class_names: tuple[str, ...], method: str) -> go.Figure:
    """Draw how alike the mean images of the classes are: (k, k), NaN for a class without images."""
    signed = method == "pearson"
    low = np.nanmin(similarity) if np.isfinite(similarity).any() else 0.0
    names = list(class_names)
    figure = go.Figure(
        go.Heatmap(
            z=similarity, x=names, y=names, xgap=2, ygap=2, hoverongaps=False, showscale=False,
            zmin=-1 if signed else min(low, 0.99), zmax=1, colorscale=_SCALE if signed else _TEAL,
            text=np.where(np.isnan(similarity), "", np.char.mod("%.2f", np.nan_to_num(similarity))),
            texttemplate="%{text}", textfont_size=11,
            hovertemplate="%{y} and %{x}: %{z:.3f}<extra></extra>",
        )
    )  # fmt: skip
    # A category even where the names are digits, which would otherwise stand at their values.
    shared = {"title": "Class", "type": "category", "showgrid": False, "ticks": ""}
    figure.update_xaxes(tickangle=-45, **shared)
    figure.update_yaxes(range=(len(names) - 0.5, -0.5), ticksuffix=" ", **shared)
    return finished(figure, 500)


def similarity_text(similarity: np.ndarray, class_names: tuple[str, ...]) -> str:
    """Say which two classes look most alike on average, and which least."""
    pair = closest_classes(similarity)
    if pair is None:
        return "There are no two classes to compare."
    far = closest_classes(-similarity)
    (first, second), (third, fourth) = ([class_names[label] for label in two] for two in (pair, far))
    return (
        f"The mean images of {first} and {second} are closest ({signed(similarity[pair])}): expect a network to "
        f"confuse these two. {third} and {fourth} are furthest apart ({signed(similarity[far])})."
    )


def matrix_text(pairs: pd.DataFrame, above: int, constant: int) -> str:
    """Say which two pixels move most together, whether any is redundant, and how many are constant.

    pairs: from correlation.strongest_pairs; above: number of pairs over REDUNDANT.
    """
    if pairs.empty:
        return "Fewer than two pixels vary in these images, so there is nothing to correlate."
    top = pairs.iloc[0]
    first, second = int(top["first"]), int(top["second"])
    what = (
        f"No two exceed {REDUNDANT} in absolute value, so none is redundant." if not above else
        f"{above:,} pairs exceed {REDUNDANT} in absolute value: of such a pair one adds next to nothing, though a "
        "convolutional network needs the whole picture."
    )  # fmt: skip
    return (
        f"Strongest: {pixel_words(first)} with {pixel_words(second)}, {signed(top['correlation'])} "
        f"(columns {first + 1} and {second + 1} of the table, where the label is column 0). "
        f"{what}{constant_text(constant)}"
    )


def difference_text(pairs: pd.DataFrame, chance: float, comparisons: int) -> str:
    """Say which two pixels' correlation differs most between training and test, and whether chance explains it.

    pairs: first, second, training, test and difference, the largest first; chance: correlation.chance_difference.
    """
    if pairs.empty:
        return "Nothing to compare: what was chosen hardly varies in one of the sets, or is the same in both."
    top = pairs.iloc[0]
    judged = (
        "so the two sets agree: what a network learns from one holds in the other."
        if abs(top["difference"]) <= chance
        else "so chance alone hardly explains it: look whether both sets were drawn alike."
    )
    return (
        f"Largest difference: {pixel_words(int(top['first']))} with {pixel_words(int(top['second']))}, "
        f"{signed(top['training'])} in training and {signed(top['test'])} in test. With so many images the "
        f"largest of {comparisons:,} differences is about {chance:.2f} by chance, {judged}"
    )


def constant_text(count: int) -> str:
    """Say how many pixels never vary; nothing if all do."""
    if not count:
        return ""
    are = "1 pixel is" if count == 1 else f"{count} pixels are"
    return f" {are} the same in every image and so without correlation: left blank."


def partners_text(pixel: int, partners: pd.DataFrame) -> str:
    """Say which pixel moves most with a pixel, and which most against it; partners from correlation.partners."""
    if partners.empty:
        return f"{pixel_words(pixel).capitalize()} has the same value in all these images: it correlates with nothing."
    together, against = partners[partners["correlation"] > 0], partners[partners["correlation"] < 0]
    parts = []
    for group, words in ((together, "most with"), (against, "most against")):
        if len(group):
            parts.append(f"{words} {pixel_words(int(group.iloc[0]['pixel']))} ({signed(group.iloc[0]['correlation'])})")
    return f"{pixel_words(pixel).capitalize()} moves {' and '.join(parts)}."


def class_map_text(name: str, values: np.ndarray) -> str:
    """Say which pixel speaks most for a class, and which most against it. values: (784,), NaN for constant pixels."""
    if np.isnan(values).all():
        return f"{name} cannot be told from others here: none or all of the images are of it."
    high, low = int(np.nanargmax(values)), int(np.nanargmin(values))
    return (
        f"{name}: brightness at {pixel_words(high)} speaks most for it ({signed(values[high])}), "
        f"at {pixel_words(low)} most against it ({signed(values[low])})."
    )


def signed(value: float) -> str:
    """Write a correlation with three decimals and a true minus sign."""
    return f"{value:.3f}".replace("-", "\N{MINUS SIGN}")


def _png(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture, mode="RGBA").save(stream, format="PNG", compress_level=1)
    return stream.getvalue()

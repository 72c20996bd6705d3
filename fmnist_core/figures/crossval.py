"""A cross-validation in words and figures: how sure its figure is, and the curves of each fold. Computing and drawing
are apart."""

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fmnist_core.crossval_scores import METHOD, Score, Summary, best_and_worst, summary
from fmnist_core.figures.palette import NEUTRAL_COLOUR, TRAIN_COLOUR, VALIDATION_COLOUR
from fmnist_core.figures.pixels import finished

COLUMNS = 3  # of small multiples: three are still curves on a phone
_LOSSES = ("validation_loss", "test_loss")
_ROWS = {
    "validation": "Validation accuracy", "test": "Test accuracy", "validation_loss": "Validation loss",
    "test_loss": "Test loss",
}  # fmt: skip
_COLOURS = {"Validation": VALIDATION_COLOUR, "Test": TRAIN_COLOUR}


def headline(scores: Sequence[Score], whole: int) -> str:
    """Say the figure and its spread in a few words, of as many of `whole` folds as are done."""
    found = summary(scores, "validation")
    if found is None:
        return "No fold is done yet."
    spread = "" if found.sd is None else f" ± {found.sd:.2%}"
    done = f", {len(found.values)} of {whole} folds" if len(found.values) < whole else ""
    return f"Validation accuracy {found.mean:.2%}{spread}{done}"


def summary_text(scores: Sequence[Score], *, leaking: bool = False) -> str:
    """Say what the figure is, how sure it is and by which method, what the test set says, and best and worst fold."""
    found, test = summary(scores, "validation"), summary(scores, "test")
    if found is None or test is None:
        return ""
    if found.sd is None:
        return f"One fold is done; its test accuracy is {test.mean:.2%}. A spread needs two."
    count, on_test = len(found.values), f"{test.mean:.2%} ± {test.sd:.2%}"
    if leaking:
        return (
            f"Mean and standard deviation of {count} folds with carried weights; an interval would mean nothing. On "
            f"the test set, from which no fold has learned, the same networks have {on_test}."
        )
    interval = _reach(*found.interval(), ".2%")
    words = (
        f"Mean and standard deviation of {count} folds, each measured on images that its network had not seen. 95 % "
        f"interval of the mean: {interval}, by {METHOD}. On the test set the same networks have {on_test}."
    )
    if extremes := best_and_worst(scores):
        best, worst = extremes
        words += f" Best: {best.fold.words}, {best.validation:.2%}. Worst: {worst.fold.words}, {worst.validation:.2%}."
    return words


def leak_text(carried: float, honest: float, folds: int) -> str:
    """Say what carried weights did to the mean validation accuracy of the folds after the first, 0..1 each."""
    words = (
        f"Mean validation accuracy of folds 2 to {folds}: {carried:.2%} with carried weights, {honest:.2%} with a new "
        "network for each fold."
    )
    points = 100 * (carried - honest)
    if points <= 0:
        return f"{words} In so little training no leak shows."
    return (
        f"{words} The {points:.2f} points between them are no skill: the network was asked about images that it had "
        "learned by heart in the folds before."
    )


def summary_frame(scores: Sequence[Score]) -> pd.DataFrame:
    """Return a row per figure: mean, standard deviation, minimum, maximum, and both intervals of the mean.

    Columns: figure, folds, mean, sd, minimum, maximum, low, high (corrected), plain_low, plain_high.
    """
    rows = []
    for name, title in _ROWS.items():
        if (found := summary(scores, name)) is None:
            continue
        low, high = found.interval() or (np.nan, np.nan)
        plain_low, plain_high = found.plain_interval() or (np.nan, np.nan)
        rows.append(
            {
                "figure": title, "folds": len(found.values), "mean": found.mean, "sd": found.sd,
                "minimum": found.minimum, "maximum": found.maximum, "low": low, "high": high,
                "plain_low": plain_low, "plain_high": plain_high,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def summary_table(frame: pd.DataFrame, *, leaking: bool = False) -> pd.DataFrame:
    """Return summary_frame's rows as a reader wants them: accuracies in percent, losses with four decimals.

    Args:
        leaking: leave out the intervals, which mean nothing where weights are carried.
    """
    rows = []
    for row in frame.itertuples():
        form = ".4f" if row.figure.endswith("loss") else ".2%"
        figures = {
            "Figure": row.figure, "Mean": f"{row.mean:{form}}",
            "Standard deviation": None if row.folds < 2 else f"{row.sd:{form}}",
            "Minimum": f"{row.minimum:{form}}", "Maximum": f"{row.maximum:{form}}",
        }  # fmt: skip
        intervals = {
            "95 %, corrected t": _reach(row.low, row.high, form),
            "95 %, plain t": _reach(row.plain_low, row.plain_high, form),
        }
        rows.append(figures if leaking else figures | intervals)
    return pd.DataFrame(rows)


def spread_figure(
    scores: Sequence[Score], reported: Mapping[str, Sequence[float]], *, leaking: bool = False
) -> go.Figure:
    """Draw a dot per fold, the mean as a line and its corrected interval as a band, in a row per figure.

    Args:
        leaking: leave the band out: folds with carried weights are no sample of anything.
        reported: accuracies of the reference system by the name of a row, such as "Reported (test)"; 0..1.
    """
    rows = {
        title.removesuffix(" accuracy"): found
        for name, title in _ROWS.items()
        if name not in _LOSSES and (found := summary(scores, name))
    }
    figure = go.Figure()
    for place, (title, found) in enumerate(rows.items()):
        _draw_summary(figure, place, title, found, banded=not leaking)
    for place, (title, values) in enumerate(reported.items(), start=len(rows)):
        _draw_dots(figure, place, values, title, NEUTRAL_COLOUR)
    names = [*rows, *reported]
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=(len(names) - 0.4, -0.6), showgrid=False,
        zeroline=False, ticks="", ticksuffix=" ",
    )  # fmt: skip
    figure.update_xaxes(title="Accuracy of each fold", tickformat=".1%", nticks=6, tickangle=0, zeroline=False)
    return finished(figure, 70 + 62 * len(names))


def spread_frame(scores: Sequence[Score]) -> pd.DataFrame:
    """Return spread_figure's dots: validation and test accuracy, 0..1, by fold; those that are done."""
    rows = [(one.fold.words, one.validation, one.test) for one in scores if one.validation is not None]
    return pd.DataFrame(rows, columns=["fold", "validation", "test"]).set_index("fold")


def spread_text(scores: Sequence[Score], *, leaking: bool = False) -> str:
    """Say what spread_figure shows, and what is good and what is bad."""
    good = "dots far to the right and close together"
    if leaking:
        return f"{summary_text(scores, leaking=True)} Good would be {good}; bad is that carried weights make them so."
    return (
        f"{summary_text(scores)} Good: {good}. Bad: dots far apart, where the figure depends on which images were held "
        "out, or those of validation far from those of the test set."
    )


def curves_frame(epochs: Mapping[str, Sequence[Mapping[str, float]]]) -> pd.DataFrame:
    """Return a row per fold and epoch: fold, epoch, loss, accuracy, val_loss, val_accuracy.

    Args:
        epochs: of each fold by its words, as in Progress.epochs.
    """
    columns = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")
    rows = [
        {"fold": fold, **{name: row.get(name) for name in columns}} for fold, some in epochs.items() for row in some
    ]
    return pd.DataFrame(rows, columns=["fold", *columns])


def folds_text(frame: pd.DataFrame, name: str) -> str:
    """Say what curves_figure shows, and what is good and what is bad."""
    words = f"{name.capitalize()} of training, solid, and validation, dashed, of {frame.fold.nunique()} folds."
    way = "falls" if name == "accuracy" else "rises"
    return (
        f"{words} Good: the two keep together, and all folds look alike. Bad: a dashed line that {way} again while the "
        "solid one goes on: the network learns by heart."
    )


def curves_figure(frame: pd.DataFrame, name: str) -> go.Figure:
    """Draw training (solid) and validation (dashed) of each fold in a small chart of its own, on common axes.

    Args:
        frame: from curves_frame.
        name: "accuracy" or "loss".
    """
    folds = list(dict.fromkeys(frame.fold))
    count = ceil(len(folds) / COLUMNS)
    figure = make_subplots(
        count, COLUMNS, shared_xaxes="all", shared_yaxes="all", subplot_titles=[fold.capitalize() for fold in folds],
        horizontal_spacing=0.04, vertical_spacing=min(0.12, 0.28 / count),
    )  # fmt: skip
    for place, fold in enumerate(folds):
        rows = frame[frame.fold == fold]
        at = {"row": place // COLUMNS + 1, "col": place % COLUMNS + 1}
        for column, title, colour, dash in (
            (name, "training", TRAIN_COLOUR, "solid"),
            (f"val_{name}", "validation", VALIDATION_COLOUR, "dash"),
        ):
            figure.add_scatter(
                x=rows.epoch, y=rows[column], mode="lines" if len(rows) > 1 else "markers",
                line={"color": colour, "width": 1.8, "dash": dash}, marker_color=colour,
                hovertemplate=f"{fold}, epoch %{{x}}<br>{title} %{{y{':.2%' if name == 'accuracy' else ':.4f'}}}"
                "<extra></extra>", **at,
            )  # fmt: skip
    figure.update_annotations(font_size=13)
    figure.update_yaxes(tickformat=".0%" if name == "accuracy" else "~g", nticks=5, zeroline=False)
    figure.update_xaxes(nticks=5, showgrid=False, zeroline=False)
    figure.update_xaxes(title="epoch", row=count)
    for empty in range(len(folds) % COLUMNS or COLUMNS, COLUMNS):
        figure.update_xaxes(visible=False, row=count, col=empty + 1)
        figure.update_yaxes(visible=False, row=count, col=empty + 1)
    return finished(figure, 60 + 170 * count)


def _draw_summary(figure: go.Figure, place: int, title: str, found: Summary, *, banded: bool) -> None:
    colour, upright = _COLOURS[title], {"y0": place - 0.3, "y1": place + 0.3}
    if banded and (interval := found.interval()):
        low, high = interval
        figure.add_shape(type="rect", x0=low, x1=high, **upright, fillcolor=colour, opacity=0.18, line_width=0)
    figure.add_shape(type="line", x0=found.mean, x1=found.mean, **upright, line={"color": colour, "width": 2.5})
    _draw_dots(figure, place, found.values, title, colour)


def _draw_dots(figure: go.Figure, place: int, values: Sequence[float], title: str, colour: str) -> None:
    # The folds stand below each other in their order, so that equal ones do not hide each other.
    heights = place + (np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(1))
    figure.add_scatter(
        x=list(values), y=heights, mode="markers", marker={"color": colour, "size": 9, "opacity": 0.9},
        hovertemplate=f"{title}: %{{x:.2%}}<extra></extra>",
    )  # fmt: skip


def _reach(low: float, high: float, form: str) -> str | None:
    """Write an interval; t knows no limits, but there is no accuracy above 1 and neither it nor a loss is below 0."""
    if np.isnan(low):
        return None
    return f"{max(low, 0):{form}} to {min(high, 1) if form.endswith('%') else high:{form}}"

"""Figures of a Run's kept epochs. Each takes numbers already computed and has a sentence that says the same."""

import pandas as pd
import plotly.graph_objects as go

from fmnist_core.figures.palette import NEUTRAL_COLOUR, TRAIN_COLOUR
from fmnist_core.figures.pixels import finished

LOST_COLOUR = "#D65038"  # that of mistakes in a confusion matrix
KINDS = {
    "always": "Right from the first epoch on",
    "learned": "Learned later, kept since",
    "regained": "Forgotten, then regained",
    "lost": "Lost in the end",
    "never": "Never right",
}


def flow_figure(table: pd.DataFrame) -> go.Figure:
    """Draw how many test images became right (up) and wrong (down) from each kept epoch to the next.

    table: EpochHistory.table. The first epoch is left out: whatever it has right was learned in it.
    """
    steps = table.iloc[1:]
    figure = go.Figure()
    for column, name, sign, colour in (
        ("learned", "Became right", 1, TRAIN_COLOUR), ("forgotten", "Became wrong", -1, LOST_COLOUR),
    ):  # fmt: skip
        figure.add_bar(
            x=steps["epoch"],
            y=sign * steps[column],
            name=name,
            marker={"color": colour},
            customdata=steps[column],
            hovertemplate=f"epoch %{{x}}: %{{customdata:,}} {name.lower()}<extra></extra>",
        )
    figure.add_scatter(
        x=steps["epoch"], y=steps["learned"] - steps["forgotten"], name="Net", mode="lines+markers",
        line={"color": NEUTRAL_COLOUR, "width": 2}, marker={"symbol": "diamond", "size": 7},
        hovertemplate="epoch %{x}: %{y:+,} net<extra></extra>",
    )  # fmt: skip
    figure.update_layout(barmode="relative", bargap=0.25)
    figure.update_xaxes(title="Epoch", tickformat="d")
    figure.update_yaxes(title="Test images")
    figure = finished(figure, 300)
    return figure.update_layout(
        showlegend=True, legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0.0, "title": None}
    )


def flow_text(table: pd.DataFrame) -> str:
    """Say how much was learned and forgotten between kept epochs, and what is good."""
    steps = table.iloc[1:]
    if steps.empty:
        return "One epoch was kept: nothing can have been forgotten."
    learned, forgotten = int(steps["learned"].sum()), int(steps["forgotten"].sum())
    worst = steps.loc[steps["forgotten"].idxmax()]
    return (
        f"From epoch to epoch {learned:,} images became right and {forgotten:,} became wrong. Good is much above the "
        "line and little below; bad are bars of equal length: a network that changes its mind without getting better. "
        f"Most were forgotten in epoch {int(worst['epoch'])}: {int(worst['forgotten']):,}."
    )


def kinds_figure(kinds: dict[str, int]) -> go.Figure:
    """Draw what became of the test images, from EpochHistory.kinds, as shares of all."""
    total = max(1, sum(kinds.values()))
    names = [KINDS[name] for name in kinds]
    colours = {"lost": LOST_COLOUR, "never": LOST_COLOUR, "regained": NEUTRAL_COLOUR}
    figure = go.Figure(
        go.Bar(
            x=list(kinds.values()), y=names, orientation="h", showlegend=False,
            marker={"color": [colours.get(name, TRAIN_COLOUR) for name in kinds]},
            text=[f"{count:,} ({count / total:.1%})" for count in kinds.values()], textposition="auto",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(title="Test images")
    figure.update_yaxes(autorange="reversed", ticksuffix=" ")
    return finished(figure, 300)


def kinds_frame(kinds: dict[str, int]) -> pd.DataFrame:
    """Return kinds_figure's numbers: images by what became of them."""
    return pd.DataFrame({"images": list(kinds.values())}, pd.Index([KINDS[name] for name in kinds], name="kind"))


def kinds_text(kinds: dict[str, int]) -> str:
    """Say what became of the test images, and what is good."""
    total = max(1, sum(kinds.values()))
    steady = kinds["always"] + kinds["learned"]
    return (
        f"{steady / total:.0%} of the images were never forgotten once they were right. {kinds['regained']:,} were "
        f"forgotten and came back, {kinds['lost']:,} were right once and are wrong in the end, {kinds['never']:,} were "
        "never right. Good is a long bar on top. Bad are long bars of what is lost or never right: hard, odd, or "
        "labelled wrongly."
    )

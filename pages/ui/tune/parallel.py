"""Parallel coordinates with brushes: drag along an axis, and only the trials whose lines pass there stay.

The browser part is parallel.js. `st.plotly_chart` has such a chart, but tells Python nothing of its brushes, and it
forgets them with each trial that ends.
"""

from collections.abc import Sequence
from pathlib import Path

from fmnist_core.figures.tuning_parallel import Axis
from pages.ui.save_picture import picture_component

# At module level, so that it is registered once per process and never within a rerun.
_component = picture_component("fmnist_lab_parallel", Path(__file__).with_suffix(".js"))


def parallel(
    axes: Sequence[Axis], numbers: Sequence[int], shades: Sequence[float], *, key: str, alt: str, file: str
) -> list[int] | None:
    """Show the chart and return the numbers of the trials within all brushes; None where nothing is brushed.

    Args:
        axes: at least two.
        numbers: of the trials, in the order of the places on the axes.
        shades: of the trials, 0 (worst) to 1 (best): how strongly their lines are drawn.
        key: name of the component; brushes belong to it.
        alt: the chart in words.
        file: name of saved files, without ending.
    """
    data = {
        "axes": [
            {"title": axis.title, "places": axis.places, "words": axis.words, "ticks": axis.ticks} for axis in axes
        ],
        "numbers": list(numbers), "shades": list(shades), "alt": alt, "file": file,
    }  # fmt: skip
    state = _component(key=key, data=data, on_brushed_change=_nothing)
    brushed = state.get("brushed") if hasattr(state, "get") else None
    if not isinstance(brushed, Sequence) or isinstance(brushed, str):
        return None
    return [int(number) for number in brushed if number in set(numbers)]


def _nothing() -> None:
    """Streamlit lists a component's values by the callbacks given; the page needs none."""

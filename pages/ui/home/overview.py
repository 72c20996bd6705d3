"""Pieces of the home page."""

import streamlit as st

from fmnist_core import samples
from fmnist_core.datasets import Dataset
from fmnist_core.runs import RunState
from pages.ui.data import plain
from pages.ui.grid import picture_grid
from pages.ui.header import empty_state
from pages.ui.runs import readable_runs, run_label, state_badge
from pages.ui.words import duration

RECENT, STRIP_ROWS = 5, 2

WAYS = (
    ("Look", "See what the pictures are, class by class.", "pages/explore/samples.py", "Open the samples"),
    ("Train", "Choose a network, move the sliders, watch it learn.", "pages/train/new.py", "Start a Run"),
    ("Judge", "How good is it, and which pictures fool it?", "pages/understand/result.py", "See a result"),
    ("Draw", "Draw an item and watch the answer change.", "pages/predict/draw.py", "Draw something"),
)


def sample_strip(dataset: Dataset) -> None:
    """Show two rows of the data themselves: what all of this is about."""
    positions = samples.sample_by_class(dataset.y_test, len(dataset.class_names), STRIP_ROWS, seed=7)
    by_row = positions.reshape(-1, STRIP_ROWS).T.ravel()
    png = samples.to_png(samples.sheet(dataset.x_test, by_row, len(dataset.class_names)))
    picture_grid(png, alt="Test images, a column for each class: " + ", ".join(dataset.class_names))


def ways() -> None:
    """Show the four things to do, in the order in which a newcomer does them."""
    with st.container(key="ways"):
        columns = st.columns(len(WAYS), gap="small")
    for column, (title, text, page, link) in zip(columns, WAYS, strict=True):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{title}**  \n{text}")
            st.page_link(page, label=link, icon=":material/arrow_forward:")


def data_line(dataset: Dataset) -> None:
    """Say which data are loaded and from where."""
    count = len(dataset.x_train) + len(dataset.x_test)
    st.caption(f"Data: {count:,} images in {len(dataset.class_names)} classes. Source: {plain(dataset.source)}")


def recent_runs() -> None:
    """Show the Runs that move now and the last that ended; ticks while any moves."""
    st.subheader("Runs", anchor=False)
    progresses = readable_runs()
    if not progresses:
        empty_state("Nothing was trained yet. The first steps take a minute.", "pages/train/new.py", "Start a Run")
        return
    moving = any(not progress.state.is_over for progress in progresses)
    st.fragment(_rows, run_every=2.0 if moving else None)()


def _rows() -> None:
    progresses = readable_runs()
    moving = [progress for progress in progresses if not progress.state.is_over]
    over = [progress for progress in progresses if progress.state.is_over][:RECENT]
    for progress in [*moving, *over]:
        with st.container(horizontal=True, vertical_alignment="center"):
            state_badge(progress.state)
            st.page_link(
                "pages/train/runs.py",
                label=plain(run_label(progress)),
                query_params={"run": progress.run.id},
                width="stretch",
            )
            if progress.state == RunState.RUNNING:
                st.progress(progress.fraction, width=160)
                left = progress.remaining_s
                st.caption(f"{duration(left)} left" if left is not None else progress.phase)

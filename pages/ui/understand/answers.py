"""A Run's answers to test images, one by one: its mistakes and its unsure hits, page by page."""

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core.evaluation import Evaluation
from fmnist_core.runs import Run
from pages.ui.data import plain
from pages.ui.export import table_download
from pages.ui.paging import span_words, turn_pages

PER_PAGE = 16
# Whole multiples of 28 keep each pixel a crisp square, also on screens with two dots per pixel.
ENLARGED, WIDTH_PX = 8, 112
# Words on screen and in the address.
ALL_CLASSES = "All classes"
MISTAKES, HITS = "Wrong and sure of it", "Right but unsure"
SHOWN_KEY, TRUE_KEY, SAID_KEY = "answers", "class", "said"


def answers(run: Run, evaluation: Evaluation, images: np.ndarray) -> None:
    """Show the most confident mistakes or the least confident hits, of all classes or of one, each with a way to ask
    why."""
    st.subheader("Look at its answers", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        frame, chosen = _chosen(evaluation)
        part = turn_pages(len(frame), PER_PAGE, of=(run.id, *chosen))
    if frame.empty:
        st.info("There is no such test image.", icon=":material/check:")
        return
    order, count = ("The surest", "mistake") if chosen[0] == MISTAKES else ("The least sure", "hit")
    st.caption(
        f"{order} first, {span_words(part, len(frame))} {count}{'s' * (len(frame) != 1)}: true class, what the Run "
        "said, and how sure it was. Some of these labels are a matter of opinion."
    )
    _pictures(run, frame[part], images)
    table_download(frame, f"{run.id}-{count}s", index=False)


def _chosen(evaluation: Evaluation) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Let the user choose; return the answers, as of Evaluation.mistakes, and what was chosen."""
    names = evaluation.class_names
    shown = st.segmented_control(
        "Answers", [MISTAKES, HITS], default=MISTAKES, required=True, key=SHOWN_KEY, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    name = st.selectbox("True class", [ALL_CLASSES, *names], key=TRUE_KEY, bind="query-params", width=200)
    true = None if name == ALL_CLASSES else names.index(name)
    if shown == HITS:
        return evaluation.hits(None, true), (shown, name)
    said = st.selectbox("What it said", [ALL_CLASSES, *names], key=SAID_KEY, bind="query-params", width=200)
    return evaluation.mistakes(None, true, None if said == ALL_CLASSES else names.index(said)), (shown, name, said)


def _pictures(run: Run, frame: pd.DataFrame, images: np.ndarray) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        for row in frame.itertuples():
            said = f"→ {plain(row.predicted)}" if row.predicted != row.true else "recognised"
            with st.container(width=WIDTH_PX, gap=None):
                st.image(
                    images[row.image].repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1),
                    caption=f"{plain(row.true)}  \n{said}  \n{_confidence(row.confidence)}",
                    alt=f"Test image {row.image}, {row.true}, said to be {row.predicted}",
                    width=WIDTH_PX, output_format="PNG",
                )  # fmt: skip
                st.page_link(
                    "pages/understand/explain.py", label="Why?",
                    query_params={"run": run.id, "image": f"test-{row.image}"},
                )  # fmt: skip


def _confidence(value: float) -> str:
    """Write 99.97 % as more than 99.9 %: nothing here is certain."""
    return "> 99.9%" if value > 0.999 else f"{value:.1%}"

"""The grid of a batch: ordered, filtered, page by page; a click shows all probabilities of a picture."""

import numpy as np
import streamlit as st

from fmnist_core.batch import ORDERS, Answers, Order
from fmnist_core.batch.rows import NO_LABEL
from fmnist_core.rejection import Refusal
from pages.ui.data import plain
from pages.ui.image_grid import image_grid
from pages.ui.paging import turn_pages
from pages.ui.predict.honest import REFUSED, caption_of
from pages.ui.reveal import call_reveal, reveal
from pages.ui.verdict import Model, verdict

PER_PAGE, COLUMNS = 40, 8
NONE = "None of these"  # among the classes that one can filter by
# Keys of widgets, and names in the address.
ORDER_KEY, SAID_KEY, LABEL_KEY, SURE_KEY = "order", "said", "given", "sure"
_AT = "batch.at"  # (batch, row) looked at


@st.fragment
def browse(answers: Answers, model: Model, batch_id: str) -> None:
    """Show the controls, a page of the grid, and the picture clicked last."""
    rows = _chosen_rows(answers)
    if not len(rows):
        st.info("No picture fits. Widen the confidence, or take classes back.", icon=":material/filter_alt_off:")
        return
    left, right = st.columns([6, 4], gap="medium")
    with left:
        shown = _page(rows, len(answers.names), batch_id)
        kept = st.session_state.get(_AT)
        at = kept[1] if kept and kept[0] == batch_id and kept[1] in shown else int(shown[0])
        _grid(answers, shown, at, batch_id)
    with right:
        reveal("batch-picture")
        _picture(answers, model, at)


def _chosen_rows(answers: Answers) -> np.ndarray:
    names = list(answers.class_names)
    orders = [order.value for order in ORDERS if order != Order.WRONG or answers.labelled.any()]
    default = Order.WRONG.value if answers.wrong.any() else Order.UNSURE.value
    if st.session_state.get(ORDER_KEY, default) not in orders:
        del st.session_state[ORDER_KEY]  # chosen for a batch that had labels
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        order = st.selectbox(
            "Order", orders, orders.index(default), key=ORDER_KEY, bind="query-params", width=190,
            help="Wrong first: those that the model is surest of stand on top.",
        )  # fmt: skip
        with st.popover("Filter", icon=":material/filter_alt:"):
            said = st.multiselect(
                "Model says", names if answers.refusals is None else [*names, NONE], key=SAID_KEY,
                bind="query-params", placeholder="Any class",
            )  # fmt: skip
            given = []
            if answers.labelled.any():
                given = st.multiselect("Label", names, key=LABEL_KEY, bind="query-params", placeholder="Any class")
            low, high = st.slider("Confidence", 0, 100, (0, 100), key=SURE_KEY, bind="query-params", format="%d%%")
    return answers.listed(
        Order(order), [names.index(name) for name in said if name != NONE], (low / 100, high / 100),
        [names.index(name) for name in given], NONE in said,
    )  # fmt: skip


def _page(rows: np.ndarray, count: int, batch_id: str) -> np.ndarray:
    """Let the user turn pages and return the rows of one."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = turn_pages(len(rows), PER_PAGE, of=(batch_id, hash(rows.tobytes())))
        st.caption(f"{len(rows):,} of {count:,} pictures" if len(rows) < count else f"{count:,} pictures")
    return rows[part]


def _grid(answers: Answers, shown: np.ndarray, at: int, batch_id: str) -> None:
    names = answers.class_names
    captions = [_caption(answers, row) for row in shown]
    tips = [
        f"{answers.names[row]}\n{'None of these; nearest: ' if answers.none[row] else ''}"
        f"{names[answers.predicted[row]]} {answers.confidence[row]:.1%}"
        + (f"\nlabel {names[answers.labels[row]]}" if answers.labels[row] != NO_LABEL else "")
        for row in shown
    ]

    def pick(position: int) -> None:
        st.session_state[_AT] = batch_id, int(shown[position])
        call_reveal("batch-picture")

    image_grid(
        np.asarray(answers.images[shown]), captions, key="batch-grid", columns=COLUMNS, size_px=84, tips=tips,
        selected=int(np.flatnonzero(shown == at)[0]), alt="Pictures of the batch, with the model's answers",
        file="batch", on_click=pick,
    )  # fmt: skip


def _caption(answers: Answers, row: int) -> str:
    refusal = 0 if answers.refusals is None else answers.refusals[row]
    said = caption_of(answers.class_names[answers.predicted[row]], answers.confidence[row], refusal)
    return f"{said} ✗" if answers.wrong[row] else said


def _picture(answers: Answers, model: Model, row: int) -> None:
    st.markdown(f"**{plain(answers.names[row])}**")
    label = answers.labels[row]
    verdict(
        [model], np.array(answers.images[row]), key="batch-verdict",
        hint="Click a picture.", truth=answers.class_names[label] if label != NO_LABEL else None,
        caption="As the model gets it.",
        refusals=() if answers.refusals is None else (REFUSED[Refusal(answers.refusals[row])],),
    )  # fmt: skip

"""All Runs in one table: filter by words and tags, sort, put seeds together, and take some into the comparison."""

import streamlit as st

from fmnist_core.progress import Progress
from fmnist_core.run_table import filtered, run_table, seed_table
from pages.ui.runs import CHOOSE_BY_VALIDATION
from pages.ui.understand.compare import CHOSEN, MOST, data_words, row_of, seeds_toggle, show_table

TEXT_KEY, TAGS_KEY, SEEDS_KEY, OPEN_KEY = "find", "tags", "all-seeds", "compare.find"


def find_runs(progresses: list[Progress]) -> None:
    """Show the table of all Runs, folded away until it is asked for or the address holds some of its choices."""
    if OPEN_KEY not in st.session_state and {TEXT_KEY, TAGS_KEY, SEEDS_KEY} & set(st.query_params):
        st.session_state[OPEN_KEY] = True
    # Label and default never change: they are part of its identity, and it would fold away under the user's hands.
    with st.expander("All Runs in a table", icon=":material/table_rows:", key=OPEN_KEY, on_change="rerun") as table:
        if table.open:
            _table(progresses)


@st.fragment
def _table(progresses: list[Progress]) -> None:
    rows = [row_of(progress) for progress in progresses]
    known = sorted({tag for row in rows for tag in row.tags})
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        text = st.text_input(
            "Filter", key=TEXT_KEY, bind="query-params", placeholder="title, tag, state, preset, data set …", width=320,
            help="Runs that hold all of these words somewhere in title, tags, state, preset, network or data set.",
        )  # fmt: skip
        tags = (
            st.multiselect("Tags", known, key=TAGS_KEY, bind="query-params", placeholder="All tags", width=260)
            if known
            else []
        )
        together = seeds_toggle(rows, SEEDS_KEY)
    shown = filtered(rows, text, tags)
    if not shown:
        st.info("No Run has all of these words and tags.", icon=":material/search_off:")
        return
    frame = seed_table(shown) if together else run_table(shown)
    if together:
        show_table(frame, "all-runs")
        st.caption(f"{CHOOSE_BY_VALIDATION}{data_words(frame)}")
        return
    # Ticks are kept by place, so other rows get a table of their own.
    selected = show_table(
        frame, "all-runs", key=f"compare.found.{text}.{tags}", on_select="rerun", selection_mode="multi-row"
    ).selection.rows
    chosen = [shown[row].id for row in selected if row < len(shown)]
    words = f"{len(shown)} of {len(rows)} Runs. Tick two or more, up to {MOST}; a click on a heading sorts."
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Compare these {len(chosen)}" if len(chosen) > 1 else "Compare", icon=":material/compare_arrows:",
            disabled=not 2 <= len(chosen) <= MOST, on_click=_take, args=(chosen,), key="compare.take",
        ):  # fmt: skip
            st.rerun()  # the whole page, not only this table
        st.caption(words)
    st.caption(f"{CHOOSE_BY_VALIDATION}{data_words(frame)}")


def _take(chosen: list[str]) -> None:
    """Before the page runs again: let these be the Runs that are compared."""
    st.session_state[CHOSEN] = chosen

"""Pieces of the Reproduce page: the choice of a system and a row, the table of all, and the chart."""

import streamlit as st

from fmnist_core.errors import LabError
from fmnist_core.figures.reproduction import GOOD_AND_BAD, drawable, reproduction_figure, reproduction_text
from fmnist_core.reproduction import ROWS, SYSTEMS, Row
from fmnist_core.reproduction_runs import FILE, Reproduction, read
from fmnist_core.reproduction_table import all_lines, figures_frame, overview_frame, summary_words
from pages.ui.choice import choose_in_address, explain_absence
from pages.ui.data import plain
from pages.ui.export import show_figure, table_download

ALL, PARAMETER = "All", "row"
_HELP = {
    "Reported": "By the system.", "Ours": "From our own Run of the same settings.",
    "Low": "Lower end of our 95 % interval.", "High": "Upper end of our 95 % interval.",
}  # fmt: skip
# What matters first, so that a phone shows it.
_ORDER = ("System", "What", "Reported", "Ours", "Verdict", "Figure", "Low", "High")


def kept_runs() -> Reproduction:
    """Return what the benchmark kept; where that cannot be read, say so and go on without."""
    try:
        return _read(FILE.stat().st_mtime_ns if FILE.exists() else 0)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return Reproduction(())


@st.cache_resource(max_entries=2, show_spinner=False)
def _read(changed_ns: int) -> Reproduction:
    return read()


def choose_system() -> str:
    """Let the user choose one of the systems or all; the choice stands in the address. "" for all."""
    chosen = st.segmented_control(
        "System", [ALL, *SYSTEMS], default=ALL, required=True, key="system", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    return "" if chosen == ALL else chosen


def overview(kept: Reproduction, system: str) -> None:
    """Show a line per row, reported and ours side by side, and the same as a chart, folded away."""
    rows = all_lines(kept, system)
    frame = overview_frame(rows)
    st.markdown(plain(summary_words(rows)))
    percent = [*_HELP]
    st.dataframe(
        frame.assign(**100 * frame[percent]), hide_index=True, placeholder="–", key=f"reproduce.table.{system}",
        column_config={  # wide enough for 100.00 %, also where most rows have none
            name: st.column_config.NumberColumn(format="%.2f %%", help=words, width=74) for name, words in _HELP.items()
        },
        on_select=lambda: _opened([lines[0].row.key for lines in rows], system), selection_mode="single-row",
        height="content" if len(frame) < 10 else 390,
        column_order=[name for name in _ORDER if name != "System" or not system],
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Select a row to see all of its figures, why they differ, and to launch it.")
        table_download(figures_frame(rows), "reproduced", index=False, label="All figures, CSV")
    shown = drawable([line for lines in rows for line in (lines if system else lines[:1])])
    if shown:
        with st.expander("As a chart", icon=":material/scatter_plot:"):
            text = reproduction_text(shown)
            show_figure(reproduction_figure(shown), "reproduced", alt=text)
            st.caption(GOOD_AND_BAD)


def choose_row(system: str) -> Row:
    """Let the user choose a row of the system; the choice stands in the address as `row`."""
    keys = [key for key, row in ROWS.items() if system in ("", row.system)]
    explain_absence(PARAMETER, ROWS, "a row of the five systems")
    chosen = choose_in_address(
        "Look closer at", keys, parameter=PARAMETER, key="reproduce.row", format_func=lambda key: ROWS[key].title,
        width=460,
    )  # fmt: skip
    return ROWS[chosen]


def _opened(keys: list[str], system: str) -> None:
    """Before the page runs again: let the row below be the selected one."""
    if rows := st.session_state[f"reproduce.table.{system}"]["selection"]["rows"]:
        st.session_state["reproduce.row"] = keys[rows[0]]

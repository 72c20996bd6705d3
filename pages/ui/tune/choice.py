"""Which search is looked at, or a new one: it stands in the address."""

import streamlit as st

from fmnist_core.errors import LabError
from fmnist_core.run_groups import when
from fmnist_core.tuning.group import SearchGroup, list_searches
from pages.ui.choice import choose_in_address, explain_absence

NEW = "new"


def choose_search() -> SearchGroup | None:
    """Let the user choose among the searches, newest first; None for a new one, and if there is none yet."""
    known = {group.id: group for group in list_searches()}
    titles = {search_id: title for search_id, group in known.items() if (title := _title(group))}
    explain_absence("search", (*titles, NEW), "a search of this workspace")
    options = [*titles, NEW] if titles else []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = choose_in_address(
            "Search", options, parameter="search", key="tune.search", format_func={**titles, NEW: "New search"}.get,
            width=420,
        )  # fmt: skip
        if chosen in titles:
            st.button("New search", icon=":material/add:", on_click=_choose_new, key="tune.new")
    return known.get(chosen)


def _choose_new() -> None:
    st.session_state["tune.search"] = NEW


def _title(group: SearchGroup) -> str:
    """Return time and title of a search; nothing for one that cannot be read."""
    try:
        return f"{when(group.id):%d %b %H:%M} · {group.search.title}"
    except (LabError, ValueError):
        return ""

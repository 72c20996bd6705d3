"""Which search is looked at, or a new one: it stands in the address."""

from datetime import datetime

import streamlit as st

from fmnist_core.errors import LabError
from fmnist_core.tuning.group import SearchGroup, list_searches
from pages.ui.data import plain

NEW = "new"


def choose_search() -> SearchGroup | None:
    """Let the user choose among the searches, newest first; None for a new one, and if there is none yet."""
    known = {group.id: group for group in list_searches()}
    titles = {search_id: title for search_id, group in known.items() if (title := _title(group))}
    asked = st.query_params.get("search")
    if asked and asked not in (*titles, NEW):
        st.warning(f"Expected a search that is here. Received {plain(asked[:80])}.", icon=":material/warning:")
    if not titles:
        st.query_params.pop("search", None)
        return None
    titles[NEW] = "New search"
    # Not bound to the address: a bound widget writes its label there, which is not unique.
    if asked in titles and asked != st.session_state.get("tune.shown"):
        st.session_state["tune.search"] = asked  # a link came; else what the user chose in the box counts
    if st.session_state.get("tune.search") not in titles:
        st.session_state.pop("tune.search", None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Search", list(titles), key="tune.search", format_func=titles.get, width=420)
        if chosen != NEW:
            st.button("New search", icon=":material/add:", on_click=_choose_new, key="tune.new")
    st.session_state["tune.shown"] = st.query_params["search"] = chosen
    return known.get(chosen)


def _choose_new() -> None:
    st.session_state["tune.search"] = NEW


def _title(group: SearchGroup) -> str:
    """Return time and title of a search; nothing for one that cannot be read."""
    try:
        when = datetime.strptime("-".join(group.id.split("-")[-3:-1]), "%Y%m%d-%H%M%S")
        return f"{when:%d %b %H:%M} · {group.search.title}"
    except (LabError, ValueError):
        return ""

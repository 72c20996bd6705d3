"""A long list, page by page."""

from collections.abc import Hashable

import streamlit as st


def turn_pages(count: int, per_page: int, *, of: Hashable, key: str = "page") -> slice:
    """Let the user turn pages, where there are several; return the places of the page shown.

    Args:
        count: how many there are.
        per_page: on a page.
        of: what is listed. Another list begins at its first page; one that has become shorter shows its last.
        key: of the box, and its name in the address.
    """
    pages, page, state = max(1, -(-count // per_page)), 1, st.session_state
    if key in state and state.get(f"{key}.of") != of:  # else a link came, and its page counts
        state[key] = 1
    elif state.get(key, 1) > pages:
        state[key] = pages
    state[f"{key}.of"] = of
    if pages > 1:
        page = st.number_input(f"Page, of {pages:,}", 1, pages, key=key, bind="query-params", width=150)
    return slice((page - 1) * per_page, min(page * per_page, count))


def span_words(part: slice, count: int) -> str:
    """Say which of them are shown: 17 to 32 of 40."""
    return f"{part.start + 1:,} to {part.stop:,} of {count:,}" if part.stop - part.start < count else f"all {count:,}"

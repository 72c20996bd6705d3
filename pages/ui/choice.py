"""A choice that stands in the address: a link opens it, and it is there again when one comes back to the page."""

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from pages.ui.data import plain


def explain_absence(parameter: str, options: Collection[str], what: str) -> None:
    """Warn where the address names nothing of the options, which are each `what`."""
    asked = st.query_params.get(parameter)
    if asked and asked not in options:
        st.warning(f"Expected {what}. Received {plain(asked[:80])}, which is not there.", icon=":material/search_off:")


def choose_in_address(
    label: str, options: Sequence[str], *, parameter: str, key: str, format_func: Callable[[str], str],
    default: str | None = None, width: int | str = "stretch", even_one: bool = False,
) -> str | None:  # fmt: skip
    """Let the user choose; the choice stands in the address. None if there is nothing to choose.

    Args:
        label: of the box.
        options: what stands in the address; `format_func` gives the words, no two alike.
        parameter: its name in the address.
        key: of the box.
        default: what is chosen where the address names none of them; the first, if not given.
        width: of the box.
        even_one: show a box for a single option, too.
    """
    if not options:
        st.query_params.pop(parameter, None)
        return None
    state, shown, asked = st.session_state, f"{key}.shown", st.query_params.get(parameter)
    # Not bound to the address: a bound widget writes its words there, which change and need not be unique.
    # Where the box was not drawn for a while it has forgotten its value, and the address has not.
    if asked in options and (asked != state.get(shown) or key not in state):
        state[key] = asked  # a link came; else what the user chose in the box counts
    if state.get(key) not in options:
        state[key] = default or options[0]
    if len(options) > 1 or even_one:
        chosen = st.selectbox(label, options, key=key, format_func=format_func, width=width)
    else:
        chosen = options[0]
    state[shown] = st.query_params[parameter] = chosen
    return chosen

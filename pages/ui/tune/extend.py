"""More budget for a search that is over."""

import streamlit as st

from fmnist_core.errors import LabError
from fmnist_core.tuning.trials import SearchProgress
from pages.ui.data import plain


def extend_form(progress: SearchProgress) -> None:
    """Let the user add trials, epochs, minutes or passes, and go on."""
    search = progress.search
    with st.expander("Extend the budget", key="tune.extend", on_change="rerun", icon=":material/add:") as form:
        if not form.open:
            return
        more: dict[str, float] = {}
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            if search.tuner == "hyperband":
                more["passes"] = _box(
                    "More passes", 1, "passes", "Hyperband once more from its start, with new values."
                )
            elif search.max_trials:
                more["trials"] = _box("More trials", 10, "trials", "The tuner knows the trials so far.")
            if search.tuner != "hyperband":
                more["epochs"] = _box(
                    "More epochs a trial", 0, "epochs",
                    "New trials train so much longer. Earlier ones stay as they are, and are then at a disadvantage.",
                )  # fmt: skip
            if search.minutes:
                more["minutes"] = _box("More minutes", 10, "minutes", "Time for further trials.")
            pressed = st.button(
                "Go on", type="primary", icon=":material/play_arrow:", disabled=not any(more.values()),
                key="tune.extend.start",
            )  # fmt: skip
        if search.tuner == "grid_search" and not search.max_trials:
            st.caption("A grid ends when every combination was tried: start another search with a larger space.")
        if pressed:
            try:
                progress.group.extend(**more)
            except (LabError, OSError) as error:
                st.error(plain(str(error)), icon=":material/error:")
            else:
                st.rerun()


def _box(label: str, value: int, name: str, words: str) -> int:
    return st.number_input(label, 0, 10_000, value, key=f"tune.extend.{name}", width=160, help=words)

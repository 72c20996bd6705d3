"""How far several Runs of one launch are, and the buttons that stop or resume them together."""

from collections.abc import Callable, Sequence

import streamlit as st

from fmnist_core import jobs
from fmnist_core.progress import Progress
from fmnist_core.runs import RunState
from pages.ui.data import plain
from pages.ui.runs import STATE_BADGES, act_on


def group_status(
    progresses: Sequence[Progress], *, key: str, noun: str = "Runs", even_done: bool = False,
    name: Callable[[Progress], str] = lambda progress: progress.run.spec.title,
) -> None:  # fmt: skip
    """Say how many Runs are in which state, how far all are, and offer what can be done.

    Args:
        progresses: of the Runs, in the order in which they were queued.
        key: begins the keys of the buttons.
        noun: what the Runs are called.
        even_done: say it where nothing is left to do, too.
        name: of a Run that failed.
    """
    moving = [one.run for one in progresses if not one.state.is_over]
    ended_early = [one.run for one in progresses if one.state.is_resumable]
    if not moving and not ended_early and not even_done:
        return
    counts = {state: sum(one.state == state for one in progresses) for state in RunState}
    words = ", ".join(f"{count} {STATE_BADGES[state][0].lower()}" for state, count in counts.items() if count)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(progresses)} {noun}:** {words}", width="stretch")
        if moving:
            # The last first: a fold that waits for another's weights must not see that one stop and fail.
            if st.button("Stop all", icon=":material/stop:", key=f"{key}.Stop all"):
                act_on(jobs.request_stop, *reversed(moving))
        elif ended_early and st.button("Resume", icon=":material/play_arrow:", key=f"{key}.Resume"):
            act_on(jobs.resume, *ended_early)
    if moving:
        st.progress(sum(one.fraction for one in progresses) / len(progresses))
    for one in progresses:
        if one.state == RunState.FAILED:
            st.error(f"{plain(name(one))}: {plain(one.message or 'its log says more.')}", icon=":material/error:")

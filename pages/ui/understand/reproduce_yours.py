"""The user's own Runs, cross-validations and searches of a row, beside ours."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from fmnist_core.crossval import groups
from fmnist_core.errors import LabError
from fmnist_core.reproduction import Row
from fmnist_core.reproduction_yours import as_kept, belongs, group_record, is_of_scheme, run_record
from fmnist_core.run_result import read_result
from fmnist_core.runs import Run, RunState
from fmnist_core.tuning.group import SearchGroup, list_searches
from fmnist_core.tuning.trials import read_progress
from pages.ui.crossval.details import scores_of
from pages.ui.runs import readable_runs

MOST = 20


def yours(row: Row) -> None:
    """Show them, newest first; nothing where there are none."""
    if row.search:
        _searches(row)
    elif row.scheme:
        _groups(row)
    else:
        _runs(row)


def _runs(row: Row) -> None:
    own = [progress for progress in readable_runs((RunState.COMPLETED,)) if belongs(row, progress.run.spec)][:MOST]
    records = [run_record(row, as_kept(row, one.run.spec, _result(one.run), one.epochs)) for one in own]
    _table(records, "Your Runs of it", "pages/understand/result.py", [{"run": one.run.id} for one in own])


def _groups(row: Row) -> None:
    known = groups(progress.run for progress in readable_runs(archived=True))
    own = [group for group in known if is_of_scheme(row, group)][:MOST]
    records = [group_record(row, group, scores_of(group)) for group in own]
    _table(records, "Your cross-validations of it", "pages/train/crossval.py", [{"group": one.name} for one in own])


def _searches(row: Row) -> None:
    own = [group for group in list_searches() if _preset(group) == row.search][:MOST]
    records = []
    for group in own:
        progress = read_progress(group)
        best = progress.best.objective if progress.best else None
        records.append(
            {"Search": group.search.title, "Trials done": len(progress.completed), "Best validation accuracy": best}
        )
    _table(records, "Your searches", "pages/train/tune.py", [{"search": one.id} for one in own])


def _table(records: Sequence[dict[str, Any]], title: str, page: str, addresses: Sequence[dict[str, str]]) -> None:
    if not records:
        return
    st.markdown(f"**{title}**")
    frame = pd.DataFrame(records)
    percent = {
        name: st.column_config.NumberColumn(format="percent")
        for name in frame.select_dtypes("number")
        if "loss" not in name.lower() and name != "Trials done"
    }
    chosen = st.dataframe(
        frame, hide_index=True, placeholder="–", column_config=percent, key=f"yours.{page}.{len(records)}",
        on_select="rerun", selection_mode="single-row", height="content",
    ).selection.rows  # fmt: skip
    if chosen and chosen[0] < len(addresses):
        st.switch_page(page, query_params=addresses[chosen[0]])
    st.caption("Select a row to open it.")


def _result(run: Run) -> dict[str, Any] | None:
    try:
        return read_result(run)
    except LabError:
        return None  # the Result page says what is wrong


def _preset(group: SearchGroup) -> str:
    try:
        return group.search.preset
    except LabError:
        return ""

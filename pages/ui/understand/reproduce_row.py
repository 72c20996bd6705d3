"""One row of the Reproduce page: all of its figures, why they differ, how ours were made, its launch, and your Runs."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from fmnist_core import crossval, jobs
from fmnist_core.backbones import BACKBONES
from fmnist_core.errors import LabError
from fmnist_core.experiments import EXPERIMENTS
from fmnist_core.presets import PRESETS
from fmnist_core.reproduction import EXPLAINED_BY_SHOWN, Row
from fmnist_core.reproduction_reasons import REASONS
from fmnist_core.reproduction_runs import Reproduction
from fmnist_core.reproduction_table import (
    VERDICTS,
    Line,
    carried_words,
    lines_of,
    made_words,
    shown_words,
    subset_words,
)
from fmnist_core.zoo import weights
from pages.ui.data import FOLDER_KEY, NAME_KEY, absolute_folder, current_name, plain
from pages.ui.understand.reproduce_yours import yours


def row_view(row: Row, kept: Reproduction) -> None:
    """Show everything about a row."""
    figures, why = st.columns([3, 2], gap="medium")
    with figures:
        _figures(row, kept)
        _launch(row)
        yours(row)
    with why:
        st.subheader("Why they differ", anchor=False)
        for key in row.reasons:
            _reason(key)
        if EXPLAINED_BY_SHOWN & set(row.reasons):
            _shown(kept, chance="chance" in row.reasons)


def _figures(row: Row, kept: Reproduction) -> None:
    st.subheader(plain(row.title), anchor=False)
    lines, runs = lines_of(row, kept), kept.of(row)
    st.table(
        pd.DataFrame([_words(line) for line in lines]), border="horizontal", hide_index=True,
    )  # fmt: skip
    if reason := kept.why_not(row):
        st.info(f"**No figure of ours.** {plain(reason)}", icon=":material/block:")
    if subset := subset_words(row, runs):
        st.warning(plain(subset), icon=":material/warning:")
    for text in (row.note, carried_words(row, kept)):
        if text:
            st.markdown(plain(text))
    if runs:
        with st.expander("How ours were made"):
            st.markdown(plain(made_words(runs)))
            st.caption(
                "Intervals: Wilson score for an accuracy, the normal approximation for a loss, for the mean of folds "
                "Student's t with the correction of Nadeau and Bengio. Made by "
                f"`python -m benchmarks.reproduce {row.key}`."
            )


def _words(line: Line) -> dict[str, str]:
    form = ".4f" if line.is_loss else ".2%"
    ours = line.ours
    return {
        "Figure": line.title,
        "Reported": f"{line.reported:{form}}",
        "Ours": f"{ours.value:{form}}" if ours else "–",
        "95% interval": f"{ours.interval[0]:{form}} to {ours.interval[1]:{form}}" if ours and ours.interval else "",
        "": VERDICTS.get(line.verdict, "") if ours else "",
    }


def _reason(key: str) -> None:
    reason = REASONS[key]
    st.markdown(f"**{reason.title}.** {plain(reason.text)}")
    if reason.page:
        st.page_link(reason.page, label=reason.link, icon=":material/arrow_forward:")


def _shown(kept: Reproduction, *, chance: bool) -> None:
    """Show range and cut at work on a base whose weights could be had."""
    if not (shown := kept.shown()):
        return
    st.markdown("**Seen at work on MobileNet,** with A's head and training:")
    records = []
    for title, run in shown:
        figure = run.figure("test_accuracy")
        low, high = figure.interval
        records.append(
            {"MobileNet": title, "Test accuracy": f"{figure.value:.1%}", "95% interval": f"{low:.1%} to {high:.1%}"}
        )
    st.table(pd.DataFrame(records), border="horizontal", hide_index=True)
    st.markdown(plain(shown_words(kept, chance=chance)))
    runs = [run for _, run in shown]
    st.caption(f"{plain(made_words(runs))} Block 12 is the last but one.")


def _launch(row: Row) -> None:
    """Show the button that starts the row as reported, and the way to the form where it can be changed first."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if not row.search:
            count = row.crosses()[0].folds if row.scheme else 1
            label = f"Start {count} Runs" if count > 1 else "Start this Run"
            if st.button(label, type="primary", icon=":material/play_arrow:", key=f"start.{row.key}"):
                _start(row)
        form, page = _form_of(row)
        if st.button(
            form, icon=":material/tune:", key=f"form.{row.key}", on_click=_set_form, args=(row,),
            type="primary" if row.search else "secondary",
        ):  # fmt: skip
            st.switch_page(page, query_params=_address(row))
    spec = row.spec
    if f"own-range-{row.preset}" in PRESETS:
        st.page_link(
            "pages/train/new.py", label="The same in the base's own input range", icon=":material/arrow_forward:",
            query_params={"preset": f"own-range-{row.preset}"},
        )  # fmt: skip
    if spec.is_transfer and not weights.find(spec.backbone):
        st.caption(
            f"The ImageNet weights of {BACKBONES[spec.backbone].title} are not here: they are downloaded at the start, "
            f"or put {plain(BACKBONES[spec.backbone].weights_file)} into {plain(str(weights.folder()))}."
        )


def _form_of(row: Row) -> tuple[str, str]:
    if row.search:
        return "Open on the Tune page", "pages/train/tune.py"
    if row.scheme:
        return "Open on the Cross-validate page", "pages/train/crossval.py"
    if row.member:
        return "Open on the Experiments page", "pages/train/experiments.py"
    return "Open on the Train page", "pages/train/new.py"


def _address(row: Row) -> dict[str, str]:
    if row.search:
        return {"search": "new"}
    if row.member:
        return {"experiment": EXPERIMENTS["dropout"].title}
    return {} if row.scheme else {"preset": row.preset}


def _set_form(row: Row) -> None:
    """Before the page runs again: let the form that opens begin with this row, and on its data."""
    if row.search:
        st.session_state["tune.preset"] = row.search
    if row.scheme:
        st.session_state["crossval.what"] = row.scheme
    if current_name() != row.spec.dataset:
        st.session_state[NAME_KEY], st.session_state[FOLDER_KEY] = row.spec.dataset, ""


def _start(row: Row) -> None:
    spec = row.spec
    where = {"dataset_folder": absolute_folder() if current_name() == spec.dataset else ""}
    try:
        if row.scheme:
            cross = row.crosses()[0]
            group = crossval.launch(replace(cross, base=cross.base.replace(**where)))
            page, query = "pages/train/crossval.py", {"group": group}
        else:
            run = jobs.submit(spec.replace(**where))
            page, query = "pages/train/runs.py", {"run": run.id}
    except (LabError, OSError) as error:
        st.error(f"The Run could not be started. {plain(str(error))}", icon=":material/error:")
        return
    st.switch_page(page, query_params=query)

"""Result: how good a finished Run is, and where it fails."""

import streamlit as st

from fmnist_core.errors import LabError
from fmnist_core.run_result import read_result
from fmnist_core.runs import RunState
from pages.ui.data import plain
from pages.ui.header import empty_state, page_header
from pages.ui.runs import choose_run, readable_runs
from pages.ui.understand.answers import answers
from pages.ui.understand.closer import closer_look
from pages.ui.understand.lineage import lineage, to_time_machine
from pages.ui.understand.result import (
    cautions,
    class_table,
    confusions,
    evaluate,
    files_and_hyperparameters,
    headline,
    per_class,
    reference,
)

page_header("Result", "How good is this Run, and where does it fail?")
progress = choose_run(readable_runs((RunState.COMPLETED,)))
if progress is None:
    empty_state("No Run is completed yet. A first one takes a minute.", "pages/train/new.py", "Start a Run")
    st.stop()

try:
    result = read_result(progress.run)
    problem = ""
except LabError as error:
    result, problem = None, str(error)

evaluation = images = None
if result:
    try:
        evaluation, images = evaluate(progress.run, result)
    except LabError as error:
        problem = str(error)
    cautions(progress.run.spec, result)
    headline(progress, result, evaluation)
    lineage(progress.run.spec)
    reference(progress.run.spec, result)
    to_time_machine(progress.run)
    st.page_link(
        "pages/train/crossval.py", label="How sure is that? Cross-validate these settings", icon=":material/rule:",
        query_params={"from": progress.run.id},
    )  # fmt: skip
if problem:
    st.error(plain(problem), icon=":material/error:")
if evaluation:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        confusions(evaluation)
    with right:
        per_class(evaluation)
    class_table(evaluation)
    answers(progress.run, evaluation, images)
    closer_look(progress.run, evaluation)
files_and_hyperparameters(progress.run, evaluation)

"""The Batch page: files taken in, progress while they are read, and the answers."""

import streamlit as st

from fmnist_core.batch import (
    MAX_BYTES,
    MAX_ROWS,
    Answers,
    Batch,
    batch_task,
    find_batch,
    keep_files,
    kept_batches,
    read_answers,
)
from fmnist_core.errors import LabError
from fmnist_core.figures.evaluation import confusion_matrix_figure, confusion_matrix_text
from fmnist_core.progress import Progress
from fmnist_core.rejection import FALSE_REJECTS
from fmnist_core.runs import Run
from pages.ui.data import plain
from pages.ui.export import show_figure, table_download
from pages.ui.predict.batch_grid import browse
from pages.ui.predict.batch_words import file_stem, left_out_table, notes_words
from pages.ui.predict.honest import calibration_words
from pages.ui.predict.models import model_of
from pages.ui.tasks import show_task
from pages.ui.words import duration, moment

PARAMETER = "batch"  # name in the address
_FILES, _PROBLEM = "batch.files", "batch.problem"
LEFT_OUT_SHOWN = 500
_NONE_HELP = (
    "Unlike the training images, by the yardstick of the Predict page, which turns away "
    f"{FALSE_REJECTS:.0%} of images like the data, too. Accuracy and figures by class go by the likeliest class."
)
FORMS = f"""
- **A zip of pictures** (PNG, JPEG, WebP, GIF): each is trimmed and centred as on the Predict page; one of 28 × 28
  pixels is taken as it is, but for its polarity. A folder named like a class, or by its number, is the label of what
  lies in it.
- **One CSV**: 784 pixels from 0 to 255 in a line, light on black. A column named *label*, or a first cell more, is the
  label: the class's number or name.
- **IDX**: images, and their labels beside them if there are any.

CSV and IDX may be packed as .gz or .zip. Up to {MAX_ROWS:,} pictures and {MAX_BYTES >> 20} MB. They go to the machine
on which this app runs, and nowhere else.
"""


def chosen_batch() -> Batch | None:
    """Return the batch in the address; None, and say so, if it is gone."""
    asked = st.query_params.get(PARAMETER)
    batch = find_batch(asked) if asked else None
    if asked and batch is None:
        st.info("The batch in this address is not here, or made room for newer ones. Upload it again.")
    return batch


def intake() -> None:
    """Take files in; the button keeps them and puts the batch into the address."""
    files = st.file_uploader(
        "A zip of pictures, a CSV, or IDX images with their labels", accept_multiple_files=True, key=_FILES,
        max_upload_size=MAX_BYTES >> 20,
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Predict", type="primary", icon=":material/play_arrow:", key="batch.go", disabled=not files, on_click=_take
        )
        with st.popover("What the files may look like", type="tertiary", icon=":material/help:"):
            st.markdown(FORMS)
    if problem := st.session_state.get(_PROBLEM):
        st.error(plain(problem), icon=":material/error:")


def _take() -> None:
    """Before the page runs again: keep the files."""
    st.session_state.pop(_PROBLEM, None)
    files = [(file.name, file.getvalue()) for file in st.session_state[_FILES]]
    try:
        st.query_params[PARAMETER] = keep_files(files).id
    except (LabError, OSError) as error:
        st.session_state[_PROBLEM] = str(error)


def others(shown: Batch | None = None) -> None:
    """List the batches that are kept, but for the one shown, to open or to delete."""
    kept = [batch for batch in kept_batches() if shown is None or batch.id != shown.id]
    if not kept:
        return
    with st.expander(f"Earlier batches ({len(kept)})"):
        for batch in kept:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    plain(batch.title), icon=":material/folder_open:", key=f"open-{batch.id}", type="tertiary",
                    on_click=_open, args=(batch.id,),
                )  # fmt: skip
                st.caption(moment(batch.about["time_s"]))
                st.button(
                    "Delete", icon=":material/delete:", key=f"delete-{batch.id}", type="tertiary",
                    on_click=_delete, args=(batch,),
                )  # fmt: skip


def _open(batch_id: str) -> None:
    st.query_params.pop(PARAMETER, None)
    if batch_id:
        st.query_params[PARAMETER] = batch_id


def _delete(batch: Batch) -> None:
    batch.delete()
    if st.query_params.get(PARAMETER) == batch.id:
        st.query_params.pop(PARAMETER)


def show_batch(batch: Batch, progress: Progress) -> None:
    """Show the model's answers, or how far they are."""
    run = progress.run
    _title(batch)
    try:
        model, task = model_of(run), batch_task(batch, run)
        key = batch.id, task.parameters["model"], model.temperature.value, batch, run
        answers = _answers(*key)
    except (LabError, OSError) as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    if answers is None:
        _answers.clear(*key)  # None is not to be remembered
        show_task(
            task, title=f"{run.spec.title} on {batch.title}", autostart=True,
            note="A CSV or IDX of 10,000 pictures takes seconds, a zip of as many some minutes. It goes on when you "
            "leave the page, and is kept.",
        )  # fmt: skip
        return
    _headline(batch, answers)
    said, help_ = calibration_words([model])
    st.caption(said, help=help_)
    browse(answers, model, batch.id)
    _closer(batch, answers)


@st.cache_resource(max_entries=4, show_spinner=False)
def _answers(batch_id: str, model: str, temperature: float, _batch: Batch, _run: Run) -> Answers | None:
    return read_answers(_batch, _run)


def _title(batch: Batch) -> None:
    """Name the batch; beside it the way to the next one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(batch.title)}** :gray[· {moment(batch.about['time_s'])}]", width="content")
        st.button("Another batch", icon=":material/add:", key="batch.another", on_click=_open, args=("",))
        st.button(
            "Delete", icon=":material/delete:", key="batch.delete", type="tertiary", on_click=_delete, args=(batch,),
            help="Its files, the prepared pictures and the answers",
        )  # fmt: skip


def _headline(batch: Batch, answers: Answers) -> None:
    """Show how many, how well, and the file to take away."""
    count, evaluation = len(answers.names), answers.evaluation
    with st.container(horizontal=True, gap="medium", vertical_alignment="top"):
        st.metric("Pictures", f"{count:,}", width="content")
        if evaluation is not None:
            low, high = evaluation.accuracy_interval()
            st.metric(
                "Accuracy", f"{evaluation.accuracy:.1%}", f"{low:.1%} to {high:.1%}", delta_color="off",
                delta_arrow="off", delta_description="95% interval", width="content",
                help=f"Share of the {len(evaluation.y_true):,} labelled pictures put in the right class. The interval "
                "(Wilson score) covers the luck of which pictures came.",
            )  # fmt: skip
        st.metric("Mean confidence", f"{answers.confidence.mean():.1%}", width="content")
        if answers.refusals is not None:
            st.metric("None of these", f"{int(answers.none.sum()):,}", width="content", help=_NONE_HELP)
        st.metric(
            "Time",
            _time_words(answers.seconds),
            width="content",
            help="That the model took, without reading the files.",
        )
        st.download_button(
            "Probabilities", lambda: answers.table().to_csv(index=False), f"{file_stem(batch.title)}-probabilities.csv",
            "text/csv", icon=":material/download:", type="primary", key="batch.csv", on_click="ignore",
            help="CSV: name, likeliest class, confidence, whether it is none of the classes, label if given, and the "
            "probability of every class.",
        )  # fmt: skip
    if words := notes_words(answers):
        st.caption(plain(" ".join(words)))
    if answers.problems:
        with st.expander(f"{len(answers.problems):,} left out", icon=":material/warning:"):
            frame = left_out_table(answers)
            st.dataframe(frame.head(LEFT_OUT_SHOWN), hide_index=True, width="stretch")
            table_download(frame, f"{file_stem(batch.title)}-left-out", index=False)


def _time_words(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else duration(seconds)


def _closer(batch: Batch, answers: Answers) -> None:
    """Show counts by class and, where labels are given, what is mistaken for what; folded away."""
    with st.expander("By class"):
        frame = answers.by_class()
        share = st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
        st.dataframe(
            frame, hide_index=True, height="content", width="stretch",
            column_config={
                "Said of": st.column_config.NumberColumn("Said of", help="Pictures that were given this class"),
                "Mean confidence": share, "Found": share,
                "Labels": st.column_config.NumberColumn("Labels", help="Pictures whose label is this class"),
            },
        )  # fmt: skip
        table_download(frame, f"{file_stem(batch.title)}-classes", index=False)
    if (evaluation := answers.evaluation) is not None:
        with st.expander("What it mistakes for what"):
            matrix = evaluation.confusion_matrix()
            st.caption("Rows are labels, columns what the model said. Grey is right; the redder, the more mistakes.")
            show_figure(
                confusion_matrix_figure(matrix, answers.class_names, by_rate=False),
                f"{file_stem(batch.title)}-confusion",
                alt=confusion_matrix_text(matrix, evaluation.most_confused_pairs(3)), key="batch.matrix",
            )  # fmt: skip

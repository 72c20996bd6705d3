"""The data set in use: chosen in the sidebar, kept in the address, shared by all sessions.

Arrays are memory-mapped from the cache on disk and loading them takes milliseconds, so nothing is held here:
however many sessions look at a data set, the system keeps one copy of its pixels.
"""

import re
import time
from collections.abc import Callable

import streamlit as st

from fmnist_core import datasets
from fmnist_core.datasets import DATASETS, Dataset
from fmnist_core.datasets.files import named_path
from fmnist_core.datasets.gaps import sentence
from fmnist_core.errors import LabError
from fmnist_core.spec import RunSpec

# Keys of widgets, and names in the address.
NAME_KEY, FOLDER_KEY = "data", "data.folder"
_RETRY_KEY, _UPLOAD_KEY, _UPLOAD_ERROR_KEY = "data.retry", "data.upload", "data.upload_error"
_REDRAW_S = 0.1
_PUBLISHED_HELP = (
    "Looked at first: the published IDX files, such as train-images-idx3-ubyte.gz. "
    "Without a folder the usual sources are tried in turn."
)
_OWN_HELP = (
    "IDX files, such as train-images-idx3-ubyte.gz, or one CSV for training and one with 'test' in its name; labels "
    "count from 0. A file classes.txt may name the classes, 2 to 10, one per line. Rows of a CSV that lack a value are "
    "left out."
)


def current_dataset() -> Dataset:
    """Return the data set in use; if it cannot be read, say why and end the page here."""
    name, folder = current_name(), current_folder()
    if DATASETS[name].needs_folder and not folder:
        st.info(
            "Open **Where the data come from** in the sidebar, and name a folder or upload files.",
            icon=":material/folder_open:",
        )
        st.stop()
    try:
        return _load(name, folder)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()


def current_name() -> str:
    """Return the key in DATASETS of the data set in use."""
    asked = st.session_state.get(NAME_KEY) or st.query_params.get(NAME_KEY)
    # The address holds the title, as the select box shows it.
    matches = (key for key, entry in DATASETS.items() if asked in (key, entry.title))
    return next(matches, next(iter(DATASETS)))


def on_data(spec: RunSpec, dataset: Dataset) -> RunSpec:
    """Return the spec on the data set in use."""
    return spec.replace(dataset=dataset.name, dataset_folder=absolute_folder())


def elsewhere_words(system: str, name: str, dataset: Dataset) -> str:
    """Say that a reference system worked on the data set of this name; nothing where that is the one in use."""
    if name == dataset.name:
        return ""
    return f"{system} worked on {DATASETS[name].title}: choose that under Data to compare."


def current_folder() -> str:
    """Return the folder that the user has named for the data set in use, or an empty string."""
    return (st.session_state.get(FOLDER_KEY) or st.query_params.get(FOLDER_KEY) or "").strip()


def absolute_folder() -> str:
    """Return that folder as Runs need it: their workers have another working directory.

    One that cannot be reached is returned as it was typed: the worker then says of it what the page says.
    """
    folder = current_folder()
    try:
        return str(named_path(folder).resolve()) if folder else ""
    except LabError:
        return folder


def data_banner() -> Dataset | None:
    """On every page: say when the data set in use is a stand-in, why, and let the user try again; what is left out.

    Returns the data set; None if it cannot be read: the pages that need it say why, the others can do without.
    """
    name, folder = current_name(), current_folder()
    if DATASETS[name].needs_folder and not folder:
        return None
    try:
        dataset = _load(name, folder)
    except LabError:
        return None
    if dataset.synthetic:
        _stand_in(dataset)
    if dataset.gaps:
        st.caption(f":material/info: {plain(sentence(dataset.gaps))}.")
    return dataset


def _stand_in(dataset: Dataset) -> None:
    title = DATASETS[dataset.name].title
    with st.container(gap="xsmall"):
        st.warning(
            f"**Offline sample, not the real {title}.** No real source answered, so you see "
            f"{plain(dataset.source)}. What you measure here says nothing about the real data.",
            icon=":material/warning:",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Retry the real source", icon=":material/refresh:", on_click=_ask_again, key="data.again")
            with st.popover("What was tried", type="tertiary"):
                _attempts(dataset)


def _load(name: str, folder: str) -> Dataset:
    retry = st.session_state.pop(_RETRY_KEY, False)
    report, finish = _progress_bar()
    try:
        dataset = datasets.load(name, folder or None, refresh=retry, progress=report)
    finally:
        finish()
    if retry:
        st.toast("There is still no real source." if dataset.synthetic else f"Now from {plain(dataset.source)}.")
    return dataset


def _ask_again() -> None:
    st.session_state[_RETRY_KEY] = True


def _attempts(dataset: Dataset) -> None:
    lines = [f"1. {plain(attempt.source)}  \n   :gray[{plain(attempt.reason)}]" for attempt in dataset.attempts]
    st.markdown("\n".join(lines))


def dataset_selector() -> None:
    """Show the choice of the data set; folder and upload are folded away below it."""
    name = st.selectbox(
        "Data", list(DATASETS), key=NAME_KEY, bind="query-params", on_change=_forget_folder,
        format_func=lambda key: DATASETS[key].title,
    )  # fmt: skip
    own = DATASETS[name].needs_folder
    with st.expander("Where the data come from", expanded=own):
        st.text_input(
            "Folder on the server", key=FOLDER_KEY, bind="query-params", placeholder="/home/me/data",
            help=_OWN_HELP if own else _PUBLISHED_HELP,
        )  # fmt: skip
        if own:
            _upload()


def _forget_folder() -> None:
    """A folder belongs to the data set for which it was named."""
    st.session_state[FOLDER_KEY] = ""
    st.session_state.pop(_UPLOAD_ERROR_KEY, None)


def _upload() -> None:
    files = st.file_uploader(
        "Or upload files", accept_multiple_files=True, key=_UPLOAD_KEY,
        max_upload_size=datasets.MAX_UPLOAD_BYTES >> 20,
        help="CSV (label, pixel1 to pixel784; plain, .gz or .zip) or images and labels as IDX.",
    )  # fmt: skip
    st.button("Use these files", on_click=_take_upload, disabled=not files, width="stretch", key="data.use")
    if error := st.session_state.get(_UPLOAD_ERROR_KEY):
        st.error(plain(error), icon=":material/error:")


def _take_upload() -> None:
    """Before the page runs again: save the files and make their folder the one in use."""
    files = [(file.name, file.getvalue()) for file in st.session_state[_UPLOAD_KEY]]
    st.session_state.pop(_UPLOAD_ERROR_KEY, None)
    try:
        st.session_state[FOLDER_KEY] = str(datasets.save_upload(files))
    except LabError as error:
        st.session_state[_UPLOAD_ERROR_KEY] = str(error)


def _progress_bar() -> tuple[Callable[[str, float], None], Callable[[], None]]:
    """Return report(text, fraction) and finish(); the bar appears only if something takes time."""
    shown, bar = 0.0, None

    def report(text: str, fraction: float) -> None:
        nonlocal bar, shown
        now = time.monotonic()
        if bar is None or now - shown > _REDRAW_S:
            bar = bar or st.empty()
            bar.progress(min(max(fraction, 0.0), 1.0), plain(text))
            shown = now

    def finish() -> None:
        if bar is not None:
            bar.empty()

    return report, finish


def plain(text: str) -> str:
    """Escape what Markdown would take for formatting: paths and file names come from outside."""
    return re.sub(r"([\\`*_{}\[\]()#+!~$:<>|])", r"\\\1", text)

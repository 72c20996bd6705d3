"""A Run's files: made and proven in the background, then offered with what was measured of each."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.exports import FORMATS, PROOFS_FILE, Exports, bundle, export_folder, read_exports
from fmnist_core.exports.card import NAME as CARD_NAME
from fmnist_core.exports.card import model_card
from fmnist_core.exports.script import NAME as SCRIPT_NAME
from fmnist_core.exports.script import START_NAME, recreate_script, start_files, start_weights
from fmnist_core.run_data import dataset_of
from fmnist_core.runs import KERAS_FILE, PROBABILITIES_FILE, RESULT_FILE, SPEC_FILE, VALIDATION_FILE, Run
from fmnist_core.tasks import Status, Task
from fmnist_core.training_data import MARKS_FILE
from pages.ui.data import plain
from pages.ui.predict.take_away_words import SNIPPETS, file_stem, measured
from pages.ui.tasks import show_task
from pages.ui.words import size

ROW = [5, 2]  # words, button
SOURCES = (SPEC_FILE, RESULT_FILE, PROBABILITIES_FILE, VALIDATION_FILE, KERAS_FILE, MARKS_FILE)  # of script and card
SCRIPT_WORDS = "The same training without this project: one Python file, for Keras alone."
CARD_WORDS = "Data, figures with intervals, weak classes, calibration, intended use, limits, origin."


def take_away(run: Run) -> None:
    """Offer the Run's model, its script and its card. Only the card, and making files, need the data."""
    exports = read_exports(run)
    dataset, lack = _dataset(run)
    state, card = _state(run, exports), ("", lack)
    if dataset is not None:
        card = _text(CARD_NAME, run, state, lambda: model_card(run, dataset, exports))
    texts = {SCRIPT_NAME: _text(SCRIPT_NAME, run, state, lambda: recreate_script(run)), CARD_NAME: card}
    if exports is not None:
        _made(exports, {name: text for name, (text, problem) in texts.items() if not problem}, remakable=not lack)
    elif not (run.folder / KERAS_FILE).is_file():
        st.info(f"This Run's folder has no {KERAS_FILE}, so no file can be made of it.", icon=":material/info:")
    elif dataset is None:
        st.error(plain(f"No file can be made, for none could be proven. {lack}"), icon=":material/error:")
    else:
        _offer(_task(run))
    _texts(run, texts)
    _start(run)
    if exports is not None and exports.offered:
        with st.expander("How to use the files"):
            _snippets(exports, dataset.class_names if dataset else _class_names(run))


def _dataset(run: Run) -> tuple[Dataset | None, str]:
    """Return the data that the Run was tested on and an empty string, or None and why they are not to be had."""
    try:
        return dataset_of(run, exact=True), ""
    except LabError as error:
        return None, str(error)


def _class_names(run: Run) -> tuple[str, ...]:
    """Return what the Run's result says of them; none where it is damaged."""
    try:
        return tuple((run.result or {}).get("class_names", ()))
    except LabError:
        return ()


def _task(run: Run) -> Task:
    """Return the task that makes the files. Its data are at hand, so the Run's result can be read."""
    sha256 = (run.result or {}).get("sha256", "")
    return Task("export", run.spec.dataset, run.spec.dataset_folder, sha256, {"run": run.id})


def _offer(task: Task, status: Status | None = None) -> None:
    show_task(
        task, status=status, title="The model as Keras, LiteRT, 8-bit LiteRT and ONNX",
        note="Each file is written, loaded back in its own runtime, and compared with the Run on 1,000 test images or "
        "more; what does not agree is not offered. About a minute for a small network; after that it is kept.",
    )  # fmt: skip


def _made(exports: Exports, texts: dict[str, str], *, remakable: bool) -> None:
    """Show the files; where some are missing and the data are at hand, the way to make them again."""
    if not remakable or len(exports.offered) == len(FORMATS):
        _bundle(exports, texts)
        _files(exports)
        return
    task = _task(exports.run)
    status = task.status()
    is_idle = status.state in ("absent", "done")
    if not is_idle:
        _offer(task, status)
    if status.is_active:
        return  # each file goes before it comes again
    _bundle(exports, texts)
    _files(exports)
    if is_idle:
        st.button(
            "Make them again", icon=":material/refresh:", type="tertiary", key="take.again", on_click=task.start,
            help="For a file that failed for a reason outside of the model, such as a full disk or too little memory. "
            "What does not agree with the Run will fail again.",
        )  # fmt: skip


def _bundle(exports: Exports, texts: dict[str, str]) -> None:
    if not exports.offered:
        st.error("No file agreed with the Run, so none is offered.", icon=":material/error:")
        return
    run, start = exports.run, start_files(exports.run)
    count = sum(exports.proofs[name].bytes for name in exports.offered) + _bytes(start)
    st.download_button(
        f"Take everything ({size(count)})",
        lambda: bundle(exports, texts | ({START_NAME: start_weights(run)} if start else {})), f"{file_stem(run)}.zip",
        "application/zip", icon=":material/download:", type="primary", on_click="ignore", key="take.all",
        help="One zip with every file below, the script and the card.",
    )  # fmt: skip


def _files(exports: Exports) -> None:
    """Show a row per format: what it is for, what was measured, its button; or why it is not offered."""
    for name, form in FORMATS.items():
        proof = exports.proofs[name]
        words, button = _row(form.title, form.purpose)
        if name not in exports.offered:
            _refuse(words, proof.reason or "Expected its file in the Run's folder. Received none.")
            continue
        words.caption(measured(proof))
        file = file_stem(exports.run) + form.file.removeprefix("model")
        _download(button, file, proof.bytes, exports.path(name).read_bytes, key=name)


def _texts(run: Run, texts: dict[str, tuple[str, str]]) -> None:
    """Show a row for the script and one for the card, each with a look inside."""
    titles = {SCRIPT_NAME: ("Training script", SCRIPT_WORDS), CARD_NAME: ("Model card", CARD_WORDS)}
    for name, (text, problem) in texts.items():
        words, button = _row(*titles[name])
        if problem:
            _refuse(words, problem)
            continue
        with words.popover("Look inside", type="tertiary", icon=":material/visibility:"):
            if name == CARD_NAME:
                st.markdown(text.replace("\n# ", "\n### ").replace("# ", "### ", 1).replace("\n## ", "\n#### "))
            else:
                st.code(text, language="python", height=480)
        file = f"{file_stem(run)}-{name.lower()}"
        _download(button, file, len(text.encode()), text, key=name.rpartition(".")[2])


def _start(run: Run) -> None:
    """Show a row for the weights that a fork began with, which its script asks for."""
    if files := start_files(run):
        purpose = (
            f"After epoch {run.spec.start_epoch} of the Run that this one was forked from; the script asks for them."
        )
        _, button = _row("Weights at the start", purpose)
        _download(button, f"{file_stem(run)}-{START_NAME}", _bytes(files), lambda: start_weights(run), key="start")


def _row(title: str, purpose: str) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Begin a row: a place for words, which says what the file is for, and one for its button."""
    words, button = st.columns(ROW, vertical_alignment="center", gap="small")
    words = words.container(gap="xxsmall")
    words.markdown(f"**{title}** :gray[{purpose}]")
    return words, button


def _refuse(words: DeltaGenerator, reason: str) -> None:
    words.caption(f":material/block: Not offered. {plain(reason)}")


def _download(
    place: DeltaGenerator, file: str, count: int, content: str | Callable[[], bytes], *, key: str
) -> None:  # fmt: skip
    """Show the button of a file of so many bytes."""
    place.download_button(
        f"{file.rpartition('.')[2]} ({size(count)})", content, file, icon=":material/download:", on_click="ignore",
        key=f"take.{key}", width="stretch",
    )  # fmt: skip


def _bytes(files: dict[str, Path]) -> int:
    return sum(file.stat().st_size for file in files.values())


def _snippets(exports: Exports, class_names: tuple[str, ...]) -> None:
    offered, names = exports.offered, ", ".join(map(repr, class_names))
    st.caption("Each takes grey pictures of 28×28 pixels from 0 to 255, light on black, and prepares them itself.")
    made_with = ", ".join(f"{name} {version}" for name, version in exports.versions.items())
    for tab, name in zip(st.tabs([FORMATS[name].title for name in offered]), offered, strict=True):
        with tab:
            st.code(SNIPPETS[name].format(file=FORMATS[name].file, classes=names), language="python")
    st.caption(f"Written with {plain(made_with)}.")


def _state(run: Run, exports: Exports | None) -> tuple[object, ...]:
    """Return what changes when script or card would be others: times of the files that they are written from."""
    files = [*(run.folder / name for name in SOURCES), export_folder(run) / PROOFS_FILE, *start_files(run).values()]
    times = (file.stat().st_mtime_ns if file.is_file() else 0 for file in files)
    return *times, *(exports.offered if exports else ())


def _text(name: str, run: Run, state: tuple[object, ...], write: Callable[[], str]) -> tuple[str, str]:
    """Return a text and an empty string, or an empty string and why there is none."""
    try:
        return _written(name, str(run.folder), state, write), ""
    except LabError as error:
        return "", str(error)


@st.cache_data(max_entries=200, show_spinner=False)
def _written(name: str, folder: str, state: tuple[object, ...], _write: Callable[[], str]) -> str:
    return _write()

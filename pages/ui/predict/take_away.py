"""A Run's files: made and proven in the background, then offered with what was measured of each."""

from pathlib import Path

import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.exports import FORMATS, Exports, bundle, export_folder, file_stem, read_exports
from fmnist_core.exports import PROOFS_FILE as PROOFS
from fmnist_core.exports.card import NAME as CARD_NAME
from fmnist_core.exports.card import model_card
from fmnist_core.exports.script import NAME as SCRIPT_NAME
from fmnist_core.exports.script import START_NAME, recreate_script, start_files, start_weights
from fmnist_core.run_data import dataset_of
from fmnist_core.runs import KERAS_FILE, PROBABILITIES_FILE, RESULT_FILE, SPEC_FILE, Run
from fmnist_core.tasks import Task
from pages.ui.data import plain
from pages.ui.predict.take_away_words import SNIPPETS, measured
from pages.ui.tasks import show_task
from pages.ui.words import size

ROW = [5, 2]  # words, button
SCRIPT_WORDS = "The same training without this project: one Python file, for Keras alone."
CARD_WORDS = "Data, figures with intervals, weak classes, calibration, intended use, limits, origin."


def take_away(run: Run) -> None:
    """Offer the Run's model, its script and its card. Only the card, and making files, need the data."""
    exports = read_exports(run)
    dataset, lack = _dataset(run)
    texts = {SCRIPT_NAME: _script(run), CARD_NAME: _card(run, dataset, exports) if dataset else ("", lack)}
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


def _offer(task: Task) -> None:
    show_task(
        task, title="The model as Keras, LiteRT, 8-bit LiteRT and ONNX",
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
    state = task.status().state
    if state in ("waiting", "running", "failed", "cancelled"):
        _offer(task)
    if state in ("waiting", "running"):
        return  # each file goes before it comes again
    _bundle(exports, texts)
    _files(exports)
    if state in ("absent", "done"):
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
    offered = exports.offered
    for name, form in FORMATS.items():
        proof = exports.proofs[name]
        words, button = st.columns(ROW, vertical_alignment="center", gap="medium")
        with words, st.container(gap="xxsmall"):
            st.markdown(f"**{form.title}** :gray[{form.purpose}]")
            if name in offered:
                st.caption(measured(proof))
            else:
                reason = proof.reason or "Expected its file in the Run's folder. Received none."
                st.caption(f":material/block: Not offered. {plain(reason)}")
        if name in offered:
            suffix = form.file.removeprefix("model")
            button.download_button(
                f"{form.file.rpartition('.')[2]} ({size(proof.bytes)})", exports.path(name).read_bytes,
                f"{file_stem(exports.run)}{suffix}", "application/octet-stream", icon=":material/download:",
                on_click="ignore", key=f"take.{name}", width="stretch",
            )  # fmt: skip


def _texts(run: Run, texts: dict[str, tuple[str, str]]) -> None:
    """Show a row for the script and one for the card, each with a look inside."""
    titles = {SCRIPT_NAME: ("Training script", SCRIPT_WORDS), CARD_NAME: ("Model card", CARD_WORDS)}
    for name, (text, problem) in texts.items():
        title, purpose = titles[name]
        words, button = st.columns(ROW, vertical_alignment="center", gap="medium")
        words = words.container(gap="xxsmall")
        words.markdown(f"**{title}** :gray[{purpose}]")
        if problem:
            words.caption(f":material/block: Not offered. {plain(problem)}")
            continue
        with words.popover("Look inside", type="tertiary", icon=":material/visibility:"):
            if name == CARD_NAME:
                st.markdown(text.replace("\n# ", "\n### ").replace("# ", "### ", 1).replace("\n## ", "\n#### "))
            else:
                st.code(text, language="python", height=480)
        ending = name.rpartition(".")[2]
        button.download_button(
            f"{ending} ({size(len(text.encode()))})", text, f"{file_stem(run)}-{name.lower()}", "text/plain",
            icon=":material/download:", on_click="ignore", key=f"take.{ending}", width="stretch",
        )  # fmt: skip


def _start(run: Run) -> None:
    """Show a row for the weights that a fork began with, which its script asks for."""
    if not (files := start_files(run)):
        return
    words, button = st.columns(ROW, vertical_alignment="center", gap="medium")
    words.markdown(
        f"**Weights at the start** :gray[After epoch {run.spec.start_epoch} of the Run that this one was forked from; "
        "the script asks for them.]"
    )
    button.download_button(
        f"npz ({size(_bytes(files))})", lambda: start_weights(run), f"{file_stem(run)}-{START_NAME}",
        "application/octet-stream", icon=":material/download:", on_click="ignore", key="take.start", width="stretch",
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


def _script(run: Run) -> tuple[str, str]:
    """Return the script and an empty string, or an empty string and why there is none."""
    try:
        return recreate_script(run), ""
    except LabError as error:
        return "", str(error)


def _card(run: Run, dataset: Dataset, exports: Exports | None) -> tuple[str, str]:
    """Return the card and an empty string, or an empty string and why there is none."""
    files = [run.folder / name for name in (SPEC_FILE, RESULT_FILE, PROBABILITIES_FILE, KERAS_FILE)]
    times = (file.stat().st_mtime_ns if file.is_file() else 0 for file in [*files, export_folder(run) / PROOFS])
    state = *times, exports is None, *(exports.offered if exports else ())
    try:
        return _made_card(str(run.folder), state, run, dataset, exports), ""
    except LabError as error:
        return "", str(error)


@st.cache_data(max_entries=100, show_spinner=False)
def _made_card(
    folder: str, state: tuple[object, ...], _run: Run, _dataset: Dataset, _exports: Exports | None
) -> str:  # fmt: skip
    return model_card(_run, _dataset, _exports)

"""A Run's files: made and proven in the background, then offered with what was measured of each."""

import streamlit as st

from fmnist_core import datasets
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError, RunError
from fmnist_core.exports import FORMATS, Exports, bundle, export_folder, file_stem, read_exports
from fmnist_core.exports import PROOFS_FILE as PROOFS
from fmnist_core.exports.card import NAME as CARD_NAME
from fmnist_core.exports.card import model_card
from fmnist_core.exports.script import NAME as SCRIPT_NAME
from fmnist_core.exports.script import recreate_script
from fmnist_core.runs import KERAS_FILE, PROBABILITIES_FILE, Run
from fmnist_core.tasks import Task
from pages.ui.data import plain
from pages.ui.predict.take_away_words import SNIPPETS, measured
from pages.ui.tasks import show_task
from pages.ui.words import size

ROW = [5, 2]  # words, button
SCRIPT_WORDS = "The same training without this project: one Python file, for Keras alone."
CARD_WORDS = "Data, figures with intervals, weak classes, calibration, intended use, limits, origin."


def take_away(run: Run) -> None:
    """Offer the Run's model, its script and its card."""
    exports = read_exports(run)
    try:
        dataset = _dataset(run)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    texts = {SCRIPT_NAME: _script(run), CARD_NAME: _card(run, dataset, exports)}
    if exports is not None:
        _bundle(exports, {name: text for name, (text, problem) in texts.items() if not problem})
        _files(exports)
    elif not (run.folder / KERAS_FILE).is_file():
        st.info(f"This Run's folder has no {KERAS_FILE}, so no file can be made of it.", icon=":material/info:")
    else:
        _offer(run)
    _texts(run, texts)
    if exports is not None and exports.offered:
        with st.expander("How to use the files"):
            _snippets(exports)


def _dataset(run: Run) -> Dataset:
    """Return the data that the Run was tested on."""
    result = run.result or {}
    dataset = datasets.load(run.spec.dataset, run.spec.dataset_folder or None)
    if dataset.sha256 != result.get("sha256"):
        raise RunError(
            f"Expected the data that this Run was tested on ({result.get('source', 'unknown')}), to prove each file "
            f"on. Received others ({dataset.source})."
        )
    return dataset


def _offer(run: Run) -> None:
    result = run.result or {}
    task = Task("export", run.spec.dataset, run.spec.dataset_folder, result.get("sha256", ""), {"run": run.id})
    show_task(
        task, title="The model as Keras, LiteRT, 8-bit LiteRT and ONNX",
        note="Each file is written, loaded back in its own runtime, and compared with the Run on 1,000 test images or "
        "more; what does not agree is not offered. About a minute for a small network; after that it is kept.",
    )  # fmt: skip


def _bundle(exports: Exports, texts: dict[str, str]) -> None:
    if not exports.offered:
        st.error("No file agreed with the Run, so none is offered.", icon=":material/error:")
        return
    count = sum(exports.proofs[name].bytes for name in exports.offered)
    st.download_button(
        f"Take everything ({size(count)})", lambda: bundle(exports, texts), f"{file_stem(exports.run)}.zip",
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


def _snippets(exports: Exports) -> None:
    offered = exports.offered
    st.caption("Each takes grey pictures of 28×28 pixels from 0 to 255, light on black, and prepares them itself.")
    made_with = ", ".join(f"{name} {version}" for name, version in exports.versions.items())
    for tab, name in zip(st.tabs([FORMATS[name].title for name in offered]), offered, strict=True):
        with tab:
            names = ", ".join(map(repr, (exports.run.result or {}).get("class_names", ())))
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
    files = run.folder / PROBABILITIES_FILE, export_folder(run) / PROOFS
    state = tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files)
    try:
        return _made_card(str(run.folder), state, run, dataset, exports), ""
    except LabError as error:
        return "", str(error)


@st.cache_data(max_entries=100, show_spinner=False)
def _made_card(
    folder: str, state: tuple[int, ...], _run: Run, _dataset: Dataset, _exports: Exports | None
) -> str:  # fmt: skip
    return model_card(_run, _dataset, _exports)

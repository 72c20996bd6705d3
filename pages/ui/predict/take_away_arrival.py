"""Bring in somebody's .keras model, so that Result, Predict and Compare can use it like a Run."""

import streamlit as st

from fmnist_core.datasets import DATASETS
from fmnist_core.errors import LabError
from fmnist_core.exports import inspection
from fmnist_core.exports.arrival import FIND_OUT, SCALINGS, Receipt, digest, forget_old_files, keep_file, read_receipt
from fmnist_core.runs import find_run
from fmnist_core.spec import HYPERPARAMETERS
from fmnist_core.tasks import Task
from pages.ui.data import current_dataset, current_folder, plain
from pages.ui.tasks import show_task, task_for

TITLE_LENGTH = 80
_KEPT = "arrival.kept"  # what is being brought in: the task's parameters


def bring_in() -> None:
    """Let the user bring in a file; folded away."""
    with st.expander("Bring in a model of your own (.keras)", icon=":material/upload:"):
        st.caption(
            "One picture in (28×28, or another of the sizes that Runs have), a number for each class out. It is "
            "loaded in Keras' safe mode in a process of its own, scored on the test set of the data chosen on the "
            "left, and then stands among the Runs."
        )
        file = st.file_uploader(
            "Model", type=["keras"], key="arrival.file", max_upload_size=inspection.MAX_BYTES >> 20,
            help="As model.save('model.keras') writes it. Lambda layers and pickles are refused: they are code.",
        )  # fmt: skip
        scaling = st.segmented_control(
            "A pixel goes in as", list(SCALINGS), default=FIND_OUT, required=True, key="arrival.scaling",
            format_func=SCALINGS.get,
            help="The range that the network was trained in. Find out tries each on 1,000 training images and takes "
            f"the one that gets most right. {HYPERPARAMETERS['scaling'].help}",
        )  # fmt: skip
        if st.button("Bring it in", disabled=file is None, key="arrival.go", icon=":material/add:") and file:
            _keep(file.getvalue(), file.name, scaling)
        if kept := st.session_state.get(_KEPT):
            _show(kept)


def _keep(content: bytes, name: str, scaling: str) -> None:
    """Look into the file, keep it, and let the task begin, unless it is here already; say why if it must not."""
    st.session_state.pop(_KEPT, None)
    forget_old_files()
    sha256, file = digest(content), name[-TITLE_LENGTH:]
    task = task_for(
        current_dataset(), "arrival", sha256=sha256, file=file, folder=current_folder(), scaling=scaling,
        title=name.removesuffix(".keras")[:TITLE_LENGTH] or "Model",
    )  # fmt: skip
    if _receipt(task) is None:
        try:
            keep_file(content, sha256, file)
        except LabError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        task.start()
    st.session_state[_KEPT] = task


def _receipt(task: Task) -> Receipt | None:
    return read_receipt(task.parameters["sha256"], task.parameters["scaling"], task.sha256)


def _show(task: Task) -> None:
    """Show how far it is, and the way to the Run once it is there."""
    receipt = _receipt(task)
    if receipt is None:
        show_task(task, title=f"Bringing in {task.parameters['file']}", note="Loads TensorFlow first: half a minute.")
        return
    _done(receipt)


def _done(receipt: Receipt) -> None:
    run = find_run(receipt.run)
    result, data = run.result or {}, DATASETS[run.spec.dataset].title
    way = SCALINGS[receipt.scaling].lower()
    found = f", which got most training images right, with pixels as {way}" if receipt.found_out else ""
    st.success(
        f"It is here{found}. It gets {result.get('test_accuracy', 0):.2%} of {result.get('test_images', 0):,} test "
        f"images right ({data}).", icon=":material/check:",
    )  # fmt: skip
    with st.container(horizontal=True, gap="medium"):
        for page, label, icon in (
            ("pages/understand/result.py", "Result", ":material/insights:"),
            ("pages/predict/draw.py", "Predict", ":material/draw:"),
        ):
            st.page_link(page, label=label, icon=icon, query_params={"run": receipt.run})

"""Pieces of the Time machine page."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.epoch_history import EpochHistory, history_of
from fmnist_core.epoch_record import EpochRecord
from fmnist_core.errors import RunError
from fmnist_core.figures.epochs import flow_figure, flow_text, kinds_figure, kinds_frame, kinds_text
from fmnist_core.progress import Progress
from fmnist_core.run_data import check_same, data_for
from fmnist_core.runs import Run
from pages.ui.data import plain
from pages.ui.export import show_figure, table_download
from pages.ui.grey_levels import grey_levels
from pages.ui.image_grid import image_grid
from pages.ui.paging import span_words, turn_pages
from pages.ui.understand.time_machine import Film, Look, asked_look, film, look_words, time_machine
from pages.ui.words import size

PER_PAGE = 60
ALL_CLASSES, EVER, LOST = "All classes", "Forgotten at any time", "Wrong in the end"
FATES = {"right": "regained", "wrong": "lost"}
EPOCH, CELL, DOTS = "epoch", "cell", "dots"  # in the address


class Kept(NamedTuple):
    """A Run's record with the data it is about, its epochs side by side, their validation accuracy where known, and the
    epochs of the record that cannot be read; all else is of the others."""

    record: EpochRecord
    dataset: Dataset
    history: EpochHistory
    validation: dict[int, float]
    damaged: tuple[int, ...] = ()


def forget_epoch(run: Run) -> None:
    """Take epoch and cell out of the address where they belonged to another Run."""
    if st.session_state.get("time.run") not in (None, run.id):
        st.query_params.pop(EPOCH, None)
        st.query_params.pop(CELL, None)
    st.session_state["time.run"] = run.id


def read_kept(progress: Progress) -> Kept:
    """Return what the Run kept.

    Raises:
        LabError: if nothing whole was kept, or the data at hand are not those that were answered.
    """
    run = progress.run
    record = EpochRecord.read(run)
    if record is None or not record.epochs:
        raise RunError(f"Run {run.id}: expected the answers of at least one epoch. Received none that are whole.")
    dataset = data_for(run.spec, record.class_names)
    check_same(dataset, record.sha256, record.source)
    validation = {int(row["epoch"]): row["val_accuracy"] for row in progress.epochs if "val_accuracy" in row}
    history = _history(record.identity, record, np.asarray(dataset.y_test))
    damaged = tuple(sorted({*record.epochs} - {*history.epochs}))
    return Kept(replace(record, epochs=history.epochs), dataset, history, validation, damaged)


@st.cache_resource(max_entries=6, show_spinner=False)
def _history(identity: str, _record: EpochRecord, _y_true: np.ndarray) -> EpochHistory:
    return history_of(_record.epochs, _record.answers, _y_true)


@st.cache_resource(max_entries=6, show_spinner=False)
def _film(identity: str, start: int, look: Look, _kept: Kept, best: int | None, file: str) -> Film:
    pictures = _pictures(_kept.dataset.sha256, _kept.dataset)
    names = _kept.record.class_names
    return film(
        identity, _kept.history, pictures, names, _kept.validation, start=start, look=look, best=best, file=file
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _pictures(sha256: str, _dataset: Dataset) -> bytes:
    return grey_levels(np.asarray(_dataset.x_test))


def cautions(kept: Kept, progress: Progress) -> None:
    """Say what the figures are not for, and what else makes them mean less."""
    if kept.record.synthetic:
        st.warning(
            f"This Run used a stand-in, {plain(kept.record.source)}. Its figures say nothing about the real data.",
            icon=":material/warning:",
        )
    if progress.run.spec.split == "test":
        st.warning(
            "This Run validated on the test set: its best epoch was chosen on the very images shown here.",
            icon=":material/warning:",
        )
    if kept.damaged:
        some = ", ".join(map(str, kept.damaged[:12])) + " …" * (len(kept.damaged) > 12)
        st.warning(f"Left out, because its file is damaged: epoch {some}.", icon=":material/warning:")
    st.caption(
        ":material/info: To look at, not to choose by: whoever takes the epoch with the best test accuracy has fitted "
        "it to the test images, and its figure promises too much. Validation chooses the epoch."
    )


def machine(kept: Kept, progress: Progress) -> None:
    """Show the epochs under the slider, and what can be done at the one where it stands."""
    run, identity = progress.run, kept.record.identity
    best = _best_epoch(progress)
    # What the address says at the first look, and nothing else later: the bytes that travel stay the same.
    start_key = f"time.start.{identity}"
    if start_key not in st.session_state:
        look = asked_look(st.query_params.get(CELL, ""), st.query_params.get(DOTS, ""), len(kept.record.class_names))
        st.session_state[start_key] = _asked(kept.record.epochs, best), look
    start, look = st.session_state[start_key]
    shown = _film(identity, start, look, kept, best, f"{run.id}-time-machine")
    if len(shown.epochs) < len(kept.record.epochs):
        st.caption(f"{len(shown.epochs)} of {len(kept.record.epochs):,} kept epochs are on the slider, evenly spread.")
    _moving(shown, kept.record, run.id, start)


@st.fragment
def _moving(shown: Film, record: EpochRecord, run_id: str, start: int) -> None:
    epoch, look = time_machine(shown, key=f"time.{shown.identity}")
    if epoch is not None:
        st.query_params[EPOCH] = str(epoch)
    if look is not None:
        for name, word in zip((CELL, DOTS), look_words(look), strict=True):
            if word:
                st.query_params[name] = word
            else:
                st.query_params.pop(name, None)
    _fork(record, run_id, min(shown.epochs, key=lambda one: abs(one - (epoch or start))))


def _fork(record: EpochRecord, run_id: str, epoch: int) -> None:
    """Offer to train on from the weights of this epoch, or say why that cannot be."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="fork"):
        if epoch in record.forkable:
            st.markdown(
                f"**Fork from epoch {epoch}.** A new Run starts with the weights of that moment and goes its own way, "
                "with another learning rate, say, or with augmentation.",
                width="stretch",
            )
            st.page_link(
                "pages/train/new.py", label=f"Fork from epoch {epoch}", icon=":material/fork_right:",
                query_params={"from": run_id, "epoch": str(epoch)},
            )  # fmt: skip
        elif record.forkable:
            kept = ", ".join(map(str, record.forkable[:12])) + (" …" if len(record.forkable) > 12 else "")
            st.markdown(f":gray[Forking works where weights were kept: epoch {kept}. Epoch {epoch} has answers alone.]")
        else:
            st.markdown(
                ":gray[To fork a new Run from any epoch, train with **Keep every epoch** set to "
                "*Its answers and weights*: this Run kept answers alone.]"
            )
        st.caption(f"{len(record.epochs)} epochs kept, {size(record.size_bytes)}", width="content")


def _asked(epochs: tuple[int, ...], best: int | None) -> int:
    """Return the epoch of the address, else the one that validation chose, else the last."""
    named = {str(epoch): epoch for epoch in epochs}
    return named.get(st.query_params.get(EPOCH, ""), best if best in epochs else epochs[-1])


def _best_epoch(progress: Progress) -> int | None:
    """Return the epoch whose weights the Run kept as best; None where it kept the last."""
    monitor = progress.run.spec.best_checkpoint
    rows = [row for row in progress.epochs if monitor in row]
    if monitor == "none" or not rows:
        return None
    sign = 1 if monitor == "val_accuracy" else -1
    return int(max(rows, key=lambda row: sign * row[monitor])["epoch"])


def forgetting(kept: Kept, progress: Progress) -> None:
    """Show how much was learned and forgotten, and the images that were right and then wrong."""
    st.subheader("What it forgot", anchor=False)
    if len(kept.record.epochs) < 2:
        st.info("One epoch was kept. Forgetting shows from the second on.", icon=":material/info:")
        return
    table, kinds = kept.history.table(), kept.history.kinds()
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**From epoch to epoch**")
        show_figure(flow_figure(table), f"{progress.run.id}-learned-and-forgotten", alt=flow_text(table), frame=table)
        st.caption(flow_text(table))
    with right:
        st.markdown("**What became of the images**")
        name, frame = f"{progress.run.id}-what-became", kinds_frame(kinds)
        show_figure(kinds_figure(kinds), name, alt=kinds_text(kinds), frame=frame)
        st.caption(kinds_text(kinds))
    _forgotten_images(kept, progress.run.id)


def _forgotten_images(kept: Kept, run_id: str) -> None:
    names = kept.record.class_names
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        which = st.segmented_control(
            "Forgotten images", [EVER, LOST], default=EVER, required=True, key="forgotten", bind="query-params",
            help="Right after one kept epoch, wrong after the next: a forgetting event. Toneva et al., 2019, count "
            "them on training images.",
        )  # fmt: skip
        name = st.selectbox("True class", [ALL_CLASSES, *names], key="class", bind="query-params", width=200)
        frame = kept.history.forgotten(names, lost_only=which == LOST)
        if name != ALL_CLASSES:
            frame = frame[frame["true"] == name]
        part = turn_pages(len(frame), PER_PAGE, of=(run_id, which, name))
    if frame.empty:
        st.success("There is no such image: what was right stayed right.", icon=":material/check:")
        return
    shown = frame[part]
    st.caption(
        f"{span_words(part, len(frame)).capitalize()} images, those forgotten most often first: true class, what was "
        "said instead the last time, and how often it was forgotten. Many look like two classes at once, or bear a "
        "label that is a matter of opinion. A click explains what the finished network says."
    )
    at = image_grid(
        np.asarray(kept.dataset.x_test)[shown["image"].to_numpy()],
        [f"{row.true}\n→ {row.said}\n{row.times}×, {FATES[row.in_the_end]}" for row in shown.itertuples()],
        key="forgotten-grid", columns=12, size_px=84, file=f"{run_id}-forgotten",
        alt=f"{len(shown)} test images that were recognised once and then mistaken",
        tips=[
            f"test {row.image}\n{row.true}, last right after epoch {row.last_right}\nthen: {row.said}, "
            f"{row.confidence:.0%} sure"
            for row in shown.itertuples()
        ],
    )  # fmt: skip
    if at is not None:
        image = shown["image"].iloc[at]
        st.switch_page("pages/understand/explain.py", query_params={"run": run_id, "image": f"test-{image}"})
    table_download(frame, f"{run_id}-forgotten", index=False)


def numbers(kept: Kept, progress: Progress) -> None:
    """Show every epoch in numbers, folded away."""
    table = kept.history.table(kept.validation)
    with st.expander("Every epoch in numbers"):
        st.caption("Test accuracy is here to be looked at. Choose an epoch by validation.")
        percent = st.column_config.NumberColumn(format="percent")
        st.dataframe(
            table, hide_index=True,
            column_config={
                "epoch": "Epoch", "val_accuracy": percent, "test_accuracy": percent,
                "learned": st.column_config.NumberColumn("Became right", help="Test images, since the epoch before."),
                "forgotten": st.column_config.NumberColumn("Became wrong", help="Test images, since the epoch before."),
            },
        )  # fmt: skip
        table_download(table, f"{progress.run.id}-epochs", index=False)

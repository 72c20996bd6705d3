"""The data as a table: shape, first rows, every column in numbers, and the way out as files."""

import base64
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core import export_data, samples
from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError
from fmnist_core.overlay import Overlay
from fmnist_core.places import WORDS
from fmnist_core.quality import columns
from fmnist_core.selection import Selection, Subset
from fmnist_core.spec import HYPERPARAMETERS
from fmnist_core.sums import part, splits_of
from pages.ui.data import plain
from pages.ui.export import table_download
from pages.ui.quality.facts import Facts

TRAINING, TEST = "Training", "Test"
CSV, IDX = "CSV", "IDX"
ROWS = 5
_FRACTION = {
    "unique_fraction": "different, of rows", "zeros": "share of zeros", "missing_fraction": "missing, of rows in file",
}  # fmt: skip


def shape_section(dataset: Dataset, selection: Selection) -> None:
    """Show shape, types and memory; folded."""
    with st.expander("Shape, types and memory", key="shape", bind="query-params") as box:
        if not box.open:
            return
        frame = columns.shape_table(
            {name.lower(): (subset.images, subset.labels) for name, subset in _subsets(dataset, selection).items()}
        )
        st.dataframe(
            frame, hide_index=True, height="content",
            column_config={
                "memory_mb": st.column_config.NumberColumn("memory (MB)", format="%.2f"),
                "as_int64_table_mb": st.column_config.NumberColumn(
                    "as pandas int64 (MB)", format="%.1f", help="The table of 785 columns as pandas reads a CSV."
                ),
            },
        )  # fmt: skip
        st.caption(
            "A pixel is a byte here, and all sessions share one copy on disk. pandas' usual int64 takes eight times as "
            "much: 377 MB for 60,000 rows."
        )
        table_download(frame, "shape", index=False)


def first_rows_section(dataset: Dataset, selection: Selection) -> None:
    """Show the first selected rows of a split as a table of 785 columns, the image beside each; folded."""
    with st.expander("First rows", key="head", bind="query-params") as box:
        if not box.open:
            return
        subsets = _subsets(dataset, selection)
        subset = subsets[_choose_split("head.set", subsets)]
        images = subset.pick(np.arange(min(len(subset), ROWS)))
        frame = columns.first_rows(images, subset.labels, ROWS)
        pictures = [_data_url(image) for image in images]
        shown = pd.concat([pd.Series(pictures, name="image"), frame], axis=1)
        st.dataframe(
            shown, row_height=44, height="content",
            column_config={"image": st.column_config.ImageColumn(pinned=True, width=60)},
        )  # fmt: skip
        table_download(frame, "first-rows", index=False)


def numbers_section(dataset: Dataset, facts: Facts) -> None:
    """Show what pandas' describe shows, a row per column; folded."""
    with st.expander("Every column in numbers", key="columns", bind="query-params") as box:
        if not box.open:
            return
        split = _choose_split("columns.set", [name.capitalize() for name in facts.numbers])
        part = "train" if split == TRAINING else "test"
        frame = columns.with_missing(facts.numbers[split.lower()], dataset.gaps, part)
        st.dataframe(
            frame, height=420,
            column_config={
                "count": st.column_config.NumberColumn(format="localized"),
                "mean": st.column_config.NumberColumn(format="%.3f"),
                "std": st.column_config.NumberColumn(format="%.3f"),
                "unique": "different values", "missing": "missing in file",
                **{
                    name: st.column_config.NumberColumn(label, format="percent")
                    for name, label in _FRACTION.items()
                },
            },
        )  # fmt: skip
        st.caption(
            "Click a heading to sort; the magnifier finds a column, such as pixel407. Row r and column c of an image, "
            "both from 0, are pixel 28 r + c + 1. Exact over all selected rows, as pandas' describe computes it. "
            "Missing values are those of the whole file: rows that lack one are left out of all else."
        )
        table_download(frame, f"columns-{split.lower()}")


def export_section(dataset: Dataset, facts: Facts) -> None:
    """Hand out a split as CSV or IDX, with the duplicates policy; folded, and written when asked."""
    with st.expander("Export cleaned data", key="export", bind="query-params") as box:
        if not box.open:
            return
        words = HYPERPARAMETERS["duplicates"].choices or {}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            split = _choose_split("export.set")
            form = st.segmented_control(
                "Form", [CSV, IDX], default=CSV, required=True, key="export.form", bind="query-params",
                help="CSV as Kaggle has it: label, pixel1 to pixel784. IDX as the publishers have it.",
            )  # fmt: skip
            policy = st.selectbox(
                "Duplicates", list(words), format_func=words.get, key="export.duplicates", bind="query-params",
                width=220,
            )  # fmt: skip
        of_training = split == TRAINING
        without = _not_selected(dataset, facts, split)
        if of_training:
            without = np.union1d(without, _twins_of_test(facts))
        _files(dataset, split, form, policy, without, _marks(dataset) if of_training else None)


def _not_selected(dataset: Dataset, facts: Facts, split: str) -> np.ndarray:
    """Offer to leave out what is not selected above, where a part of the set is: positions in it, (m,) int64."""
    count = len(dataset.y_train)
    selected = facts.selected[:count] if split == TRAINING else facts.selected[count:]
    if selected.all() or not selected.any():
        return np.empty(0, np.int64)
    only = _toggle(f"Only the {selected.sum():,} images selected above", "export.selected")
    return np.flatnonzero(~selected) if only else np.empty(0, np.int64)


def _twins_of_test(facts: Facts) -> np.ndarray:
    """Offer to leave out training images that stand in the test set, if there are any: their positions, (m,) int64."""
    pairs = facts.whole.copies
    twins = np.unique(pairs.first[pairs.across])
    if not len(twins):
        return twins
    leave = _toggle(f"Leave out {len(twins):,} training images that stand in the test set", "export.twins")
    return twins if leave else twins[:0]


def _marks(dataset: Dataset) -> Overlay | None:
    """Offer to carry out what was decided about single labels, if anything was."""
    try:
        overlay = Overlay.read(dataset.sha256)
        overlay.check(dataset)
    except DataError as error:
        st.warning(f"{plain(str(error))} Exported without the label marks.", icon=":material/warning:")
        return None
    counts = overlay.counts("train")
    if not overlay.digest:
        return None
    words = f"{counts['relabel']:,} relabelled, {counts['drop']:,} dropped"
    return overlay if _toggle(f"Carry out the label marks: {words}", "export.marks") else None


def _toggle(label: str, key: str) -> bool:
    return st.toggle(label, True, key=key, bind="query-params")


def _files(dataset: Dataset, split: str, form: str, policy: str, without: np.ndarray, overlay: Overlay | None) -> None:
    images, labels = part(dataset, "train" if split == TRAINING else "test")
    try:
        cleaned = export_data.clean(images, labels, duplicates=policy, without=without, overlay=overlay)
    except DataError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    left_out = f"{cleaned.left_out:,} left out" if cleaned.left_out else "none left out"
    relabelled = f", {cleaned.relabelled:,} relabelled" if cleaned.relabelled else ""
    st.markdown(f"**{len(cleaned.labels):,} images**, {left_out}{relabelled}. The data in use are not changed.")
    # Only positions are kept until somebody asks: the images would be 47 MB for each session.
    with st.container(horizontal=True):
        if form == CSV:
            _file(
                f"{dataset.name}-{split.lower()}.csv.gz",
                lambda: export_data.to_csv_gz(images[cleaned.positions], cleaned.labels),
            )
        else:
            prefix = "train" if split == TRAINING else "t10k"
            _file(f"{prefix}-images-idx3-ubyte.gz", lambda: export_data.to_idx_gz(images[cleaned.positions]))
            _file(f"{prefix}-labels-idx1-ubyte.gz", lambda: export_data.to_idx_gz(cleaned.labels))
        _file("classes.txt", lambda: export_data.to_classes_txt(dataset.class_names), "text/plain")
    st.caption(
        "Writing 60,000 images takes some 6 seconds as CSV (37 MB), 2 as IDX (27 MB). Put the files into a folder "
        "(classes.txt names the classes), choose *Your own files* in the sidebar, and they are the data in use."
    )


def _file(name: str, write: Callable[[], bytes], form: str = "application/gzip") -> None:
    st.download_button(name, write, name, form, icon=":material/download:", on_click="ignore", key=name)


def _choose_split(key: str, options: Iterable[str] = (TRAINING, TEST)) -> str:
    """Let the user choose one of the sets; where there is one only, return it."""
    first, *others = options
    if not others:
        return first
    return st.segmented_control("Set", [first, *others], default=first, required=True, key=key, bind="query-params")


def _subsets(dataset: Dataset, selection: Selection) -> dict[str, Subset]:
    """Return the selected images by set, of the sets that have any."""
    subsets = {WORDS[split]: replace(selection, split=split).take(dataset) for split in splits_of(selection)}
    return {name: subset for name, subset in subsets.items() if len(subset)}


def _data_url(image: np.ndarray) -> str:
    png = samples.to_png(samples.sheet(image[np.newaxis], np.zeros(1, np.int64), 1, gap_px=0, zoom=2))
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")

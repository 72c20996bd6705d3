"""What is behind each finding of the Quality page."""

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.datasets.base import CLASS_COUNT
from fmnist_core.places import images_at
from fmnist_core.quality import columns, outliers
from fmnist_core.quality.copies import Pairs, policy_counts
from fmnist_core.spec import HYPERPARAMETERS
from pages.ui.data import plain
from pages.ui.export import table_download
from pages.ui.quality.cards import Picture, cards
from pages.ui.quality.facts import LARGEST_CORRELATION, LEAST_CORRELATION, MOST, Facts

CORRELATION_KEY, Z_KEY = "r", "z"
CORRELATION = 0.98
LEAST_Z, LARGEST_Z = 2.5, 10.0
SHOWN = 24
_MEASURES = {"unique": "different values", "unique_fraction": "of all rows", "zeros": "share of zeros"}
_EDITIONS = """
The official Fashion-MNIST files have no exact duplicate; the Kaggle CSV edition has 43 in training. Both have the same
origin: the first release of August 2017 had 43 repeated training images, 1 repeated test image and 10 test images
that stood in training. A user reported it (fashion-mnist, issue 44), and the publisher put new images in their place
within a day (pull request 45). The official files were corrected. The CSV's 43 are those of the first release, so it
seems to have been made before: systems that read it drop 43 rows, systems that read the IDX files have none to drop.
"""


def source(dataset: Dataset) -> None:
    """Show where the data come from and the hash of their content."""
    st.markdown(f"From {plain(dataset.source)}.")
    st.code(f"SHA-256 of the content  {dataset.sha256}", language=None)
    st.caption(
        "One hash over the four uncompressed arrays as IDX: training images, training labels, test images, test "
        "labels. Equal content gives an equal hash, whatever files it came in."
        + " The number of classes goes into it, too, for it is not ten."
        * (len(dataset.class_names) != CLASS_COUNT)
    )
    for attempt in dataset.attempts:
        st.caption(f"Tried before: {plain(attempt.source)}. {plain(attempt.reason)}")


def missing(dataset: Dataset, facts: Facts) -> None:
    """Say what was missing in the files and what was done about it, or how it was looked for where nothing is."""
    if not dataset.gaps:
        cells = sum(int(table["count"].sum()) for table in facts.numbers.values())
        st.markdown(
            f"All {cells:,} cells hold a number. Pixels and labels are bytes, 0 to 255, and a byte has no room for "
            "*unknown*: a row of a CSV with an empty cell, NaN or null in it would be left out when it is read, and "
            "counted here by column. The reference systems counted with `isnull().sum()` on the Kaggle CSV and found "
            "none either."
        )
        return
    st.markdown(
        "A byte has no room for *unknown*, so a row with an empty cell, NaN or null in it is left out when the file is "
        "read, and no guess of ours fills the gap. Counted over whole files, whatever is selected above."
    )
    files = columns.missing_table(dataset.gaps)
    st.dataframe(
        files.assign(missing_fraction=100 * files["missing_fraction"]), hide_index=True, height="content",
        width="content",
        column_config={
            "rows": _number(), "left_out": _number("left out"), "left_out_fraction": _percent("left out, of rows"),
            "missing": _number("missing values"), "missing_fraction": _fine_percent("missing, of all values"),
        },
    )  # fmt: skip
    by_column = columns.missing_by_column(dataset.gaps)
    st.dataframe(
        by_column.assign(missing_fraction=100 * by_column["missing_fraction"]), hide_index=True,
        height=min(38 + 35 * len(by_column), 300), width="content",
        column_config={"missing": _number(), "missing_fraction": _fine_percent("missing, of rows")},
    )  # fmt: skip
    table_download(by_column, "missing-values", index=False)


def copies(dataset: Dataset, pairs: Pairs) -> None:
    """Show the pairs, what each policy leaves, and why two editions differ."""
    if len(pairs):
        st.markdown(
            f"{pairs.within_train.sum():,} within training, {pairs.within_test.sum():,} within test, "
            f"{pairs.across.sum():,} from training to test."
        )
        pair_cards(dataset, pairs, key="duplicate-pairs")
        table_download(pairs.table(dataset.class_names), "duplicates", index=False)
        _policies(dataset)
    else:
        st.markdown("All images of both sets were compared in all 784 pixels, whatever is selected above.")
    if dataset.name == "fashion-mnist" or len(pairs):
        st.caption(_EDITIONS)


def _policies(dataset: Dataset) -> None:
    st.markdown("**What each choice leaves of the training set**")
    frame = _policy_counts(dataset.sha256, dataset)
    words = HYPERPARAMETERS["duplicates"].choices or {}
    frame = frame.rename(index=words, columns=dict(enumerate(dataset.class_names))).rename_axis("policy")
    st.dataframe(frame, height="content")
    table_download(frame, "duplicates-policies")
    st.page_link("pages/train/new.py", label="Choose under Data, split and seed", icon=":material/arrow_forward:")


@st.cache_resource(max_entries=4, show_spinner=False)
def _policy_counts(sha256: str, _dataset: Dataset) -> pd.DataFrame:
    return policy_counts(_dataset.x_train, _dataset.y_train, len(_dataset.class_names))


def conflicts(dataset: Dataset, pairs: Pairs) -> None:
    """Show equal images with different labels."""
    pairs = pairs.chosen(pairs.conflicting)
    if not len(pairs):
        st.markdown("Of all images that agree in every pixel, none has two labels.")
        return
    st.markdown(_conflict_words(pairs))
    pair_cards(dataset, pairs, key="conflicting-pairs")
    table_download(pairs.table(dataset.class_names), "conflicting-labels", index=False)


def _conflict_words(pairs: Pairs) -> str:
    """Say what can be done about pairs, by the sets that they stand in."""
    words = ["A network cannot satisfy both."]
    if count := int(pairs.within_train.sum()):
        words.append(f"{count:,} within training: *Drop every copy* on the Train page leaves both images out.")
    if count := int(pairs.across.sum()):
        words.append(
            f"{count:,} from training to test: no choice on the Train page touches them; *Export cleaned data* below "
            "leaves the training image out."
        )
    if count := int(pairs.within_test.sum()):
        words.append(f"{count:,} within test: whatever a network says, one of the two counts as a mistake.")
    return " ".join(words)


def constant(facts: Facts) -> None:
    """Name the columns with a single value, in either set, and that value."""
    found = np.unique(np.concatenate(list(facts.constant.values())))
    if not len(found):
        st.markdown(f"Checked in {' and '.join(facts.numbers)}: all 785 columns take at least two values.")
        return
    values = {name: numbers["min"].where(numbers["unique"] == 1).iloc[found] for name, numbers in facts.numbers.items()}
    frame = pd.DataFrame(values).rename(columns=lambda name: f"value in {name}")
    st.dataframe(frame, height=min(38 + 35 * len(frame), 300), width="content")
    st.caption("An empty cell: there the column takes two values or more.")
    table_download(frame, "constant-columns")


def redundant(pairs: pd.DataFrame) -> None:
    """Let the user choose |r| and list the pairs above it."""
    st.slider(
        "Redundant above |r|", LEAST_CORRELATION, LARGEST_CORRELATION, CORRELATION, 0.01, key=CORRELATION_KEY,
        bind="query-params", persist_state="session", width=360,
        help="Pearson's correlation of two pixels, in either set; each pair counts once (upper triangle).",
    )  # fmt: skip
    if len(pairs):
        st.dataframe(
            pairs, hide_index=True, height=min(38 + 35 * len(pairs), 300), width="content",
            column_config={
                name: st.column_config.NumberColumn(f"r in {name}", format="%.4f") for name in pairs.columns[2:]
            },
        )  # fmt: skip
        table_download(pairs, "redundant-columns", index=False)
    st.caption(
        "Columns count from 1 in reading order, pixel1 to pixel784; the label is no pixel and is left out. Under a "
        f"condition on a pixel r comes from {MOST:,} images of each set at most, and may be off by {MOST**-0.5:.2f}."
    )


def cardinality(facts: Facts) -> None:
    """Show the columns with the fewest different values, the sets side by side."""
    measures = {
        "unique": st.column_config.NumberColumn, "unique_fraction": _percent, "zeros": _percent,
    }  # fmt: skip
    frame = pd.concat({name: numbers[list(measures)] for name, numbers in facts.numbers.items()}, axis=1)
    frame.columns = [f"{_MEASURES[measure]}, {name}" for name, measure in frame.columns]
    frame = frame.sort_values(frame.columns[0], kind="stable")
    config = {
        f"{_MEASURES[measure]}, {name}": column(f"{_MEASURES[measure]}, {name}")
        for name in facts.numbers for measure, column in measures.items()
    }  # fmt: skip
    st.dataframe(frame, height=300, width="content", column_config=config)
    table_download(frame, "cardinality")
    black = columns.corner_zeros(facts.numbers)
    if black > 0.9:
        st.caption(f"The corners are black in {black:.1%} of the images or more, hence few values there.")


def outlying(dataset: Dataset, table: pd.DataFrame) -> None:
    """Let the user choose the robust z-score, and show the images, strongest first."""
    st.slider(
        "Robust z-score above", LEAST_Z, LARGEST_Z, outliers.THRESHOLD, 0.5, key=Z_KEY, bind="query-params",
        persist_state="session", width=280,
    )  # fmt: skip
    st.caption(
        "Two measures: root mean square distance to the mean training image of the class (far is unusual), and ink, "
        "the mean of all pixels (much or little is unusual). z = (value - median) / (1.4826 MAD) within the class, so "
        "that outliers do not move their own yardstick; above 3.5 is the usual mark (Iglewicz and Hoaglin, 1993)."
    )
    first = table.head(SHOWN)
    images = images_at(first["place"].to_numpy(), dataset)
    cards(
        [
            [_whole(image, dataset.class_names[row.label], row.split, row.index_, f"{row.measure}, z {row.z:+.1f}")]
            for image, row in zip(images, first.rename(columns={"index": "index_"}).itertuples(), strict=True)
        ],
        key="outlier-images", alt="Images unlike their class, the strongest first.",
    )  # fmt: skip
    _more(len(table))
    table_download(table.assign(label=np.array(dataset.class_names)[table["label"]]), "outliers", index=False)


def pair_cards(dataset: Dataset, pairs: Pairs, *, key: str, difference: bool = False) -> None:
    """Show the first pairs, each side by side; with their difference, ten times as bright, as a third picture."""
    shown = pairs.chosen(np.arange(min(len(pairs), SHOWN)))
    first, second = (images_at(places, dataset) for places in (shown.first, shown.second))
    groups = []
    for one, other, row in zip(first, second, shown.table(dataset.class_names).itertuples(), strict=True):
        group = [
            _whole(one, row.first_class, row.first_split, row.first_index),
            _whole(other, row.second_class, row.second_split, row.second_index),
        ]
        if difference:
            gap = np.minimum(np.abs(one.astype(int) - other) * 10, 255).astype(np.uint8)
            group.append(Picture(gap, f"{row.distance:.1f} apart", ("difference x 10",)))
        groups.append(group)
    cards(groups, key=key, alt="Pairs of images side by side, the most alike first.")
    _more(len(pairs))


def _whole(image: np.ndarray, class_name: str, split: str, index: int, *notes: str) -> Picture:
    place = f"{'train' if split == 'training' else 'test'}-{index}"
    return Picture(image, class_name, (f"{split} {index}", *notes), place)


def _more(count: int) -> None:
    if count > SHOWN:
        st.caption(f"The first {SHOWN} of {count:,}; the CSV lists all.")


def _number(label: str | None = None) -> dict:
    return st.column_config.NumberColumn(label, format="localized")


def _fine_percent(label: str) -> dict:
    """Of values in percent: one cell of 47 million is not 0 %."""
    return st.column_config.NumberColumn(label, format="%.3f%%")


def _percent(label: str) -> dict:
    return st.column_config.NumberColumn(label, format="percent")

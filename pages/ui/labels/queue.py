"""The queue of label suspects: what is listed, how far one is, and the grid."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fmnist_core.datasets import Dataset
from fmnist_core.label_queue import decided_mask, listed
from fmnist_core.overlay import Overlay
from fmnist_core.places import Place, all_labels, images_at
from pages.ui.crossval.choice import folds_words
from pages.ui.data import plain
from pages.ui.export import table_download
from pages.ui.image_grid import image_grid
from pages.ui.labels.decisions import mark_words
from pages.ui.labels.judge import Judge, K
from pages.ui.paging import turn_pages
from pages.ui.samples.panel import image_field, open_image

PER_PAGE, COLUMNS = 24, 6
# Words on screen and in the address.
OPEN, DECIDED, ALL = "To decide", "Decided", "All"
_SHOWN = {OPEN: "open", DECIDED: "decided", ALL: "all"}
_PAIRS = 8
_BY_NEIGHBOURS = (
    f"The {K} nearest images of both sets vote for their own labels, each with weight 1 / distance², the distance "
    "being Euclidean over all pixels. *Doubt* is the vote for the strongest other class less the vote for the image's "
    "own label: 100 % if all agree on one other class, 0 for a draw. A shirt among T-shirts is common, a sandal among "
    "bags is not: doubt is multiplied by the *surprise*, −log₂ of the share of all images whose neighbours favour that "
    "class that bear this label. Of equals, those with nearer neighbours come first."
)
_BY_NETWORKS = (
    "Each image is judged by a network that did not learn from it. A class's *threshold* is the mean probability that "
    "its own images get for it. An image above the threshold of another class counts towards that pair of given and "
    "true class; as many images as the pairs say are taken for wrong, and of these the least probable label comes "
    "first. So a class that networks are seldom sure of does not fill the list. This is confident learning "
    "([Northcutt, Jiang and Chuang, 2021](https://www.jair.org/index.php/jair/article/view/12125)), by its authors' "
    "package cleanlab. A network that has learned wrong labels proposes some of them."
)


@dataclass(frozen=True, eq=False)
class Listing:
    """The queue: the judge, the positions in it, (m,) int64, which part of them is shown, and the decisions so far."""

    judge: Judge
    queue: np.ndarray
    part: slice
    shown: str
    decisions: Overlay

    @property
    def positions(self) -> np.ndarray:
        """The positions on the page shown."""
        return self.queue[self.part]


def explain(selected: np.ndarray, judge: Judge) -> None:
    """Say how many labels are doubted, and by whom."""
    if judge.neighbours:
        doubted = judge.neighbours.doubt[selected & judge.judgement.suspect]
        st.markdown(
            f"The {K} nearest neighbours of **{len(doubted):,}** of {selected.sum():,} images favour another class "
            f"than the label; of **{int((doubted > 1 - 1e-6).sum()):,}** all {K} agree on one. Some of these labels "
            "are wrong, others are right about an image that lies between two classes: look, then decide."
        )
    elif judge.issues and judge.group:
        judged = selected & judge.judgement.judged
        st.markdown(
            f"Confident learning takes **{int((judged & judge.judgement.suspect).sum()):,}** of {judged.sum():,} "
            f"labels for wrong, by {plain(judge.group.cross.base.title)} in {folds_words(judge.group.cross)}. Some "
            "are, and some are images that these networks cannot tell: look, then decide."
        )
        if not judged.any():
            st.info(
                "A cross-validation judges training images only: choose Training, or let nearest images judge.",
                icon=":material/info:",
            )


def explain_ranking(dataset: Dataset, judge: Judge) -> None:
    """Say by which method the list is ranked; folded away."""
    with st.expander("How they are ranked"):
        st.markdown(_BY_NEIGHBOURS if judge.neighbours else _BY_NETWORKS)
        if judge.issues:
            frame = pairs_table(judge.issues.joint, dataset.class_names, len(judge.issues.index))
            st.markdown(
                f"**Estimated mistakes**, the most frequent pairs of classes; in all {judge.issues.noise:.1%} of the "
                "labels. Where networks cannot tell classes apart the estimate is too high: it was 24 % where a tenth "
                "of the labels had been flipped on purpose."
            )
            st.dataframe(frame.head(_PAIRS), hide_index=True, height="content", width=460)
            if len(frame) > _PAIRS:
                st.caption(f"The first {_PAIRS} of {len(frame)}; the CSV lists all.")
            table_download(frame, "label-pairs", index=False)


def pairs_table(joint: np.ndarray, classes: tuple[str, ...], count: int) -> pd.DataFrame:
    """Return a row per pair of classes, most frequent first: given label, true class, estimated number of images.

    joint: (classes, classes) shares of `count` images, row given, column true.
    """
    rows = [
        {"Label": classes[given], "Rather": classes[true], "Images": round(count * joint[given, true])}
        for given in range(len(classes))
        for true in range(len(classes))
        if given != true
    ]
    frame = pd.DataFrame(rows).sort_values("Images", ascending=False, kind="stable", ignore_index=True)
    return frame[frame["Images"] > 0]


def choose_page(
    bar: DeltaGenerator, dataset: Dataset, judge: Judge, selected: np.ndarray, decisions: Overlay
) -> Listing:
    """Let the user choose in the bar what to list and return one page of it."""
    with bar:
        shown = st.segmented_control(
            "Show", [OPEN, DECIDED, ALL], default=OPEN, required=True, key="show", bind="query-params"
        )
        queue = listed(judge.judgement, selected, decisions.marks, dataset, _SHOWN[shown])
        by = judge.group and judge.group.name
        with st.container(horizontal=True, width="content", gap="small"):  # both on the next line, or neither
            part = turn_pages(len(queue), PER_PAGE, of=(dataset.sha256, by, shown, hash(selected.tobytes())))
            image_field()
    return Listing(judge, queue, part, shown, decisions)


def show_progress(dataset: Dataset, judge: Judge, selected: np.ndarray, decisions: Overlay) -> None:
    """Show how many of the selected suspects are decided."""
    suspect = judge.judgement.suspect & selected
    decided = int((decided_mask(decisions.marks, dataset, len(selected)) & suspect).sum())
    if count := int(suspect.sum()):
        st.progress(decided / count, f"{decided:,} of {count:,} suspects decided")


def grid(dataset: Dataset, listing: Listing, place: Place | None) -> None:
    """Show a page of the list; a click opens an image."""
    labels, found, classes = all_labels(dataset), listing.judge.judgement, dataset.class_names
    names = [str(Place.at(position, dataset)) for position in listing.positions]
    by = "neighbours" if listing.judge.neighbours else "network"
    captions, tips = [], []
    for position, name in zip(listing.positions, names, strict=True):
        own, other = classes[labels[position]], classes[found.suggestion[position]]
        mark = listing.decisions.marks.get(Place.at(position, dataset))
        captions.append(f"{own}\n→ {other}" if mark is None else f"{own}\n✓ {mark_words(mark, classes)}")
        tips.append(f"{name}\nlabel {own}, {by} {other}{_share_words(found.shares[position], labels[position])}")
    image_grid(
        images_at(listing.positions, dataset), captions, key="labels-grid", columns=COLUMNS, tips=tips, size_px=92,
        selected=names.index(str(place)) if str(place) in names else None,
        alt="Label suspects, most suspect first", on_click=lambda at: open_image(names[at]),
    )  # fmt: skip
    st.caption("Label of the image, and below it the class that is proposed instead.")


def _share_words(shares: np.ndarray, label: int) -> str:
    return "" if np.isnan(shares[label]) else f"\n{shares[label]:.1%} for the label"

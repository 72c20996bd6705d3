"""The list of label suspects, the one that is looked at, and the decisions about them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core import neighbours, overlay
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.overlay import Mark, Overlay
from fmnist_core.places import WORDS, Place, all_labels, images_at
from fmnist_core.selection import Selection
from fmnist_core.suspects import Suspects, suspects
from pages.ui.data import plain
from pages.ui.export import table_download
from pages.ui.image_grid import image_grid
from pages.ui.samples.panel import image_field, large_view, nearest_images, open_image, opened
from pages.ui.tasks import show_task, task_for

PER_PAGE, COLUMNS, K = 24, 6, 10
# Words on screen and in the address.
OPEN, DECIDED, ALL = "To decide", "Decided", "All"
_PROBLEM_KEY = "labels.problem"


@dataclass(frozen=True, eq=False)
class Listing:
    """One page of suspects: all that are judged, (m,) positions to list, and the decisions so far."""

    judged: Suspects
    positions: np.ndarray
    decisions: Overlay


def judged(dataset: Dataset) -> Suspects | None:
    """Return what the neighbours say of every label; None while they are being found, which is shown."""
    if neighbours.is_ready(dataset):
        return _suspects(dataset.sha256, dataset)
    count = len(dataset.y_train) + len(dataset.y_test)
    show_task(
        task_for(dataset, "neighbours"), title=f"Nearest neighbours of {count:,} images", autostart=True,
        note="About 15 seconds for 70,000 images, once for each data set; after that they are kept.",
    )  # fmt: skip
    return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _suspects(sha256: str, _dataset: Dataset) -> Suspects:
    found = neighbours.neighbours(_dataset, min(K, len(_dataset.y_train) + len(_dataset.y_test) - 1))
    return suspects(all_labels(_dataset), found, len(_dataset.class_names))


def read_decisions(dataset: Dataset) -> Overlay:
    """Return the decisions so far; if their file is damaged, say so, offer to set it aside, and end the page."""
    if problem := st.session_state.pop(_PROBLEM_KEY, ""):
        st.warning(plain(problem), icon=":material/error:")
    try:
        return Overlay.read(dataset.sha256)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.markdown("Repair the file, or set it aside under another name and start anew. Nothing is deleted.")
        st.button("Set the file aside", on_click=_set_aside, args=(dataset.sha256,), key="labels.aside")
        st.stop()


def _set_aside(sha256: str) -> None:
    st.session_state[_PROBLEM_KEY] = f"The damaged file is kept as {overlay.set_aside(sha256)}."


def explain(dataset: Dataset, selection: Selection, found: Suspects) -> np.ndarray:
    """Say how many labels are doubted and by which method; return which images are selected, (n,) bool."""
    subset = selection.take(dataset)
    selected = np.zeros(len(found.order), bool)
    selected[subset.index + subset.is_test * len(dataset.y_train)] = True
    doubted = found.doubt[selected & (found.doubt > 0)]
    st.markdown(
        f"The {K} nearest neighbours of **{len(doubted):,}** of {len(subset):,} images favour another class than "
        f"the label; of **{int((doubted > 1 - 1e-6).sum()):,}** all {K} agree on one. Some of these labels are wrong, "
        "others are right about an image that lies between two classes: look, then decide."
    )
    with st.expander("How they are ranked"):
        st.markdown(
            f"The {K} nearest images of both sets vote for their own labels, each with weight 1 / distance², the "
            "distance being Euclidean over all pixels. *Doubt* is the vote for the strongest other class less the vote "
            "for the image's own label: 100 % if all agree on one other class, 0 for a draw. A shirt among T-shirts "
            "is common, a sandal among bags is not: doubt is multiplied by the *surprise*, −log₂ of the share of all "
            "images whose neighbours favour that class that bear this label. Of equals, those with nearer neighbours "
            "come first."
        )
    return selected


def choose_page(dataset: Dataset, found: Suspects, selected: np.ndarray, decisions: Overlay) -> Listing:
    """Let the user choose what to list and return one page of it."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        shown = st.segmented_control(
            "Show", [OPEN, DECIDED, ALL], default=OPEN, required=True, key="show", bind="query-params"
        )
        positions = _listed(dataset, found, selected, decisions, shown)
        pages = max(1, -(-len(positions) // PER_PAGE))
        page = st.number_input(
            f"Page, 1 to {pages:,}", 1, None, 1, key="page", bind="query-params", width=150, disabled=pages == 1
        )
        image_field()
    page = min(page, pages)
    return Listing(found, positions[(page - 1) * PER_PAGE : page * PER_PAGE], decisions)


def _listed(dataset: Dataset, found: Suspects, selected: np.ndarray, decisions: Overlay, shown: str) -> np.ndarray:
    """Return the positions to list, most suspect first; what was decided is listed whatever the neighbours say."""
    decided = np.zeros(len(selected), bool)
    known = [place.position(dataset) for place in decisions.marks]
    decided[[position for position in known if position < len(decided)]] = True
    doubted = found.doubt > 0
    wanted = {OPEN: doubted & ~decided, DECIDED: decided, ALL: doubted | decided}[shown] & selected
    return found.order[wanted[found.order]]


def review(dataset: Dataset, listing: Listing) -> None:
    """Show a page of the list, and beside it the image looked at with the decision about it."""
    if not len(listing.positions):
        st.info("No image to list here.", icon=":material/task_alt:")
    left, right = st.columns([3, 2], gap="large")
    names = [str(Place.at(position, dataset)) for position in listing.positions]
    with left:
        place = opened(dataset) or (Place.at(listing.positions[0], dataset) if names else None)
        if names:
            _grid(dataset, listing, names, place)
    with right:
        if place:
            _decide(dataset, listing, place, _after(str(place), names))


def _after(name: str, names: list[str]) -> str:
    """The image to look at next: the one after this in the list; empty for the first that is left."""
    at = names.index(name) + 1 if name in names else len(names)
    return names[at] if at < len(names) else ""


def _grid(dataset: Dataset, listing: Listing, names: list[str], place: Place | None) -> None:
    labels, found, classes = all_labels(dataset), listing.judged, dataset.class_names
    captions, tips = [], []
    for position, name in zip(listing.positions, names, strict=True):
        own, other = classes[labels[position]], classes[found.suggestion[position]]
        mark = listing.decisions.marks.get(Place.at(position, dataset))
        captions.append(f"{own}\n→ {other}" if mark is None else f"{own}\n✓ {_mark_words(mark, classes)}")
        tips.append(f"{name}\nlabel {own}, neighbours {other}\ndoubt {found.doubt[position]:.0%}")
    image_grid(
        images_at(listing.positions, dataset), captions, key="labels-grid", columns=COLUMNS, tips=tips, size_px=104,
        selected=names.index(str(place)) if str(place) in names else None,
        alt="Label suspects, most suspect first", on_click=lambda at: open_image(names[at]),
    )  # fmt: skip
    st.caption("Label of the image, and below it the class its neighbours favour.")


def _decide(dataset: Dataset, listing: Listing, place: Place, following: str) -> None:
    """Show an image, what its neighbours say, and the three decisions; each leads to the next image."""
    found, classes = listing.judged, dataset.class_names
    position, own = place.position(dataset), place.label(dataset)
    large_view(dataset, place)
    suggestion = int(found.suggestion[position])
    st.markdown(
        f"Of the vote of its neighbours **{found.support[position]:.0%}** is for {plain(classes[suggestion])} and "
        f"**{found.support[position] - found.doubt[position]:.0%}** for {plain(classes[own])}, its label."
    )
    mark = listing.decisions.marks.get(place)
    others = [label for label in range(len(classes)) if label != own]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _button("Keep", "check", "K", place, listing, ("keep", None), following, "The label is right.")
        _button("Drop", "delete", "D", place, listing, ("drop", None), following, "Leave the image out of training.")
        label = st.selectbox(
            "Relabel as", others, index=others.index(suggestion), format_func=lambda one: classes[one], width=160,
            key=f"relabel-{place}", label_visibility="collapsed",
        )  # fmt: skip
        _button("Relabel", "sell", "L", place, listing, ("relabel", label), following, "Give it the label on the left.")
    if mark:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":green[✓ Decided: {plain(_mark_words(mark, classes))}]", width="content")
            _button("Take back", "undo", None, place, listing, ("clear", None), str(place), "Forget this decision.")
    nearest_images(dataset, place, key="labels-nearest")


def _button(
    word: str, icon: str, letter: str | None, place: Place, listing: Listing, decision: tuple[str, int | None],
    following: str, about: str,
) -> None:  # fmt: skip
    st.button(
        word, icon=f":material/{icon}:", shortcut=letter, key=f"labels-{word}", help=about, on_click=_carry_out,
        args=(listing.decisions, place, decision, following),
    )  # fmt: skip


def _carry_out(decisions: Overlay, place: Place, decision: tuple[str, int | None], following: str) -> None:
    """Before the page runs again: write the decision down and go on to the next image."""
    try:
        decisions.mark(place.split, place.index, *decision)
    except (LabError, OSError) as error:
        st.session_state[_PROBLEM_KEY] = f"The decision could not be saved: {error}"
        return
    open_image(following)


def show_decisions(dataset: Dataset, decisions: Overlay) -> None:
    """Sum the decisions up and hand them out as a table; what training does with them."""
    st.subheader("Decisions", anchor=False)
    if not decisions.marks:
        st.caption("None yet. They are saved beside the data, which are never changed.")
        return
    counts = decisions.counts()
    st.markdown(
        f"{counts['keep']} kept, {counts['relabel']} relabelled, {counts['drop']} dropped. They are saved beside the "
        "data, which are never changed; decisions on test images are notes, the test set stays as it is."
    )
    frame = decisions_table(dataset, decisions)
    st.dataframe(frame, hide_index=True, alt="The decisions, latest first")
    table_download(frame, "label-decisions", index=False)


def decisions_table(dataset: Dataset, decisions: Overlay) -> pd.DataFrame:
    """Return the decisions, latest first: image, set, label, decision, new label, time."""
    names = dataset.class_names
    rows = [
        {
            "image": str(place), "set": WORDS[place.split], "label": names[place.label(dataset)],
            "decision": mark.action, "new label": "" if mark.label is None else names[mark.label],
            "decided": pd.Timestamp(mark.time_s, unit="s").round("s"),
        }
        for place, mark in decisions.marks.items()
    ]  # fmt: skip
    return pd.DataFrame(rows).sort_values("decided", ascending=False, kind="stable", ignore_index=True)


def _mark_words(mark: Mark, classes: tuple[str, ...]) -> str:
    return {"keep": "kept", "drop": "dropped"}.get(mark.action) or f"relabelled {classes[mark.label or 0]}"

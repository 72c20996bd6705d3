"""The image that is looked at, what the judge says of it, and the decision, by key or by click."""

import streamlit as st

from fmnist_core.datasets import Dataset
from fmnist_core.label_queue import beside
from fmnist_core.overlay import Overlay
from fmnist_core.places import WORDS, Place
from pages.ui.data import plain
from pages.ui.labels.class_bars import class_bars
from pages.ui.labels.decisions import decide, last_decided, mark_words, undo
from pages.ui.labels.queue import OPEN, PER_PAGE, Listing, explain_ranking, grid
from pages.ui.pixel_image import pixel_image
from pages.ui.reveal import reveal
from pages.ui.samples.panel import REVEAL_KEY, nearest_images, open_image, opened

KEYS = (
    "**K** keeps, **L** relabels as proposed, **0** to **9** relabel as the class with that number, **D** drops; "
    "**U** undoes. **N** and **P** go on and back without deciding."
)


def review(dataset: Dataset, listing: Listing) -> None:
    """Show a page of the list, and beside it the image looked at with the decision about it."""
    if not len(listing.positions):
        done = listing.shown == OPEN and listing.decisions.marks
        st.info(f"{'All decided. ' if done else ''}No image to list here.", icon=":material/task_alt:")
    first = Place.at(listing.positions[0], dataset) if len(listing.positions) else None
    left, right = st.columns([5, 6], gap="medium")
    with left:
        place = opened(dataset) or first
        if first:
            grid(dataset, listing, place)
        explain_ranking(dataset, listing.judge)
    with right:
        if place:
            _panel(dataset, listing, place)
        elif last_decided(listing.decisions):
            _undo_button(listing)


def _panel(dataset: Dataset, listing: Listing, place: Place) -> None:
    reveal(REVEAL_KEY)
    name = dataset.class_names[place.label(dataset)]
    mark = listing.decisions.marks.get(place)
    decided = f" · :green[✓ {plain(mark_words(mark, dataset.class_names))}]" if mark else ""
    st.markdown(f"**{plain(name)}** :gray[· {WORDS[place.split]} image {place.index:,} · {place}]{decided}")
    picture, classes = st.columns([2, 3], gap="small")
    with picture:
        pixel_image(
            place.image(dataset), key="panel-image", bounds=(0, 255), width_px=220, file=str(place),
            alt=f"{name}, {WORDS[place.split].lower()} image {place.index}.",
        )  # fmt: skip
    with classes:
        _classes(dataset, listing, place)
    _decisions(dataset, listing, place)
    _moves(dataset, listing, place)
    st.caption(KEYS)
    nearest_images(dataset, place, key="labels-nearest")


def _classes(dataset: Dataset, listing: Listing, place: Place) -> None:
    """Show what each class gets; a click or a digit decides."""
    judgement, position = listing.judge.judgement, place.position(dataset)
    what = "Vote of the nearest images" if listing.judge.neighbours else "Probability, by networks that never saw it"
    own = place.label(dataset)
    st.caption(what if judgement.judged[position] else f"{what}: this image was not judged.")
    class_bars(
        judgement.shares[position], dataset.class_names, key="labels-classes", given=own,
        proposed=int(judgement.suggestion[position]), image=str(place), title=what,
        on_choose=lambda label: _carry_out(
            dataset, listing, place, *(("keep", None) if label == own else ("relabel", label))
        ),
    )  # fmt: skip


def _decisions(dataset: Dataset, listing: Listing, place: Place) -> None:
    proposed = int(listing.judge.judgement.suggestion[place.position(dataset)])
    other = dataset.class_names[proposed]

    def button(word: str, name: str, icon: str, letter: str, action: str, label: int | None, about: str) -> None:
        # The image in the key: a key pressed twice must not decide about the next image, unseen.
        st.button(
            word, icon=f":material/{icon}:", shortcut=letter, key=f"labels-{name}-{place}", help=about,
            on_click=_carry_out, args=(dataset, listing, place, action, label),
        )  # fmt: skip

    with st.container(horizontal=True, gap="small"):
        button("Keep", "keep", "check", "K", "keep", None, "The label is right.")
        button(f"Relabel as {plain(other)}", "relabel", "sell", "L", "relabel", proposed, "Take the proposed label.")
        button("Drop", "drop", "delete", "D", "drop", None, "Leave the image out of training.")


def _moves(dataset: Dataset, listing: Listing, place: Place) -> None:
    position = place.position(dataset)
    with st.container(horizontal=True, gap="small"):
        for word, icon, letter, step in (("Previous", "arrow_back", "P", -1), ("Next", "arrow_forward", "N", 1)):
            there = beside(listing.queue, position, step)
            st.button(
                word, icon=f":material/{icon}:", shortcut=letter, key=f"labels-{word.lower()}-{place}", type="tertiary",
                disabled=there is None, on_click=_go, args=(dataset, listing, there),
            )  # fmt: skip
        _undo_button(listing)
        if place in listing.decisions.marks:
            st.button(
                "Take back", icon=":material/backspace:", key=f"labels-clear-{place}", type="tertiary",
                help="Forget the decision about this image.", on_click=_carry_out,
                args=(dataset, listing, place, "clear", None),
            )  # fmt: skip


def _undo_button(listing: Listing) -> None:
    last = last_decided(listing.decisions)
    st.button(
        "Undo", icon=":material/undo:", shortcut="U", key=f"labels-undo-{last}", type="tertiary", disabled=last is None,
        help=f"Take back the decision about {last}." if last else "Nothing was decided here yet.", on_click=_undo,
        args=(listing.decisions,),
    )  # fmt: skip


def _carry_out(dataset: Dataset, listing: Listing, place: Place, action: str, label: int | None) -> None:
    """Before the page runs again: write the decision down and go on to the next image."""
    following = beside(listing.queue, place.position(dataset), 1)
    if not decide(listing.decisions, place, action, label):
        return
    if action == "clear":
        open_image(str(place))
    else:
        # In a list of what is open the image leaves its place, and those behind it move up by one.
        leaves = listing.shown == OPEN and place.position(dataset) in listing.queue
        _go(dataset, listing, following, moved=leaves)


def _go(dataset: Dataset, listing: Listing, position: int | None, *, moved: bool = False) -> None:
    """Open an image and turn to its page; None closes the image, and the first of the page is shown."""
    if position is None:
        open_image("")
        return
    open_image(str(Place.at(position, dataset)))
    at = int((listing.queue == position).argmax()) - moved
    st.session_state["page"] = at // PER_PAGE + 1


def _undo(decisions: Overlay) -> None:
    if place := undo(decisions):
        open_image(str(place))

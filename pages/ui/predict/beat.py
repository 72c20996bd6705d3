"""The Beat the model page: the game, and after it who is ahead, what both missed, and the best of this machine."""

import secrets
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fmnist_core import contest
from fmnist_core.contest import MAX_NAME, MAX_SEED, PEOPLE, PEOPLE_IMAGES, Game
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.figures.contest import Score, contest_figure, contest_text
from fmnist_core.progress import Progress
from pages.ui.data import plain
from pages.ui.export import show_figure, table_download
from pages.ui.image_grid import image_grid
from pages.ui.predict.beat_game import beat_game
from pages.ui.predict.models import data_of, load_models
from pages.ui.verdict import Model
from pages.ui.words import moment

SEED_KEY, NAME_KEY = "seed", "beat.name"
_GAME, _ROUND, _ERROR = "beat.game", "beat.round", "beat.error"
BEST_SHOWN = 10
REAL = "fashion-mnist"  # the data of which the accuracy of people was published


def play(progress: Progress) -> None:
    """Show the game, or its outcome, and the best results of this machine."""
    model = load_models([progress])[0]
    try:
        dataset = data_of(model)
    except LabError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    seed = _controls()
    token = f"{dataset.sha256[:12]}-{seed}-{st.session_state.get(_ROUND, 0)}"
    played = st.session_state.get(_GAME)
    if played and played[0] == token:
        _outcome(_game(played, dataset, model, seed), dataset, progress, seed)
    else:
        _board(dataset, model, seed, token)
    _best(dataset, expanded=bool(played and played[0] == token))


def _controls() -> int:
    """Let the user choose which twenty images, and give a name; return the seed."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if SEED_KEY not in st.session_state and SEED_KEY not in st.query_params:
            st.session_state[SEED_KEY] = _new_seed()
            st.query_params[SEED_KEY] = str(st.session_state[SEED_KEY])  # from the first look
        seed = st.number_input(
            "Set of images", 0, MAX_SEED, key=SEED_KEY, bind="query-params", width=170,
            help="The number draws the images from the test set. It stands in the address: a friend who opens it gets "
            "the same ones.",
        )  # fmt: skip
        st.button("Other images", icon=":material/shuffle:", key="beat.other", on_click=_other)
        st.text_input(
            "Your name", key=NAME_KEY, max_chars=MAX_NAME, placeholder="optional", width=190,
            help="For the list below. Results stay on the machine on which this app runs.",
        )  # fmt: skip
    return int(seed)


def _new_seed() -> int:
    return secrets.randbelow(MAX_SEED + 1)


def _other() -> None:
    st.session_state[SEED_KEY] = _new_seed()
    _again()


def _again() -> None:
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def _board(dataset: Dataset, model: Model, seed: int, token: str) -> None:
    if dataset.synthetic:
        st.caption("These images are a stand-in for the real data: what you measure says nothing about the real ones.")
    positions = contest.draw(dataset.y_test, seed)
    st.markdown(
        f"{len(positions)} images of the test set, one at a time. Choose a class by its button or its key, 0 to 9; "
        "the clock runs from the start. The model answers the same ones."
    )
    if problem := st.session_state.pop(_ERROR, None):
        st.error(plain(problem), icon=":material/error:")
    beat_game(
        np.asarray(dataset.x_test[positions]), model.predictor.class_names, token=token, key="beat.board",
        on_done=partial(_done, dataset, model, seed, token),
    )  # fmt: skip


def _done(dataset: Dataset, model: Model, seed: int, token: str, sent: Any) -> None:
    """Before the page runs again: keep the game in the session and its result on disk."""
    count = len(contest.draw(dataset.y_test, seed))
    st.session_state.pop(_ERROR, None)
    try:
        played = token, *contest.read_answers(sent, count, len(model.predictor.class_names))
        st.session_state[_GAME] = played
        name = st.session_state.get(NAME_KEY) or ""
        game = _game(played, dataset, model, seed)
        contest.record(game, name=name, sha256=dataset.sha256, seed=seed, model=model.title)
    except (LabError, OSError) as error:
        st.session_state[_ERROR] = str(error)


def _game(played: tuple[str, np.ndarray, np.ndarray], dataset: Dataset, model: Model, seed: int) -> Game:
    positions = contest.draw(dataset.y_test, seed)
    rows = model.scores(np.asarray(dataset.x_test[positions]))
    return Game(positions, np.asarray(dataset.y_test[positions]), *played[1:], rows, model.predictor.class_names)


def _outcome(game: Game, dataset: Dataset, progress: Progress, seed: int) -> None:
    count, title = len(game.answers), progress.run.spec.title
    if problem := st.session_state.get(_ERROR):
        st.error(plain(problem), icon=":material/error:")
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        st.metric("You", f"{game.right} of {count}", width="content")
        st.metric("The model", f"{game.model_right} of {count}", width="content", help=plain(title))
        st.metric(
            "Your time", f"{game.seconds.sum():.1f} s", width="content", help=f"{game.seconds.mean():.1f} s an image."
        )
        st.button("Play again", type="primary", icon=":material/replay:", key="beat.again", on_click=_other,
                  help="With other images")  # fmt: skip
        st.button("The same images again", type="tertiary", key="beat.same", on_click=_again)
    words = contest.verdict_text(game, plain(title))
    published = dataset.name == REAL and not dataset.synthetic
    st.markdown(f"{words}\n\n{contest.people_text(game)}" if published else words)
    scores = _scores(game, progress, published)
    show_figure(contest_figure(scores), f"beat-the-model-{seed}", alt=contest_text(scores), key="beat.figure")
    st.caption("A line shows where the true share lies with 95 % confidence: long where few images were seen.")
    _review(game, dataset)


def _scores(game: Game, progress: Progress, published: bool) -> list[Score]:
    count = len(game.answers)
    scores = [Score("You", game.right / count, count), Score("The model", game.model_right / count, count)]
    result = progress.run.result or {}
    accuracy, images = result.get("test_accuracy"), result.get("test_images")
    if isinstance(accuracy, float) and isinstance(images, int) and images > 0:
        scores.append(Score("The model, all test images", accuracy, images))
    if published:
        scores.append(Score("People, published", PEOPLE, PEOPLE_IMAGES))
    return scores


def _review(game: Game, dataset: Dataset) -> None:
    """Show what was missed, and by whom."""
    groups = {
        "Both missed": game.missed(you=True, model=True), "You alone missed": game.missed(you=True, model=False),
        "The model alone missed": game.missed(you=False, model=True),
    }  # fmt: skip
    if not any(map(len, groups.values())):
        st.markdown("Nobody missed any of them.")
    for title, images in groups.items():
        if not len(images):
            continue
        st.markdown(f"**{title}** :gray[· {len(images)}, true class on top]")
        positions = game.positions[images]
        image_grid(
            np.asarray(dataset.x_test[positions]), [_caption(game, at) for at in images], key=f"beat-{title}",
            size_px=112, columns=6, tips=[f"test-{at}" for at in positions], alt=f"{title}: images with the answers",
        )  # fmt: skip


def _caption(game: Game, at: int) -> str:
    """Name the true class, and below it what those said who missed it."""
    names, lines = game.class_names, [game.class_names[game.y_true[at]]]
    for who, said in (("you", game.answers[at]), ("model", game.predicted[at])):
        if said != game.y_true[at]:
            lines.append(f"{who}: {names[said]}")
    return "\n".join(lines)


def _best(dataset: Dataset, *, expanded: bool) -> None:
    """List the best results on these data; folded away until there is one."""
    best = contest.ranked(contest.entries(), dataset.sha256)
    if not best:
        return
    with st.expander("Best on this machine", expanded=expanded):
        frame = pd.DataFrame(
            {
                "Name": [entry.name or "somebody" for entry in best],
                "Right": [f"{entry.right} of {entry.images}" for entry in best],
                "Seconds": [entry.seconds for entry in best],
                "Model": [f"{entry.model_right} of {entry.images}, {entry.model}" for entry in best],
                "Set": [entry.seed for entry in best],
                "When": [moment(entry.time_s) + (", not the first try" if entry.again else "") for entry in best],
            }
        )
        st.dataframe(
            frame.head(BEST_SHOWN), hide_index=True, height="content", width="stretch",
            column_config={"Seconds": st.column_config.NumberColumn(format="%.1f"),
                           "Set": st.column_config.NumberColumn(format="%d")},
        )  # fmt: skip
        with st.container(horizontal=True):
            table_download(frame, "beat-the-model", index=False)
            with st.popover("Delete all", icon=":material/delete:", type="tertiary"):
                st.markdown("All results on this machine go, also those on other data.")
                st.button("Delete them", type="primary", key="beat.delete", on_click=_forget)


def _forget() -> None:
    """Before the page runs again: delete all results."""
    try:
        contest.forget()
    except OSError as error:
        st.session_state[_ERROR] = str(error)

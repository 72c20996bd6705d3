"""One cross-validation: what is known of its figure, and its folds' curves side by side, ticking while they run."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from fmnist_core.crossval import CrossValidation, Group
from fmnist_core.crossval_probabilities import teacher_of
from fmnist_core.crossval_schemes import SCHEMES, is_comparable, scheme_of
from fmnist_core.crossval_scores import Score, best_and_worst
from fmnist_core.figures.crossval import headline, summary_text
from fmnist_core.figures.palette import CLASS_COLOURS
from fmnist_core.progress import Progress
from fmnist_core.runs import RunState
from pages.ui.crossval.choice import about_words
from pages.ui.crossval.details import scores_of, show_curves, show_numbers, show_probabilities, show_spread
from pages.ui.crossval.lesson import show_leak, show_lesson
from pages.ui.data import plain
from pages.ui.group_status import group_status
from pages.ui.live_chart import Panel, Series, live_chart
from pages.ui.runs import STATE_BADGES, watcher
from pages.ui.words import duration

PERIOD_S = 1.0


def show_group(group: Group, known: Sequence[Group]) -> None:
    """Show a cross-validation, ticking while any of its folds moves, then what is to be learned and taken along."""
    st.caption(f"{plain(about_words(group.cross))}.")
    if not group.is_whole:
        st.warning("Some of its Runs were deleted. The figures are those of the others.", icon=":material/warning:")
    show_leak(group, known)
    if teacher := teacher_of(group):
        st.warning(
            f"**These figures promise too much:** all folds started with weights of {plain(teacher.spec.title)}, which "
            "learned the same data.",
            icon=":material/warning:",
        )
    states = [watcher().progress(run).state for run in group.runs]
    moving = not all(state.is_over for state in states)
    st.fragment(_view, run_every=PERIOD_S if moving else None)(group, states)
    show_lesson(group, known)
    show_curves(group)
    show_numbers(group)
    show_probabilities(group)


def _view(group: Group, states_before: list[RunState]) -> None:
    progresses = [watcher().progress(run) for run in group.runs]
    if [progress.state for progress in progresses] != states_before:
        st.rerun()  # the whole page: the tick, the buttons and what stands below depend on the states
    scores = scores_of(group)
    leaking = group.cross.leaking
    st.subheader(headline(scores, group.cross.folds * group.cross.repeats), anchor=False)
    if words := summary_text(scores, leaking=leaking):
        st.markdown(plain(words))
    group_status(
        progresses, key="crossval", noun="folds", name=lambda one: one.run.spec.fold.words.capitalize()
    )  # fmt: skip
    show_spread(scores, reported_of(group.cross), leaking=leaking)
    shown = _repeat(group.cross, progresses)
    live_chart(
        _panels(shown), key=f"crossval.{group.name}", x_label="epoch", alt=headline(scores, len(scores)),
        empty="No epoch was finished" if all(one.state.is_over for one in progresses) else "No epoch is finished yet",
    )  # fmt: skip
    _table(group.cross, scores, progresses)


def reported_of(cross: CrossValidation) -> dict[str, list[float]]:
    """Return what the reference system reported for these folds by the name of a row, where it can be compared."""
    key = scheme_of(cross)
    if key is None or not is_comparable(key, cross) or not SCHEMES[key].reported:
        return {}
    scheme = SCHEMES[key]
    return {f"{key} reported ({scheme.measured_on})": list(scheme.reported.values())}


def _repeat(cross: CrossValidation, progresses: list[Progress]) -> list[Progress]:
    """Let the user choose whose folds are drawn where there are several repeats."""
    if cross.repeats == 1:
        return progresses
    repeat = st.segmented_control(
        "Curves of repeat", range(1, cross.repeats + 1), default=1, required=True, key="crossval.repeat"
    )
    return [one for one in progresses if one.run.spec.fold.repeat == repeat] or progresses


def _panels(progresses: list[Progress]) -> list[Panel]:
    return [
        Panel(title, tuple(_series(one, name, style) for one in progresses), y_label="share right", y_format="percent")
        for title, name, style in (
            ("Validation accuracy", "val_accuracy", "dashed"),
            ("Training accuracy", "accuracy", "line"),
        )
    ]


def _series(progress: Progress, name: str, style: str) -> Series:
    rows, fold = progress.epochs, progress.run.spec.fold
    return Series(
        f"fold {fold.number}", [row["epoch"] for row in rows], [row.get(name) for row in rows],
        colour=CLASS_COLOURS[(fold.number - 1) % len(CLASS_COLOURS)], style=style,
    )  # fmt: skip


def _table(cross: CrossValidation, scores: list[Score], progresses: list[Progress]) -> None:
    key = scheme_of(cross)
    reported = SCHEMES[key].reported if key and is_comparable(key, cross) else {}
    extremes = dict(zip(best_and_worst(scores) or (), ("best", "worst"), strict=False))
    rows = [
        _row(score, progress, extremes.get(score), reported.get(score.fold.place + 1))
        for score, progress in zip(scores, progresses, strict=True)
    ]
    frame = pd.DataFrame(rows).drop(columns=[] if reported else ["Reported"])
    chosen = st.dataframe(
        frame, hide_index=True, height="content" if len(rows) <= 12 else 460, placeholder="–", key="crossval.table",
        on_select="rerun", selection_mode="single-row",
    ).selection.rows  # fmt: skip
    if chosen:
        st.switch_page("pages/train/runs.py", query_params={"run": progresses[chosen[0]].run.id})
    st.caption("Select a row to open its Run.")


def _row(score: Score, progress: Progress, mark: str | None, reported: float | None) -> dict[str, str | None]:
    return {
        "Fold": score.fold.words.capitalize() + (f" · {mark}" if mark else ""),
        "State": STATE_BADGES[progress.state][0],
        "Validation": None if score.validation is None else f"{score.validation:.2%}",
        "Test": None if score.test is None else f"{score.test:.2%}",
        "Reported": None if reported is None else f"{reported:.2%}",
        "Time": duration(progress.elapsed_s) if progress.elapsed_s else None,
    }

"""What a user adds to the Run in view: title, tags, note, archive; and deletion with its way back."""

import streamlit as st

from fmnist_core import run_notes
from fmnist_core.errors import LabError
from fmnist_core.progress import Progress
from fmnist_core.run_notes import Notes
from fmnist_core.runs import Run, find_run
from pages.ui.data import plain
from pages.ui.runs import run_label

JUST_DELETED = "runs.just_deleted"


def undo_bar() -> None:
    """Offer to bring back the Run that was deleted last in this session."""
    if not (run_id := st.session_state.get(JUST_DELETED)):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"Deleted: {plain(st.session_state.get('runs.deleted_title', run_id))}", width="stretch")
        st.button("Undo", icon=":material/undo:", on_click=_restore, args=(run_id,), key="notes.undo")


def notes_panel(progress: Progress, known_tags: list[str]) -> None:
    """Let the user name, tag and annotate a Run, put it into the archive, or delete it."""
    run, notes = progress.run, Notes.read(progress.run)
    summary = f": {', '.join(notes.tags)}" if notes.tags else ""
    with st.expander(f"Name, tags and note{plain(summary)}"):
        with st.form(f"notes.{run.id}", border=False):
            left, right = st.columns(2, gap="medium")
            title = left.text_input("Name", run.spec.title, max_chars=120, disabled=run.spec.fold is not None)
            tags = right.multiselect(
                "Tags", sorted({*known_tags, *notes.tags}), notes.tags, accept_new_options=True,
                placeholder="Choose, or type a new one", help="Short words to find the Run by.",
            )  # fmt: skip
            note = st.text_area("Note", notes.note, max_chars=run_notes.LONGEST_NOTE, height=90)
            saved = st.form_submit_button("Save", icon=":material/save:")
        if saved and _save(run, title, Notes(tuple(tags), note, notes.archived)):
            st.rerun()
        _put_away(progress, notes)


def _save(run: Run, title: str, notes: Notes) -> bool:
    try:
        notes.write(run)
        if title != run.spec.title:
            run_notes.rename(run, title)
    except (LabError, OSError) as error:
        st.error(plain(str(error)), icon=":material/error:")
        return False
    return True


def _put_away(progress: Progress, notes: Notes) -> None:
    run = progress.run
    with st.container(horizontal=True, gap="small"):
        word, icon = ("Take out of the archive", "unarchive") if notes.archived else ("Archive", "archive")
        if st.button(
            word, icon=f":material/{icon}:", key=f"archive.{run.id}", disabled=not progress.state.is_over,
            help="Archived Runs are left out of lists and choices, and lose nothing.",
        ):  # fmt: skip
            Notes(notes.tags, notes.note, not notes.archived).write(run)
            st.query_params.pop("run", None)
            st.rerun()
        st.button(
            "Delete", icon=":material/delete:", key=f"delete.{run.id}", on_click=_delete,
            args=(run.id, run_label(progress)), disabled=not progress.state.is_over,
            help="Can be undone." if progress.state.is_over else "Stop it first: its process writes into its folder.",
        )  # fmt: skip


def deleted_panel() -> None:
    """List the deleted Runs, to bring them back or delete them for good."""
    if not (runs := run_notes.deleted()):
        return
    with st.expander(f"{len(runs)} deleted"):
        for run in runs:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(plain(_title(run)), width="stretch")
                st.button(
                    "Bring back", icon=":material/undo:", key=f"restore.{run.id}", on_click=_restore, args=(run.id,)
                )
                with st.popover("Delete for good", icon=":material/delete_forever:"):
                    st.markdown("Its model, curves and log are lost.")
                    st.button("Delete for good", key=f"forever.{run.id}", on_click=_forget, args=(run.id,))


def _title(run: Run) -> str:
    try:
        return f"{run.spec.title} · {run.id[:15]}"
    except LabError:
        return run.id


def _delete(run_id: str, title: str) -> None:
    try:
        run_notes.delete(find_run(run_id))
    except (LabError, OSError) as error:
        st.toast(plain(str(error)), icon=":material/error:")
        return
    st.session_state[JUST_DELETED], st.session_state["runs.deleted_title"] = run_id, title
    st.query_params.pop("run", None)


def _restore(run_id: str) -> None:
    try:
        run_notes.restore(run_id)
        st.query_params["run"] = run_id
    except (LabError, OSError) as error:
        st.toast(plain(str(error)), icon=":material/error:")
    st.session_state.pop(JUST_DELETED, None)


def _forget(run_id: str) -> None:
    try:
        run_notes.delete_for_good(run_id)
    except (LabError, OSError) as error:
        st.toast(plain(str(error)), icon=":material/error:")
    if st.session_state.get(JUST_DELETED) == run_id:
        del st.session_state[JUST_DELETED]

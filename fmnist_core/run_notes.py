"""What a user adds to a Run: another title, tags, a note, a place in the archive; and deletion, which can be undone.

A deleted Run lies in a folder beside the others, whole, until it is put back or deleted for good.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from fmnist_core import paths
from fmnist_core.errors import RunError
from fmnist_core.files import write_atomically
from fmnist_core.runs import SPEC_FILE, Run, find_run

NOTES_FILE = "notes.json"
TRASH = ".deleted"
LONGEST_TAG, LONGEST_NOTE = 30, 5000  # characters


@dataclass(frozen=True)
class Notes:
    """What a user added to a Run.

    Attributes:
        tags: short words to find it by, without repeats, sorted.
        note: free text.
        archived: whether it is left out of lists and choices.

    Raises:
        RunError: at construction, if a tag is empty or too long, or the note is too long.
    """

    tags: tuple[str, ...] = ()
    note: str = ""
    archived: bool = False

    def __post_init__(self) -> None:
        tags = tuple(sorted({str(tag).strip() for tag in self.tags}))
        if bad := [tag for tag in tags if not 0 < len(tag) <= LONGEST_TAG]:
            raise RunError(f"Expected tags of 1 to {LONGEST_TAG} characters. Received {len(bad[0])}: {bad[0][:40]!r}.")
        if len(self.note) > LONGEST_NOTE:
            raise RunError(f"Expected a note of at most {LONGEST_NOTE} characters. Received {len(self.note)}.")
        object.__setattr__(self, "tags", tags)

    @classmethod
    def read(cls, run: Run) -> "Notes":
        """Return the Run's notes; empty ones where there are none or the file is damaged."""
        try:
            return cls(**json.loads((run.folder / NOTES_FILE).read_text()))
        except (OSError, ValueError, TypeError, RunError):
            return cls()

    def write(self, run: Run) -> None:
        """Save the notes into the run folder."""
        write_atomically(run.folder / NOTES_FILE, json.dumps(asdict(self)))


def rename(run: Run, title: str) -> None:
    """Give a Run another title, in its spec.

    Raises:
        RunError: if the Run is a fold, whose cross-validation names it.
        SpecError: if the title is empty or too long.
    """
    if run.spec.fold:
        raise RunError("Expected a Run that stands by itself. Received a fold, which its cross-validation names.")
    spec = run.spec.replace(title=title)
    write_atomically(run.folder / SPEC_FILE, spec.to_json())
    run.__dict__.pop("spec", None)  # it is read once and kept


def delete(run: Run) -> None:
    """Put a Run among the deleted ones; `restore` brings it back.

    Raises:
        RunError: if it is not over: a process may be writing into its folder.
    """
    if not (state := run.state).is_over:
        raise RunError(f"Expected a Run that is over. Received one that is {state}: stop it first.")
    trash = run.folder.parent / TRASH
    trash.mkdir(exist_ok=True)
    os.replace(run.folder, trash / run.id)


def restore(run_id: str, runs_folder: Path | None = None) -> Run:
    """Bring a deleted Run back; raises RunError if there is none of this id."""
    folder = runs_folder or paths.runs()
    deleted_run = find_run(run_id, folder / TRASH)
    os.replace(deleted_run.folder, folder / run_id)
    return Run(folder / run_id)


def deleted(runs_folder: Path | None = None) -> list[Run]:
    """Return the deleted Runs, the last deleted first."""
    trash = (runs_folder or paths.runs()) / TRASH
    folders = [path.parent for path in trash.glob(f"*/{SPEC_FILE}")]
    # A folder that is moved keeps its times; the change time of its entry tells when it came here.
    return [Run(folder) for folder in sorted(folders, key=lambda folder: folder.stat().st_ctime, reverse=True)]


def delete_for_good(run_id: str, runs_folder: Path | None = None) -> None:
    """Remove a deleted Run from the disk; raises RunError if there is none of this id."""
    shutil.rmtree(find_run(run_id, (runs_folder or paths.runs()) / TRASH).folder)

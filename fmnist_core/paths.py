"""Where the product keeps what it writes: one folder, so that a backup or a wipe is one command."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """Return the folder of everything written: $FMNIST_LAB_HOME, or `workspace/` in the project."""
    return Path(os.environ.get("FMNIST_LAB_HOME") or PROJECT / "workspace").expanduser().resolve()


def runs() -> Path:
    """Return the folder whose sub-folders are Runs, made if absent."""
    return _made(home() / "runs")


def cache() -> Path:
    """Return the folder of what can be computed or fetched again, made if absent."""
    return _made(home() / "cache")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder

"""What every test gets: a workspace of its own instead of the user's, and the real data."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Set before any test module imports the product, and inherited by the processes that tests start.
_home = tempfile.TemporaryDirectory(prefix="fmnist-lab-tests-", ignore_cleanup_errors=True)
os.environ["FMNIST_LAB_HOME"] = _home.name
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # as in a worker


@pytest.fixture(scope="session", autouse=True)
def no_reconciler() -> None:
    """Pages opened within a test start no thread that repairs the queue: it would outlive the test's stand-ins, and
    start real workers in between."""
    from pages.ui import background

    background._reconcile_for_ever = lambda: None


@pytest.fixture(scope="session")
def fashion_folder() -> Iterator[Path]:
    """The folder of Fashion-MNIST's four .gz files: of the Debian package, installed or else fetched."""
    from fmnist_core.datasets import debian
    from fmnist_core.errors import SourceUnavailable

    if debian.INSTALLED_FOLDER.is_dir():
        yield debian.INSTALLED_FOLDER
        return
    try:
        with debian.unpacked() as root:
            yield root / debian.INSTALLED_FOLDER.relative_to("/")
    except SourceUnavailable as reason:
        pytest.skip(f"Fashion-MNIST is not here: {reason}")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Iterator[Path]:
    """A folder for Runs that a toy worker executes, one at a time."""
    from fmnist_core import jobs
    from fmnist_core.processes import Claim
    from fmnist_core.runs import list_runs
    from fmnist_core.settings import Settings

    toy = Path(__file__).with_name("toy_worker.py")
    monkeypatch.setattr(jobs, "WORKER_COMMAND", (sys.executable, str(toy)))
    monkeypatch.setenv("PYTHONPATH", str(toy.parent.parent))
    Settings(parallel_runs=1).write(tmp_path)
    yield tmp_path
    for run in list_runs(tmp_path):
        if (claim := Claim.read(run.folder)) and (process := claim.process()):
            process.kill()

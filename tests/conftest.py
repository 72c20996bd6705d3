"""What every test gets: a workspace of its own instead of the user's, and the real data."""

import functools
import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Set before any test module imports the product, and inherited by the processes that tests start.
_home = tempfile.TemporaryDirectory(prefix="fmnist-lab-tests-", ignore_cleanup_errors=True)
os.environ["FMNIST_LAB_HOME"] = _home.name
os.environ.setdefault("FMNIST_LAB_TESTS", _home.name)  # of the first process: what all those that it starts share
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # as in a worker

LONG = ("test_cluster", "test_tuning_driver", "test_exports_script", "test_jobs", "test_features", "test_training")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that mostly wait take turns with files that mostly compute, and those that take minutes come first: so two
    processes neither wait at the same time nor, at the end, for each other."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    waiting = [file for file in files if "journeys" in file.parts]
    others = sorted(set(files) - set(waiting), key=lambda file: (not file.stem.startswith(LONG), file))
    turns = itertools.chain.from_iterable(itertools.zip_longest(waiting, others))
    items[:] = [item for file in turns if file for item in files[file]]


@pytest.fixture(scope="session", autouse=True)
def nothing_in_the_background() -> None:
    """Pages opened within a test start no thread that repairs the queue, which would outlive the test's stand-ins and
    start real workers in between, and no process that looks for neighbours before they are asked for."""
    from pages.ui import background

    background._reconcile_for_ever = lambda: None
    background.begin_neighbours = lambda dataset: None


@pytest.fixture(scope="session", autouse=True)
def known_data() -> None:
    """A fresh workspace finds the real data unpacked; see unpacked.py. Tests of unpacking ask for `nothing_known`."""
    import unpacked

    from fmnist_core import paths

    paths.cache = unpacked.cache


@pytest.fixture
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh workspace is empty, as that of somebody who starts the app for the first time."""
    import unpacked

    from fmnist_core import paths

    monkeypatch.setattr(paths, "cache", unpacked.plain_cache)


@pytest.fixture(scope="session", autouse=True)
def quick_pages() -> None:
    """What a page opened within a test need not pay each time: a second and more, ten times its own work.

    AppTest asks every installed package for components of Streamlit, for each page anew; one answer is enough. And
    Streamlit lets Keras, where it is loaded, clear its session after each run; in the app it never is.
    """
    from streamlit.components.v2 import manifest_scanner
    from streamlit.runtime.scriptrunner import script_runner

    manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
    script_runner._clean_problem_modules = lambda: None


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
def results_stay(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What was computed of some data is there in every test that asks for this, though each has its own workspace."""
    from fmnist_core import memory

    place, folder = tmp_path_factory.getbasetemp() / "results", memory._folder
    monkeypatch.setattr(memory, "_folder", lambda *key: place.joinpath(*folder(*key).parts[-2:]))


@pytest.fixture
def no_litert(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs leave out the form of their model that the app predicts with: it takes seconds to make."""
    import keras

    monkeypatch.setattr(keras.Model, "export", lambda self, path, **_: Path(path).touch())


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

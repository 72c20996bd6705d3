"""Searches driven in threads of the test's own process, with the real Keras Tuner and toys for Runs."""

import threading
import time
from contextlib import contextmanager, suppress

import tuning_toys

from fmnist_core import jobs, paths
from fmnist_core.presets import PRESETS
from fmnist_core.processes import Claim
from fmnist_core.runs import RunState
from fmnist_core.settings import Settings
from fmnist_core.spec import ConvBlock, DenseLayer
from fmnist_core.tuning import driver
from fmnist_core.tuning.group import SearchGroup
from fmnist_core.tuning.search import Search
from fmnist_core.tuning.space import Float
from fmnist_core.tuning.trials import read_progress

PATIENCE_S = 400  # on a busy machine; each test takes seconds on a quiet one
BASE = PRESETS["C-lenet5"].replace(
    conv_blocks=(ConvBlock(4, 5),), dense_layers=(DenseLayer(16),), train_limit=300, title="Tiny", seed=0
)
RATE = Float("learning_rate", 1e-4, 1e-2, log=True)


def kill_all(home):
    for folder in [*home.glob("searches/*"), *home.glob("runs/*")]:
        claim = Claim.read(folder)
        if claim and not claim.is_mine and (process := claim.process()):
            process.kill()


@contextmanager
def workspace(home, monkeypatch):
    """A workspace whose Runs are toys, one at a time; drivers are real. Both are threads of this process.

    A process of its own would load Keras Tuner, and so TensorFlow, for every search.
    """
    monkeypatch.setenv("FMNIST_LAB_HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", str(paths.PROJECT))
    monkeypatch.setattr(SearchGroup, "_spawn", drive_in_thread)
    monkeypatch.setattr(jobs, "_start_worker", work_in_thread)
    Settings(parallel_runs=1).write(paths.runs())
    yield
    for thread in DRIVERS:
        thread.join(120)
    DRIVERS.clear()
    kill_all(home)


SPAWN, START_WORKER = SearchGroup._spawn, jobs._start_worker
DRIVERS = []


def drive_in_thread(group):
    Claim.of().write(group.folder)
    DRIVERS.append(threading.Thread(target=drive, args=(group,)))
    DRIVERS[-1].start()


def work_in_thread(run):
    Claim.of().write(run.folder)
    threading.Thread(target=tuning_toys.work, args=(run,), daemon=True).start()


class Death(BaseException):
    """Not caught by anybody, like SIGKILL."""


def drive(group):
    with suppress(Death):
        driver.main([str(group.folder)])


def started(*space, **changes):
    demand = changes.pop("demand", None)
    search = Search("A search", changes.pop("base", BASE), space or (RATE,), **changes)
    group = SearchGroup.create(search, demand=demand)
    group.start()
    return group


def wait(group, *states, timeout_s=PATIENCE_S):
    deadline = time.monotonic() + timeout_s
    while (state := group.state) not in states and time.monotonic() < deadline:
        time.sleep(0.05)
    assert state in states, log_of(group)
    return read_progress(group)


def log_of(group):
    return (group.folder / "log.txt").read_text()


def ended(group, timeout_s=PATIENCE_S):
    return wait(group, RunState.COMPLETED, RunState.FAILED, RunState.STOPPED, timeout_s=timeout_s)


def wait_for_trials(group, count, timeout_s=PATIENCE_S):
    deadline = time.monotonic() + timeout_s
    while len(read_progress(group).completed) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(read_progress(group).completed) >= count, log_of(group)

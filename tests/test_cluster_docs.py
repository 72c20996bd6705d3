"""The laptop cluster of docs/cluster.md: its commands as they stand there, and one Run that trains on it."""

import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest

from fmnist_core import jobs, paths
from fmnist_core.cluster.demand import Demand
from fmnist_core.cluster.executor import executor_of
from fmnist_core.presets import PRESETS
from fmnist_core.runs import RunState
from fmnist_core.settings import Settings

pytest.importorskip("distributed", reason="pip install -r requirements-cluster.txt")
pytestmark = pytest.mark.timeout(900)

PATIENCE_S = 600.0  # on a machine that has other things to do
ADDRESS = "tcp://127.0.0.1:8786"


def commands() -> list[list[str]]:
    """The three commands, without their comments."""
    text = (paths.PROJECT / "docs" / "cluster.md").read_text()
    block = text.split("```sh\n")[1].split("```")[0]
    return [shlex.split(line, comments=True) for line in block.strip().splitlines()]


@pytest.fixture
def laptop_cluster(tmp_path):
    """The scheduler and the workers, started in the program's folder with nothing else in the environment."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 8786)) == 0:
            pytest.skip("A scheduler is at work on this machine.")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    processes = []
    with (tmp_path / "dask.log").open("wb") as log:
        for command in commands()[1:]:
            assert command[0] == ".venv/bin/python"
            processes.append(
                subprocess.Popen(
                    [sys.executable, *command[1:]], cwd=paths.PROJECT, env=environment, stdout=log, stderr=log
                )
            )
    yield
    for process in processes:
        family = [*psutil.Process(process.pid).children(recursive=True), process]
        for member in family:
            member.kill()
        process.wait()


def test_the_first_command_installs_what_the_others_need():
    install, scheduler, workers = commands()
    assert install[:3] == ["uv", "pip", "install"] and (paths.PROJECT / install[-1]).is_file()
    assert scheduler[1:4] == ["-m", "dask", "scheduler"] and workers[4] == ADDRESS


def test_a_run_trains_on_the_laptop_cluster(tmp_path, laptop_cluster):
    (runs := tmp_path / "runs").mkdir()
    Settings(scheduler=ADDRESS).write(runs)
    deadline = time.monotonic() + PATIENCE_S
    while (cluster := executor_of(runs, 5)).places(Demand()) < 3 or not cluster.is_ready:
        assert time.monotonic() < deadline, (cluster.problem, (tmp_path / "dask.log").read_text()[-2000:])
        time.sleep(0.2)
    run = jobs.submit(PRESETS["C-lenet5"].replace(epochs=1, train_limit=200), runs_folder=runs)
    while not (state := run.state).is_over and time.monotonic() < deadline:
        jobs.reconcile(runs)
        time.sleep(0.2)
    assert state == RunState.COMPLETED, (state, run.log(), (tmp_path / "dask.log").read_text()[-2000:])
    with urllib.request.urlopen(cluster.snapshot.dashboard, timeout=60) as answer:
        assert "Dask" in answer.read().decode()
    names = {worker.name for worker in cluster.snapshot.workers}
    assert next(event.logs["worker"] for event in run.events() if event.kind == "started") in names

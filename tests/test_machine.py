"""What the machine bears: cores, memory, threads of each Run."""

import os
import subprocess
import sys

import pytest

from fmnist_core import machine, paths
from fmnist_core.errors import SpecError

GB = 1_000_000_000


def test_memory_decides_how_many_runs_are_borne_and_one_always_is(monkeypatch):
    monkeypatch.setattr(machine, "free_bytes", lambda: machine.SPARE_BYTES + 3 * machine.WORKER_BYTES + 1)
    assert machine.most_runs() == 3
    assert machine.most_runs(running=2) == 5
    machine.check_runs(3)
    with pytest.raises(SpecError, match=r"Expected at most 3 Runs at once: each takes about .* GB .* Received 4"):
        machine.check_runs(4)
    monkeypatch.setattr(machine, "free_bytes", lambda: GB // 10)
    assert machine.most_runs() == 1
    machine.check_runs(1)


def test_cores_are_shared_among_the_runs(monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 8)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert [machine.threads_of_each(count) for count in (1, 2, 3, 8, 64)] == [None, 4, 2, 1, 1]
    monkeypatch.setattr(machine, "cores", lambda: 4)  # the container may use half of them
    assert machine.threads_of_each(1) == 4


def test_a_container_s_limits_count(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_GROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)
    assert machine.cores() == 16
    (tmp_path / "cpu.max").write_text("200000 100000\n")
    (tmp_path / "memory.max").write_text(f"{3 * GB}\n")
    (tmp_path / "memory.current").write_text(f"{3 * GB - 1000}\n")
    assert machine.cores() == 2
    assert machine.free_bytes() == 1000
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.cores() == 16
    assert machine.free_bytes() > 1000


def test_tensorflow_computes_with_a_worker_s_share_of_the_threads():
    code = (
        "import psutil; from fmnist_core import machine, worker; machine.cores = lambda: 74; threads = "
        "psutil.Process().num_threads; worker._prepare_tensorflow(2); import tensorflow; before = threads();"
        "float(tensorflow.reduce_sum(tensorflow.ones((500, 500)) @ tensorflow.ones((500, 500))));"
        "print(threads() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=paths.PROJECT)
    # Within an operation, and operations at once: 37 each, however many cores there are.
    assert 2 * 37 - 2 <= int(done.stdout) <= 2 * 37 + 2

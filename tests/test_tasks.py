"""Tasks: started once, one at a time, watched, cancelled, killed, and surviving the app."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import toy_task

from fmnist_core import datasets, neighbours, tasks
from fmnist_core.errors import LabError
from fmnist_core.processes import Claim
from fmnist_core.tasks import Task

DATA = datasets.load("fashion-mnist")
TOY = Path(__file__).parent / "toy_task.py"
PATIENCE_S = 60


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tasks, "COMMAND", (sys.executable, str(TOY)))
    monkeypatch.setattr(tasks, "TASKS", {**tasks.TASKS, **toy_task.TOYS})
    yield
    for folder in (tmp_path / "home/cache/tasks").glob("*/"):
        process = (claim := Claim.read(folder)) and claim.process()
        if process:
            process.kill()


def task(name, **parameters):
    return Task(name, "fashion-mnist", "", DATA.sha256, parameters)


def wait(one, *states):
    deadline = time.monotonic() + PATIENCE_S
    while (status := one.status()).state not in states:
        assert time.monotonic() < deadline, f"still {status}"
        assert status.is_active, status
        time.sleep(0.05)
    return status


def test_a_task_is_absent_then_active_then_done():
    quick = task("quick")
    assert quick.status().state == "absent"
    assert quick.start().is_active
    assert wait(quick, "done").fraction == 1


def test_the_app_comes_first():
    slow = task("slow")
    slow.start()
    process = Claim.read(slow.place).process()
    deadline = time.monotonic() + PATIENCE_S
    while slow.status().sentence != "Sleeping" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.nice() == min(os.nice(0) + tasks.NICENESS, 19)
    session = Path(f"/proc/{process.pid}/autogroup")
    if session.exists() and (words := session.read_text()):
        assert words.split()[-1] == str(tasks.NICENESS)
    slow.cancel()


def test_progress_is_told_while_it_runs():
    slow = task("slow")
    slow.start()
    deadline = time.monotonic() + PATIENCE_S
    while slow.status().sentence != "Sleeping" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (slow.status().state, slow.status().fraction) == ("running", 0.25)


def test_starting_twice_starts_one_process_and_other_parameters_are_another_task():
    slow = task("slow")
    slow.start()
    pid = Claim.read(slow.place).pid
    assert slow.start().is_active
    assert Claim.read(slow.place).pid == pid
    assert task("slow", seconds=1).status().state == "absent"


def test_one_runs_at_a_time_and_the_next_follows():
    first, second = task("slow"), task("quick")
    first.start()
    wait(first, "running")
    second.start()
    time.sleep(1)
    assert second.status().state == "waiting"
    first.cancel()
    wait(second, "done")


def test_what_is_begun_ahead_keeps_nobody_waiting(monkeypatch):
    first, second = task("slow"), task("ahead")
    first.start()
    wait(first, "running")
    second.begin()
    wait(second, "done")


def test_a_task_that_a_person_cancelled_is_not_begun_again(monkeypatch):
    begun = []
    monkeypatch.setattr(Task, "start", lambda self: begun.append(self.name))
    one = task("slow")
    one.begin()
    assert begun == ["slow"]
    one.place.mkdir(parents=True)
    tasks._end(one.place, "cancelled", "Cancelled.")
    one.begin()
    assert begun == ["slow"]
    tasks._end(one.place, "done", "")  # and its result is gone
    one.begin()
    assert begun == ["slow", "slow"]


def test_cancelling_ends_the_process_and_it_can_start_again():
    slow = task("slow", seconds=60)
    slow.start()
    wait(slow, "running")
    process = Claim.read(slow.place).process()
    slow.cancel()
    assert slow.status().state == "cancelled"
    assert not psutil.pid_exists(process.pid) or process.status() == psutil.STATUS_ZOMBIE
    assert slow.start().is_active


def test_a_killed_process_is_a_failed_task():
    slow = task("slow")
    slow.start()
    wait(slow, "running")
    Claim.read(slow.place).process().kill()
    status = wait(slow, "failed")
    assert "was killed" in status.sentence
    # And the next one is not kept waiting by the dead one's lock.
    quick = task("quick")
    quick.start()
    wait(quick, "done")


@pytest.mark.parametrize(
    ("name", "sentence"), [("broken", "ValueError: out of luck"), ("refused", "Expected more images. Received 3.")]
)
def test_what_went_wrong_is_told_and_the_log_has_the_rest(name, sentence):
    failing = task(name)
    failing.start()
    assert wait(failing, "failed").sentence == sentence
    if name == "broken":
        assert "Traceback" in (failing.place / tasks.LOG_FILE).read_text()


def test_data_changed_meanwhile_are_refused():
    other = Task("quick", "fashion-mnist", "", "0" * 64)
    other.start()
    assert "they were changed meanwhile" in wait(other, "failed").sentence


def test_a_task_outlives_the_process_that_started_it():
    slow = task("slow", seconds=3)
    code = (
        f"import sys; sys.path.insert(0, {str(TOY.parent.parent)!r}); sys.path.insert(0, {str(TOY.parent)!r})\n"
        "import toy_task\nfrom fmnist_core import tasks\n"
        f"tasks.COMMAND = {tasks.COMMAND!r}\ntasks.TASKS.update(toy_task.TOYS)\n"
        f"tasks.Task(**{json.loads(json.dumps(vars(slow)))!r}).start()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert slow.status().is_active
    wait(slow, "done")


def test_a_damaged_progress_file_is_no_error():
    slow = task("slow")
    slow.start()
    wait(slow, "running")
    (slow.place / tasks.PROGRESS_FILE).write_text('{"fract')
    assert slow.status().is_active


def test_an_unknown_task_is_refused():
    with pytest.raises(LabError, match="Expected a task out of"):
        task("dance")


def test_the_real_command_computes_neighbours(tmp_path, monkeypatch):
    from test_page_result import write_idx

    monkeypatch.undo()
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    folder = tmp_path / "own"
    folder.mkdir()
    write_idx(folder, seed=0)
    own = datasets.load("own", folder)
    one = Task("neighbours", "own", str(folder), own.sha256)
    one.start()
    wait(one, "done")
    assert neighbours.is_ready(own)

"""The process that explains: it answers, ends when idle or alone, and never stays behind as a zombie."""

import io
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from fmnist_core import explain_client
from fmnist_core.errors import LabError, ModelError
from fmnist_core.explain_client import PATIENCE_S, Explainer, Explanation, Tap
from fmnist_core.explain_process import Answers, read_frame, write_frame
from fmnist_core.runs import Run

COMMAND = (sys.executable, str(Path(__file__).with_name("toy_explainer.py")))
IMAGE = np.full((28, 28), 5, np.uint8)


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


@pytest.fixture
def explainer():
    made = Explainer(COMMAND, patience_s=60)
    yield made
    made.close()


def ask(explainer, name="run"):
    return explain_client.explain(Run(Path(name)), IMAGE, explainer=explainer)


def gone(pid, within_s=15.0):
    """Whether the process is gone from the system's table, zombies included."""
    deadline = time.monotonic() + within_s
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not psutil.pid_exists(pid)


def test_frames_carry_arrays_and_words_and_an_end_is_no_frame():
    stream = io.BytesIO()
    write_frame(stream, {"ask": "image", "name": "Größe"}, {"x": np.arange(6).reshape(2, 3)})
    stream.seek(0)
    head, arrays = read_frame(stream.read)
    assert head == {"ask": "image", "name": "Größe"} and arrays["x"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert read_frame(stream.read) is None
    assert read_frame(io.BytesIO(stream.getvalue()[:40]).read) is None
    assert read_frame(io.BytesIO(b"\xff" * 8 + b"x").read) is None  # a damaged length fills no memory


def test_one_process_answers_all_questions(explainer):
    assert explainer.pid is None
    found = ask(explainer)
    assert found.label == 5 and found.taps == (Tap("Conv2D", (24, 24, 6), True),)
    pid = explainer.pid
    ask(explainer)
    assert explainer.pid == pid
    explainer.warm()
    assert explainer.pid == pid


def test_what_cannot_be_answered_says_why_and_the_process_stays(explainer):
    with pytest.raises(LabError, match="Expected something else. Received this."):
        ask(explainer, "refused")
    pid = explainer.pid
    assert ask(explainer).label == 5 and explainer.pid == pid


def test_after_a_while_without_questions_it_ends_and_the_next_question_starts_another(explainer, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_EXPLAIN_IDLE_S", "0.2")
    ask(explainer)
    pid = explainer._process.pid
    assert gone(pid)
    assert ask(explainer).label == 5
    assert explainer._process.pid != pid


def test_a_process_that_dies_or_takes_too_long_is_explained(explainer):
    with pytest.raises(ModelError, match="the process ended"):
        ask(explainer, "dead")
    impatient = Explainer(COMMAND, patience_s=2)
    with pytest.raises(ModelError, match="within 2 s"):
        ask(impatient, "slow")
    assert impatient.pid is None
    assert ask(explainer).label == 5


def test_whoever_finds_it_busy_is_told_so_and_not_held_up():
    explainer = Explainer(COMMAND, patience_s=5, wait_s=0.3)

    def ask_slowly():
        with suppress(ModelError):
            ask(explainer, "slow")

    slow = threading.Thread(target=ask_slowly)
    slow.start()
    while explainer.pid is None:
        time.sleep(0.02)
    began_s = time.monotonic()
    with pytest.raises(ModelError, match=r"free within 0\.3 s\. Received: it is busy"):
        ask(explainer)
    assert time.monotonic() - began_s < 3
    slow.join()
    explainer.close()


def test_one_image_is_waited_for_less_long_than_many():
    assert PATIENCE_S["image"] == PATIENCE_S["slope"] < PATIENCE_S["contrast"]
    impatient = Explainer(COMMAND)
    ask(impatient)  # the first one is waited for longer, since TensorFlow is loaded then
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PATIENCE_S, "image", 1.0)
        with pytest.raises(ModelError, match="within 1 s"):
            ask(impatient, "slow")


def test_it_ends_with_whoever_asks_even_if_that_one_is_killed_in_the_middle_of_an_answer(tmp_path):
    code = f"""
import threading, time, numpy as np
from pathlib import Path
from fmnist_core import explain_client
from fmnist_core.runs import Run
explainer = explain_client.Explainer({COMMAND!r})
explain_client.explain(Run(Path("run")), np.zeros((28, 28), np.uint8), explainer=explainer)
print(explainer.pid, flush=True)
explain_client.explain(Run(Path("slow")), np.zeros((28, 28), np.uint8), explainer=explainer)
"""
    root = Path(__file__).resolve().parent.parent
    asker = subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, env={**os.environ})
    pid = int(asker.stdout.readline())
    time.sleep(0.5)
    asker.kill()
    asker.wait()
    asker.stdout.close()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and psutil.pid_exists(pid):
        if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            break  # its parent is gone: the system's first process takes it away
        time.sleep(0.05)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_whatever_goes_wrong_comes_back_as_words(tmp_path):
    about, arrays = Answers().answer({"ask": "image", "folder": str(tmp_path / "none"), "label": None}, {})
    assert "expected a Keras model, model.keras" in about["error"] and not arrays


def explanation(shapes):
    taps = tuple(Tap(f"layer {n}", (side, side, 4), True) for n, (side, _) in enumerate(shapes))
    arrays = {f"cam-{n}": np.full((28, 28), value, np.float32) for n, (_, value) in enumerate(shapes)}
    return Explanation(taps, False, arrays)


@pytest.mark.parametrize(
    ("shapes", "best"),
    [([(24, 1), (8, 1), (3, 1)], 1), ([(24, 1), (8, 0), (3, 0)], 0), ([(4, 1), (2, 1)], 1), ([(8, 0)], 0), ([], None)],
)
def test_grad_cam_is_shown_at_the_last_layer_that_still_has_places_and_says_something(shapes, best):
    assert explanation(shapes).best_cam == best


def test_the_slope_is_asked_for_with_its_label(tmp_path):
    class Noting:
        def ask(self, head, images):
            noted.update(head, shape=images.shape)
            return {}, {"slope": np.ones((1, 28, 28), np.float32)}

    noted = {}
    assert explain_client.slope(Run(tmp_path), IMAGE, 4, explainer=Noting()).shape == (28, 28)
    assert noted == {"ask": "slope", "folder": str(tmp_path), "labels": [4], "shape": (1, 28, 28)}

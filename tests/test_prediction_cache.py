"""Loaded models: one for all users, no more than a few, the one unused longest goes first. No training needed."""

import shutil
import threading

import numpy as np
import pytest

from fmnist_core import prediction
from fmnist_core.errors import ModelError
from fmnist_core.ready_made import FOLDER
from fmnist_core.runs import LITERT_FILE, Run

IMAGE = np.zeros((1, 28, 28), np.uint8)


@pytest.fixture
def runs(tmp_path):
    """Ten Runs, each a copy of the model that comes along."""
    return [Run(shutil.copytree(FOLDER, tmp_path / f"run-{number}")) for number in range(10)]


def test_users_who_choose_a_model_at_once_share_one(runs):
    loaded = []
    threads = [threading.Thread(target=lambda: loaded.append(prediction.load(runs[0]))) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(loaded) == 8 and len(set(map(id, loaded))) == 1


def test_the_model_unused_longest_is_evicted_and_those_in_use_stay(runs):
    first = [prediction.load(run) for run in runs[:8]]
    assert prediction.load(runs[0]) is first[0]  # used again, so the second is now the oldest
    prediction.load(runs[8])
    assert prediction.load(runs[0]) is first[0]
    assert prediction.load(runs[7]) is first[7]
    assert prediction.load(runs[1]) is not first[1]
    assert len(prediction._loaded) == 8


def test_an_evicted_model_goes_on_answering_those_who_hold_it(runs):
    held = prediction.load(runs[0])
    before = held.probabilities(IMAGE)
    [prediction.load(run) for run in runs[1:]]
    np.testing.assert_array_equal(held.probabilities(IMAGE), before)


def test_large_models_are_fewer(runs, monkeypatch):
    size = (runs[0].folder / LITERT_FILE).stat().st_size
    monkeypatch.setattr(prediction, "_MOST_BYTES", int(2.5 * size))
    first = [prediction.load(run) for run in runs[:3]]
    assert len(prediction._loaded) == 2 and prediction.load(runs[2]) is first[2]
    monkeypatch.setattr(prediction, "_MOST_BYTES", size // 2)
    last = prediction.load(runs[3])
    assert list(prediction._loaded.values()) == [last]  # however large, the one in use stays


def test_a_model_that_loads_slowly_holds_nobody_up_but_those_who_want_it(runs, monkeypatch):
    go, read, true = threading.Event(), [], prediction._read

    def slowly(run, path):
        read.append(run)
        assert run != runs[0] or go.wait(30)
        return true(run, path)

    monkeypatch.setattr(prediction, "_read", slowly)
    loaded = []
    threads = [threading.Thread(target=lambda: loaded.append(prediction.load(runs[0]))) for _ in range(2)]
    [thread.start() for thread in threads]
    prediction.load(runs[1])
    assert not loaded
    go.set()
    [thread.join(30) for thread in threads]
    assert loaded[0] is loaded[1] and read.count(runs[0]) == 1 and not prediction._loading


def test_a_model_that_cannot_be_loaded_is_tried_again(runs):
    file = runs[0].folder / LITERT_FILE
    whole = file.read_bytes()
    file.write_bytes(b"none")
    with pytest.raises(ModelError):
        prediction.load(runs[0])
    file.write_bytes(whole)
    assert prediction.load(runs[0]).probabilities(IMAGE).shape == (1, 10)

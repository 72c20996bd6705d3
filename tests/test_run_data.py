"""Which data a Run is about, and what happens when others lie in their place."""

import json

import numpy as np
import pytest

from fmnist_core import datasets
from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError
from fmnist_core.run_data import check_same, data_for, dataset_of
from fmnist_core.runs import RESULT_FILE, Run
from fmnist_core.spec import RunSpec


def images(class_names: tuple[str, ...] = ("Coat", "Bag"), sha256: str = "a" * 64) -> Dataset:
    x, y = np.zeros((4, 28, 28), np.uint8), np.zeros(4, np.uint8)
    return Dataset("own", x, y, x, y, class_names, "a folder", sha256)


@pytest.fixture
def run(tmp_path) -> Run:
    made = Run.create(RunSpec(), tmp_path)
    result = {"class_names": ["Coat", "Bag"], "sha256": "a" * 64, "source": "my files"}
    (made.folder / RESULT_FILE).write_text(json.dumps(result))
    return made


def at_hand(monkeypatch, dataset: Dataset) -> None:
    monkeypatch.setattr(datasets, "load", lambda name, folder=None: dataset)


def test_the_same_data_are_returned(run, monkeypatch):
    at_hand(monkeypatch, same := images())
    assert dataset_of(run, exact=True) is same


def test_other_classes_are_refused(run, monkeypatch):
    at_hand(monkeypatch, images(("Coat", "Bag", "Boot")))
    with pytest.raises(DataError, match="Expected data with the classes .* Coat, Bag. Received others .*Boot"):
        dataset_of(run)


def test_other_images_of_the_same_classes_will_do_unless_exact_is_asked(run, monkeypatch):
    at_hand(monkeypatch, other := images(sha256="b" * 64))
    assert dataset_of(run) is other
    with pytest.raises(DataError, match=r"tested on \(my files\). Received others \(a folder\)"):
        dataset_of(run, exact=True)


def test_a_run_without_result_is_about_whatever_its_data_hold(tmp_path, monkeypatch):
    at_hand(monkeypatch, dataset := images())
    assert dataset_of(Run.create(RunSpec(), tmp_path)) is dataset
    with pytest.raises(DataError):
        dataset_of(Run.create(RunSpec(), tmp_path), exact=True)


def test_a_model_without_run_asks_for_its_classes(monkeypatch):
    at_hand(monkeypatch, dataset := images())
    assert data_for(RunSpec(), ()) is dataset
    with pytest.raises(DataError):
        data_for(RunSpec(), ("Bag", "Coat"))


def test_a_hash_that_is_not_known_is_no_match():
    with pytest.raises(DataError):
        check_same(images(), None, "unknown")

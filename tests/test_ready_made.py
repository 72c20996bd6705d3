"""The model that comes with the product: small, whole, as good as its card says."""

import numpy as np
import pytest
from finished_run import REAL_DATA

from fmnist_core import datasets, prediction
from fmnist_core.ready_made import CARD_FILE, FOLDER, ready_made
from fmnist_core.runs import RunState


def test_it_is_a_finished_run_of_less_than_a_megabyte():
    run = ready_made()
    assert run is not None and run.state == RunState.COMPLETED
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 1_000_000
    assert run.spec.preset == "lenet5-modern" and run.result["synthetic"] is False
    assert run.result["test_accuracy"] > 0.915


def test_its_card_gives_the_figure_of_its_result():
    assert f"Accuracy {ready_made().result['test_accuracy']:.2%}" in (FOLDER / CARD_FILE).read_text()


@pytest.mark.skipif(not REAL_DATA, reason="needs the real Fashion-MNIST")
def test_it_is_right_as_often_as_its_card_says():
    dataset = datasets.load("fashion-mnist")
    answers = prediction.load(ready_made()).probabilities(np.asarray(dataset.x_test)).argmax(axis=1)
    assert (answers == dataset.y_test).mean() == pytest.approx(ready_made().result["test_accuracy"], abs=5e-4)

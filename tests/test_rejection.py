"""None of these: the threshold's promise, what is caught, and where the yardstick comes from; the temperature, too."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fmnist_core import datasets, prediction
from fmnist_core.calibration import fit_temperature
from fmnist_core.confidence import temperature_of
from fmnist_core.errors import LabError
from fmnist_core.ready_made import FOLDER
from fmnist_core.rejection import HELD_OUT, detector_of, entropy, fit
from fmnist_core.runs import RESULT_FILE, VALIDATION_FILE, VALIDATION_INDEX_FILE, Run

REAL_DATA = Path("/usr/share/datasets/fashion-mnist").is_dir()
real_data = pytest.mark.skipif(not REAL_DATA, reason="Fashion-MNIST is not installed on this machine")
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True, scope="module")
def workspace(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FMNIST_LAB_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def bars(count, label):
    """Images of an upright (0) or a lying (1) bar of changing brightness, with some noise."""
    images = RNG.integers(0, 30, (count, 28, 28)).astype(np.uint8)
    shade = RNG.integers(120, 220, (count, 1, 1), dtype=np.uint8)
    place = (slice(None), slice(4, 24), slice(11, 17)) if label == 0 else (slice(None), slice(11, 17), slice(4, 24))
    images[place] = shade
    return images


def toy():
    images = np.concatenate([bars(400, 0), bars(400, 1)])
    labels = np.repeat([0, 1], 400)
    held_out = np.concatenate([bars(200, 0), bars(200, 1)])
    sure = RNG.uniform(0.9, 1, 400)
    rows = np.stack([np.where(np.arange(400) < 200, sure, 1 - sure), np.where(np.arange(400) < 200, 1 - sure, sure)], 1)
    return (images, labels), held_out, rows


def test_one_in_twenty_of_the_images_held_out_is_turned_away():
    references, held_out, rows = toy()
    detector = fit(references, held_out, rows)
    assert detector.judge(held_out, rows).is_none.mean() == pytest.approx(0.05, abs=0.005)
    assert detector.uses_entropy


def test_an_image_of_the_other_class_is_strange_under_this_name():
    references, held_out, rows = toy()
    detector = fit(references, held_out, rows)
    right = detector.judge(bars(20, 1), np.tile([0.02, 0.98], (20, 1)))
    wrong = detector.judge(bars(20, 1), np.tile([0.98, 0.02], (20, 1)))
    assert wrong.is_none.all() and right.is_none.mean() < 0.3
    assert (wrong.distance > right.distance).all()


def test_the_distance_is_that_to_the_nearest_reference_of_the_class():
    references, held_out, _ = toy()
    detector = fit(references, held_out, np.tile([0.9, 0.1], (400, 1)))
    queries = RNG.integers(0, 256, (5, 28, 28), np.uint8)
    own = references[0][references[1] == 1].reshape(-1, 784) / 255
    expected = [np.linalg.norm(own - query.ravel() / 255, axis=1).min() for query in queries]
    # Along 64 components, the rest counted whole for the query: never far from the exact one.
    assert detector.distance(queries, np.ones(5, int)) == pytest.approx(expected, rel=0.05)


def test_doubt_makes_an_image_stranger_and_can_be_left_out():
    references, held_out, rows = toy()
    one = bars(1, 0)
    detector, without = fit(references, held_out, rows), fit(references, held_out, rows, doubt=False)
    sure, unsure = np.array([[0.99, 0.01]]), np.array([[0.51, 0.49]])
    assert detector.judge(one, unsure).strangeness > detector.judge(one, sure).strangeness
    assert without.judge(one, unsure).strangeness == without.judge(one, sure).strangeness and not without.uses_entropy


@pytest.mark.parametrize("level", [0, 90, 255])
def test_an_image_without_contrast_has_no_content(level):
    references, held_out, rows = toy()
    found = fit(references, held_out, rows).judge(np.full((1, 28, 28), level, np.uint8), np.array([[1.0, 0.0]]))
    assert found.is_none.all() and found.is_blank.all()


def test_too_few_images_are_refused():
    references, held_out, rows = toy()
    with pytest.raises(LabError, match="Expected at least 100 images that were held out. Received 50"):
        fit(references, held_out[:50], rows[:50])


def test_entropy_is_0_when_certain_and_largest_when_guessing():
    rows = np.array([[1.0, 0, 0, 0], [0.25] * 4])
    assert entropy(rows) == pytest.approx([0, np.log(4)], abs=1e-6)


@pytest.fixture(scope="module")
def ready():
    dataset, run = datasets.load("fashion-mnist"), Run(FOLDER)
    predictor = prediction.load(run)
    return run, predictor, dataset, detector_of(run, predictor, dataset)


@real_data
def test_the_model_that_comes_along_turns_away_one_in_twenty_and_most_noise(ready):
    _, predictor, dataset, detector = ready
    assert detector.uses_entropy and len(detector.points) == 6000
    test = np.asarray(dataset.x_test[:2000])
    assert detector.judge(test, predictor.probabilities(test)).is_none.mean() == pytest.approx(0.05, abs=0.02)
    noise = RNG.integers(0, 256, (200, 28, 28), np.uint8)
    assert detector.judge(noise, predictor.probabilities(noise)).is_none.all()
    upside_down = test[np.asarray(dataset.y_test[:2000]) == 9][:, ::-1]  # ankle boots
    assert detector.judge(upside_down, predictor.probabilities(upside_down)).is_none.mean() > 0.8


@real_data
def test_it_is_kept_and_refuses_other_data(ready, monkeypatch):
    run, predictor, dataset, detector = ready
    monkeypatch.setattr("fmnist_core.rejection._fitted", None)  # from disk this time
    again = detector_of(run, predictor, dataset)
    assert again.threshold == detector.threshold and (again.points == detector.points).all()
    drawn = datasets.Dataset("drawn", *[getattr(dataset, n) for n in ("x_train", "y_train", "x_test", "y_test")],
                             dataset.class_names, "a test", "0" * 64)  # fmt: skip
    with pytest.raises(LabError, match="Expected the data that this Run learned"):
        detector_of(run, predictor, drawn)


def copied(tmp_path, **result):
    run = Run(Path(shutil.copytree(FOLDER, tmp_path / "copy")))
    (run.folder / RESULT_FILE).write_text(json.dumps({**run.result, **result}))
    return run


@real_data
def test_a_run_that_kept_no_validation_images_is_judged_by_pixels_alone(ready, tmp_path):
    _, _, dataset, _ = ready
    run = copied(tmp_path)
    result = run.result
    del result["validation_images"]
    (run.folder / RESULT_FILE).write_text(json.dumps(result))
    (run.folder / "model.tflite").write_bytes((run.folder / "model.tflite").read_bytes() + b"\0")  # another fingerprint
    predictor = prediction.load(run)
    detector = detector_of(run, predictor, dataset)
    assert not detector.uses_entropy
    test = np.asarray(dataset.x_test[:2000])
    assert detector.judge(test, predictor.probabilities(test)).is_none.mean() == pytest.approx(0.05, abs=0.025)


@real_data
def test_the_temperature_is_fitted_on_the_validation_images_or_comes_with_the_model(ready, tmp_path):
    _, predictor, dataset, _ = ready
    shipped = temperature_of(Run(FOLDER))
    assert shipped.is_fitted and shipped.images == 3000 and shipped.value == pytest.approx(0.67, abs=0.01)  # its card
    run = copied(tmp_path, temperature=None)
    nothing = temperature_of(run)
    assert nothing.value == 1 and "kept no validation images" in nothing.reason
    index = np.arange(0, 60000, 20)
    rows = predictor.probabilities(np.asarray(dataset.x_train[index]))
    np.save(run.folder / VALIDATION_FILE, rows)
    np.save(run.folder / VALIDATION_INDEX_FILE, index)
    fitted = temperature_of(run)
    assert fitted.value == pytest.approx(fit_temperature(np.asarray(dataset.y_train)[index], rows))
    assert fitted.images == len(index) <= HELD_OUT
    assert temperature_of(copied(tmp_path / "odd", temperature="hot")).value == 1

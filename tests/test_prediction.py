"""Prediction equals Keras, needs no TensorFlow, and says what is wrong with a model that does not fit."""

import subprocess
import sys
import threading

import numpy as np
import pytest
from finished_run import REAL_DATA, save_run, trained_run

from fmnist_core import datasets, paths, prediction, zoo
from fmnist_core.errors import ModelError
from fmnist_core.preprocess import prepare
from fmnist_core.presets import PRESETS
from fmnist_core.runs import LITERT_FILE, RESULT_FILE

NAMES = tuple(datasets.DATASETS["fashion-mnist"].class_names)
IMAGES = np.random.default_rng(0).integers(0, 256, (150, 28, 28), np.uint8)
real_data = pytest.mark.skipif(not REAL_DATA, reason="Fashion-MNIST is not installed on this machine")


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """The network of each spec, its weights random, and its Run."""
    made = {}

    def make(spec):
        if spec not in made:
            model = zoo.build(spec)
            made[spec] = model, save_run(model, spec, NAMES, tmp_path_factory.mktemp("runs"))
        return made[spec]

    return make


@pytest.mark.parametrize("preset", ["first-steps", "A-lenet5", "B-lenet5", "E-cnn-k3n32"])
@pytest.mark.parametrize("n", [1, 2, 64, 150])
def test_probabilities_equal_those_of_keras(untrained, preset, n):
    spec = PRESETS[preset]
    model, run = untrained(spec)
    received = prediction.load(run).probabilities(IMAGES[:n])
    expected = model.predict(prepare(IMAGES[:n], spec), verbose=0)
    assert received.shape == (n, 10) and received.dtype == np.float32
    np.testing.assert_allclose(received, expected, atol=1e-5)
    np.testing.assert_allclose(received.sum(axis=1), 1, atol=1e-5)


def test_no_images_give_no_rows(untrained):
    _, run = untrained(PRESETS["first-steps"])
    assert prediction.load(run).probabilities(IMAGES[:0]).shape == (0, 10)


def test_the_model_sees_padded_images_where_the_run_padded_them(untrained):
    _, run = untrained(PRESETS["A-lenet5"])
    seen = prediction.load(run).model_input(IMAGES[:3])
    assert seen.shape == (3, 32, 32) and seen.dtype == np.uint8
    np.testing.assert_array_equal(seen[:, 2:-2, 2:-2], IMAGES[:3])


def test_ranked_classes_fall_in_probability(untrained):
    _, run = untrained(PRESETS["first-steps"])
    ranked = prediction.load(run).ranked(IMAGES[0])
    probabilities = [guess.probability for guess in ranked]
    assert probabilities == sorted(probabilities, reverse=True)
    assert [guess.class_name for guess in ranked] == [NAMES[guess.label] for guess in ranked]
    assert {guess.label for guess in ranked} == set(range(10))


def test_many_threads_get_the_answers_of_one(untrained):
    _, run = untrained(PRESETS["first-steps"])
    predictor = prediction.load(run)
    expected = predictor.probabilities(IMAGES)
    wrong = []

    def ask(start):
        mine = range(start, 150, 8)
        received = np.concatenate([predictor.probabilities(IMAGES[i : i + 1]) for i in mine])
        wrong.extend(np.abs(received - expected[list(mine)]).max(axis=1) > 1e-5)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(wrong) == 150 and not any(wrong)


@pytest.mark.parametrize(
    "images",
    [
        IMAGES[0],
        IMAGES.astype(np.float32),
        np.zeros((2, 32, 32), np.uint8),
        np.zeros((2, 28, 28, 1), np.uint8),
    ],
)
def test_images_of_another_form_are_refused(untrained, images):
    _, run = untrained(PRESETS["first-steps"])
    with pytest.raises(ModelError, match=r"Expected images \(n, 28, 28\) uint8. Received"):
        prediction.load(run).probabilities(images)


def test_a_model_is_loaded_once_and_again_when_its_file_changes(untrained, tmp_path):
    model, _ = untrained(PRESETS["first-steps"])
    run = save_run(model, PRESETS["first-steps"], NAMES, tmp_path)
    first = prediction.load(run)
    assert prediction.load(run) is first
    path = run.folder / LITERT_FILE
    path.write_bytes(path.read_bytes() + b"\0")
    assert prediction.load(run) is not first


def test_at_most_eight_models_stay_loaded(untrained, tmp_path):
    model, _ = untrained(PRESETS["first-steps"])
    run = save_run(model, PRESETS["first-steps"], NAMES, tmp_path)
    for i in range(10):
        (run.folder / LITERT_FILE).write_bytes((run.folder / LITERT_FILE).read_bytes() + b"\0" * (i + 1))
        prediction.load(run)
    assert len(prediction._loaded) == 8


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: path.write_bytes(b""), "Received a damaged one"),
        (lambda path: path.write_bytes(bytes(5000)), "Received a damaged one"),
        (lambda path: path.write_bytes(path.read_bytes()[:-3000]), "Received a damaged one"),
        (lambda path: path.with_name(RESULT_FILE).unlink(), "expected class_names in its result"),
        (lambda path: path.with_name(RESULT_FILE).write_text('{"class_names": []}'), "expected class_names"),
        (lambda path: path.with_name(RESULT_FILE).write_text('{"class_names": ["a", "b"]}'), "to 2 classes"),
    ],
)
def test_a_run_without_a_whole_model_is_refused(untrained, tmp_path, damage, message):
    model, _ = untrained(PRESETS["first-steps"])
    run = save_run(model, PRESETS["first-steps"], NAMES, tmp_path)
    damage(run.folder / LITERT_FILE)
    with pytest.raises(ModelError, match=message) as caught:
        prediction.load(run)
    assert run.id in str(caught.value)


def test_a_model_for_another_image_size_is_refused(untrained, tmp_path):
    model, _ = untrained(PRESETS["first-steps"])
    run = save_run(model, PRESETS["first-steps"].replace(image_size_px=32), NAMES, tmp_path)
    with pytest.raises(
        ModelError, match=r"expected a float32 model from \(32, 32, 1\).* Received one from \(28, 28, 1\)"
    ):
        prediction.load(run)


@real_data
def test_a_trained_model_recognises_test_images():
    dataset = datasets.load("fashion-mnist")
    predictor = prediction.load(trained_run())
    right = predictor.probabilities(dataset.x_test[:2000]).argmax(axis=1) == dataset.y_test[:2000]
    assert right.mean() > 0.7


def test_predicting_never_loads_tensorflow(untrained):
    _, run = untrained(PRESETS["first-steps"])
    script = (
        "import sys, numpy as np; from pathlib import Path; from fmnist_core import prediction; "
        "from fmnist_core.runs import Run; "
        "print(prediction.load(Run(Path(sys.argv[1]))).probabilities(np.zeros((2, 28, 28), np.uint8)).shape); "
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras', 'jax', 'torch')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(run.folder)],
        cwd=paths.PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and "(2, 10)" in done.stdout, done.stderr

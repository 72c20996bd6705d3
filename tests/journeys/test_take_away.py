"""Take away, in a real browser: prove a Run's files, take one, bring a model in and be refused another."""

import json
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from fmnist_core import datasets

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.journey, pytest.mark.timeout(1800)]
PATIENCE_MS = 600_000  # TensorFlow starts in a process that yields to all others


@pytest.fixture
def own(tmp_path):
    """A data set of the user's own: 120 images of noise, each class with a bright row."""
    from fmnist_core.datasets.idx import header

    generator = np.random.default_rng(0)
    place = tmp_path / "own"
    place.mkdir()
    for part, n in (("train", 80), ("t10k", 40)):
        labels = (np.arange(n) % 10).astype(np.uint8)
        images = generator.integers(0, 60, (n, 28, 28), np.uint8)
        images[np.arange(n), 2 * labels + 2] = 255
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            (place / f"{part}-{kind}-ubyte").write_bytes(header(array) + array.tobytes())
    return place


@pytest.fixture
def home(own, tmp_path, monkeypatch):
    """A workspace with one finished Run, whose model was never trained but is real."""
    home = tmp_path / "home"
    monkeypatch.setenv("FMNIST_LAB_HOME", str(home))
    from fmnist_core import zoo
    from fmnist_core.preprocess import prepare
    from fmnist_core.runs import KERAS_FILE, PROBABILITIES_FILE, RESULT_FILE, Run
    from fmnist_core.spec import ConvBlock, DenseLayer, RunSpec

    dataset = datasets.load("own", own)
    spec = RunSpec(
        title="Taken", dataset="own", dataset_folder=str(own), conv_blocks=(ConvBlock(4, 3),),
        dense_layers=(DenseLayer(8),),
    )  # fmt: skip
    network, run = zoo.build(spec), Run.create(spec)
    network.save(run.folder / KERAS_FILE)
    rows = network.predict(prepare(dataset.x_test, spec), verbose=0)
    np.save(run.folder / PROBABILITIES_FILE, rows)
    accuracy = float((rows.argmax(axis=1) == dataset.y_test).mean())
    result = {
        "class_names": list(dataset.class_names), "test_accuracy": accuracy, "test_loss": 2.3, "test_images": len(rows),
        "dataset": "own", "source": dataset.source, "sha256": dataset.sha256, "parameters": network.count_params(),
        "synthetic": False,
    }  # fmt: skip
    (run.folder / RESULT_FILE).write_text(json.dumps(result))
    for kind in ("queued", "started"):
        run.write_event(kind)
    run.write_event("completed", test_accuracy=accuracy, test_loss=2.3)
    return home


def model_file(folder, kind):
    """A .keras file of somebody else's: a plain model, or one with a Lambda layer."""
    import keras

    inputs = keras.Input((28, 28, 1))
    x = keras.layers.Lambda(lambda pixels: pixels / 255)(inputs) if kind == "lambda" else inputs
    file = folder / f"{kind}.keras"
    keras.Model(inputs, keras.layers.Dense(10, "softmax")(keras.layers.Flatten()(x))).save(file)
    return file


def test_files_are_proven_and_taken_and_a_model_is_brought_in(page: Page, visit, serve, own, home, tmp_path):
    url = serve(ROOT / "app.py", {"FMNIST_LAB_HOME": str(home)})
    where = f"data=Your+own+files&data.folder={quote(str(own))}"
    visit(page, f"{url}/take-away?{where}", "Take away")
    page.get_by_role("button", name="Start").click()
    everything = page.get_by_role("button", name="Take everything")
    expect(everything).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("of 40 test images right (as the Run)").first).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name="onnx (").click()
    assert taken.value.suggested_filename.endswith(".onnx")
    assert taken.value.path().stat().st_size > 1000

    page.get_by_text("Bring in a model of your own").click()
    chooser = page.get_by_test_id("stFileUploaderDropzoneInput")
    chooser.last.set_input_files(model_file(tmp_path, "lambda"))
    page.get_by_role("button", name="Bring it in").click()
    expect(page.get_by_text("Received a Lambda")).to_be_visible(timeout=PATIENCE_MS)
    chooser.last.set_input_files(model_file(tmp_path, "plain"))
    expect(page.get_by_text("plain.keras").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Received a Lambda")).to_be_hidden()  # the page knows the new file
    page.get_by_role("button", name="Bring it in").click()
    expect(page.get_by_text("It is here, which got most training images right")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_test_id("stMain").get_by_role("link", name="Result").click()
    expect(page.get_by_role("heading", name="Result", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("What it mistakes for what")).to_be_visible(timeout=PATIENCE_MS)

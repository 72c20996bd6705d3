"""Measure how fast a finished Run answers, beside Keras' own ways, on the same network and the same images.

    python -m benchmarks.prediction [--preset C-lenet5] [--repeats 1000]

The network of the preset is built with random weights (they do not matter for the time) and saved as a Run in a fresh
home, where nothing about it is known. Measured are: the first answer after a model was chosen, by prediction alone, in
a process that has not even loaded the runtime, and by the whole Predict page; one image, after
warm-up; 10,000 images at once. Beside them the same by Keras: model.predict, predict_on_batch and a plain call. Both
must give the same probabilities. Returns 1 if a limit is missed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from fmnist_core import datasets, paths, prediction
from fmnist_core.preprocess import prepare
from fmnist_core.presets import PRESETS
from fmnist_core.ready_made import FOLDER
from fmnist_core.runs import LITERT_FILE, RESULT_FILE, Run
from fmnist_core.spec import RunSpec

if TYPE_CHECKING:
    import keras

MANY = 10_000
CHOICE = "from choosing a model to its first answer, the page"
LIMITS_MS = {CHOICE: 1000.0, "one image": 1.0, "10,000 images": 2000.0}

FRESH = """
import time; began = time.perf_counter()
import numpy as np
from pathlib import Path
from fmnist_core import prediction
from fmnist_core.runs import Run
prediction.load(Run(Path({folder!r}))).probabilities(np.zeros((1, 28, 28), np.uint8))
print(1000 * (time.perf_counter() - began))
"""


def main() -> int:
    """Measure, print, and return 0 if all limits are kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="C-lenet5", choices=sorted(PRESETS))
    parser.add_argument("--repeats", type=int, default=1000)
    options = parser.parse_args()
    spec = PRESETS[options.preset]
    images = np.random.default_rng(0).integers(0, 256, (MANY, 28, 28), np.uint8)
    with tempfile.TemporaryDirectory() as home:
        os.environ["FMNIST_LAB_HOME"] = home
        model, run = _saved_network(spec)
        ours = {CHOICE: _choice_ms(run)} | _measure_ours(run, images, options.repeats)
        keras = _measure_keras(model, prepare(images, spec), options.repeats)
        apart = np.abs(
            prediction.load(run).probabilities(images) - model.predict(prepare(images, spec), verbose=0)
        ).max()
    print(f"{spec.title}, {options.preset}: {os.cpu_count()} cores, load of the last minute {os.getloadavg()[0]:.1f}")
    for name, ms in {**ours, **keras}.items():
        limit = LIMITS_MS.get(name)
        print(f"  {name:<52} {ms:10.3f} ms" + (f"   (limit {limit:g} ms)" if limit else ""))
    print(f"  largest difference of any probability, {MANY:,} images: {apart:.1e}")
    return 0 if apart < 1e-4 and all(ours[name] < limit for name, limit in LIMITS_MS.items()) else 1


def _saved_network(spec: RunSpec) -> tuple["keras.Model", Run]:
    """Build the preset's network and write the folder of a completed Run around it, as far as prediction reads it."""
    from fmnist_core import zoo

    model = zoo.build(spec)
    run = Run.create(spec)
    model.export(run.folder / LITERT_FILE, format="litert", verbose=False)
    names = list(datasets.DATASETS[spec.dataset].class_names)
    (run.folder / RESULT_FILE).write_text(json.dumps({"class_names": names, "validation_images": 1}))
    run.write_event("completed", test_accuracy=0.1, test_loss=2.3)
    return model, run


def _choice_ms(run: Run) -> float:
    """Return the milliseconds in which a session's Predict page first answers with the Run's model.

    Another session's was open with the model that comes along, so that the data and the page's modules are there.
    """
    from streamlit.testing.v1 import AppTest

    def opened(asked: str) -> float:
        app = AppTest.from_file(str(paths.PROJECT / "app.py"), default_timeout=120).run()
        app.switch_page("pages/predict/draw.py")
        app.query_params["n"], app.query_params["run"] = "0", asked
        began = time.perf_counter()
        app.run()
        took_ms = 1000 * (time.perf_counter() - began)
        shown = [json.loads(e.proto.json) for e in app.get("bidi_component") if "verdict" in e.proto.component_name]
        if app.exception or not shown or not shown[0]["probabilities"]:
            sys.exit(f"Expected an answer of {asked} on the page. Received none.")
        return took_ms

    opened(FOLDER.name)
    return opened(run.id)


def _measure_ours(run: Run, images: np.ndarray, repeats: int) -> dict[str, float]:
    fresh = subprocess.run(
        [sys.executable, "-c", FRESH.format(folder=str(run.folder))],
        cwd=paths.PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    began = time.perf_counter()
    predictor = prediction.load(run)
    predictor.probabilities(images[:1])
    first = 1000 * (time.perf_counter() - began)
    predictor.probabilities(images[:128])
    return {
        "first answer in a new process, imports included": float(fresh.stdout.split()[-1]),
        "first answer, prediction alone": first,
        "one image": _median_ms(lambda: predictor.probabilities(images[:1]), repeats),
        "10,000 images": _median_ms(lambda: predictor.probabilities(images), 5),
    }


def _measure_keras(model: "keras.Model", inputs: np.ndarray, repeats: int) -> dict[str, float]:
    one = inputs[:1]
    ways: dict[str, Callable[[], object]] = {
        "Keras: one image, model.predict": lambda: model.predict(one, verbose=0),
        "Keras: one image, a plain call": lambda: model(one, training=False),
        "Keras: one image, predict_on_batch": lambda: model.predict_on_batch(one),
    }
    found = {}
    for name, act in ways.items():
        act()
        found[name] = _median_ms(act, max(20, repeats // 10))
    model.predict(inputs[:256], batch_size=256, verbose=0)
    found["Keras: 10,000 images, model.predict, batches of 256"] = _median_ms(
        lambda: model.predict(inputs, batch_size=256, verbose=0), 3
    )
    return found


def _median_ms(act: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())

"""Measure how long an occlusion map takes, beside the same map by model.predict, and a look inside the network.

    python -m benchmarks.explain [--rounds 30] [--images 20]

For preset C's LeNet-5, as it is before training (arithmetic does not depend on the weights), it prints: the occlusion
map of a test image by the app (LiteRT, fmnist_core/explain.py), median and 90th percentile; the same covered images by
Keras' model.predict, in one call, in the same process; whether both maps agree; and what the process that explains
takes for its first answer and for later ones (layers, Grad-CAM, integrated gradients).
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from fmnist_core import datasets, explain_client, prediction, zoo
from fmnist_core.explain import Occlusion, occlusion, patch_for
from fmnist_core.explain_features import work_per_image
from fmnist_core.files import write_atomically
from fmnist_core.preprocess import prepare
from fmnist_core.presets import PRESETS
from fmnist_core.runs import KERAS_FILE, LITERT_FILE, RESULT_FILE, Run

LIMIT_MS = 100


def main() -> int:
    """Measure, print, and return 0 if the median occlusion map is within the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--images", type=int, default=20)
    options = parser.parse_args()
    dataset = datasets.load("fashion-mnist")
    with tempfile.TemporaryDirectory() as folder:
        run, model = _untrained(Path(folder), dataset.class_names)
        predictor, patch = prediction.load(run), patch_for(work_per_image(run))
        images = np.asarray(dataset.x_test[: options.images])

        def by_keras(covered: np.ndarray) -> np.ndarray:
            return model.predict(prepare(covered, run.spec), verbose=0)

        ours, kept = _times(lambda image: occlusion(predictor.probabilities, image, 0, *patch), images, options.rounds)
        theirs, other = _times(lambda image: occlusion(by_keras, image, 0, *patch), images, max(3, options.rounds // 3))
        inside = _inside(run, images, options.rounds)
    print(f"Cores: {os.cpu_count()}, load average of the last minute: {os.getloadavg()[0]:.1f}")
    print(f"Occlusion map, square of {patch[0]} px every {patch[1]} px, {kept.asked} answers for the first image:")
    print(f"  app (LiteRT)   {_words(ours)} (limit {LIMIT_MS} ms)")
    print(f"  model.predict  {_words(theirs)}: {statistics.median(theirs) / statistics.median(ours):.1f} times as long")
    print(f"  largest difference of the two maps {np.abs(kept.drop - other.drop).max():.1e}")
    print(f"Inside of the network: first answer {inside[0] / 1000:.1f} s, TensorFlow's start included;")
    print(f"  later ones     {_words(inside[1:])}")
    return 0 if statistics.median(ours) < LIMIT_MS else 1


def _untrained(folder: Path, class_names: tuple[str, ...]) -> tuple[Run, keras.Model]:
    """Return a Run's folder with an untrained LeNet-5, as far as explaining reads it."""
    spec = PRESETS["C-lenet5"]
    keras.utils.set_random_seed(0)
    model, run = zoo.build(spec), Run.create(spec, folder)
    model.save(run.folder / KERAS_FILE)
    model.export(run.folder / LITERT_FILE, format="litert", verbose=False)
    write_atomically(run.folder / RESULT_FILE, json.dumps({"class_names": list(class_names)}))
    return run, model


def _times(act: Callable[[np.ndarray], Occlusion], images: np.ndarray, rounds: int) -> tuple[list[float], Occlusion]:
    """Return the milliseconds of each call after a first one, image after image, and the first image's map."""
    act(images[0])
    times = []
    for number in range(rounds):
        began = time.perf_counter()
        act(images[number % len(images)])
        times.append(1000 * (time.perf_counter() - began))
    return times, act(images[0])


def _inside(run: Run, images: np.ndarray, rounds: int) -> list[float]:
    """Return the milliseconds of a first question and of later ones to the process that explains."""
    explainer, times = explain_client.Explainer(), []
    for number in range(1 + min(rounds, 10)):
        began = time.perf_counter()
        explain_client.explain(run, images[number % len(images)], explainer=explainer)
        times.append(1000 * (time.perf_counter() - began))
    explainer.close()
    return times


def _words(times: list[float]) -> str:
    ordered = sorted(times)
    return f"median {statistics.median(ordered):.0f} ms, 90 % within {ordered[int(0.9 * (len(ordered) - 1))]:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())

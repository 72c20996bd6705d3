"""Frozen VGG16, 30 epochs: the app's Run on kept features beside model.fit through the whole network.

    python -m benchmarks.frozen_features [--images 1000] [--weights FILE]

Same seed, same subset, same head (C's, without dropout noise in between: the generators are set per epoch), no
augmentation. Prints seconds, their ratio, both accuracies and the largest difference of the head's weights. Without a
file of ImageNet weights the base is random: that changes the accuracy, not the arithmetic.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from fmnist_core import features, training
from fmnist_core.presets import PRESETS
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec
from fmnist_core.zoo.transfer import HEAD


def main() -> None:
    """Train both ways and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--weights", default="")
    options = parser.parse_args()
    spec = PRESETS["own-range-E-vgg16"].replace(
        dataset="fashion-mnist", split="random", train_limit=options.images, epochs=options.epochs, batch_size=64,
        weights="file" if options.weights else "random", weights_file=options.weights,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        features._all_stores = lambda: Path(folder)  # an empty cache: the pass through the base is counted
        kept_s, kept = _train(spec, Path(folder) / "kept")
        again_s, _ = _train(spec, Path(folder) / "again")
        plain_s, plain = _train(spec.replace(cache_features=False), Path(folder) / "plain")
    difference = max(
        float(np.abs(a - b).max()) for a, b in zip(_head(kept).get_weights(), _head(plain).get_weights(), strict=True)
    )
    largest = max(float(np.abs(a).max()) for a in _head(plain).get_weights())
    print(f"{options.images} images, {options.epochs} epochs, seconds of training with validation:")
    print(f"  through the whole network   {plain_s:7.1f} s   test accuracy {plain[1]:.4f}")
    first = f"test accuracy {kept[1]:.4f}   {plain_s / kept_s:.1f} times as fast"
    print(f"  features kept, first Run    {kept_s:7.1f} s   {first}")
    print(f"  features kept, a second Run {again_s:7.1f} s   {plain_s / again_s:.1f} times as fast")
    print(f"  largest difference of a head weight {difference:.1e}, largest weight {largest:.2f}")


def _train(spec: RunSpec, folder: Path) -> tuple[float, tuple[keras.Model, float]]:
    """Return seconds from built network to last epoch, the pass through the base included, and model and accuracy."""
    run = Run.create(spec, folder)
    began = time.perf_counter()
    training.fit(run)
    print(f"  ({spec.title}: {time.perf_counter() - began:.1f} s in all)", flush=True)
    events = run.events()
    start = next(event.time_s for event in events if event.logs.get("phase") == "building the network")
    end = max(event.time_s for event in events if event.kind == "epoch")
    return end - start, (keras.models.load_model(run.folder / "model.keras"), run.result["test_accuracy"])


def _head(trained: tuple[keras.Model, float]) -> keras.Model:
    return trained[0].get_layer(HEAD)


if __name__ == "__main__":
    main()

"""Frozen VGG16, 30 epochs: the app's Run on kept features beside plain model.fit through the whole network.

    python -m benchmarks.frozen_features [--images 2000] [--weights FILE]

The same images, seed and head (E's), no augmentation, the last epoch kept. Prints seconds with validation, their ratio
and both accuracies on all test images; a Run's seconds count building the network as well. Further Runs on the same
base with other seeds, and so other images, tell how much the accuracy varies. Then two Runs of three epochs, with and
without kept features: the largest difference between their head weights. Without a file of ImageNet weights the base
is random: that changes the accuracy, not the arithmetic. About twelve minutes on two cores.
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

from fmnist_core import features, training, zoo
from fmnist_core.preprocess import prepare
from fmnist_core.presets import PRESETS
from fmnist_core.runs import KERAS_FILE, Run
from fmnist_core.spec import RunSpec
from fmnist_core.training_data import load_data
from fmnist_core.zoo.transfer import HEAD

SEEDS = (1, 2, 3)


def main() -> None:
    """Train both ways and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--weights", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        runs, stores = Path(temporary) / "runs", Path(temporary) / "stores"
        stores.mkdir()
        spec = PRESETS["own-range-E-vgg16"].replace(
            dataset="fashion-mnist", split="random", train_limit=options.images, epochs=options.epochs, batch_size=64,
            best_checkpoint="none",  # plain model.fit keeps the last epoch, too
            weights="file", weights_file=options.weights or _random_base(Path(temporary)),
        )  # fmt: skip
        features._all_stores = lambda: stores  # an empty cache: the pass through the base is counted
        plain_s, plain = _plain(spec)
        kept_s, kept = _train(spec, runs)
        again_s, again = _train(spec, runs)
        accuracies = [run.result["test_accuracy"] for run in (kept, again)]
        others = [_train(spec.replace(seed=seed), runs)[1].result["test_accuracy"] for seed in SEEDS]
        short = spec.replace(epochs=min(3, spec.epochs))
        heads = [_head(_train(one, runs)[1]) for one in (short, short.replace(cache_features=False))]
    print(f"{options.images} images, {options.epochs} epochs, seconds of training with validation:")
    print(f"  plain model.fit             {plain_s:7.1f} s   test accuracy {plain:.4f}")
    for name, taken_s, accuracy in zip(("first", "second"), (kept_s, again_s), accuracies, strict=True):
        ratio = f"{plain_s / taken_s:.1f} times as fast"
        print(f"  features kept, {name:6s} Run  {taken_s:7.1f} s   test accuracy {accuracy:.4f}   {ratio}")
    print(f"  Runs with other seeds, test accuracy: {', '.join(f'{accuracy:.4f}' for accuracy in others)}")
    print(f"head weights after {short.epochs} epochs of a Run, with kept features and through the whole network:")
    difference = max(float(np.abs(ours - theirs).max()) for ours, theirs in zip(*heads, strict=True))
    print(f"  largest difference {difference:.1e}, largest weight {max(float(np.abs(w).max()) for w in heads[1]):.2f}")


def _random_base(folder: Path) -> str:
    """Write random weights of VGG16 into a file, the same for every seed of a Run; return its path."""
    keras.utils.set_random_seed(0)
    file = folder / "base.weights.h5"
    keras.applications.VGG16(include_top=False, weights=None, input_shape=(None, None, 3)).save_weights(file)
    return str(file)


def _plain(spec: RunSpec) -> tuple[float, float]:
    """Return the seconds of keras.Model.fit on arrays through the whole network, and the test accuracy."""
    data = load_data(spec)
    keras.utils.set_random_seed(spec.seed)
    model = zoo.build(spec)
    model.compile(keras.optimizers.Adam(spec.learning_rate), "categorical_crossentropy", metrics=["accuracy"])
    train, validation = ((prepare(x, spec), y) for x, y in (data.train, data.validation))
    began = time.perf_counter()
    model.fit(*train, batch_size=spec.batch_size, epochs=spec.epochs, validation_data=validation, verbose=0)
    taken_s = time.perf_counter() - began
    answers = model.predict(prepare(data.dataset.x_test, spec), verbose=0).argmax(axis=1)
    return taken_s, float((answers == data.dataset.y_test).mean())


def _train(spec: RunSpec, runs: Path) -> tuple[float, Run]:
    """Return seconds from loaded data to last epoch, building and the pass through the base included, and the Run."""
    run = Run.create(spec, runs)
    began = time.perf_counter()
    training.fit(run)
    print(f"  (a Run of {spec.epochs} epochs: {time.perf_counter() - began:.1f} s in all)", flush=True)
    events = run.events()
    start = next(event.time_s for event in events if event.logs.get("phase") == "building the network")
    return max(event.time_s for event in events if event.kind == "epoch") - start, run


def _head(run: Run) -> list[np.ndarray]:
    return keras.models.load_model(run.folder / KERAS_FILE).get_layer(HEAD).get_weights()


if __name__ == "__main__":
    main()

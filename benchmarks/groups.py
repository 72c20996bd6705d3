"""Five folds of preset C, three epochs each: a plain loop in one process, then the app's Runs at 1 and 2 workers.

    python -m benchmarks.groups [--folds 5] [--epochs 3] [--images 0] [--workers 1 2]

The plain loop is what one would write by hand: load, then for each fold a new keras model, model.fit on arrays, one
evaluation on the test set; TensorFlow as it comes, but with oneDNN like ours. It starts as a process of its own, so its
time holds the loading of TensorFlow, as ours does. The app's time runs from the launch to the last Run's last word; it
includes events, checkpoints, TensorBoard, both kinds of probabilities and three forms of the model per fold.

Starting is what a worker does from its birth until TensorFlow is loaded and it turns to the data; its share is of all
workers' time. A worker that finishes takes the next fold, so it starts once.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fmnist_core import paths
from fmnist_core.crossval import CrossValidation, find_group, launch
from fmnist_core.presets import PRESETS
from fmnist_core.runs import Run, RunState, list_runs
from fmnist_core.settings import Settings

PLAIN = """
import keras, numpy as np
from sklearn.model_selection import KFold
with np.load({arrays!r}) as kept:
    x, y, x_test, y_test = (kept[name] for name in ("x", "y", "x_test", "y_test"))
x, x_test = (images[..., None].astype("float32") / 255 for images in (x, x_test))
for train, validation in KFold({folds}, shuffle=True, random_state=42).split(x):
    model = keras.Sequential([
        keras.layers.Input((28, 28, 1)),
        keras.layers.Conv2D(6, 5, activation="relu"), keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(16, 5, activation="relu"), keras.layers.MaxPooling2D(), keras.layers.Flatten(),
        keras.layers.Dense(120, activation="relu"), keras.layers.Dense(84, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[train], y[train], batch_size=32, epochs={epochs}, validation_data=(x[validation], y[validation]),
              verbose=0)
    print(*model.evaluate(x_test, y_test, verbose=0), flush=True)
"""


def main() -> None:
    """Run all ways once and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--images", type=int, default=0, help="training images, 0 for all")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    print(f"{options.folds} folds of preset C, {options.epochs} epochs, {os.cpu_count()} cores")
    plain_s = plain(options.folds, options.epochs, options.images)
    print(f"{'plain loop, one process':26s} {plain_s:7.1f} s", flush=True)
    for workers in options.workers:
        wall_s, share = ours(workers, options.folds, options.epochs, options.images)
        print(
            f"{f'our Runs, {workers} at once':26s} {wall_s:7.1f} s   {wall_s / plain_s:.2f} of the plain loop   "
            f"starting processes {share:.0%}",
            flush=True,
        )


def plain(folds: int, epochs: int, images: int) -> float:
    """Run the plain loop in a process of its own and return its seconds."""
    import numpy as np

    from fmnist_core import datasets

    data = datasets.load("fashion-mnist")
    with tempfile.TemporaryDirectory() as folder:
        arrays = Path(folder) / "arrays.npz"
        part = slice(images or None)
        np.savez(arrays, x=data.x_train[part], y=data.y_train[part], x_test=data.x_test, y_test=data.y_test)
        code = PLAIN.format(arrays=str(arrays), folds=folds, epochs=epochs)
        began = time.perf_counter()
        environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, env=environment)
        return time.perf_counter() - began


def ours(workers: int, folds: int, epochs: int, images: int) -> tuple[float, float]:
    """Cross-validate with so many workers; return the seconds, and which share of the workers' time starting took."""
    cache = paths.cache()
    with tempfile.TemporaryDirectory() as home:
        os.environ["FMNIST_LAB_HOME"] = home
        (Path(home) / "cache").symlink_to(cache)
        Settings(workers).write(paths.runs())
        base = PRESETS["C-lenet5"].replace(epochs=epochs, train_limit=images)
        began_s = time.time()
        name = launch(CrossValidation(base, "kfold", folds))
        runs = find_group(name, list_runs()).runs
        states = [run.wait(timeout_s=7200) for run in runs]
        if set(states) != {RunState.COMPLETED}:
            sys.exit(f"Expected {folds} completed folds. Received {', '.join(states)}.")
        wall_s = max(_last_word_s(run) for run in runs) - began_s
        return wall_s, sum(_starting_s(run, runs, began_s) for run in runs) / (wall_s * workers)


def _starting_s(run: Run, runs: tuple[Run, ...], began_s: float) -> float:
    """Return the seconds from the worker's birth, or the end of its Run before, until this Run turns to the data."""
    pid = _pid(run)
    ready_s = next(event.time_s for event in run.events() if event.kind == "phase")
    before = [_last_word_s(other) for other in runs if _pid(other) == pid and _last_word_s(other) < ready_s]
    return ready_s - max(before, default=began_s)


def _pid(run: Run) -> int:
    return next(event.logs["pid"] for event in run.events() if event.kind == "started")


def _last_word_s(run: Run) -> float:
    return run.events()[-1].time_s


if __name__ == "__main__":
    main()

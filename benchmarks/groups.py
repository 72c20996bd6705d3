"""Five folds of preset C, three epochs each: a plain loop in one process, then the app's Runs at 1 and 2 workers.

    python -m benchmarks.groups [--folds 5] [--epochs 3] [--images 0] [--workers 1 2]

The plain loop is what one would write by hand: load, then for each fold a new keras model, model.fit on arrays, one
evaluation on the test set; TensorFlow as it comes, but with oneDNN like ours. It starts as a process of its own, so its
time holds the loading of TensorFlow, as ours does. The app's time runs from the launch to the last Run's last word; it
includes events, checkpoints, TensorBoard, both kinds of probabilities and three forms of the model per fold.

Starting is what a worker does from its birth until TensorFlow is loaded and it turns to the data; its share is of all
workers' time. Birth is the event `started`, less what Python and our modules take until then, measured beforehand. A
worker that finishes takes the next fold, so it starts once. The last row is what that spares: there each worker ends
after one Run, and another one starts for the next. The sentence below the table says whether that pays. Figures of five
folds and three epochs are kept in benchmarks/results/groups.json.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from fmnist_core import jobs, paths
from fmnist_core.crossval import CrossValidation, find_group, launch
from fmnist_core.events import Event
from fmnist_core.presets import PRESETS
from fmnist_core.runs import Run, RunState, list_runs
from fmnist_core.settings import Settings

RESULTS = Path(__file__).parent / "results" / "groups.json"
NOISE = 0.05  # less than a twentieth is taken for chance: each way is timed once

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

# A worker that ends after its Run; whoever reconciles starts the next one, here this very process.
COLD = """
import sys
from fmnist_core import claims, jobs, worker
jobs.WORKER_COMMAND = tuple(sys.orig_argv[:3])
claims.claim_next = lambda run, *_: jobs.reconcile(run.folder.parent)
sys.exit(worker.main(sys.argv[1:]))
"""


def main() -> None:
    """Run all ways once, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--images", type=int, default=0, help="training images, 0 for all")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    cache = paths.cache()
    print(f"{options.folds} folds of preset C, {options.epochs} epochs, {os.cpu_count()} cores")
    plain_s = plain(options.folds, options.epochs, options.images)
    print(f"{'plain loop, one process':36s} {plain_s:7.1f} s", flush=True)
    rows = []
    for workers, cold in [*((count, False) for count in options.workers), (options.workers[0], True)]:
        wall_s, share = ours(workers, options.folds, options.epochs, options.images, cache, cold=cold)
        rows.append({"workers": workers, "cold": cold, "wall_s": round(wall_s, 1), "starting_share": round(share, 3)})
        print(
            f"{f'our Runs, {workers} at once' + ', a new worker each' * cold:36s} {wall_s:7.1f} s   "
            f"{wall_s / plain_s:.2f} of the plain loop   starting processes {share:.0%}",
            flush=True,
        )
    print(verdict(rows))
    if (options.folds, options.epochs) == (5, 3):
        _keep(vars(options) | {"cores": os.cpu_count(), "plain_s": round(plain_s, 1), "ours": rows})


def verdict(rows: list[dict[str, Any]]) -> str:
    """Say whether workers that stay warm pay: the last row against the first, which differ in nothing else."""
    warm_s, cold_s = rows[0]["wall_s"], rows[-1]["wall_s"]
    saved = 1 - warm_s / cold_s
    pays = "A warm worker pays" if saved > NOISE else "A warm worker makes no difference that counts"
    return f"{pays}: {warm_s:.1f} s instead of {cold_s:.1f} s with a new process for each fold, {saved:+.0%} saved."


def _keep(found: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(found | {"date": f"{date.today()}"}, indent=1) + "\n")
    print(f"Kept in {RESULTS.relative_to(paths.PROJECT)}.")


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


def ours(workers: int, folds: int, epochs: int, images: int, cache: Path, *, cold: bool) -> tuple[float, float]:
    """Cross-validate with so many workers; return the seconds, and which share of the workers' time starting took."""
    command = (sys.executable, "-c", COLD) if cold else (sys.executable, "-m", "fmnist_core.worker")
    spawn_s = _spawn_s(command)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["FMNIST_LAB_HOME"], jobs.WORKER_COMMAND = home, command
        (Path(home) / "cache").symlink_to(cache)
        Settings(workers).write(paths.runs())
        base = PRESETS["C-lenet5"].replace(epochs=epochs, train_limit=images)
        began_s = time.time()
        runs = find_group(launch(CrossValidation(base, "kfold", folds)), list_runs()).runs
        states = [run.wait(timeout_s=7200) for run in runs]
        if set(states) != {RunState.COMPLETED}:
            sys.exit(f"Expected {folds} completed folds. Received {', '.join(states)}.")
        wall_s = max(_last_word_s(run) for run in runs) - began_s
        starting_s = sum(_starting_s(run, runs, spawn_s) for run in runs)
        for run in runs:  # their last act is in the folder that goes now
            with suppress(psutil.NoSuchProcess):
                psutil.Process(_started(run).logs["pid"]).wait(60)
        return wall_s, starting_s / (wall_s * workers)


def _spawn_s(command: tuple[str, ...]) -> float:
    """Return the seconds from a worker's birth until it looks at its Run: here it is given none, and ends."""
    began_s = time.perf_counter()
    subprocess.run(command, cwd=paths.PROJECT, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began_s


def _starting_s(run: Run, runs: tuple[Run, ...], spawn_s: float) -> float:
    """Return the seconds from the worker's birth, or the end of its Run before, until this Run turns to the data."""
    started = _started(run)
    ready_s = next(event.time_s for event in run.events() if event.kind == "phase")
    same = [other for other in runs if _started(other).logs["pid"] == started.logs["pid"]]
    before = [_last_word_s(other) for other in same if _last_word_s(other) < ready_s]
    return ready_s - max(before, default=started.time_s - spawn_s)


def _started(run: Run) -> Event:
    return next(event for event in run.events() if event.kind == "started")


def _last_word_s(run: Run) -> float:
    return run.events()[-1].time_s


if __name__ == "__main__":
    main()

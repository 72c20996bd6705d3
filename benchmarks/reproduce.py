"""The reference systems' rows on the real data, for the Reproduce page.

    python -m benchmarks.reproduce [ROW ...] [--limit N] [--again] [--mnist FOLDER]

Trains each asked row of fmnist_core.reproduction (all by default) as the app does, every network in a process of its
own, and keeps what it came to in fmnist_core/presets/reproduced.json, Run by Run, so that it can be interrupted: what
is kept already is passed over, unless --again. A row whose ImageNet weights cannot be had, or that is a search, is kept
as not run, with the reason. --limit trains on so many images only; the page then says so. --epochs tries another
number of epochs: such Runs are printed, and not kept.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from benchmarks.recipes import processor
from fmnist_core import paths
from fmnist_core.backbones import BACKBONES
from fmnist_core.errors import ModelError
from fmnist_core.reproduction import ROWS, SHOWN, Row
from fmnist_core.reproduction_runs import FILE, KeptRun, read, same_place, write
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec
from fmnist_core.zoo import weights


def main() -> None:
    """Train what was asked for and keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join([*ROWS, *SHOWN]))
    parser.add_argument("--limit", type=int, default=0, help="training images, 0 for all")
    parser.add_argument("--epochs", type=int, default=0, help="so many instead of the row's, and nothing is kept")
    parser.add_argument("--again", action="store_true", help="train what is kept already, too")
    parser.add_argument("--mnist", default="", help="a folder with MNIST's IDX files, where there is no download")
    parser.add_argument("--mobilenet", default="", help="a file with MobileNet's ImageNet weights, likewise")
    options = parser.parse_args()
    if unknown := [key for key in options.rows if key not in ROWS and key not in SHOWN]:
        sys.exit(f"Expected rows among {', '.join([*ROWS, *SHOWN])}. Received {', '.join(unknown)}.")
    cache = paths.cache()
    with tempfile.TemporaryDirectory() as home:
        os.environ["FMNIST_LAB_HOME"] = home  # inherited by the processes that train
        os.environ.setdefault("FMNIST_LAB_WEIGHTS", str(cache.parent / "weights"))
        (Path(home) / "cache").symlink_to(cache)
        for key in options.rows or [*ROWS, *SHOWN]:
            if key in SHOWN:
                _show(key, options.again, options.mobilenet)
            else:
                _reproduce(ROWS[key], options.limit, options.again, options.mnist, options.epochs)


def _reproduce(row: Row, limit: int, again: bool, mnist: str, epochs: int = 0) -> None:
    if reason := why_not(row):
        if not epochs:
            keep(KeptRun(row.key, not_run=reason, date=f"{date.today():%Y-%m-%d}"))
        print(f"{row.key}: {reason}", flush=True)
        return
    kept = [one for one in read().runs if not again and not epochs]
    works = [
        (place, any(same_place(one, place) and one.is_of(place.spec) for one in kept)) for place in places(row, limit)
    ]
    # A fold with carried weights needs the Run before it, so those are all there or all trained.
    carried_done = all(done for place, done in works if place.carried)
    before = ""
    for place, done in works:
        if done and (carried_done or not place.carried):
            continue
        spec = place.spec.replace(epochs=epochs or place.spec.epochs)
        if mnist and spec.dataset == "mnist":
            spec = spec.replace(dataset_folder=str(Path(mnist).expanduser().resolve()))
        if place.carried and place.fold > 1:
            spec = spec.replace(start_run=before)
        run, before = _in_process(place, spec)
        if not epochs:
            keep(run)
        _tell(run)


def _show(key: str, again: bool, file: str) -> None:
    """Train one of the Runs on MobileNet, with the weights of this file, or else those that are here or downloaded."""
    spec = SHOWN[key].spec
    if not again and any(one.row == key and one.is_of(spec) for one in read().runs):
        return
    chosen = spec.replace(weights="file", weights_file=str(Path(file).expanduser().resolve())) if file else spec
    run, _ = _in_process(KeptRun(key), chosen)
    run = replace(run, spec=spec)  # the same weights, wherever they came from
    keep(run)
    _tell(run)


def _tell(run: KeptRun) -> None:
    words = ", ".join(f"{name} {value:.4f}" for name, value in run.result.items() if "accuracy" in name)
    fold = f" fold {run.fold}" * bool(run.fold) + " carried" * run.carried
    print(f"{run.row}{fold}: {words}, {run.processor_s:.0f} s", flush=True)


def why_not(row: Row) -> str:
    """Say why a row is not run; "" for one that is."""
    if row.search:
        trials = row.search.split("-")[0]
        return (
            f"A search of many networks, and {trials} did not say which hyperparameters won, so there is no one "
            "network to train again. Launch the search itself."
        )
    if row.spec.is_transfer and not weights.find(row.spec.backbone):
        try:
            weights.fetch(row.spec.backbone)
        except ModelError:
            backbone = BACKBONES[row.spec.backbone]
            return (
                f"The ImageNet weights of {backbone.title} ({backbone.weights_file}) could not be had on the machine "
                "that made these figures: it has no network. With them, launch the preset."
            )
    return ""


def places(row: Row, limit: int) -> Iterator[KeptRun]:
    """Yield what is to be trained, one Run after the other, still without figures."""
    if not row.scheme:
        yield KeptRun(row.key, spec=row.spec.replace(train_limit=limit))
    for cross in row.crosses(limit):
        for spec in cross.specs():
            yield KeptRun(row.key, fold=spec.fold.number, carried=cross.leaking, spec=spec)


def _in_process(place: KeptRun, spec: RunSpec) -> tuple[KeptRun, str]:
    """Train one Run in a process of its own; return what it came to, and the Run's id."""
    run = Run.create(spec)
    command = [sys.executable, "-c", f"from benchmarks.reproduce import train; train({str(run.folder)!r})"]
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    return replace(place, spec=spec, **figures), run.id


def train(folder: str) -> None:
    """Train the Run in this folder in this process and print its figures as JSON."""
    import keras
    import tensorflow as tf

    from fmnist_core import training

    run = Run(Path(folder))
    cpu_s = time.process_time()
    result = training.fit(run)
    cpu_s = time.process_time() - cpu_s
    history = run.history()
    begun = next(event for event in run.events() if event.logs.get("phase") == "training")
    figures = {
        "result": {name: result[name] for name in result if name.startswith(("test_", "validation_", "parameters"))},
        "last": {name: float(history[name].iloc[-1]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")},
        "loss_sd": _loss_spread(run), "train_images": begun.logs["train_images"], "epochs": len(history),
        "data_sha256": result["sha256"], "date": f"{date.today():%Y-%m-%d}", "cores": os.cpu_count(),
        "processor": processor(), "processor_s": round(cpu_s / (os.cpu_count() or 1), 1),
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__, "python": platform.python_version()},
    }  # fmt: skip
    print(json.dumps(figures))


def _loss_spread(run: Run) -> dict[str, float]:
    """Return the standard deviation, in nats, of single images' losses, for the interval of their mean."""
    from fmnist_core import datasets
    from fmnist_core.evaluation import Evaluation

    data = datasets.load(run.spec.dataset, run.spec.dataset_folder or None)
    parts = {"test": (data.y_test, run.test_probabilities())}
    if run.spec.fold or run.spec.split != "test":
        index, probabilities = run.validation_probabilities()
        parts["validation"] = (data.y_train[index], probabilities)
    return {name: float(Evaluation(y, p, data.class_names).losses.std(ddof=1)) for name, (y, p) in parts.items()}


def keep(run: KeptRun, file: Path = FILE) -> None:
    """Write a Run into the file, in the place of an earlier one, in the order of the rows."""
    others = [one for one in read(file).runs if not same_place(one, run)]
    if not run.not_run:  # a row that was run is no longer one that was not
        others = [one for one in others if one.row != run.row or not one.not_run]
    order = [*ROWS, *SHOWN]
    write(sorted([*others, run], key=lambda one: (order.index(one.row), one.carried, one.fold)), file)


if __name__ == "__main__":
    main()

"""Seconds per epoch of preset A: the app's way beside a plain keras.Model.fit, taking turns in one command.

    python -m benchmarks.epoch_time [--epochs 3] [--rounds 2]

Both train the same network from the same weights on the same 48,000 images and validate on the same 12,000. The
app's way includes all it does beside: events, history.csv, TensorBoard, a checkpoint each epoch, resource readings.
The first epoch of each turn traces the graph and is left out. Rounds alternate, so that a busy machine hits both.
"""

import argparse
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

import keras

from fmnist_core import training, zoo
from fmnist_core.preprocess import prepare
from fmnist_core.presets import PRESETS
from fmnist_core.runs import Run
from fmnist_core.training_data import load_data


class _Stopwatch(keras.callbacks.Callback):
    """Seconds of each epoch, validation and the other callbacks' work at its end included."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._since_s = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.seconds.append(time.perf_counter() - self._since_s)
        self._since_s = time.perf_counter()


def plain(epochs: int) -> list[float]:
    """Train with keras.Model.fit on arrays and return the seconds of each epoch."""
    spec = PRESETS["A-lenet5"]
    data = load_data(spec)
    keras.utils.set_random_seed(spec.seed)
    model = zoo.build(spec)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    train, validation = ((prepare(x, spec), y) for x, y in (data.train, data.validation))
    watch = _Stopwatch()
    model.fit(*train, batch_size=64, epochs=epochs, validation_data=validation, callbacks=[watch], verbose=0)
    return watch.seconds


def ours(epochs: int) -> list[float]:
    """Train a Run as the worker does and return the seconds from one epoch's end to the next."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(PRESETS["A-lenet5"].replace(epochs=epochs), Path(folder))
        training.fit(run)
        begin = next(e.time_s for e in run.events() if e.logs.get("phase") == "training")
        # From event to event: whatever happens between two epochs is counted.
        ends = [begin, *(event.time_s for event in run.events() if event.kind == "epoch")]
        return [after - before for before, after in pairwise(ends)]


def main() -> None:
    """Run both in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {"plain model.fit": [], "the app's Run": []}
    for number in range(options.rounds):
        for name, train in (("plain model.fit", plain), ("the app's Run", ours)):
            taken = train(options.epochs)[1:]
            seconds[name] += taken
            print(f"round {number + 1}  {name:16s} " + "  ".join(f"{value:5.2f}" for value in taken), flush=True)
    middle = {name: median(values) for name, values in seconds.items()}
    for name, value in middle.items():
        print(f"{name:16s} median {value:5.2f} s an epoch")
    ratio = middle["the app's Run"] / middle["plain model.fit"]
    print(f"ratio {ratio:.3f}")


if __name__ == "__main__":
    main()

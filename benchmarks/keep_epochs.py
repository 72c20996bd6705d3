"""What keeping every epoch costs: python -m benchmarks.keep_epochs [preset] [--images 12000]

Trains a preset for a few epochs in this process, with answers and weights kept, and compares the processor's seconds of
an epoch (training and validation) with those of keeping it. Seconds of the processor, not of the clock, so that other
work on the machine matters little. The test set always has all its images, so the share is scaled to a Run on all
training images.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from fmnist_core.processes import ONEDNN

os.environ.update(ONEDNN)  # as in a worker; read when TensorFlow loads

from fmnist_core import datasets, epoch_record, epoch_recording, estimates, training
from fmnist_core.presets import PRESETS
from fmnist_core.runs import Run
from fmnist_core.training_data import load_data


class Timed(epoch_recording.KeepEpochs):
    """Keeps epochs, and how long the processor worked on each and on keeping it."""

    rows: list[tuple[float, float]] = []  # noqa: RUF012

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Start the clock."""
        self._began_s = time.process_time()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keep the epoch and stop the clock twice."""
        trained_s = time.process_time()
        super().on_epoch_end(epoch, logs)
        self.rows.append((trained_s - self._began_s, time.process_time() - trained_s))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", nargs="?", default="first-steps", choices=sorted(PRESETS))
    parser.add_argument("--images", type=int, default=12_000, help="training images, validation included")
    parser.add_argument("--epochs", type=int, default=5)
    chosen = parser.parse_args()
    spec = PRESETS[chosen.preset].replace(epochs=chosen.epochs, train_limit=chosen.images, keep_epochs="weights")
    training.KeepEpochs = Timed
    training.finish = lambda *_: {}  # scoring and saving the finished model are not what is measured
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(spec, Path(folder))
        training.fit(run)
        record = epoch_record.EpochRecord.read(run)
        each_bytes = record.size_bytes / len(record.epochs)
    data, all_images = load_data(spec), len(datasets.load(spec.dataset).x_train)
    epoch_s, keep_s = (median(column) for column in zip(*Timed.rows[1:], strict=True))  # the first one traces
    whole_s = epoch_s * all_images / (len(data.train[0]) + len(data.validation[0]))
    guessed = estimates.keeping_cost(
        spec, round(all_images * (1 - spec.validation_fraction)), round(all_images * spec.validation_fraction),
        len(data.dataset.x_test), len(data.dataset.class_names),
    )  # fmt: skip
    print(f"{spec.title}, {chosen.images:,} images, median of {len(Timed.rows) - 1} epochs after the first")
    print(f"  an epoch: {epoch_s:.2f} s of the processor; on all {all_images:,} images {whole_s:.2f} s")
    print(f"  keeping it: {keep_s:.2f} s, that is {keep_s / whole_s:.1%} (the form says {guessed.share:.1%})")
    print(f"  on disk: {each_bytes / 1e6:.2f} MB an epoch, weights included")


if __name__ == "__main__":
    main()

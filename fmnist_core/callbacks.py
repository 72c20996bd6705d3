"""Keras callbacks of a Run: they write events, obey a stop, keep checkpoints, and start again where a Run ended."""

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import psutil

from fmnist_core.batches import TrainingBatches
from fmnist_core.errors import LabError
from fmnist_core.files import replace_atomically, write_atomically
from fmnist_core.runs import HISTORY_FILE, STOP_FILE, Run

CHECKPOINT_FILE = "checkpoint.json"
BEST_FILE = "best.weights.h5"
BEST_FINE_TUNED_FILE = "best-fine-tuned.weights.h5"


class StopRequested(Exception):
    """Raised in the middle of model.fit: Keras' own stop_training would first validate and call the epoch finished."""


def check_stop(run: Run) -> None:
    """Raise StopRequested if somebody asked the Run to stop."""
    if (run.folder / STOP_FILE).exists():
        raise StopRequested


def teller(run: Run) -> Callable[[str], None]:
    """Return tell(sentence): what the Run does before it trains, on its page once a second; it raises StopRequested."""
    last_s = -math.inf

    def tell(sentence: str) -> None:
        nonlocal last_s
        check_stop(run)
        if time.monotonic() - last_s >= 1.0:
            last_s = time.monotonic()
            run.write_event("phase", phase=sentence)

    return tell


class Diverged(LabError):
    """The loss is no longer a number."""


class EpochRandomness(keras.callbacks.Callback):
    """At each epoch's start sets all randomness from (seed, epoch): the batches' and the dropout layers'.

    Keras keeps the state of random generators neither in weights files nor in checkpoints, so a resumed Run would
    otherwise draw other dropout masks than an unbroken one.
    """

    def __init__(self, batches: TrainingBatches, seed: int) -> None:
        super().__init__()
        self._batches = batches
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._batches.start_epoch(epoch)
        states = [v for v in self.model.variables if "seed_generator" in v.path]
        for number, state in enumerate(states):
            state.assign([self._seed + number, epoch * 1_000_000])  # [key, counter]; far fewer batches an epoch


class EventLog(keras.callbacks.Callback):
    """Writes batch and epoch events and history.csv, and raises StopRequested or Diverged."""

    def __init__(self, run: Run, steps_per_epoch: int, train_count: int) -> None:
        super().__init__()
        self._run = run
        self._steps_per_epoch = steps_per_epoch
        self._train_count = train_count
        self._process = psutil.Process()
        self._began_s = time.monotonic()

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._process.cpu_percent()  # the first call starts the measurement

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._epoch, self._epoch_began_s = epoch, time.monotonic()
        self._written_s, self._written_step = time.monotonic(), 0
        self._sums = {"loss": 0.0, "accuracy": 0.0}

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        step = min(batch + 1, self._steps_per_epoch)
        if not math.isfinite(logs["loss"]):
            raise Diverged(
                f"The loss stopped being a number in epoch {self._epoch + 1}. Expected it to fall. Received "
                f"{logs['loss']}. A smaller learning rate usually helps."
            )
        self.check_stop()
        now_s = time.monotonic()
        # Half a second apart at first, further apart as the Run grows long: the file stays small.
        if now_s - self._written_s >= max(0.5, (now_s - self._began_s) / 1000) or step == self._steps_per_epoch:
            self._write_batch(step, logs, now_s)

    def on_test_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.check_stop()  # validation of a large network takes longer than a stop may wait

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs = {name: float(value) for name, value in logs.items()}
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        logs["duration_s"] = time.monotonic() - self._epoch_began_s
        self._run.write_event("epoch", epoch=epoch + 1, step=(epoch + 1) * self._steps_per_epoch, **logs)
        history = self._run.history()
        write_atomically(self._run.folder / HISTORY_FILE, history.to_csv(index=False))

    def check_stop(self) -> None:
        """Raise StopRequested if somebody asked for it."""
        check_stop(self._run)

    def _write_batch(self, step: int, logs: dict, now_s: float) -> None:
        # Keras logs the mean since the epoch began; the difference of two sums is the mean since the last event.
        window = step - self._written_step
        means = {}
        for name, before in self._sums.items():
            self._sums[name] = logs[name] * step
            means[name] = (self._sums[name] - before) / window
        images = window * self._train_count / self._steps_per_epoch
        self._run.write_event(
            "batch",
            epoch=self._epoch + step / self._steps_per_epoch,
            step=self._epoch * self._steps_per_epoch + step,
            **{name: round(value, 6) for name, value in means.items()},
            learning_rate=float(self.model.optimizer.learning_rate),
            images_per_s=round(images / max(now_s - self._written_s, 1e-6), 1),
            cpu_percent=self._process.cpu_percent(),
            memory_mb=round(self._process.memory_info().rss / 1e6, 1),
        )
        self._written_s, self._written_step = now_s, step


@dataclass(frozen=True)
class SavedEpoch:
    """Where training stood after an epoch.

    Attributes:
        epoch: finished epochs.
        weights: file of weights and optimizer.
        fine_tuning_from: epochs of the first phase if this one belongs to fine-tuning; None in the first phase.
    """

    epoch: int
    weights: Path
    fine_tuning_from: int | None = None


class Checkpoint(keras.callbacks.Callback):
    """After each epoch keeps weights, optimizer and random generators, so that a resumed Run equals an unbroken one."""

    def __init__(self, run: Run, fine_tuning_from: int | None) -> None:
        super().__init__()
        self._folder = run.folder
        self._fine_tuning_from = fine_tuning_from

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        before = read_checkpoint(self._folder)
        path = self._folder / f"checkpoint-{epoch + 1:04d}.weights.h5"
        replace_atomically(path, self.model.save_weights)
        record = {"epoch": epoch + 1, "weights": path.name, "fine_tuning_from": self._fine_tuning_from}
        write_atomically(self._folder / CHECKPOINT_FILE, json.dumps(record))
        if before and before.weights != path:
            before.weights.unlink(missing_ok=True)


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the epoch that is best by the monitored log: averaged ones where those were judged."""

    def __init__(self, run: Run, monitor: str, past: list[dict], fine_tuning: bool) -> None:
        super().__init__()
        self._path = run.folder / (BEST_FINE_TUNED_FILE if fine_tuning else BEST_FILE)
        self._monitor = monitor
        self._sign = 1 if monitor == "val_accuracy" else -1
        self._best = max((self._sign * row[monitor] for row in past), default=-math.inf)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if (value := self._sign * logs[self._monitor]) > self._best:
            self._best = value
            with averaged(self.model):
                replace_atomically(self._path, self.model.save_weights)


class AveragedValidation(keras.callbacks.Callback):
    """Validates with the running mean of the weights where the optimizer keeps one; training goes on with its own."""

    def on_test_begin(self, logs: dict | None = None) -> None:
        self._average = averaged(self.model)
        self._average.__enter__()

    def on_test_end(self, logs: dict | None = None) -> None:
        self._average.__exit__(None, None, None)


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """Let the model have its averaged weights for a while; its own where the optimizer averages nothing."""
    if not (model.optimizer and model.optimizer.use_ema and model.optimizer.built):
        yield
        return
    own = [weight.numpy() for weight in model.trainable_variables]
    model.optimizer.finalize_variable_values(model.trainable_variables)
    try:
        yield
    finally:
        for weight, value in zip(model.trainable_variables, own, strict=True):
            weight.assign(value)


class EarlyStopping(keras.callbacks.EarlyStopping):
    """Keras' EarlyStopping that first lives through the epochs that a resumed Run already had."""

    def __init__(self, monitor: str, patience: int, past: list[dict]) -> None:
        super().__init__(monitor, patience=patience, mode="max" if monitor == "val_accuracy" else "min")
        self._past = past

    def on_train_begin(self, logs: dict | None = None) -> None:
        super().on_train_begin(logs)
        for row in self._past:
            self.on_epoch_end(int(row["epoch"]) - 1, row)


def read_checkpoint(folder: Path) -> SavedEpoch | None:
    """Return what the last checkpoint says; None if there is none that can be used."""
    try:
        record = json.loads((folder / CHECKPOINT_FILE).read_text())
        weights, switch = folder / record["weights"], record.get("fine_tuning_from")
        saved = SavedEpoch(int(record["epoch"]), weights, None if switch is None else int(switch))
        return saved if weights.is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None

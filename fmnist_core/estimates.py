"""How long a Run will take here, from past Runs or from a probe of two seconds, and what keeping its epochs costs.

A pace is seconds per training image, validation included. It belongs to a workload: multiply-adds of the network,
batch size, and whether images are augmented.
"""

import json
import math
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from fmnist_core import paths, zoo
from fmnist_core.epoch_record import answers_bytes, weights_stride
from fmnist_core.errors import SpecError
from fmnist_core.features import has_store
from fmnist_core.files import write_atomically
from fmnist_core.processes import ONEDNN
from fmnist_core.progress import Progress
from fmnist_core.spec import RunSpec

PROBE_COMMAND = (sys.executable, "-m", "fmnist_core.estimates")
TEST_IMAGES = 10_000
# Forward, on two cores: a rough guess, only to say beforehand about how long something takes.
GUESSED_S_PER_GIGA_MULTIPLY_ADDS = 0.04
STARTING_S = 8.0  # from the click to the first step, and from the last step to the saved model


@dataclass(frozen=True)
class Workload:
    """What decides the pace of a Run on a given machine.

    Attributes:
        multiply_adds: for one image of an epoch, forward.
        batch_size: images per step.
        augmented: whether images are changed at random.
        frozen_multiply_adds: of a frozen backbone that each image passes once, before the first epoch.
    """

    multiply_adds: int
    batch_size: int
    augmented: bool
    frozen_multiply_adds: int = 0

    @classmethod
    def of(cls, spec: RunSpec) -> "Workload":
        """Return the spec's workload."""
        work = zoo.epoch_multiply_adds(spec)
        return cls(work, spec.batch_size, spec.is_augmented, zoo.multiply_adds(spec) - work)

    @property
    def key(self) -> str:
        """A name for files."""
        frozen = f"-{self.frozen_multiply_adds}" if self.frozen_multiply_adds else ""
        return f"{self.multiply_adds}-{self.batch_size}-{'augmented' if self.augmented else 'plain'}{frozen}"


@dataclass(frozen=True)
class Estimate:
    """Expected duration.

    Attributes:
        total_s, epoch_s: seconds for the whole Run and for one epoch.
        basis: where the pace comes from, for the user to read.
        is_exact: whether the pace was measured on this very workload.
        once_s: seconds of the pass through a frozen backbone, before the first epoch.
    """

    total_s: float
    epoch_s: float
    basis: str
    is_exact: bool
    once_s: float = 0.0


def estimate(spec: RunSpec, train_images: int, past: list[Progress]) -> Estimate | None:
    """Estimate the Run's duration; None if nothing was ever measured on this machine.

    The same workload gives its own pace; otherwise the nearest one's, scaled by multiply-adds, which ignores that
    small layers use a processor worse: a rough figure, marked so.
    """
    wanted = Workload.of(spec)
    paces = _past_paces(past)
    if probe := read_probe(wanted):
        paces.setdefault(wanted, []).append(probe)
    if wanted in paces:
        pace, basis, exact = median(paces[wanted]), "measured on this machine with this network", True
    elif paces:
        near = min(paces, key=lambda known: abs(_ratio(wanted, known) - 1) + (known.augmented != wanted.augmented))
        pace, exact = median(paces[near]) * max(0.2, _ratio(wanted, near)), False
        basis = "scaled from another network on this machine: rough"
    else:
        return None
    epoch_s = pace * train_images
    once_s = _pass_s(spec, wanted, train_images, paces)
    if _has_features(spec):
        exact, basis = False, f"{basis}; what the frozen backbone makes of the images is on disk, as it seems"
    elif wanted.frozen_multiply_adds and read_pass(wanted) is None:
        exact, basis = False, "the pass through the frozen backbone is guessed: rough"
    later_epochs = spec.total_epochs - spec.epochs
    later_s = later_epochs * _scaled(zoo.multiply_adds(spec), paces) * train_images
    total_s = STARTING_S + once_s + epoch_s * spec.epochs + later_s
    return Estimate(total_s, epoch_s, basis, exact and not later_epochs, once_s)


def read_pass(workload: Workload) -> float | None:
    """Return the probed seconds per image of the pass through the frozen backbone; None if there are none."""
    try:
        return float(json.loads(_probe_file(workload).read_text())["pass_seconds_per_image"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_probe(workload: Workload) -> float | None:
    """Return the probed pace in seconds per image; None if there is none."""
    try:
        return float(json.loads(_probe_file(workload).read_text())["seconds_per_image"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Prober:
    """Measures workloads in a process of its own, one at a time: two at once would slow each other down.

    Nobody's probe is ended for another's, or two users would go on ending each other's for ever. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tried: set[Workload] = set()
        self._process: subprocess.Popen | None = None

    def start(self, spec: RunSpec) -> None:
        """Begin to train on noise for two seconds and keep the pace; about eight seconds in all.

        Nothing happens while another probe is under way.
        """
        with self._lock:
            if self.is_busy:
                return
            self._tried.add(Workload.of(spec))
            self._process = subprocess.Popen(
                [*PROBE_COMMAND, spec.to_json()],
                cwd=paths.PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env={**os.environ, "FMNIST_LAB_HOME": str(paths.home()), "TF_CPP_MIN_LOG_LEVEL": "2", **ONEDNN},
            )  # fmt: skip

    @property
    def is_busy(self) -> bool:
        """Whether a probe is under way."""
        return self._process is not None and self._process.poll() is None

    def has_failed(self, workload: Workload) -> bool:
        """Whether a probe of this workload ended without a figure."""
        return workload in self._tried and not self.is_busy and read_probe(workload) is None


@dataclass(frozen=True)
class KeepingCost:
    """What keeping a Run's epochs costs.

    Attributes:
        share: of an epoch's arithmetic that the pass over the test images adds, 0 and more.
        answers_bytes, weights_bytes: of all epochs together; weights_bytes is 0 where weights are not kept.
    """

    share: float
    answers_bytes: int
    weights_bytes: int


def keeping_cost(spec: RunSpec, train: int, validation: int, test: int, classes: int) -> KeepingCost:
    """Estimate what keeping costs, by arithmetic: numbers of images that an epoch trains on, validates on and tests.

    A training step is three passes where all layers learn, and one where none does.
    """
    layers = zoo.describe(spec, classes)
    head = zoo.epoch_multiply_adds(spec)
    learning = sum(layer.multiply_adds for layer in layers if layer.frozen < layer.parameters)
    passes = train * (head + 2 * min(head, learning)) + validation * head
    share = test * head * (1 + spec.mirror_averaging) / max(1, passes)
    bytes_of = spec.total_epochs * answers_bytes(test, classes)
    return KeepingCost(share, bytes_of, kept_weights_bytes(spec, layers) if spec.keep_epochs == "weights" else 0)


def _past_paces(past: list[Progress]) -> dict[Workload, list[float]]:
    paces: dict[Workload, list[float]] = {}
    for progress in past:
        first_phase = progress.epochs[: progress.fine_tuning_from]
        durations = [row["duration_s"] for row in first_phase if "duration_s" in row]
        if durations and progress.train_images:
            # The first epoch of an attempt also traces the graph.
            pace = median(durations[1:] or durations) / progress.train_images
            with suppress(SpecError):  # a network that this version does not know
                paces.setdefault(Workload.of(progress.run.spec), []).append(pace)
    return paces


def _pass_s(spec: RunSpec, wanted: Workload, train_images: int, paces: dict[Workload, list[float]]) -> float:
    """Return the seconds in which a frozen backbone sees every image once; features found on disk save them."""
    if not wanted.frozen_multiply_adds or _has_features(spec):
        return 0.0
    known = read_pass(wanted)
    # A forward pass is a third of the arithmetic of a training step.
    per_image = _scaled(wanted.frozen_multiply_adds, paces) / 3 if known is None else known
    all_images = train_images * max(1, spec.feature_copies) / (1 - spec.validation_fraction) + TEST_IMAGES
    return per_image * all_images


def _has_features(spec: RunSpec) -> bool:
    """Whether features of such a backbone are on disk. Each seed draws augmented copies of its own."""
    return spec.keeps_features and not spec.is_augmented and has_store(spec)


def _scaled(multiply_adds: int, paces: dict[Workload, list[float]]) -> float:
    """Return seconds per training image of so much arithmetic, from the heaviest network that was measured."""
    heaviest = max(paces, key=lambda known: known.multiply_adds)
    return median(paces[heaviest]) * multiply_adds / max(1, heaviest.multiply_adds)


def _ratio(wanted: Workload, known: Workload) -> float:
    return wanted.multiply_adds / max(1, known.multiply_adds)


def kept_weights_bytes(spec: RunSpec, layers: tuple[zoo.Layer, ...]) -> int:
    """Return what the weights of all kept epochs take, where they are kept."""
    whole = 4 * sum(layer.parameters for layer in layers)
    backbone = 4 * sum(layer.parameters for layer in layers if layer.kind == "Block")
    first = whole - backbone if spec.keeps_features else whole
    phases = [(first, spec.epochs)] + [(whole, spec.fine_tune_epochs)] * spec.is_transfer
    kept = sum(size * math.ceil(epochs / weights_stride(size, epochs)) for size, epochs in phases if epochs)
    return kept + backbone * spec.keeps_features


def _probe_file(workload: Workload) -> Path:
    return paths.cache() / "probes" / f"{workload.key}.json"


def _probe(spec: RunSpec) -> None:
    from fmnist_core.pace import measure_pace  # TensorFlow: only in the probe's own process

    file = _probe_file(Workload.of(spec))
    file.parent.mkdir(parents=True, exist_ok=True)
    pace, pass_s = measure_pace(spec, seconds=2.0)
    write_atomically(file, json.dumps({"seconds_per_image": pace, "pass_seconds_per_image": pass_s}))


if __name__ == "__main__":
    _probe(RunSpec.from_json(sys.argv[1]))

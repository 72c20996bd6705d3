"""The depth probe: how much a linear classifier gets out of each block of a frozen backbone, and what it costs.

One pass through the base gives the output of every block, averaged over its places. On each of them a multinomial
logistic regression is fitted, the plainest head there is; on the raw pixels as well, so that one sees what the base
adds. It is a task (fmnist_core/tasks.py): TensorFlow is loaded in its process alone.

Source of the method: Alain and Bengio (2016), Understanding intermediate layers using linear classifier probes,
https://arxiv.org/abs/1610.01644.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fmnist_core.backbones import BACKBONES, INPUT_RANGES, Block, blocks
from fmnist_core.datasets import Dataset
from fmnist_core.errors import ModelError, SpecError
from fmnist_core.estimates import GUESSED_S_PER_GIGA_MULTIPLY_ADDS
from fmnist_core.evaluation import wilson_interval
from fmnist_core.fingerprints import file_fingerprint
from fmnist_core.linear_probe import fit_all
from fmnist_core.memory import is_remembered, remembered
from fmnist_core.preprocess import resize
from fmnist_core.spec import RunSpec
from fmnist_core.zoo import weights
from fmnist_core.zoo.transfer import block_outputs

if TYPE_CHECKING:
    import keras

NAME, VERSION = "depth", 4
SIZES_PX = (32, 48, 64, 96, 128)
WEIGHTS = ("imagenet", "file", "random")
TRAIN_IMAGES, TEST_IMAGES = 6000, 2000
BATCH = 125
# Of the task's time: loading TensorFlow and building the base, then the pass through it, then the fits.
_LOADED, _PASSED = 0.08, 0.6
_START_S, _S_PER_MILLION_FEATURES = 20.0, 0.9  # rough guesses, only to say beforehand about how long a probe takes

Report = Callable[[str, float], None]


@dataclass(frozen=True)
class ProbeSpec:
    """What a probe is made with.

    backbone: key of BACKBONES.
    image_size_px: to which the images are enlarged, one of SIZES_PX.
    weights: imagenet, file or random.
    weights_file: path of the file, where weights is "file".
    train_images, test_images: at most about so many, the first of each class.
    seed: of random weights, and of the images held out to choose the regularisation.
    """

    backbone: str = "mobilenet"
    image_size_px: int = 64
    weights: str = "imagenet"
    weights_file: str = ""
    train_images: int = TRAIN_IMAGES
    test_images: int = TEST_IMAGES
    seed: int = 0

    def __post_init__(self) -> None:
        for name, allowed in (("backbone", tuple(BACKBONES)), ("image_size_px", SIZES_PX), ("weights", WEIGHTS)):
            if (value := getattr(self, name)) not in allowed:
                raise SpecError(f"Expected {name}: one of {', '.join(map(str, allowed))}. Received: {value!r}.")
        if self.weights == "file" and not self.weights_file.strip():
            raise SpecError("Expected the path of a file of weights. Received none.")
        if min(self.train_images, self.test_images) < 10:
            raise SpecError(
                "Expected at least 10 images to train and 10 to test on. "
                f"Received {self.train_images} and {self.test_images}."
            )

    @property
    def parameters(self) -> dict[str, Any]:
        """The fields as JSON types; no file where the weights come from none."""
        return asdict(self) | {"weights_file": self.weights_file if self.weights == "file" else ""}

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks that pictures of this size get through, first to last."""
        return blocks(self.backbone, self.image_size_px)

    @property
    def about_s(self) -> float:
        """Roughly how long the probe takes on two cores."""
        work = sum(block.multiply_adds for block in self.blocks) * (self.train_images + self.test_images) / 1e9
        features = sum(block.output_shape[-1] for block in self.blocks) * self.train_images / 1e6
        return _START_S + work * GUESSED_S_PER_GIGA_MULTIPLY_ADDS + features * _S_PER_MILLION_FEATURES


@dataclass(frozen=True, eq=False)
class Probe:
    """A finished probe.

    blocks: the blocks that were probed, first to last.
    hits: (blocks, n) bool, whether the probe of the block got the test image right.
    raw_hits: (n,) bool, the same of logistic regression on the raw pixels.
    train_images: on how many the probes were fitted.
    pass_s: seconds of the pass of all images through the base.
    fit_s: (blocks,) seconds of each fit.
    pretrained: whether the base had learned anything.
    left_out: the blocks after them. In a file of weights they can be as they were drawn at random.
    """

    blocks: tuple[Block, ...]
    hits: np.ndarray
    raw_hits: np.ndarray
    train_images: int
    pass_s: float
    fit_s: np.ndarray
    pretrained: bool
    left_out: tuple[Block, ...] = ()

    @property
    def accuracy(self) -> np.ndarray:
        """Share of the test images that each block's probe gets right: (blocks,) float64."""
        return self.hits.mean(axis=1)

    @property
    def raw_accuracy(self) -> float:
        """The same of logistic regression on the raw pixels."""
        return float(self.raw_hits.mean())

    @property
    def best(self) -> int:
        """Place of the block with the highest accuracy, the first of equals: it costs least."""
        return int(self.accuracy.argmax())

    @property
    def test_images(self) -> int:
        """On how many images the probes were scored."""
        return self.hits.shape[1]

    def interval(self, place: int) -> tuple[float, float]:
        """Return the 95 % Wilson interval of the accuracy after this block."""
        return wilson_interval(float(self.accuracy[place]), self.test_images)


def first_of_each(labels: np.ndarray, count: int) -> np.ndarray:
    """Return the rows of the first images of each class, equally many of each: ascending int64, about `count`."""
    classes = np.unique(labels)
    share = max(1, round(count / len(classes)))
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:share] for label in classes]))


def known_probe(dataset: Dataset, spec: ProbeSpec) -> Probe | None:
    """Return a probe that was computed before, from disk; else None. The app asks here: nothing is ever computed."""
    if not is_remembered(dataset.sha256, NAME, VERSION, **_key(spec)):
        return None
    return _read(spec, remembered(dataset.sha256, NAME, VERSION, dict, **_key(spec)))


def computed_probe(dataset: Dataset, spec: ProbeSpec, report: Report | None = None) -> Probe:
    """Return a probe, from disk or computed: under two minutes for MobileNet at 64 px on two cores.

    Raises:
        ModelError: there are no such weights, or they do not fit.
    """
    if probe := known_probe(dataset, spec):
        return probe
    report = report or (lambda *_: None)
    base = _base(spec, report)  # before the key is made: a download brings the file that the key is a hash of
    arrays = remembered(dataset.sha256, NAME, VERSION, lambda: _probe(dataset, spec, base, report), **_key(spec))
    return _read(spec, arrays)


def remember(dataset: Dataset, report: Report, **parameters: Any) -> None:
    """Compute a probe, so that it is on disk (a task, see fmnist_core/tasks.py)."""
    computed_probe(dataset, ProbeSpec(**parameters), report)


def _read(spec: ProbeSpec, arrays: dict[str, np.ndarray]) -> Probe:
    probed = len(arrays["hits"])
    return Probe(
        spec.blocks[:probed], arrays["hits"], arrays["raw_hits"], int(arrays["train_images"]), float(arrays["pass_s"]),
        arrays["fit_s"], spec.weights != "random", spec.blocks[probed:],
    )  # fmt: skip


def _key(spec: ProbeSpec) -> dict[str, Any]:
    """What the result depends on: the weights by their content, not by their place."""
    key = {name: value for name, value in spec.parameters.items() if name not in ("weights", "weights_file")}
    return key | {"fingerprint": _fingerprint(spec)}


def _fingerprint(spec: ProbeSpec) -> str:
    """Return a hash of the file of weights, or "absent"; or "random"."""
    if spec.weights == "random":
        return "random"
    try:
        named = spec.weights == "file"
        path = weights.named_file(spec.backbone, spec.weights_file) if named else weights.find(spec.backbone)
        return file_fingerprint(path) if path else "absent"
    except (OSError, ModelError):
        return "absent"


def _base(spec: ProbeSpec, report: Report) -> "keras.Model":
    """Build the base with its weights, and an output for each block: (n, channels of the block) float32 each.

    Blocks of a file whose weights were never trained have none.
    """
    if spec.weights == "imagenet":
        weights.fetch(spec.backbone, lambda sentence, share: report(sentence, 0.01 * share))
    report("Loading TensorFlow", 0.01)
    import keras

    from fmnist_core.zoo.facts import builder
    from fmnist_core.zoo.unlearned import learned_blocks

    report(f"Building {BACKBONES[spec.backbone].title}", 0.04)
    keras.utils.set_random_seed(spec.seed)
    base = builder(spec.backbone)(include_top=False, weights=None, input_shape=(None, None, 3))
    report("Loading its weights", 0.06)
    weights.load(base, spec.backbone, spec.weights, spec.weights_file)
    probed = learned_blocks(base, spec.blocks) if spec.weights == "file" else spec.blocks
    if not probed:
        raise ModelError(
            f"Expected weights that were trained. Received {spec.weights_file}, which holds them as they were "
            "drawn at random. Not pretrained shows what such a base is worth."
        )
    average = keras.layers.GlobalAveragePooling2D
    return keras.Model(base.input, [average()(output) for output in block_outputs(base, probed)])


def _probe(dataset: Dataset, spec: ProbeSpec, base: "keras.Model", report: Report) -> dict[str, np.ndarray]:
    train, test = first_of_each(dataset.y_train, spec.train_images), first_of_each(dataset.y_test, spec.test_images)
    images = np.concatenate([dataset.x_train[train], dataset.x_test[test]])
    labels = np.concatenate([dataset.y_train[train], dataset.y_test[test]])
    began = time.perf_counter()
    if spec.weights == "random":
        from fmnist_core.batch_norm import measure_statistics, measured  # loads TensorFlow

        measure_statistics(base, _inputs(measured(images[: len(train)]), spec))
    features = _features(base, images, spec, report)
    pass_s = time.perf_counter() - began
    features.append(images.reshape(len(images), -1).astype(np.float32))
    report("Fitting linear probes", _PASSED)
    hits, fit_s = fit_all(features, labels, len(train), spec.seed, _second_part(report, len(features)))
    return {
        "hits": np.stack(hits[:-1]), "raw_hits": hits[-1], "train_images": np.array(len(train)),
        "pass_s": np.array(pass_s), "fit_s": np.array(fit_s[:-1]),
    }  # fmt: skip


def _second_part(report: Report, count: int) -> Callable[[int], None]:
    return lambda done: report(f"{done} of {count} linear probes fitted", _PASSED + (1 - _PASSED) * done / count)


def _features(base: "keras.Model", images: np.ndarray, spec: ProbeSpec, report: Report) -> list[np.ndarray]:
    """Return what each block makes of the images: (n, 28, 28) uint8 -> per block (n, channels) float32."""
    import tensorflow as tf

    side = spec.image_size_px

    @tf.function(input_signature=[tf.TensorSpec((None, side, side, 3), tf.float32)], autograph=False)
    def run(batch: tf.Tensor) -> list[tf.Tensor]:
        return base(batch, training=False)

    found: list[list[np.ndarray]] = [[] for _ in base.outputs]
    for start in range(0, len(images), BATCH):
        report(
            f"{start:,} of {len(images):,} images through the base", _LOADED + (_PASSED - _LOADED) * start / len(images)
        )
        outputs = tf.nest.flatten(run(_inputs(images[start : start + BATCH], spec)))
        for rows, output in zip(found, outputs, strict=True):
            rows.append(output.numpy())
    return [np.concatenate(rows) for rows in found]


def _inputs(images: np.ndarray, spec: ProbeSpec) -> np.ndarray:
    """Return what the base takes for (n, 28, 28) uint8: (n, side, side, 3) float32 in its own range."""
    scale, offset = (np.float32(number) for number in INPUT_RANGES[BACKBONES[spec.backbone].input_range])
    size = RunSpec(
        network="transfer", backbone=spec.backbone, image_size_px=spec.image_size_px, resizing="bilinear",
        scaling="base",
    )  # fmt: skip
    return resize(images, size).astype(np.float32).repeat(3, axis=-1) * scale + offset

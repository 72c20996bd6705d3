"""The inside of a finished network: what each layer answers to an image, and which pixels the answer rests on.

Gradients need the Keras model, so this runs in processes of its own (explain_process.py, explain_features.py).

Sources: Grad-CAM: Selvaraju et al., 2017, https://arxiv.org/abs/1610.02391. Integrated gradients: Sundararajan, Taly,
Yan, 2017, https://arxiv.org/abs/1703.01365. Both are worked on the 28x28 pixels of the data, whatever size the network
has: padding and enlarging are linear, so gradients are taken back through them exactly.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from fmnist_core.errors import LabError
from fmnist_core.evaluation import SMALLEST_PROBABILITY
from fmnist_core.explain_taps import first_kernels, is_transfer, last_layer, taps_of
from fmnist_core.features import FeatureStore, digests_of
from fmnist_core.keras_files import load_model
from fmnist_core.preprocess import enlarging, prepare, scale_and_offset
from fmnist_core.runs import KERAS_FILE, Run
from fmnist_core.spec import RunSpec
from fmnist_core.zoo import multiply_adds
from fmnist_core.zoo.mirror import without_mirror
from fmnist_core.zoo.transfer import HEAD, TRUNK

CHANNELS_KEPT, SIDE_KEPT = 64, 56  # of an activation: what a page can show
FEWEST_STEPS, MOST_STEPS = 32, 256  # of an integral
GRADIENT_WORK = 60e9  # multiplications with addition of one integral: seconds on two cores
_SMALLEST_DOUBT = 1e-30  # of 1 - p, where only the sign of a gradient counts: more would swallow it
_WORK_AT_ONCE = 4e9  # multiplications with addition of one pass with gradients


class Anatomy:
    """A finished model, opened.

    Attributes:
        model: the whole, from pixels to probabilities, as it predicts.
        mirrored: whether it averages over image and mirror image.
        taps: the layers of the network within, first to last.
        hidden: the network up to its last hidden layer: (n, s, s, 1) float32 -> (n, d).
    """

    def __init__(self, model: keras.Model, spec: RunSpec) -> None:
        self.model, self.spec = model, spec
        network = without_mirror(model)
        self.mirrored = network is not model
        inputs, self.taps = taps_of(network, spec)
        self._graph = keras.Model(inputs, [tap.output for tap in self.taps])
        self._last = last_layer(network)
        self._kernels = first_kernels(network)
        self.hidden = keras.Model(inputs, self.taps[-2].output)  # the taps end with the last layer
        self._work = _gradient_work(self)
        self._at_once = int(np.clip(_WORK_AT_ONCE // self._work, 4, 128))  # images whose gradients are taken

    @classmethod
    def of(cls, run: Run) -> "Anatomy":
        """Open the model of a completed Run.

        Raises:
            ModelError: if it is absent or damaged.
        """
        return cls(load_model(run.folder / KERAS_FILE, f"Run {run.id}"), run.spec)

    def explain(self, image: np.ndarray, label: int | None = None) -> dict[str, np.ndarray]:
        """Explain the model's answer to one image, (28, 28) uint8.

        label: the class whose probability is explained; None: the one that the model names.

        Returns arrays by name:
            probabilities (classes,) float32; label () int64;
            activation-<i>, for each tap: (h, w, c) float16, h and w at most 56, the 64 channels that answer most, or
            (units,) float16; channels-<i> (c,) int64, which channels those are;
            cam-<i>, for each tap that is a picture of more than one place: (28, 28) float32, 0 and more;
            gradients (28, 28) float32: integrated gradients from a black image; their sum is about
            p(image) - p(black); black () float32, that p(black);
            filters (k, k, f) float32: the kernels of the first convolution, summed over its input channels; absent
            where there is none.
            features (d,) float32: the last hidden layer.
        """
        pixels = prepare(image[np.newaxis], self.spec)
        probabilities = np.asarray(self.model(pixels, training=False))[0]
        label = int(probabilities.argmax()) if label is None else int(label)
        if not 0 <= label < len(probabilities):
            raise LabError(f"Expected a class from 0 to {len(probabilities) - 1}. Received {label}.")
        outputs, cams, features = self._activations(pixels, label)
        found: dict[str, np.ndarray] = {"probabilities": probabilities, "label": np.array(label)}
        for number, output in enumerate(outputs):
            found[f"activation-{number}"], found[f"channels-{number}"] = _condensed(output)
        found |= {f"cam-{number}": self._to_image(cam) for number, cam in cams.items()}
        found["black"] = np.asarray(self.model(prepare(np.zeros((1, 28, 28), np.uint8), self.spec)))[0, label]
        found["gradients"] = self._complete_gradients(image, label, float(probabilities[label] - found["black"]))
        if self._kernels is not None:
            found["filters"] = self._kernels
        found["features"] = features.ravel()
        return found

    def contrast(self, images: np.ndarray, first: int, second: int) -> np.ndarray:
        """Return which pixels make the model say the second class rather than the first, on average.

        images: (n, 28, 28) uint8. Returns (28, 28) float32: mean integrated gradients of log(p_second / p_first).
        """

        def odds(rows: tf.Tensor) -> tf.Tensor:
            logs = tf.math.log(rows + SMALLEST_PROBABILITY)
            return logs[:, second] - logs[:, first]

        return self.integrated_gradients(images, odds, min(FEWEST_STEPS, self.most_steps)).mean(axis=0)

    def integrated_gradients(self, images: np.ndarray, target: Any, steps: int) -> np.ndarray:
        """Return the integrated gradients of target(probabilities) from black to each image.

        images: (n, 28, 28) uint8. target: (b, classes) -> (b,) tensor. steps: of the integral, by midpoints.
        Returns (n, 28, 28) float32, in units of the target; pixel by pixel its share of target(image) - target(black).
        """
        black = prepare(np.zeros((1, 28, 28), np.uint8), self.spec)
        ways = prepare(images, self.spec) - black
        sums = np.zeros((len(images), *ways.shape[1:3]), np.float64)
        at = [(row, (step + 0.5) / steps) for row in range(len(images)) for step in range(steps)]
        for start in range(0, len(at), self._at_once):
            chunk = at[start : start + self._at_once]
            rows = np.array([row for row, _ in chunk])
            shares = np.array([share for _, share in chunk], np.float32)[:, np.newaxis, np.newaxis, np.newaxis]
            np.add.at(sums, rows, self._gradient(black + shares * ways[rows], target))
        return np.stack([
            self._gradient_to_image(total / steps) * image for total, image in zip(sums, images, strict=True)
        ]).astype(np.float32)  # fmt: skip

    def slope(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return which way each pixel raises the loss, -log p of the image's label: (n, 28, 28) float32.

        images: (n, 28, 28) uint8; labels: (n,) integers. It is the gradient, by grey levels, of log(1 - p): that of the
        loss but for a positive factor. Where p rounds to 1 the loss's own would be 0, and the attack would miss.
        """
        pixels, found = prepare(images, self.spec), np.empty(images.shape, np.float32)
        for start in range(0, len(images), self._at_once):
            chunk = slice(start, start + self._at_once)
            mine = np.asarray(labels[chunk], np.int32)

            def doubt(rows: tf.Tensor, mine: np.ndarray = mine) -> tf.Tensor:
                others = rows * (1 - tf.one_hot(mine, rows.shape[1]))
                return tf.math.log(tf.reduce_sum(others, axis=1) + _SMALLEST_DOUBT)

            gradients = self._gradient(pixels[chunk], doubt)
            found[chunk] = [self._gradient_to_image(gradient) for gradient in gradients]
        return found

    @property
    def most_steps(self) -> int:
        """Most steps of an integral: fewer for a heavy network, whose user would wait."""
        return int(np.clip(GRADIENT_WORK // self._work, 8, MOST_STEPS))

    def _complete_gradients(self, image: np.ndarray, label: int, total: float) -> np.ndarray:
        """Return integrated gradients of a probability, (28, 28), with as many steps as it takes for them to add up to
        `total`, p(image) - p(black), within a twentieth of it."""
        steps = min(FEWEST_STEPS, self.most_steps)
        while True:
            found = self.integrated_gradients(image[np.newaxis], lambda rows: rows[:, label], steps)[0]
            if abs(found.sum() - total) <= max(0.05 * abs(total), 0.005) or 2 * steps > self.most_steps:
                return found
            steps *= 2

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """Return the last hidden layer, averaged with that of the mirror image where the model averages.

        pixels: model input (n, s, s, 1) float32 -> (n, d) float32.
        """
        rows = np.asarray(self.hidden(pixels, training=False))
        if self.mirrored:
            rows = (rows + np.asarray(self.hidden(pixels[:, :, ::-1], training=False))) / 2
        return rows.reshape(len(rows), -1)

    def kept_trunk(self) -> Callable[[np.ndarray], np.ndarray] | None:
        """Return what makes the last hidden layer of images out of the trunk's outputs that training kept on disk:
        (n, 28, 28) uint8 -> (n, d) float32; None where there are none."""
        network = without_mirror(self.model)
        if self.mirrored or not is_transfer(network):
            return None
        trunk, head = network.get_layer(TRUNK), network.get_layer(HEAD)
        store = FeatureStore(trunk, self.spec)
        if not store.folder.is_dir():
            return None
        bare = len(head.layers) == 2  # the input and the answer: the trunk's output is the last hidden layer
        hidden = None if bare else keras.Model(head.input, head.layers[-1].input)

        def features(images: np.ndarray) -> np.ndarray:
            kept = store.features(digests_of(images), lambda chunk: prepare(images[chunk], self.spec))
            rows = kept.take(np.arange(len(images)))
            return rows if hidden is None else hidden.predict_on_batch(rows)

        return features

    def _activations(
        self, pixels: np.ndarray, label: int
    ) -> tuple[list[np.ndarray], dict[int, np.ndarray], np.ndarray]:
        """Return each tap's output for the image, Grad-CAM (h, w) at each tap that is a picture, and the last hidden
        layer as the answer rests on it."""
        outputs, cams = self._one_side(pixels, label)
        features = outputs[-2]
        if self.mirrored:
            others, mirrored = self._one_side(pixels[:, :, ::-1], label)
            cams = {number: (cam + mirrored[number][:, ::-1]) / 2 for number, cam in cams.items()}
            features = (features + others[-2]) / 2
        return outputs, cams, features

    def _one_side(self, pixels: np.ndarray, label: int) -> tuple[list[np.ndarray], dict[int, np.ndarray]]:
        image = tf.constant(pixels)
        with tf.GradientTape() as tape:
            tape.watch(image)  # a frozen network has no variable that the tape would watch by itself
            outputs = tf.nest.flatten(self._graph(image, training=False))
            score = self._score(outputs)[:, label]
        pictures = [
            number for number, tap in enumerate(self.taps) if tap.is_picture and outputs[number].shape[1] > 1
        ]  # fmt: skip
        gradients = tape.gradient(score, [outputs[number] for number in pictures])
        cams = {}
        for number, gradient in zip(pictures, gradients, strict=True):
            if gradient is not None:
                weights = np.asarray(gradient)[0].mean(axis=(0, 1))
                cams[number] = np.maximum(np.asarray(outputs[number])[0] @ weights, 0)
        return [np.asarray(output)[0] for output in outputs], cams

    def _score(self, outputs: list[tf.Tensor]) -> tf.Tensor:
        """Return the classes' scores before softmax, as Grad-CAM wants them; their logarithms where it isn't known."""
        layer = self._last
        if isinstance(layer, keras.layers.Dense) and layer.activation is keras.activations.softmax:
            return tf.matmul(outputs[-2], layer.kernel) + (layer.bias if layer.use_bias else 0)
        return tf.math.log(outputs[-1] + SMALLEST_PROBABILITY)

    def _gradient(self, pixels: np.ndarray, target: Any) -> np.ndarray:
        """Return d target / d model input: (b, s, s, 1) -> (b, s, s) float32."""
        image = tf.constant(pixels)
        with tf.GradientTape() as tape:
            tape.watch(image)
            value = target(self.model(image, training=False))
        return np.asarray(tape.gradient(value, image))[..., 0]

    def _gradient_to_image(self, gradient: np.ndarray) -> np.ndarray:
        """Take a gradient at the model's input back to the 28x28 pixels: the transposed path of preprocess.prepare."""
        scale, _ = scale_and_offset(self.spec)
        if (matrix := enlarging(self.spec)) is not None:
            return scale * (matrix.T @ gradient @ matrix)
        margin = (len(gradient) - 28) // 2
        return scale * gradient[margin : margin + 28, margin : margin + 28]

    def _to_image(self, picture: np.ndarray) -> np.ndarray:
        """Bring a layer's picture (h, w) to the 28x28 pixels that lie below it."""
        side = self.spec.image_size_px
        whole = tf.image.resize(picture[..., np.newaxis].astype(np.float32), (side, side)).numpy()
        if enlarging(self.spec) is not None:
            return tf.image.resize(whole, (28, 28), antialias=True).numpy()[..., 0]
        margin = (side - 28) // 2
        return whole[margin : margin + 28, margin : margin + 28, 0]


def _gradient_work(anatomy: Anatomy) -> int:
    """Return the multiplications with addition of one image's gradient: forward, and twice that backward."""
    try:
        return max(1, 3 * multiply_adds(anatomy.spec) * (2 if anatomy.mirrored else 1))
    except LabError:  # a network that the spec does not describe
        return max(1, 6 * anatomy.model.count_params())


def _condensed(output: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep what a page can show of an activation: the channels that answer most, at most 56 px a side."""
    if output.ndim != 3:
        return output.ravel().astype(np.float16), np.arange(output.size)
    channels = np.argsort(-np.abs(output).mean(axis=(0, 1)), kind="stable")[:CHANNELS_KEPT]
    kept = output[..., channels]
    if (step := -(-kept.shape[0] // SIDE_KEPT)) > 1:
        height, width = kept.shape[0] // step, kept.shape[1] // step
        kept = kept[: height * step, : width * step].reshape(height, step, width, step, -1).mean(axis=(1, 3))
    return kept.clip(-6e4, 6e4).astype(np.float16), channels

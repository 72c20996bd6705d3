"""Batches for model.fit, such that a resumed Run sees the very images, in the very order, that it would have seen.

All randomness is stateless: order and augmentation of an epoch follow from (seed, epoch, batch) alone. That is why
the augmentations are a few raw TensorFlow operations and not Keras' layers, whose generators carry state.
"""

import math

import numpy as np
import tensorflow as tf

from fmnist_core.features import Features
from fmnist_core.preprocess import enlarging, pad, scale_and_offset
from fmnist_core.spec import RunSpec


class TrainingBatches:
    """A tf.data pipeline over one epoch of images at a time; `start_epoch` chooses which."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, spec: RunSpec) -> None:
        """Keep (n, 28, 28) uint8 images and (n, classes) float32 labels."""
        self._images = tf.constant(pad(images, spec))
        self._prepare(labels, spec)

    def _prepare(self, labels: np.ndarray, spec: RunSpec) -> None:
        self._epoch = tf.Variable(0, dtype=tf.int32, trainable=False)
        self._labels = tf.constant(labels)
        self.spec = spec
        self.steps_per_epoch = math.ceil(len(labels) / spec.batch_size)

    def start_epoch(self, epoch: int) -> None:
        """Let the next pass through the data set be that of this epoch (from 0)."""
        self._epoch.assign(epoch)

    def dataset(self) -> tf.data.Dataset:
        """Return batches of (model input, (b, classes) float32); the input of images is (b, s, s, 1) float32."""
        once = tf.data.Dataset.from_tensors(0).flat_map(lambda _: self._order())
        batches = once.map(self._batch, num_parallel_calls=2, deterministic=True)
        return batches.apply(tf.data.experimental.assert_cardinality(self.steps_per_epoch)).prefetch(4)

    def _order(self) -> tf.data.Dataset:
        count = len(self._labels)
        order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=[self.spec.seed, self._epoch])
        size = _images_per_step(count, self.spec.batch_size)
        return tf.data.Dataset.from_tensor_slices(order).batch(size).enumerate()

    def _batch(self, number: tf.Tensor, indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = tf.cast(tf.gather(self._images, indices), tf.float32)
        seed = tf.stack([self.spec.seed + 1_000_003 * self._epoch, tf.cast(number, tf.int32)])
        return to_input(augment(images, seed, self.spec), self.spec), tf.gather(self._labels, indices)


def _images_per_step(count: int, batch_size: int) -> int:
    """Return the batch size, or less where an epoch's last batch would have under an eighth of it: then all share.

    A step on two images moves the weights, and the statistics of batch normalisation, as far as one on 256, and where
    an epoch has few steps validation sees little else. Where it has many, a smaller batch would not fill the last one.
    """
    steps = math.ceil(count / batch_size)
    last = count - (steps - 1) * batch_size
    return math.ceil(count / steps) if last < batch_size / 8 else batch_size


class FeatureBatches(TrainingBatches):
    """The same order of the same images, but of their features: input (b, d) float32."""

    def __init__(self, copies: list[Features], labels: np.ndarray, spec: RunSpec) -> None:
        """Keep the features of (n,) images, once per augmented copy; the epochs take turns among the copies."""
        self._copies = copies
        self._prepare(labels, spec)

    def _batch(self, number: tf.Tensor, indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rows = tf.numpy_function(self._take, [indices, self._epoch], tf.float32)
        rows.set_shape([None, self._copies[0].rows.shape[1]])
        return rows, tf.gather(self._labels, indices)

    def _take(self, indices: np.ndarray, epoch: np.ndarray) -> np.ndarray:
        return self._copies[int(epoch) % len(self._copies)].take(indices)


def feature_batches(features: Features, labels: np.ndarray, batch_size: int = 256) -> tf.data.Dataset:
    """Return batches in order: ((b, d) float32, (b, classes) float32)."""
    rows = np.ascontiguousarray(features.take(np.arange(len(labels))))
    return tf.data.Dataset.from_tensor_slices((rows, labels)).batch(batch_size).prefetch(4)


def validation_batches(images: np.ndarray, labels: np.ndarray, spec: RunSpec, batch_size: int = 256) -> tf.data.Dataset:
    """Return batches in order, without augmentation: shapes as in TrainingBatches.dataset."""
    dataset = tf.data.Dataset.from_tensor_slices((pad(images, spec), labels)).batch(batch_size)
    return dataset.map(lambda x, y: (to_input(tf.cast(x, tf.float32), spec), y), num_parallel_calls=2).prefetch(4)


def augment(images: tf.Tensor, seed: tf.Tensor, spec: RunSpec) -> tf.Tensor:
    """Apply the spec's augmentations to (b, s, s, 1) float32 pixels in 0..255; uncovered ground is black (0).

    Args:
        seed: (2,) int32; the same seed gives the same images.
    """
    if spec.flip:
        images = tf.image.stateless_random_flip_left_right(images, seed)
    if spec.shift_px or spec.rotation_degrees:
        images = _shift_and_rotate(images, seed + [0, 1], spec)
    if spec.erasing_fraction:
        images = _erase(images, seed + [0, 2], spec.erasing_fraction)
    return images


def to_input(images: tf.Tensor, spec: RunSpec) -> tf.Tensor:
    """Enlarge and scale (b, p, p, 1) float32 pixels in 0..255 to model input, (b, s, s, 1); see preprocess."""
    matrix = enlarging(spec)  # on a line of its own: TensorFlow's AutoGraph cannot read the walrus
    if matrix is not None:
        images = tf.einsum("ij,bjkc,lk->bilc", matrix, images, matrix)
    scale, offset = scale_and_offset(spec)
    return images * scale + offset


def _shift_and_rotate(images: tf.Tensor, seed: tf.Tensor, spec: RunSpec) -> tf.Tensor:
    count, side = tf.shape(images)[0], images.shape[1]
    low, high = -spec.shift_px, spec.shift_px + 1
    shift = tf.cast(tf.random.stateless_uniform([2, count], seed, low, high, tf.int32), tf.float32)
    limit = math.radians(spec.rotation_degrees)
    angle = tf.random.stateless_uniform([count], seed + [1, 0], -limit, limit)
    cos, sin, middle = tf.cos(angle), tf.sin(angle), (side - 1) / 2
    # Each output pixel (x, y) is read from the input at the turned and shifted place, about the middle.
    from_x = middle - cos * (middle + shift[0]) + sin * (middle + shift[1])
    from_y = middle - sin * (middle + shift[0]) - cos * (middle + shift[1])
    zero = tf.zeros_like(angle)
    transforms = tf.stack([cos, -sin, from_x, sin, cos, from_y, zero, zero], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images, transforms=transforms, output_shape=[side, side], fill_value=0.0,
        interpolation="BILINEAR" if spec.rotation_degrees else "NEAREST", fill_mode="CONSTANT",
    )  # fmt: skip


def _erase(images: tf.Tensor, seed: tf.Tensor, fraction: float) -> tf.Tensor:
    """Black out, in half of the images, a box of 2 % to `fraction` of the area and of side ratio 0.3 to 3.3."""
    count, side = tf.shape(images)[0], images.shape[1]
    draws = tf.random.stateless_uniform([5, count], seed)
    area = (0.02 + draws[0] * max(0.0, fraction - 0.02)) * side * side
    ratio = tf.exp((draws[1] * 2 - 1) * math.log(3.3))
    height, width = tf.minimum(tf.sqrt(area * ratio), side), tf.minimum(tf.sqrt(area / ratio), side)
    top, left = draws[2] * (side - height), draws[3] * (side - width)
    place = tf.range(side, dtype=tf.float32)
    in_rows = (place >= top[:, None]) & (place < (top + height)[:, None])
    in_columns = (place >= left[:, None]) & (place < (left + width)[:, None])
    erased = in_rows[:, :, None] & in_columns[:, None, :] & (draws[4] < 0.5)[:, None, None]
    return tf.where(erased[..., None], 0.0, images)

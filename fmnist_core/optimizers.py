"""The spec's optimizer and learning rate as Keras objects."""

import math

import keras

from fmnist_core.spec import RunSpec

Rate = float | keras.optimizers.schedules.LearningRateSchedule


class Muon(keras.optimizers.Muon):
    """keras.optimizers.Muon that takes convolution kernels, too: as matrices with a column for each filter.

    Keras' own leaves all but matrices to AdamW. The layer that gives the probabilities stays with AdamW, as do kernels
    that read a single channel. Source: Jordan et al., Muon, 2024, whose record networks for CIFAR-10 do the same; the
    step is scaled so that it takes AdamW's rates (Liu et al., 2025).
    """

    def build(self, variables: list) -> None:
        """Prepare for the variables; the last matrix among them gives the probabilities."""
        self._last = next((one.path for one in reversed(variables) if len(one.shape) > 1), "")
        super().build(variables)

    def _should_use_adamw(self, variable) -> bool:  # noqa: ANN001
        return len(variable.shape) < 2 or variable.shape[-2] == 1 or variable.path == self._last

    def zeropower_via_newtonschulz5(self, x, steps: int):  # noqa: ANN001, ANN201
        """Return x with singular values near 1; a kernel (h, w, channels, filters) is a matrix of h w channels rows."""
        matrix = keras.ops.reshape(x, (-1, x.shape[-1]))
        return keras.ops.reshape(super().zeropower_via_newtonschulz5(matrix, steps), x.shape)

    def lr_adjust(self, x):  # noqa: ANN001, ANN201
        """Scale the step of a kernel, or a matrix, to the size of AdamW's."""
        return x * (math.sqrt(max(math.prod(x.shape[:-1]), x.shape[-1])) * self.rms_rate)


class SoonAveraging:
    """Mixin of a Keras optimizer whose average of the weights reaches back over a tenth of the steps so far, at most.

    Keras' own begins with the first step's weights, and leaves a share `ema_momentum` of what was at each step: after
    50 steps 0.99 still holds 61 % of weights that knew nothing, and the network guesses. The momentum is that of
    TensorFlow's ExponentialMovingAverage (`num_updates`): (1 + steps) / (10 + steps), until it comes to `ema_momentum`.
    """

    def _update_model_variables_moving_average(self, trainable_variables: list) -> None:
        asked, steps = self.ema_momentum, keras.ops.cast(self.iterations, "float32")
        self.ema_momentum = keras.ops.minimum(asked, (1 + steps) / (10 + steps))
        super()._update_model_variables_moving_average(trainable_variables)
        self.ema_momentum = asked


_CLASSES = {
    "adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW, "muon": Muon, "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop, "sgd": keras.optimizers.SGD,
}  # fmt: skip


def optimizer(spec: RunSpec, learning_rate: float, steps: int) -> keras.optimizers.Optimizer:
    """Return the spec's optimizer for a phase of so many steps at this rate."""
    kind = _CLASSES[spec.optimizer]
    options = {"learning_rate": schedule(spec, learning_rate, steps), "weight_decay": spec.weight_decay or None}
    if spec.optimizer == "adamw":
        options["weight_decay"] = spec.weight_decay
    if spec.optimizer == "muon":
        options["adam_weight_decay"] = options["weight_decay"]
    if spec.optimizer == "sgd":
        options |= {"momentum": 0.9, "nesterov": True}
    if spec.weight_averaging:
        options |= {"use_ema": True, "ema_momentum": spec.weight_averaging}
        kind = type(kind.__name__, (SoonAveraging, kind), {})  # Keras cannot load it, so models are saved without
    return kind(**options)


def schedule(spec: RunSpec, learning_rate: float, steps: int) -> Rate:
    """Return the rate over a phase of so many steps, as the spec's schedule says."""
    if spec.schedule == "constant":
        return learning_rate
    if spec.schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    # One-cycle (Smith, 2018): from 1/25 up to the full rate, then down to 1/10,000 of it.
    rise = max(1, round(0.3 * steps))
    return keras.optimizers.schedules.CosineDecay(
        learning_rate / 25, max(1, steps - rise), alpha=1e-4, warmup_target=learning_rate, warmup_steps=rise
    )

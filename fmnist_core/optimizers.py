"""The spec's optimizer and learning rate as Keras objects."""

import keras

from fmnist_core.spec import RunSpec

_CLASSES = {"adam": "Adam", "adamw": "AdamW", "nadam": "Nadam", "rmsprop": "RMSprop", "sgd": "SGD"}
Rate = float | keras.optimizers.schedules.LearningRateSchedule


def optimizer(spec: RunSpec, learning_rate: float, steps: int) -> keras.optimizers.Optimizer:
    """Return the spec's optimizer for a phase of so many steps at this rate."""
    options = {"learning_rate": schedule(spec, learning_rate, steps), "weight_decay": spec.weight_decay or None}
    if spec.optimizer == "adamw":
        options["weight_decay"] = spec.weight_decay
    if spec.optimizer == "sgd":
        options |= {"momentum": 0.9, "nesterov": True}
    if spec.weight_averaging:
        options |= {"use_ema": True, "ema_momentum": spec.weight_averaging}
    return getattr(keras.optimizers, _CLASSES[spec.optimizer])(**options)


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

"""Where an editor of search spaces starts: a usual range around what the network has now."""

from typing import Any

from fmnist_core.spec import RunSpec
from fmnist_core.tuning.fields import Field, field_at
from fmnist_core.tuning.space import Boolean, Choice, Entry, Fixed, Float, Int

_USUAL: dict[str, tuple] = {
    "learning_rate": (1e-4, 1e-2), "fine_tune_learning_rate": (1e-6, 1e-4), "weight_decay": (0.0, 0.1, 0.005),
    "label_smoothing": (0.0, 0.2, 0.05), "rotation_degrees": (0.0, 20.0, 5.0), "erasing_fraction": (0.0, 0.3, 0.05),
    "shift_px": (0, 3, 1), "weight_averaging": (0.0, 0.999, 0.001),
}  # fmt: skip


def kinds_for(field: Field) -> tuple[str, ...]:
    """Return the kinds of entry that a hyperparameter can have, the usual one first."""
    return {
        "int": ("int", "choice", "fixed"), "float": ("float", "choice", "fixed"), "choice": ("choice", "fixed"),
        "boolean": ("boolean", "fixed"),
    }[field.kind]  # fmt: skip


def suggestion(spec: RunSpec, path: str, kind: str | None = None) -> Entry:
    """Return an entry to begin with.

    Args:
        kind: of entry; None for the usual one.

    Raises:
        SpecError: if the path names nothing.
    """
    field, value = field_at(spec, path), current(spec, path)
    kind = kind or ("choice" if path in ("batch_size", "epochs") or path.endswith("kernel_px") else field.kind)
    if kind == "fixed":
        return Fixed(path, value=value)
    if kind == "boolean":
        return Boolean(path)
    if kind == "choice":
        return Choice(path, _values(field, value))
    low, high, step = _range(field, value)
    log = field.parameter.log and low > 0
    return (Int if kind == "int" else Float)(path, low, high, None if log else step, log)


def current(spec: RunSpec, path: str) -> Any:
    """Return the value that the spec has at a path; of [*] that of the first part."""
    group, _, rest = path.partition("[")
    if rest:
        number, _, name = rest.partition("].")
        parts = getattr(spec, group)
        return getattr(parts[0 if number == "*" else min(int(number), len(parts) - 1)], name)
    if path.endswith(".count"):
        return len(getattr(spec, path.removesuffix(".count")))
    return getattr(spec, path)


def _range(field: Field, value: Any) -> tuple[Any, Any, Any]:
    if field.path in _USUAL:
        low, high, *step = _USUAL[field.path]
        return low, high, step[0] if step else None
    if field.path.endswith(".dropout"):
        return 0.0, 0.5, 0.1
    if field.path.endswith(".count"):
        return 1, min(value + 1, int(field.parameter.maximum)), 1
    about = field.parameter
    low, high = max(about.minimum, value / 2), min(about.maximum, value * 2 or about.maximum)
    if field.kind == "int":
        step = max(1, int(value) // 4)
        return int(low) or 1, int(low or 1) + step * ((int(high) - int(low or 1)) // step), step
    return low, high, about.step


def _values(field: Field, value: Any) -> tuple[Any, ...]:
    if field.parameter.choices is not None:
        return tuple(field.parameter.choices)
    if field.path.endswith("kernel_px"):
        return tuple(sorted({3, 5, value}))
    if field.path == "batch_size":
        return (32, 64, 128)
    if field.path == "learning_rate":
        return (1e-2, 1e-3, 1e-4)
    if field.kind == "int":
        return tuple(sorted({max(1, value // 2), max(1, value), max(2, value * 2)}))
    low, high, _ = _range(field, value)
    return (float(low), float(high))

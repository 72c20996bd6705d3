"""Entries of a search space: which values of a hyperparameter are tried.

    Float("learning_rate", 1e-4, 1e-2, log=True)
    Choice("conv_blocks[0].kernel_px", (3, 5))
    Int("dense_layers[1].units", 32, 128, when=Condition("dense_layers.count", (2,)))

The kinds are those of Keras Tuner, and mean what they mean there; oracles.py translates them.
"""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from fmnist_core.errors import SpecError

SAMPLES = 11  # values that a grid tries of a range without a step: Keras Tuner takes 10 and the default


@dataclass(frozen=True)
class Condition:
    """An entry counts only in trials in which the hyperparameter at `path` has one of `values`."""

    path: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise SpecError(f"Expected at least one value of {self.path} in a condition. Received none.")


@dataclass(frozen=True)
class Entry:
    """What all kinds share.

    Attributes:
        path: of the hyperparameter, see fields.py.
        label: its name on screen; empty for the usual one.
        when: the condition under which it counts; None for always.
        default: where a grid starts; None for the first value.
    """

    kind: ClassVar[str] = ""

    path: str
    label: str = field(default="", kw_only=True)
    when: Condition | None = field(default=None, kw_only=True)
    default: Any = field(default=None, kw_only=True)

    @property
    def extremes(self) -> tuple[Any, ...]:
        """Values which the spec must take for the others to be worth a try."""
        return self.options or ()

    @property
    def options(self) -> tuple[Any, ...] | None:
        """All values, in order; None where they are too many to be listed."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Number(Entry):
    """A range. With `log`, factors are as likely as each other, and `step` is a factor."""

    minimum: float
    maximum: float
    step: float | None = None
    log: bool = False

    def __post_init__(self) -> None:
        for name in ("minimum", "maximum", *(["step"] if self.step is not None else [])):
            object.__setattr__(self, name, self._number(name, getattr(self, name)))
        if self.minimum > self.maximum:
            raise SpecError(
                f"Expected {self.path}: a minimum no larger than the maximum. Received {self.minimum:g} and "
                f"{self.maximum:g}."
            )
        if self.log and self.minimum <= 0:
            raise SpecError(f"Expected {self.path}: a minimum above 0 to move by factors. Received {self.minimum:g}.")
        least = 1 if self.log else 0
        if self.step is not None and self.step <= least:
            raise SpecError(f"Expected {self.path}: a step above {least}. Received {self.step:g}.")
        if self.default is not None and not self.minimum <= self.default <= self.maximum:
            raise SpecError(f"Expected {self.path}: a default inside the range. Received {self.default!r}.")

    @property
    def extremes(self) -> tuple[Any, ...]:
        return (self.minimum, self.maximum)

    @property
    def options(self) -> tuple[Any, ...] | None:
        if self.step is None:
            return None
        if self.log:
            count = int(math.log(self.maximum / self.minimum) / math.log(self.step) + 1e-8) + 1
            values = (self.minimum * self.step**place for place in range(count))
            return tuple(int(value) if isinstance(self.minimum, int) else rounded(value) for value in values)
        # A tenth of a thousandth of a step, so that 0.5 is among 0, 0.05, 0.1, ...
        count = int((self.maximum - self.minimum) / self.step + 1e-4) + 1
        return tuple(rounded(self.minimum + place * self.step) for place in range(count))

    def _number(self, name: str, value: Any) -> float:
        usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not usable:
            raise SpecError(f"Expected {name} of {self.path}: a number. Received: {value!r}.")
        return float(value)


@dataclass(frozen=True)
class Float(Number):
    """A range of numbers."""

    kind: ClassVar[str] = "float"


@dataclass(frozen=True)
class Int(Number):
    """A range of whole numbers; without a step, every one of them."""

    kind: ClassVar[str] = "int"

    def __post_init__(self) -> None:
        if self.step is None and not self.log:
            object.__setattr__(self, "step", 1)
        super().__post_init__()

    def _number(self, name: str, value: Any) -> int:
        number = super()._number(name, value)
        if number != int(number):
            raise SpecError(f"Expected {name} of {self.path}: a whole number. Received: {value!r}.")
        return int(number)


@dataclass(frozen=True)
class Choice(Entry):
    """One of several values of one type."""

    kind: ClassVar[str] = "choice"

    values: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        values = tuple(self.values)
        if not values:
            raise SpecError(f"Expected at least one value of {self.path} to choose from. Received none.")
        if len(set(values)) < len(values):
            raise SpecError(f"Expected each value of {self.path} once. Received: {', '.join(map(str, values))}.")
        if any(isinstance(value, float) for value in values):  # 0 and 0.5 are one type: Keras Tuner insists
            values = tuple(float(value) if isinstance(value, int) else value for value in values)
        if len({type(value) for value in values}) > 1 or isinstance(values[0], bool):
            raise SpecError(f"Expected values of {self.path} to be all numbers or all words. Received: {values!r}.")
        object.__setattr__(self, "values", values)
        if self.default is not None and self.default not in values:
            raise SpecError(f"Expected {self.path}: a default among its values. Received {self.default!r}.")

    @property
    def options(self) -> tuple[Any, ...]:
        return self.values


@dataclass(frozen=True)
class Boolean(Entry):
    """On or off."""

    kind: ClassVar[str] = "boolean"

    @property
    def options(self) -> tuple[Any, ...]:
        return (False, True)


@dataclass(frozen=True)
class Fixed(Entry):
    """One value, other than the base's."""

    kind: ClassVar[str] = "fixed"

    value: Any = None

    @property
    def options(self) -> tuple[Any, ...]:
        return (self.value,)


KINDS: dict[str, type[Entry]] = {one.kind: one for one in (Int, Float, Choice, Boolean, Fixed)}


def entry_from_dict(values: dict[str, Any]) -> Entry:
    """Build an entry from `to_dict`'s form.

    Raises:
        SpecError: if the kind is unknown or something is missing.
    """
    values = dict(values)
    kind = values.pop("kind", None)
    if kind not in KINDS:
        raise SpecError(f"Expected a kind of entry out of {', '.join(KINDS)}. Received: {kind!r}.")
    try:
        if values.get("when"):
            values["when"] = Condition(**values["when"])
        return KINDS[kind](**values)
    except TypeError as error:
        raise SpecError(f"Expected an entry of kind {kind}. Received something else: {error}.") from error


def cleaned(values: dict[str, Any]) -> dict[str, Any]:
    """Return values by path with their floats rounded."""
    return {path: rounded(value) for path, value in values.items()}


def rounded(value: Any) -> Any:
    """Return a float without the dust of adding steps, 0.15 for 0.15000000000000002; anything else as it is."""
    return float(f"{value:.10g}") if isinstance(value, float) else value

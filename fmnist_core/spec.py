"""RunSpec: every hyperparameter of a Run in one frozen, validated dataclass, JSON both ways.

The fields stand in spec_fields.py, each with its own description (`Hyperparameter`): label, hint, range or choices. The
form of the Train page, the validation below and the documentation all read that one description.
"""

import dataclasses
import json
from dataclasses import dataclass, fields
from typing import Any

from fmnist_core.errors import SpecError
from fmnist_core.fold import Fold
from fmnist_core.hyperparameters import Hyperparameter, checked, whole
from fmnist_core.network_parts import ConvBlock, DenseLayer
from fmnist_core.spec_fields import SpecFields

__all__ = ["HYPERPARAMETERS", "ConvBlock", "DenseLayer", "RunSpec"]

SPEC_VERSION = 1


@dataclass(frozen=True)
class RunSpec(SpecFields):
    """All hyperparameters of one Run. Construction validates; a wrong value raises SpecError."""

    def __post_init__(self) -> None:
        for name, parameter in HYPERPARAMETERS.items():
            object.__setattr__(self, name, checked(name, parameter, getattr(self, name), _DEFAULTS[name]))
        for name, default in _DEFAULTS.items():
            if isinstance(default, str) and not isinstance(value := getattr(self, name), str):
                raise SpecError(f"Expected {name}: text. Received: {value!r}.")
        if not isinstance(self.fold, Fold | None):
            raise SpecError(f"Expected fold: a Fold, or None for a Run that is none. Received: {self.fold!r}.")
        if self.network == "convnet" and not self.conv_blocks:
            raise SpecError("Expected at least one convolution block. Received none.")
        if self.network == "convnet" and self.scaling == "base":
            raise SpecError("Expected a range of numbers for a network without a pretrained base. Received its own.")
        if self.weights == "file" and self.is_transfer and not self.weights_file.strip():
            raise SpecError("Expected the path of a file of weights. Received none.")
        whole("start_epoch", self.start_epoch, 0, 2000)
        if self.start_epoch and not self.start_run:
            raise SpecError(f"Expected start_run, whose epoch {self.start_epoch} is to start from. Received none.")
        if not self.title.strip() or len(self.title) > 120:
            raise SpecError(f"Expected a title of 1 to 120 characters. Received {len(self.title)}.")

    @property
    def is_transfer(self) -> bool:
        """Whether the network is a head on a pretrained backbone."""
        return self.network == "transfer"

    @property
    def total_epochs(self) -> int:
        """Epochs of both phases: head alone, then fine-tuning."""
        return self.epochs + (self.fine_tune_epochs if self.is_transfer else 0)

    @property
    def is_augmented(self) -> bool:
        """Whether training images are changed at random."""
        return bool(self.flip or self.shift_px or self.rotation_degrees or self.erasing_fraction)

    @property
    def is_untrained_transfer(self) -> bool:
        """Whether the backbone began with random weights: then nothing is transferred, and every page says so.

        A fork has the backbone of the Run that it comes from, and that one's `weights`.
        """
        return self.is_transfer and self.weights == "random"

    @property
    def marked_title(self) -> str:
        """The title as lists and choices show it: marked where the backbone is not pretrained."""
        return self.title + " (not pretrained)" * self.is_untrained_transfer

    @property
    def keeps_features(self) -> bool:
        """Whether the frozen backbone is computed once and the epochs before fine-tuning train the head alone."""
        frozen = self.is_transfer and self.cache_features and not self.unfrozen_layers
        return frozen and (not self.is_augmented or self.feature_copies > 0)

    def replace(self, **changes: Any) -> "RunSpec":
        """Return a copy with the named fields changed; the copy is validated."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types, with the version of this form."""
        return {"version": SPEC_VERSION, **dataclasses.asdict(self)}

    def to_json(self) -> str:
        """Return the spec as indented JSON text."""
        return json.dumps(self.to_dict(), indent=2)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RunSpec":
        """Build a spec from `to_dict`'s form. Absent fields take their default; unknown ones raise SpecError."""
        values = dict(values)
        version = values.pop("version", SPEC_VERSION)
        if version != SPEC_VERSION:
            raise SpecError(f"Expected a spec of version {SPEC_VERSION}. Received version {version!r}.")
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise SpecError(f"Expected only fields of RunSpec. Received unknown: {', '.join(unknown)}.")
        try:
            for name, part in (("conv_blocks", ConvBlock), ("dense_layers", DenseLayer)):
                if name in values:
                    values[name] = tuple(part(**item) for item in values[name])
            if isinstance(fold := values.get("fold"), dict):
                values["fold"] = Fold(**fold)
            return cls(**values)
        except TypeError as error:
            raise SpecError(f"Expected the JSON form of a RunSpec. Received something else: {error}.") from error

    @classmethod
    def from_json(cls, text: str) -> "RunSpec":
        """Build a spec from JSON text; text that is not such JSON raises SpecError."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise SpecError(f"Expected a RunSpec as JSON. Received text that is not JSON: {error}.") from error
        if not isinstance(values, dict):
            raise SpecError(f"Expected a RunSpec as a JSON object. Received a {type(values).__name__}.")
        return cls.from_dict(values)


HYPERPARAMETERS: dict[str, Hyperparameter] = {
    f.name: f.metadata["hyper"] for f in fields(RunSpec) if "hyper" in f.metadata
}


_DEFAULTS = {f.name: f.default for f in fields(RunSpec)}

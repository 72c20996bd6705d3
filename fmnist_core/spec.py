"""RunSpec: every hyperparameter of a Run in one frozen, validated dataclass, JSON both ways.

Each field carries its own description (`Hyperparameter`): label, hint, range or choices. The form of the
Train page, the validation below and the documentation all read that one description.
"""

import dataclasses
import json
from dataclasses import dataclass, fields
from typing import Any

from fmnist_core.errors import SpecError
from fmnist_core.hyperparameters import Hyperparameter, hyper, number, whole

SPEC_VERSION = 1


@dataclass(frozen=True)
class ConvBlock:
    """Convolution, activation, then optionally batch normalisation, pooling (2x2, stride 2) and dropout."""

    filters: int
    kernel_px: int
    padding: str = "valid"
    batch_norm: bool = False
    pool: bool = True
    dropout: float = 0.0

    def __post_init__(self) -> None:
        whole("filters of a convolution block", self.filters, 1, 1024)
        whole("kernel_px of a convolution block", self.kernel_px, 1, 11)
        object.__setattr__(self, "dropout", number("dropout of a convolution block", self.dropout, 0, 0.9))
        if self.padding not in ("valid", "same"):
            raise SpecError(f"Expected padding of a convolution block: valid or same. Received: {self.padding!r}.")


@dataclass(frozen=True)
class DenseLayer:
    """Fully connected layer, activation, then optionally batch normalisation and dropout."""

    units: int
    batch_norm: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        whole("units of a dense layer", self.units, 1, 8192)
        object.__setattr__(self, "dropout", number("dropout of a dense layer", self.dropout, 0, 0.9))


@dataclass(frozen=True)
class RunSpec:
    """All hyperparameters of one Run. Construction validates; a wrong value raises SpecError."""

    title: str = "LeNet-5"
    preset: str = ""
    group: str = ""

    dataset: str = "fashion-mnist"
    dataset_folder: str = ""
    duplicates: str = hyper(
        "keep", "Data", "Duplicates",
        "What to do with training images that stand twice, pixel for pixel. The official files have none, "
        "the Kaggle CSV edition has 43.",
        choices={"keep": "Keep all", "keep_first": "Keep the first of each", "drop_all": "Drop every copy"},
    )  # fmt: skip
    label_marks: bool = hyper(
        False, "Data", "Apply label marks",
        "Drops or relabels the training images so marked on the Label suspects page. The data stay as they are.",
    )  # fmt: skip
    train_limit: int = hyper(
        0, "Data", "Training images",
        "Train and validate on this many images only (0 = all). Fewer images train faster and end lower.",
        minimum=0, maximum=1_000_000, step=1000,
    )  # fmt: skip
    validation_fraction: float = hyper(
        0.2, "Data", "Validation fraction",
        "Share of the training images held out to watch the Run while it trains. Usual: 0.1 to 0.2.",
        minimum=0.02, maximum=0.5, step=0.01,
    )  # fmt: skip
    split: str = hyper(
        "stratified", "Data", "How the split is drawn",
        "Stratified keeps the share of each class. The last images is what Keras' validation_split does. "
        "Validating on the test set spoils the test figure: it is here to re-run a system that did so.",
        choices={
            "stratified": "Stratified by class", "random": "Random", "last": "The last images",
            "test": "On the test set (spoils it)",
        },
    )  # fmt: skip
    seed: int = hyper(
        0, "Data", "Seed",
        "Start of all random numbers: split, first weights, order of images, augmentation, dropout.",
        minimum=0, maximum=2**31 - 1, step=1,
    )  # fmt: skip
    image_size_px: int = hyper(
        28, "Data", "Image size",
        "28 px as they are, or padded with black to 32 px as the first LeNet-5 had it.",
        choices={28: "28 px", 32: "32 px (padded)"},
    )  # fmt: skip
    scaling: str = hyper(
        "unit", "Data", "Pixel scaling",
        "Range of the numbers that the network sees. Standardised: minus mean 0.286, over standard deviation 0.353.",
        choices={"unit": "0 to 1", "signed": "-1 to 1", "standard": "Standardised"},
    )  # fmt: skip

    flip: bool = hyper(False, "Augmentation", "Flip left to right",
        "Mirrors half of the images. Helps on garments, harms on digits.")  # fmt: skip
    shift_px: int = hyper(0, "Augmentation", "Shift",
        "Moves each image by up to this many pixels. Usual: 1 to 2 of 28.",
        minimum=0, maximum=6, step=1)  # fmt: skip
    rotation_degrees: float = hyper(0.0, "Augmentation", "Rotation",
        "Turns each image by up to this angle, either way. Usual: 5 to 15 degrees.",
        minimum=0.0, maximum=45.0, step=1.0)  # fmt: skip
    erasing_fraction: float = hyper(0.0, "Augmentation", "Random erasing",
        "Blackens in half of the images a box of up to this share of the area (Zhong et al., 2017). Usual: 0.1 to 0.3.",
        minimum=0.0, maximum=0.5, step=0.05)  # fmt: skip

    network: str = "convnet"
    conv_blocks: tuple[ConvBlock, ...] = (ConvBlock(32, 5, "same"), ConvBlock(48, 5))
    dense_layers: tuple[DenseLayer, ...] = (DenseLayer(256), DenseLayer(84))
    activation: str = hyper(
        "relu", "Network", "Activation",
        "The bend after each layer. tanh is the original of 1998; relu trains faster; gelu and silu are smooth kin.",
        choices={"relu": "ReLU", "tanh": "tanh", "sigmoid": "Sigmoid", "elu": "ELU", "gelu": "GELU", "silu": "SiLU"},
    )  # fmt: skip
    pooling: str = hyper(
        "max", "Network", "Pooling",
        "How 2x2 neighbours become one: the largest, or their mean as in 1998.",
        choices={"max": "Maximum", "average": "Average"},
    )  # fmt: skip
    pool_activation: str = hyper(
        "none", "Network", "Activation after pooling",
        "LeNet-5 of 1998 squashes once more after pooling.",
        choices={"none": "None", "sigmoid": "Sigmoid", "tanh": "tanh"},
    )  # fmt: skip

    optimizer: str = hyper(
        "adam", "Training", "Optimizer",
        "How weights follow the gradient. Adam works with little tuning; SGD (momentum 0.9) wants a larger rate.",
        choices={"adam": "Adam", "adamw": "AdamW", "nadam": "Nadam", "rmsprop": "RMSprop", "sgd": "SGD with momentum"},
    )  # fmt: skip
    learning_rate: float = hyper(
        1e-3, "Training", "Learning rate",
        "Length of each step. Usual: 0.0003 to 0.003 for Adam, 0.01 to 0.1 for SGD.",
        minimum=1e-6, maximum=1.0, log=True,
    )  # fmt: skip
    schedule: str = hyper(
        "constant", "Training", "Schedule",
        "How the rate moves through the Run. One-cycle: up for 30 %, then down to almost zero (Smith, 2018).",
        choices={"constant": "Constant", "cosine": "Cosine", "one_cycle": "One-cycle"},
    )  # fmt: skip
    weight_decay: float = hyper(
        0.0, "Training", "Weight decay",
        "Pulls weights towards zero a little at each step (decoupled, as in AdamW). Usual: 0 to 0.05.",
        minimum=0.0, maximum=0.5, step=0.005,
    )  # fmt: skip
    label_smoothing: float = hyper(
        0.0, "Training", "Label smoothing",
        "Asks for slightly less than certainty, which tempers overconfidence. Usual: 0 to 0.1.",
        minimum=0.0, maximum=0.4, step=0.01,
    )  # fmt: skip
    batch_size: int = hyper(
        64, "Training", "Batch size",
        "Images per step. Larger batches run faster and want a larger learning rate. Usual: 32 to 256.",
        minimum=1, maximum=4096, log=True,
    )  # fmt: skip
    epochs: int = hyper(
        10, "Training", "Epochs",
        "Passes over the training images.",
        minimum=1, maximum=1000, step=1,
    )  # fmt: skip
    early_stopping: str = hyper(
        "none", "Training", "Early stopping",
        "Ends the Run once this has not improved for some epochs.",
        choices={"none": "Off", "val_loss": "On validation loss", "val_accuracy": "On validation accuracy"},
    )  # fmt: skip
    patience: int = hyper(
        5, "Training", "Patience",
        "Epochs without improvement before early stopping ends the Run. Usual: 3 to 10.",
        minimum=1, maximum=100, step=1,
    )  # fmt: skip
    best_checkpoint: str = hyper(
        "val_accuracy", "Training", "Keep the best epoch",
        "The finished model has the weights of the best epoch, not of the last.",
        choices={
            "none": "No, keep the last", "val_loss": "By validation loss", "val_accuracy": "By validation accuracy",
        },
    )  # fmt: skip

    def __post_init__(self) -> None:
        for name, parameter in HYPERPARAMETERS.items():
            object.__setattr__(self, name, _checked(name, parameter, getattr(self, name)))
        for name, default in _DEFAULTS.items():
            if isinstance(default, str) and not isinstance(value := getattr(self, name), str):
                raise SpecError(f"Expected {name}: text. Received: {value!r}.")
        if not self.conv_blocks or not self.dense_layers:
            raise SpecError(
                "Expected at least one convolution block and one dense layer. Received "
                f"{len(self.conv_blocks)} and {len(self.dense_layers)}."
            )
        if not self.title.strip() or len(self.title) > 120:
            raise SpecError(f"Expected a title of 1 to 120 characters. Received {len(self.title)}.")

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


def _checked(name: str, hyper: Hyperparameter, value: Any) -> Any:
    """Return the value, a whole number as a float where the field holds floats."""
    if hyper.choices is not None:
        if value not in hyper.choices:
            raise SpecError(f"Expected {name}: one of {', '.join(map(str, hyper.choices))}. Received: {value!r}.")
    elif hyper.minimum is None:
        if not isinstance(value, bool):
            raise SpecError(f"Expected {name}: true or false. Received: {value!r}.")
    elif isinstance(_DEFAULTS[name], int):
        whole(name, value, hyper.minimum, hyper.maximum)
    else:
        return number(name, value, hyper.minimum, hyper.maximum)
    return value


_DEFAULTS = {f.name: f.default for f in fields(RunSpec)}

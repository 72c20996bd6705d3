"""RunSpec: every hyperparameter of a Run in one frozen, validated dataclass, JSON both ways.

Each field carries its own description (`Hyperparameter`): label, hint, range or choices. The form of the
Train page, the validation below and the documentation all read that one description.
"""

import dataclasses
import json
from dataclasses import dataclass, fields
from typing import Any

from fmnist_core.backbones import BACKBONES, SIZES_PX
from fmnist_core.errors import SpecError
from fmnist_core.hyperparameters import Hyperparameter, checked, hyper
from fmnist_core.network_parts import ConvBlock, DenseLayer

__all__ = ["HYPERPARAMETERS", "ConvBlock", "DenseLayer", "RunSpec"]

SPEC_VERSION = 1


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
        "28 px as they are, or larger: the first LeNet-5 had 32 px, pretrained networks want more. Cost grows with "
        "the square.",
        choices={size: f"{size} px" for size in SIZES_PX},
    )  # fmt: skip
    resizing: str = hyper(
        "pad", "Data", "How images become larger",
        "Padding puts black around the item, which stays small. Enlarging makes the item itself larger.",
        choices={"pad": "Padded with black", "bilinear": "Enlarged (bilinear)"},
    )  # fmt: skip
    scaling: str = hyper(
        "unit", "Data", "Pixel scaling",
        "Range of the numbers that the network sees. Standardised: minus mean 0.286, over standard deviation 0.353. "
        "A pretrained base works only in the range that it was trained in: its own.",
        choices={
            "unit": "0 to 1", "signed": "-1 to 1", "standard": "Standardised", "base": "The base's own range",
        },
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
    mirror_averaging: bool = hyper(
        False, "Augmentation", "Average over the mirror image",
        "The finished model averages its answers for an image and its mirror image: better on garments, worse on "
        "digits, twice the work. The curves show the network without it.",
    )  # fmt: skip

    network: str = "convnet"
    backbone: str = hyper(
        "vgg16", "Backbone", "Backbone",
        "The network, trained on ImageNet's photographs, whose features the head reads.",
        choices={key: backbone.title for key, backbone in BACKBONES.items()},
    )  # fmt: skip
    cut: str = ""
    weights: str = hyper(
        "imagenet", "Backbone", "Weights of the backbone",
        "ImageNet weights come from the weights folder, from Keras' cache or by download. Random ones are not "
        "pretrained: they show what the training of the backbone was worth.",
        choices={"imagenet": "ImageNet", "file": "From a file", "random": "Random (not pretrained)"},
    )  # fmt: skip
    weights_file: str = ""
    unfrozen_layers: int = hyper(
        0, "Backbone", "Layers trained from the start",
        "How many of the backbone's last layers train along with the head. 0 freezes the whole backbone.",
        minimum=0, maximum=1000, step=1,
    )  # fmt: skip
    normalise_features: bool = hyper(
        False, "Backbone", "Normalise the features",
        "Batch normalisation between backbone and head brings all features to one scale. The head then learns in far "
        "fewer steps. The reference systems had none.",
    )  # fmt: skip
    cache_features: bool = hyper(
        True, "Backbone", "Keep its features",
        "Computes once what the frozen backbone makes of each image, so that an epoch trains the head alone.",
    )  # fmt: skip
    feature_copies: int = hyper(
        0, "Backbone", "Augmented copies",
        "With augmentation, the backbone sees other images in each epoch, so nothing can be kept (0), unless each "
        "image is augmented only this many times and the epochs take turns among the copies.",
        minimum=0, maximum=20, step=1,
    )  # fmt: skip
    start_run: str = ""
    frozen_blocks: int = hyper(
        0, "Start", "Convolution blocks kept frozen",
        "How many of the first blocks keep what the earlier Run learned. The others start there and train on.",
        minimum=0, maximum=12, step=1,
    )  # fmt: skip
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

    global_pooling: str = hyper(
        "none", "Network", "From pictures to numbers",
        "What the dense layers get of the last pictures: every pixel, or one number per filter.",
        choices={"none": "All pixels (flatten)", "average": "Mean of each", "max": "Maximum of each"},
    )  # fmt: skip

    optimizer: str = hyper(
        "adam", "Training", "Optimizer",
        "How weights follow the gradient. Adam works with little tuning; Muon learns most from each epoch; SGD "
        "(momentum 0.9) wants a larger rate.",
        choices={
            "adam": "Adam", "adamw": "AdamW", "muon": "Muon", "nadam": "Nadam", "rmsprop": "RMSprop",
            "sgd": "SGD with momentum",
        },
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
    weight_averaging: float = hyper(
        0.0, "Training", "Weight averaging",
        "Share of the past in a running mean of the weights, which validates and is kept instead of the last step's "
        "(0 = off). Usual: 0.99 to 0.999, shorter for short Runs.",
        minimum=0.0, maximum=0.9999, step=0.0001,
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
    fine_tune_epochs: int = hyper(
        0, "Fine-tuning", "Epochs of fine-tuning",
        "After the head has learned, the backbone's last layers train along for this many epochs (0 = never).",
        minimum=0, maximum=1000, step=1,
    )  # fmt: skip
    fine_tune_layers: int = hyper(
        10, "Fine-tuning", "Layers to fine-tune",
        "How many of the backbone's last layers then train. Batch normalisation keeps its ImageNet statistics.",
        minimum=1, maximum=1000, step=1,
    )  # fmt: skip
    fine_tune_learning_rate: float = hyper(
        1e-5, "Fine-tuning", "Learning rate of fine-tuning",
        "Small, so that the pretrained weights are bent and not broken. Usual: a tenth to a hundredth of the head's.",
        minimum=1e-7, maximum=0.1, log=True,
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
            object.__setattr__(self, name, checked(name, parameter, getattr(self, name), _DEFAULTS[name]))
        for name, default in _DEFAULTS.items():
            if isinstance(default, str) and not isinstance(value := getattr(self, name), str):
                raise SpecError(f"Expected {name}: text. Received: {value!r}.")
        if self.network == "convnet" and not self.conv_blocks:
            raise SpecError("Expected at least one convolution block. Received none.")
        if self.network == "convnet" and self.scaling == "base":
            raise SpecError("Expected a range of numbers for a network without a pretrained base. Received its own.")
        if self.weights == "file" and self.is_transfer and not self.weights_file.strip():
            raise SpecError("Expected the path of a file of weights. Received none.")
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

"""The fields of RunSpec, each with its description (`Hyperparameter`): label, hint, range or choices."""

from dataclasses import dataclass

from fmnist_core.backbones import BACKBONES, SIZES_PX
from fmnist_core.fold import Fold
from fmnist_core.hyperparameters import hyper
from fmnist_core.network_parts import ConvBlock, DenseLayer


@dataclass(frozen=True)
class SpecFields:
    """What a RunSpec holds; RunSpec validates it and says what follows from it."""

    title: str = "LeNet-5"
    preset: str = ""
    group: str = ""
    fold: Fold | None = None

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
    start_epoch: int = 0
    start_whole: bool = hyper(
        False, "Start", "The last layer, too",
        "Takes over all weights of the earlier Run, those of the layer that gives the probabilities included.",
    )  # fmt: skip
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
        "Asks for slightly less than certainty, which tempers overconfidence. Usual: 0 to 0.1. The loss of the curves "
        "counts it, that of the test images does not.",
        minimum=0.0, maximum=0.4, step=0.01,
    )  # fmt: skip
    weight_averaging: float = hyper(
        0.0, "Training", "Weight averaging",
        "Share of the past in a running mean of the weights, which validates and is kept instead of the last step's "
        "(0 = off). Usual: 0.99 to 0.999. It reaches back over a tenth of the steps so far, at most.",
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
    keep_epochs: str = hyper(
        "none", "Time machine", "Keep every epoch",
        "Its answers on the test images, for the page Time machine. Its weights as well, so that a new Run can fork "
        "from any epoch. The test images teach nothing and choose nothing.",
        choices={"none": "No", "answers": "Its answers", "weights": "Its answers and weights"},
    )  # fmt: skip
    best_checkpoint: str = hyper(
        "val_accuracy", "Training", "Keep the best epoch",
        "The finished model has the weights of the best epoch, not of the last.",
        choices={
            "none": "No, keep the last", "val_loss": "By validation loss", "val_accuracy": "By validation accuracy",
        },
    )  # fmt: skip

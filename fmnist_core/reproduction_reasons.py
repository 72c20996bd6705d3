"""REASONS: why a reference system's figure and ours differ, or why theirs is not what it seems."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """An explanation that several rows share.

    Attributes:
        title: a few words.
        text: what happened and what it does to the figure, for somebody who has not met it before.
        page: script of the page that shows it, "" where there is none.
        link: what the link there says.
    """

    title: str
    text: str
    page: str = ""
    link: str = ""


REASONS: dict[str, Reason] = {
    "editions": Reason(
        "Two editions of the data",
        "A to D read the Kaggle CSV edition, which holds 43 duplicated rows (59,957 are left with the first of each, "
        "59,914 without any). We read the official files, which hold none. The figures are not of the same images.",
        "pages/explore/quality.py", "Look for duplicates",
    ),
    "validation_only": Reason(
        "Validation images, not test images",
        "The figure is of the images that were held out to watch the training, so ours beside it is of ours. Another "
        "split holds out others: the luck of the draw alone is about half a point either way.",
    ),
    "leak": Reason(
        "The cross-validation leaks",
        "One network went from fold to fold. From the second fold on, it was judged by images that it had learned from "
        "in the folds before. D, with a new network for each fold, got 0.918 with nearly the same network.",
        "pages/train/crossval.py", "See the leak",
    ),
    "no_leak": Reason(
        "A new network for each fold",
        "No image was judged by a network that knew it, so this is the honest counterpart of A's cross-validation. "
        "All folds were scored on the same test images; their spread is that of training alone.",
    ),
    "winners_unknown": Reason(
        "Not everything was reported",
        "Which hyperparameters the search found is not known. What the preset has in their place, its note says.",
    ),
    "input_range": Reason(
        "Input in another range",
        "A pretrained base works in the range that it was trained in: 0 to 255 less a mean for VGG16 and ResNet50, -1 "
        "to 1 for ResNet152V2, 0 to 255 for EfficientNet. It was fed 0 to 1. The presets named own input range differ "
        "in nothing else.",
    ),
    "cut": Reason(
        "Cut too deep",
        "The head reads the deepest layer, which at 32 px is a single point and knows more of photographs than of "
        "shapes. On the pretrained MobileNet, a simple classifier of 6,000 training images recognises 89.1 % of 2,000 "
        "test images after block 7 and 84.2 % after block 12, the last but one, at 32 px; 90.6 % and 88.0 % at 64 px.",
        "pages/train/depth.py", "Where to cut",
    ),
    "chance": Reason(
        "It never left chance",
        "A loss of 2.3026 is the logarithm of 10: the network gives all ten classes the same probability, so one image "
        "in ten is right. Nothing was learned, and why is open: input range and cut, below, come to mind, but on "
        "MobileNet they do not bring it to chance.",
    ),
    "fine_tuned": Reason(
        "Its last layers were trained along",
        "The frozen bases of the other systems stay behind it: with its last layers trained, a base can adapt to the "
        "range of its input and to garments.",
    ),
    "too_small": Reason(
        "28 px, below the base's minimum",
        "Keras refuses pictures below 32 px for ResNet50. The layers run on 28 px all the same, and so does the "
        "preset, but after five halvings a single point is left of each picture.",
    ),
    "overfit": Reason(
        "Learned by heart",
        "Two dense layers of 4,096 bring 19 million weights for 48,000 images: training reached 0.984 while validation "
        "stayed at 0.877. From the fifth epoch on, further training did harm.",
    ),
    "test_validates": Reason(
        "Validated on the test set",
        "E watched and chose by the images that also give the figure, so it is that of the best-looking network on "
        "them. Our Runs of these rows validate on them on purpose, too, but keep the last epoch.",
    ),
}  # fmt: skip

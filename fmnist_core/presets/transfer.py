"""Transfer learning in the reference systems A to E, exactly as reported, and once more with the base's own range.

A base expects its inputs in the range that it was trained in. The systems fed it pixels in 0..1; the variants in
OWN_RANGE differ in nothing but that.
"""

import re

from fmnist_core.errors import SpecError
from fmnist_core.presets.reported import Reported
from fmnist_core.spec import DenseLayer, RunSpec


def head(text: str) -> tuple[DenseLayer, ...]:
    """Return the dense layers of a short description: `1024x3 drop0.5, 512 norm` is three layers of 1,024 units, the
    last of them followed by dropout 0.5, then one of 512 with batch normalisation.

    Raises:
        SpecError: where it cannot be read.
    """
    layers: list[DenseLayer] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = re.fullmatch(r"(\d+)(?:x(\d+))?( norm)?(?: drop(0?\.\d+))?", part)
        if not found:
            raise SpecError(f"Expected dense layers like '1024x3 norm drop0.5'. Received: {part!r}.")
        units, count, norm, dropout = found.groups()
        layers += [DenseLayer(int(units))] * (int(count or 1) - 1)
        layers.append(DenseLayer(int(units), bool(norm), float(dropout or 0)))
    return tuple(layers)


_COMMON = {"network": "transfer", "activation": "relu", "best_checkpoint": "none"}
_A = _COMMON | {
    "image_size_px": 32, "global_pooling": "max", "dense_layers": head("1024 drop0.4, 512 drop0.4, 128"),
    "duplicates": "keep_first", "split": "random", "batch_size": 64, "epochs": 30,
}  # fmt: skip
_DEEP = head("1024x3 drop0.5, 512x2 drop0.4, 256, 64x2 drop0.2")
_B = _COMMON | {"image_size_px": 48, "resizing": "bilinear", "split": "last", "batch_size": 128, "epochs": 20}
_C = _COMMON | {"image_size_px": 32, "split": "random", "seed": 42, "batch_size": 32, "epochs": 30}
_D = _COMMON | {"duplicates": "drop_all", "split": "last", "batch_size": 64, "epochs": 30}

SPECS = (
    RunSpec(title="ResNet152V2, frozen (A)", preset="A-resnet152v2", backbone="resnet152v2", **_A),
    RunSpec(title="EfficientNetB1, frozen (A)", preset="A-efficientnetb1", backbone="efficientnetb1", **_A),
    RunSpec(title="VGG16, frozen (A)", preset="A-vgg16", backbone="vgg16", **_A),
    RunSpec(
        title="VGG16, last 5 layers trained (B)", preset="B-vgg16", backbone="vgg16", unfrozen_layers=5,
        dense_layers=_DEEP, **_B,
    ),
    RunSpec(
        title="ResNet152V2, last 64 layers trained (B)", preset="B-resnet152v2", backbone="resnet152v2",
        unfrozen_layers=64, dense_layers=head("1024x4 drop0.2, 512x2, 256x2 drop0.2"), **_B,
    ),
    RunSpec(title="VGG16, frozen (C)", preset="C-vgg16", backbone="vgg16", dense_layers=_DEEP, **_C),
    RunSpec(
        title="ResNet50, frozen (C)", preset="C-resnet50", backbone="resnet50", global_pooling="average",
        dense_layers=(), **_C,
    ),
    RunSpec(
        title="ResNet50 at 28 px, frozen (D)", preset="D-resnet50", backbone="resnet50", image_size_px=28,
        dense_layers=head("128"), **_D,
    ),
    RunSpec(
        title="VGG16 at 48 px, frozen (D)", preset="D-vgg16", backbone="vgg16", image_size_px=48, resizing="bilinear",
        dense_layers=head("4096x2"), **_D,
    ),
    RunSpec(
        title="VGG16, frozen (E)", preset="E-vgg16", backbone="vgg16", dataset="mnist", split="test",
        image_size_px=32, dense_layers=head("128 norm drop0.5"), batch_size=128, epochs=10, **_COMMON,
    ),
)  # fmt: skip

OWN_RANGE_PREFIX = "own-range-"
OWN_RANGE = tuple(
    spec.replace(preset=f"{OWN_RANGE_PREFIX}{spec.preset}", title=f"{spec.title}, own input range", scaling="base")
    for spec in SPECS
)

_FROZEN_DEEP = "Frozen, cut at the deepest block and fed 0 to 1: the range of another network's input."
REPORTED: dict[str, Reported] = {
    "A-resnet152v2": Reported(
        0.7231, "validation", 61_021_578,
        "Training 0.8677 loss, 0.6735 accuracy; validation loss 0.7336. A gave neither epochs nor batch size: 30 and "
        "64 are those of its LeNet-5. " + _FROZEN_DEEP,
    ),
    "A-efficientnetb1": Reported(
        0.1001, "validation", 8_478_737,
        "It never left chance. A gave neither epochs nor batch size: 30 and 64 stand in. The base drops nothing "
        "out here. " + _FROZEN_DEEP,
    ),
    "A-vgg16": Reported(
        0.1000, "validation", 15_831_754,
        "It never left chance. A gave neither epochs nor batch size: 30 and 64 stand in. " + _FROZEN_DEEP,
    ),
    "B-vgg16": Reported(
        0.9237, "test", 18_279_242,
        "The best of all reference figures: its last five layers were trained. B gave no epochs: 20 stand in.",
    ),
    "B-resnet152v2": Reported(
        0.9166, "test", 70_857_226,
        "Its last 64 layers were trained; here their batch normalisation keeps ImageNet's means. B gave no epochs: 20 "
        "stand in.",
    ),
    "C-vgg16": Reported(
        0.8768, "validation", 18_279_242,
        "Validation loss 0.3973. C gave neither epochs nor batch size for it: 30 and 32 stand in. " + _FROZEN_DEEP,
    ),
    "C-resnet50": Reported(
        0.7875, "validation", 23_608_202,
        "Validation loss 0.5851. C gave neither epochs nor batch size for it: 30 and 32 stand in. " + _FROZEN_DEEP,
    ),
    "D-resnet50": Reported(
        0.8198, "test", 23_851_274,
        "Loss 0.48174. Its pictures of 28 px lie below the 32 px that today's Keras accepts; they run all the same. "
        + _FROZEN_DEEP,
    ),
    "D-vgg16": Reported(
        0.8828, "test", 33_638_218,
        "Training 0.9838, validation 0.8768, test loss 0.7606: it overfits from epoch 5. " + _FROZEN_DEEP,
    ),
    "E-vgg16": Reported(
        0.9545, "test", 14_782_154,
        "E validated on the test set, so its figure is that of the best-looking epoch on it. E gave neither epochs "
        "nor batch size for it: 10 and 128 are those of its CNNs. " + _FROZEN_DEEP,
    ),
}  # fmt: skip

"""BACKBONES: the pretrained networks of keras.applications that transfer learning can stand on.

What a form needs to know of one (its blocks, shapes, parameters, multiply-adds at each image size) is arithmetic on
a network that only Keras can build. It lies beside this file in `backbones.json`, which

    python -m fmnist_core.zoo.facts

writes anew, and a test holds against Keras. So adding a backbone is one line in the table and that command, and
listing or describing backbones loads no TensorFlow.
"""

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

from fmnist_core.errors import SpecError

FACTS_FILE = Path(__file__).with_name("backbones.json")
WEIGHTS_SERVER = "https://storage.googleapis.com"
SIZES_PX = (28, 32, 48, 64, 96, 128, 160, 224)

# What each base expects, from pixels 0..255 in grey, as keras.layers.Rescaling takes it: (scale, offset).
# "caffe" means BGR minus the channel means of ImageNet; for grey pictures the order of channels does not matter.
_MEANS, _DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's channels, in 0..1
INPUT_RANGES: dict[str, tuple[float | tuple[float, ...], float | tuple[float, ...]]] = {
    "caffe": (1.0, (-103.939, -116.779, -123.68)),
    "signed": (1 / 127.5, -1.0),
    "torch": (
        tuple(1 / (255 * deviation) for deviation in _DEVIATIONS),
        tuple(-mean / deviation for mean, deviation in zip(_MEANS, _DEVIATIONS, strict=True)),
    ),
    "raw": (1.0, 0.0),
}
RANGE_WORDS = {
    "caffe": "0 to 255 less the mean of ImageNet",
    "signed": "-1 to 1",
    "torch": "0 to 1 less the mean of ImageNet, over its deviation",
    "raw": "0 to 255, scaled inside the base",
}


@dataclass(frozen=True)
class Backbone:
    """A line of the table.

    Attributes:
        title: name as in its paper.
        builder: "module:function" in keras.applications, a string, so that listing imports nothing.
        input_range: key of INPUT_RANGES.
        minimum_px: side of the smallest picture that Keras accepts. Smaller ones run all the same.
        block: regular expression; layers whose first group agrees form a block, whose last layer is a cut point.
        weights_file: official name of the ImageNet weights without top.
        weights_folder: on the server that Keras takes them from.
        weights_hash: MD5 or SHA-256 of the file, as Keras has it; empty where it has none.
        paper: the publication.
        url: where to read it.
        summary: what is new in it, in a sentence.
    """

    title: str
    builder: str
    input_range: str
    minimum_px: int
    block: str
    weights_file: str
    weights_folder: str
    weights_hash: str
    paper: str
    url: str
    summary: str

    @property
    def weights_address(self) -> str:
        """Where the official file of weights can be downloaded."""
        return f"{WEIGHTS_SERVER}/{self.weights_folder}/{self.weights_file}"


_RESNET_BLOCK = r"(conv\d_block\d+)_"
_EFFICIENT_BLOCK = r"(block\d[a-z])_"

BACKBONES: dict[str, Backbone] = {
    "vgg16": Backbone(
        "VGG16", "keras.applications.vgg16:VGG16", "caffe", 32, r"(block\d)_",
        "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "tensorflow/keras-applications/vgg16", "6d6bbae143d832006294945121d1f1fc",
        "Simonyan and Zisserman, 2014", "https://arxiv.org/abs/1409.1556",
        "Nothing but 3x3 convolutions and pooling, in five blocks: plain, large, and still a good teacher.",
    ),
    "resnet50": Backbone(
        "ResNet50", "keras.applications.resnet:ResNet50", "caffe", 32, _RESNET_BLOCK,
        "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "tensorflow/keras-applications/resnet", "4d473c1dd8becc155b73f8504c6f6626",
        "He et al., 2015", "https://arxiv.org/abs/1512.03385",
        "Each block adds a correction to what passes by it, so that 50 layers train as easily as ten.",
    ),
    "resnet152v2": Backbone(
        "ResNet152V2", "keras.applications.resnet_v2:ResNet152V2", "signed", 32, _RESNET_BLOCK,
        "resnet152v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "tensorflow/keras-applications/resnet", "ed17cf2e0169df9d443503ef94b23b33",
        "He et al., 2016", "https://arxiv.org/abs/1603.05027",
        "152 layers; normalisation and activation come before each convolution, so the bypass stays clean.",
    ),
    "efficientnetb1": Backbone(
        "EfficientNetB1", "keras.applications.efficientnet:EfficientNetB1", "raw", 32, _EFFICIENT_BLOCK,
        "efficientnetb1_notop.h5", "keras-applications", "74c4e6b3e1f6a1eea24c589628592432",
        "Tan and Le, 2019", "https://arxiv.org/abs/1905.11946",
        "Depth, width and resolution are scaled together; each block also weighs its channels (squeeze-excite).",
    ),
    "mobilenet": Backbone(
        "MobileNet", "keras.applications.mobilenet:MobileNet", "signed", 32, r"conv_(?:pad|dw|pw)_(\d+)",
        "mobilenet_1_0_224_tf_no_top.h5", "tensorflow/keras-applications/mobilenet", "",
        "Howard et al., 2017", "https://arxiv.org/abs/1704.04861",
        "Splits each convolution into one per channel and one across channels: a ninth of the arithmetic.",
    ),
    "mobilenetv2": Backbone(
        "MobileNetV2", "keras.applications.mobilenet_v2:MobileNetV2", "signed", 32, r"(expanded_conv|block_\d+)_",
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        "tensorflow/keras-applications/mobilenet_v2", "",
        "Sandler et al., 2018", "https://arxiv.org/abs/1801.04381",
        "Thin between blocks, wide inside them, and a bypass where shapes agree.",
    ),
    "efficientnetv2b0": Backbone(
        "EfficientNetV2B0", "keras.applications.efficientnet_v2:EfficientNetV2B0", "raw", 32, _EFFICIENT_BLOCK,
        "efficientnetv2-b0_notop.h5",
        "tensorflow/keras-applications/efficientnet_v2", "893217f2bb855e2983157299931e43ff",
        "Tan and Le, 2021", "https://arxiv.org/abs/2104.00298",
        "Early blocks use whole convolutions again, because they run faster than their arithmetic says.",
    ),
    "convnexttiny": Backbone(
        "ConvNeXtTiny", "keras.applications.convnext:ConvNeXtTiny", "raw", 32, r"stage_(\d_block_\d)_",
        "convnext_tiny_notop.h5",
        "tensorflow/keras-applications/convnext", "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
        "Liu et al., 2022", "https://arxiv.org/abs/2201.03545",
        "A convolutional network with what transformers taught: large kernels, few activations, layer norm.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """A block of a backbone at one image size.

    Attributes:
        name: of the block; what RunSpec.cut holds.
        layer: name of its last layer, whose output a head can take.
        output_shape: (height, width, channels).
        parameters: weights of the block itself, moving statistics included.
        multiply_adds: of the block itself, for one image, forward.
        depth: number of layers of the backbone up to and with this block.
    """

    name: str
    layer: str
    output_shape: tuple[int, int, int]
    parameters: int
    multiply_adds: int
    depth: int


def blocks(backbone: str, image_size_px: int) -> tuple[Block, ...]:
    """Return the backbone's blocks that pictures of this size get through, first to last.

    What stands before the first block belongs to it, what stands after the last one is a block "top".
    """
    facts = _facts()[backbone]
    at_size = facts["sizes"][str(image_size_px)]
    return tuple(
        Block(
            name,
            layer,
            (*at_size["sides"][i], channels),
            sum(count for _, count, _ in facts["layers"][start:depth]),
            at_size["multiply_adds"][i],
            depth,
        )
        for i, (name, layer, channels, start, depth) in enumerate(facts["blocks"][: len(at_size["sides"])])
    )


def blocks_to(backbone: str, cut: str, image_size_px: int) -> tuple[Block, ...]:
    """Return the blocks up to the cut; an empty cut means the whole backbone.

    Raises:
        SpecError: if the backbone has no such block, or pictures of this size have no pixel left at the cut.
    """
    if backbone not in BACKBONES:
        raise SpecError(f"Expected backbone: one of {', '.join(BACKBONES)}. Received: {backbone!r}.")
    names = cut_points(backbone)
    if cut and cut not in names:
        raise SpecError(f"Expected cut: one of {', '.join(names)}, or nothing. Received: {cut!r}.")
    wanted = names.index(cut) + 1 if cut else len(names)
    known = blocks(backbone, image_size_px)
    if wanted > len(known):
        raise SpecError(
            f"Pictures of {image_size_px} px have no pixel left after block {known[-1].name} of "
            f"{BACKBONES[backbone].title}. Expected larger pictures or an earlier cut. Received a cut after block "
            f"{names[wanted - 1]}."
        )
    return known[:wanted]


def cut_points(backbone: str) -> tuple[str, ...]:
    """Return the names of all blocks, first to last: where the backbone can be cut."""
    return tuple(name for name, *_ in _facts()[backbone]["blocks"])


def has_batch_norm(backbone: str) -> bool:
    """Whether the backbone has statistics that training never adjusts."""
    return any(count and not trainable for _, count, trainable in _facts()[backbone]["layers"])


def parameters_of_last(backbone: str, depth: int, count: int) -> int:
    """Return how many weights training adjusts in the last `count` of the backbone's first `depth` layers.

    Those of batch normalisation are not among them.
    """
    layers = _facts()[backbone]["layers"][:depth]
    return sum(trainable for _, _, trainable in layers[max(0, depth - count) :])


def block_names(backbone: str, layer_names: list[str]) -> list[str]:
    """Return for each layer the name of the block that it belongs to; see `Backbone.block`."""
    names, current = [], ""
    for layer in layer_names:
        found = re.search(BACKBONES[backbone].block, layer)
        current = found.group(1) if found else current
        names.append(current)
    first = next(name for name in names if name)
    last = max(i for i, layer in enumerate(layer_names) if re.search(BACKBONES[backbone].block, layer))
    return ["top" if i > last else name or first for i, name in enumerate(names)]


@functools.cache
def _facts() -> dict:
    return json.loads(FACTS_FILE.read_text())

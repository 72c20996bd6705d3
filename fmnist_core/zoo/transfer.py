"""Transfer learning: a backbone of keras.applications, cut after a block, and a head of our own on it.

The model has two parts that training uses separately: the trunk (grey to three channels, the base's input range, the
base, pooling) and the head. The base always works as in inference: batch normalisation keeps the statistics that its
weights were trained with (Keras' guide on transfer learning and fine-tuning), and its dropout is off. Random weights
were trained with none: training.build measures some.
"""

from typing import TYPE_CHECKING, Any

from fmnist_core.backbones import BACKBONES, INPUT_RANGES, Block, blocks_to, parameters_of_last
from fmnist_core.errors import SpecError
from fmnist_core.spec import RunSpec
from fmnist_core.zoo import Layer, weights
from fmnist_core.zoo.head import describe_dense, describe_pooling
from fmnist_core.zoo.weights import HEAD, TRUNK

if TYPE_CHECKING:
    import keras


def describe(spec: RunSpec, n_classes: int) -> tuple[Layer, ...]:
    """Return a row per block of the backbone and per layer of the head; see fmnist_core.zoo.describe."""
    blocks = blocks_to(spec.backbone, spec.cut, spec.image_size_px)
    depth = blocks[-1].depth
    for name in ("unfrozen_layers", *(["fine_tune_layers"] if spec.fine_tune_epochs else [])):
        if getattr(spec, name) > depth:
            raise SpecError(
                f"Expected {name}: at most the {depth} layers of {BACKBONES[spec.backbone].title} up to the cut. "
                f"Received {getattr(spec, name)}."
            )
    picture = (spec.image_size_px, spec.image_size_px, 3)
    layers = [Layer("Concatenate", picture, 0, 0)]
    if spec.scaling == "base" and BACKBONES[spec.backbone].input_range != "raw":
        layers.append(Layer("Rescaling", picture, 0, 0))
    layers += [_block_layer(spec, block, before, depth) for before, block in zip((None, *blocks), blocks, strict=False)]
    layers.append(describe_pooling(spec, blocks[-1].output_shape))
    return (*layers, *describe_dense(spec, layers[-1].output_shape[0], n_classes))


def build(spec: RunSpec, n_classes: int) -> "keras.Model":
    """Build the Keras model with its pretrained weights; see fmnist_core.zoo.build.

    Raises:
        ModelError: if the weights are not to be had, or do not fit.
    """
    import keras

    from fmnist_core.zoo.facts import builder

    block = blocks_to(spec.backbone, spec.cut, spec.image_size_px)[-1]
    # Without a fixed size, Keras lets pictures through that are smaller than it would accept (system D's 28 px).
    whole = builder(spec.backbone)(include_top=False, weights=None, input_shape=(None, None, 3))
    weights.load(whole, spec.backbone, spec.weights, spec.weights_file)
    for layer in whole.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0  # the base is to be in inference mode also while the head trains
    base = keras.Model(whole.input, *block_outputs(whole, (block,)), name=spec.backbone)
    inputs = keras.Input((spec.image_size_px, spec.image_size_px, 1), name="pixels")
    x = keras.layers.Concatenate()([inputs] * 3)
    scale, offset = INPUT_RANGES[BACKBONES[spec.backbone].input_range]
    if spec.scaling == "base" and (scale, offset) != INPUT_RANGES["raw"]:
        x = keras.layers.Rescaling(scale, offset)(x)
    x = base(x)
    pooling = describe_pooling(spec, block.output_shape)
    trunk = keras.Model(inputs, getattr(keras.layers, pooling.kind)()(x), name=TRUNK)
    head = _head(spec, pooling.output_shape, n_classes)
    model = keras.Model(inputs, head(trunk(inputs)), name="transfer")
    unfreeze(model, spec.unfrozen_layers)
    return model


def block_outputs(base: "keras.Model", of: tuple[Block, ...]) -> list[Any]:
    """Return the output tensor of each block: of the last operation before the next block's first layer.

    Most often that is the block's last layer. ConvNeXt adds its bypass by an operation that is no layer.
    """
    operations = base.operations
    ends = [operations.index(layer) for layer in base.layers] + [len(operations)]
    return [operations[ends[block.depth] - 1].output for block in of]


def unfreeze(model: "keras.Model", count: int) -> None:
    """Let the last `count` layers of the model's base train, and freeze the others; batch normalisation stays frozen.

    Only a frozen BatchNormalization runs in inference mode: Keras 3.15 hands `training=True` down to every layer, even
    where the base was called with `training=False`.
    """
    import keras

    base = next(layer for layer in model.get_layer(TRUNK).layers if isinstance(layer, keras.Model))
    first = len(base.layers) - count
    base.trainable = True  # else the layers' own marks would not count
    for number, layer in enumerate(base.layers):
        layer.trainable = number >= first and not isinstance(layer, keras.layers.BatchNormalization)


def _head(spec: RunSpec, shape: tuple[int, ...], n_classes: int) -> "keras.Model":
    import keras

    features = keras.Input(shape, name="features")
    x = features
    for layer in describe_dense(spec, shape[0], n_classes):
        x = getattr(keras.layers, layer.kind)(**layer.config)(x)
    return keras.Model(features, x, name=HEAD)


def _block_layer(spec: RunSpec, block: Block, before: Block | None, depth: int) -> Layer:
    """Return the block's row; `depth` is the number of the base's layers up to the cut."""
    start = before.depth if before else 0
    count = block.depth - start
    # Of the last `unfrozen_layers` up to the cut, those that lie in this block.
    trained = min(count, max(0, block.depth - (depth - spec.unfrozen_layers)))
    trainable = parameters_of_last(spec.backbone, block.depth, count)
    adjusted = parameters_of_last(spec.backbone, block.depth, trained)
    frozen = trainable - adjusted if adjusted else block.parameters
    return Layer("Block", block.output_shape, block.parameters, block.multiply_adds, {}, block.name, frozen)

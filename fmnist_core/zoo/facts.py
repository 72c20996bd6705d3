"""Writes backbones.json: what Keras says of each backbone's layers and blocks. python -m fmnist_core.zoo.facts"""

import importlib
import json
from collections.abc import Callable
from math import prod
from typing import Any

import keras

from fmnist_core.backbones import BACKBONES, FACTS_FILE, SIZES_PX, block_names
from fmnist_core.files import write_atomically


def builder(backbone: str) -> Callable[..., keras.Model]:
    """Return the function of keras.applications that builds the backbone."""
    module, name = BACKBONES[backbone].builder.split(":")
    return getattr(importlib.import_module(module), name)


def facts_of(backbone: str) -> dict[str, Any]:
    """Return layers [[name, weights, trainable weights]], blocks [[name, last layer, channels, first layer, depth]],
    and for each image size the sides and the multiply-adds of each block."""
    base = builder(backbone)(include_top=False, weights=None, input_shape=(None, None, 3))
    layers = [[layer.name, layer.count_params(), _trainable(layer)] for layer in base.layers]
    names = block_names(backbone, [layer.name for layer in base.layers])
    order = list(dict.fromkeys(names))
    first = [names.index(name) for name in order]
    last = [len(names) - 1 - names[::-1].index(name) for name in order]
    blocks = [
        [name, base.layers[j].name, base.layers[j].output.shape[-1], i, j + 1]
        for name, i, j in zip(order, first, last, strict=True)
    ]
    sizes = {str(size): _at_size(base, size, first, last) for size in SIZES_PX}
    for index, layer in enumerate(layers):
        layer[0] = base.layers[index].name if index else "input"  # Keras numbers inputs as they are made
    return {"layers": layers, "blocks": blocks, "sizes": sizes}


def multiply_adds(layer: keras.layers.Layer) -> int:
    """Return the multiplications with addition of a layer for one image, forward: of its kernels, as is usual."""
    return _multiply_adds(layer, layer.output.shape[1:-1])


def _multiply_adds(layer: keras.layers.Layer, places: tuple[int, ...]) -> int:
    if isinstance(layer, keras.Sequential):  # ConvNeXt's steps between stages: all of its places are its output's
        return sum(_multiply_adds(part, places) for part in layer.layers)
    if isinstance(layer, keras.layers.DepthwiseConv2D | keras.layers.Conv2D | keras.layers.Dense):
        return prod(layer.kernel.shape) * prod(places)
    if isinstance(layer, keras.layers.SeparableConv2D):
        return (prod(layer.depthwise_kernel.shape) + prod(layer.pointwise_kernel.shape)) * prod(places)
    return 0


def _at_size(base: keras.Model, size_px: int, first: list[int], last: list[int]) -> dict[str, list]:
    """Return sides and multiply-adds of the blocks that pictures of this size get through."""
    for count in range(len(last), 0, -1):
        until = keras.Model(base.input, base.layers[last[count - 1]].output)
        try:
            model = keras.models.clone_model(until, input_tensors=keras.Input((size_px, size_px, 3)))
        except ValueError:  # no pixel is left somewhere in the last of these blocks
            continue
        cost = [multiply_adds(layer) for layer in model.layers]
        return {
            "sides": [list(model.layers[j].output.shape[1:3]) for j in last[:count]],
            "multiply_adds": [sum(cost[i : j + 1]) for i, j in zip(first[:count], last[:count], strict=True)],
        }
    return {"sides": [], "multiply_adds": []}


def _trainable(layer: keras.layers.Layer) -> int:
    if isinstance(layer, keras.layers.BatchNormalization):  # stays in inference mode; see transfer.unfreeze
        return 0
    return sum(prod(weight.shape) for weight in layer.trainable_weights)


if __name__ == "__main__":
    facts = {backbone: facts_of(backbone) for backbone in BACKBONES}
    write_atomically(FACTS_FILE, json.dumps(facts, separators=(",", ":")) + "\n")

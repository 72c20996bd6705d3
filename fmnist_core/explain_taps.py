"""Where one can look into a finished network: its layers, or a backbone's blocks, each a tensor of one graph."""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from fmnist_core.backbones import blocks_to
from fmnist_core.errors import ModelError
from fmnist_core.spec import RunSpec
from fmnist_core.zoo.transfer import HEAD, TRUNK, block_outputs


@dataclass(frozen=True)
class Tap:
    """A place in the network where one can look: its name, and the shape there without the batch."""

    name: str
    output: Any

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(size or 0 for size in self.output.shape[1:])

    @property
    def is_picture(self) -> bool:
        return len(self.output.shape) == 4


def is_transfer(network: keras.Model) -> bool:
    """Whether the network is a head on a backbone, as zoo/transfer.py builds it."""
    names = {layer.name for layer in network.layers}
    return {TRUNK, HEAD} <= names


def taps_of(network: keras.Model, spec: RunSpec) -> tuple[Any, list[Tap]]:
    """Return the network's input, and where one can look into it, first to last; the last one is the answer.

    Raises:
        ModelError: its layers cannot be called one by one.
    """
    return _transfer_taps(network, spec) if is_transfer(network) else _taps(network)


def _taps(network: keras.Model) -> tuple[Any, list[Tap]]:
    """Call every layer anew, those of models within, too: what belongs to a model within is no part of the outer graph,
    and could not be reached from its input."""
    inputs = keras.Input(batch_shape=network.inputs[0].shape, dtype=network.inputs[0].dtype)
    called: list[tuple[str, Any]] = []
    try:
        _open(network, inputs, called)
    except (ValueError, TypeError, AttributeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"Expected a network whose layers can be called one by one. Received one that refuses it: {reason}"
        ) from error
    names = _numbered([kind for kind, _ in called])
    return inputs, [Tap(name, output) for name, (_, output) in zip(names, called, strict=True)]


def _open(model: keras.Model, x: Any, called: list[tuple[str, Any]]) -> Any:
    """Call a model's layers and operations on x, (b, ...), in their order; note the kind and output of each."""

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        within = isinstance(layer, keras.Model) and len(layer.inputs) == len(layer.outputs) == 1
        if within and not kwargs.get("training"):
            return _open(layer, keras.tree.flatten(args)[0], called)
        output = layer(*args, **kwargs)
        if keras.utils.is_keras_tensor(output):
            called.append((type(layer).__name__, output))
        return output

    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            x = call(layer, x)
        return x
    inputs = keras.tree.pack_sequence_as(model.input, [x])
    opened = keras.models.clone_model(model, inputs, clone_function=lambda layer: layer, call_function=call)
    return opened.outputs[0]


def _transfer_taps(network: keras.Model, spec: RunSpec) -> tuple[Any, list[Tap]]:
    """Walk through trunk, base and head, and note the base's blocks and the layers around it."""
    trunk, head = network.get_layer(TRUNK), network.get_layer(HEAD)
    inputs = keras.Input(trunk.input_shape[1:])
    x, taps = inputs, []
    for layer in trunk.layers[1:]:
        if isinstance(layer, keras.Model):
            blocks = [
                replace(block, depth=1 + [part.name for part in layer.layers].index(block.layer))
                for block in blocks_to(spec.backbone, spec.cut, spec.image_size_px)
            ]
            outputs = keras.Model(layer.input, block_outputs(layer, tuple(blocks)))(x)
            outputs = outputs if isinstance(outputs, list) else [outputs]
            taps += [Tap(f"Block {block.name}", output) for block, output in zip(blocks, outputs, strict=True)]
            x = outputs[-1]
        else:
            x = layer([x] * 3 if isinstance(layer, keras.layers.Concatenate) else x)
    taps.append(Tap(type(trunk.layers[-1]).__name__, x))
    names = _numbered([type(layer).__name__ for layer in head.layers[1:]])
    for name, layer in zip(names, head.layers[1:], strict=True):
        x = layer(x)
        taps.append(Tap(name, x))
    return inputs, taps


def _numbered(kinds: list[str]) -> list[str]:
    """Name layers by kind, numbered where there are several: Conv2D 1, MaxPooling2D 1, Conv2D 2, ..."""
    seen: dict[str, int] = {}
    names = []
    for kind in kinds:
        seen[kind] = seen.get(kind, 0) + 1
        names.append(f"{kind} {seen[kind]}" if kinds.count(kind) > 1 else kind)
    return names


def last_layer(network: keras.Model) -> keras.layers.Layer:
    """Return the layer that gives the probabilities, however deep it lies."""
    last = network.layers[-1]
    return last_layer(last) if isinstance(last, keras.Model) else last


def first_kernels(network: keras.Model) -> np.ndarray | None:
    """Return the kernels of the first convolution, (k, k, f) float32: its input channels are equal or one."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            if (kernel := first_kernels(layer)) is not None:
                return kernel
        elif type(layer) is keras.layers.Conv2D:
            return layer.kernel.numpy().sum(axis=2)
    return None

"""The networks: described without TensorFlow, built with it.

Adding a family is one file with `describe(spec, n_classes) -> tuple[Layer, ...]` and
`build(spec, n_classes) -> keras.Model`, and one line in NETWORKS.
"""

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fmnist_core.errors import SpecError
from fmnist_core.spec import RunSpec

if TYPE_CHECKING:
    import keras

NETWORKS: dict[str, str] = {"convnet": "fmnist_core.zoo.convnet", "transfer": "fmnist_core.zoo.transfer"}


@dataclass(frozen=True)
class Layer:
    """One row of the layer table.

    Attributes:
        kind: class name in keras.layers, or "Block" for a block of a backbone.
        output_shape: without the batch dimension.
        parameters: weights of this layer, trainable or not.
        multiply_adds: multiplications with addition for one image, forward.
        config: keyword arguments of the Keras class.
        name: of a block; empty otherwise.
        frozen: weights that the first phase leaves as they are: all, or fewer in a block that trains in part.
    """

    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    config: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    frozen: int = 0

    @property
    def title(self) -> str:
        """What a reader calls it: the Keras class, or the block with its name."""
        if not self.name:
            return self.kind
        return self.name if "block" in self.name or self.name == "top" else f"block {self.name}"


def describe(spec: RunSpec, n_classes: int = 10) -> tuple[Layer, ...]:
    """Return the layers of the spec's network, by arithmetic alone.

    Raises:
        SpecError: if a kernel or a pooling does not fit the picture that reaches it.
    """
    return _family(spec).describe(spec, n_classes)


def multiply_adds(spec: RunSpec) -> int:
    """Return the multiplications with addition of the whole network for one image, forward."""
    return sum(layer.multiply_adds for layer in describe(spec))


def epoch_multiply_adds(spec: RunSpec) -> int:
    """Return those that an epoch of the first phase does for each image: the head's where features are kept."""
    layers = describe(spec)
    if spec.keeps_features:
        layers = layers[1 + max(i for i, layer in enumerate(layers) if layer.kind == "Block") :]
    return sum(layer.multiply_adds for layer in layers)


def build(spec: RunSpec, n_classes: int = 10) -> "keras.Model":
    """Build the spec's network, not compiled: (batch, s, s, 1) float32 -> (batch, n_classes) probabilities."""
    if spec.start_epoch:
        from fmnist_core.fork import weights_of  # it stands above this module

        return build_from_epoch(spec, n_classes, *weights_of(spec))
    return _family(spec).build(spec, n_classes)


def build_from_epoch(spec: RunSpec, n_classes: int, file: Path, trunk: Path) -> "keras.Model":
    """Build a network that starts with the weights of an epoch, wherever they lie; no others are needed.

    Args:
        file: of the epoch; see epoch_record.write_weights.
        trunk: of the frozen backbone, for an epoch that only changed the head; it need not exist otherwise.
    """
    from fmnist_core.zoo import weights

    bare = spec.replace(start_run="", start_epoch=0, weights="random" if spec.is_transfer else spec.weights)
    network = _family(bare).build(bare, n_classes)
    weights.take_epoch(network, file, trunk)
    return network


def _family(spec: RunSpec) -> Any:
    if spec.network not in NETWORKS:
        raise SpecError(f"Expected network: one of {', '.join(NETWORKS)}. Received: {spec.network!r}.")
    return import_module(NETWORKS[spec.network])

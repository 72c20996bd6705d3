"""The networks: described without TensorFlow, built with it.

Adding a family is one file with `describe(spec, n_classes) -> tuple[Layer, ...]` and
`build(spec, n_classes) -> keras.Model`, and one line in NETWORKS.
"""

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fmnist_core.errors import SpecError
from fmnist_core.spec import RunSpec

if TYPE_CHECKING:
    import keras

NETWORKS: dict[str, str] = {"convnet": "fmnist_core.zoo.convnet"}


@dataclass(frozen=True)
class Layer:
    """One row of the layer table.

    Attributes:
        kind: class name in keras.layers.
        output_shape: without the batch dimension.
        parameters: weights of this layer, trainable or not.
        multiply_adds: multiplications with addition for one image, forward.
        config: keyword arguments of the Keras class.
    """

    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    config: dict[str, Any] = field(default_factory=dict)


def describe(spec: RunSpec, n_classes: int = 10) -> tuple[Layer, ...]:
    """Return the layers of the spec's network, by arithmetic alone.

    Raises:
        SpecError: if a kernel or a pooling does not fit the picture that reaches it.
    """
    return _family(spec).describe(spec, n_classes)


def build(spec: RunSpec, n_classes: int = 10) -> "keras.Model":
    """Build the spec's network, not compiled: (batch, s, s, 1) float32 -> (batch, n_classes) probabilities."""
    return _family(spec).build(spec, n_classes)


def _family(spec: RunSpec) -> Any:
    if spec.network not in NETWORKS:
        raise SpecError(f"Expected network: one of {', '.join(NETWORKS)}. Received: {spec.network!r}.")
    return import_module(NETWORKS[spec.network])

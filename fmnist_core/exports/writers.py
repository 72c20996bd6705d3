"""Write a Keras model in every form of FORMATS. For worker processes: everything here loads TensorFlow when called."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fmnist_core.preprocess import scale_and_offset
from fmnist_core.spec import RunSpec

if TYPE_CHECKING:
    import keras

INPUT, OUTPUT = "pixels", "probabilities"
ITEM_PX = 28

Writer = Callable[["keras.Model", Path, np.ndarray], None]


def portable(network: "keras.Model", spec: RunSpec) -> "keras.Model":
    """Return a model that needs no preparation: (b, 28, 28, 1) float32 grey pixels 0..255 -> (b, classes) float32.

    Padding, enlarging and scaling, which a Run does outside of its network, become layers of Keras' own.
    """
    import keras

    pixels = x = keras.Input((ITEM_PX, ITEM_PX, 1), name=INPUT)
    size = spec.image_size_px
    if size != ITEM_PX and spec.resizing == "pad":
        x = keras.layers.ZeroPadding2D((size - ITEM_PX) // 2)(x)
    elif size != ITEM_PX:
        x = keras.layers.Resizing(size, size, interpolation="bilinear")(x)
    scale, offset = (float(number) for number in scale_and_offset(spec))
    if (scale, offset) != (1.0, 0.0):
        x = keras.layers.Rescaling(scale, offset)(x)
    return keras.Model(pixels, only(network(x)), name="fmnist_lab")


def only(outputs: Any) -> Any:
    """Return the one output of a model: some models, as they were built, give it in a list."""
    return outputs[0] if isinstance(outputs, list | tuple) else outputs


def write_keras(model: "keras.Model", path: Path, examples: np.ndarray) -> None:
    """Write a .keras file."""
    model.save(path)


def write_litert(model: "keras.Model", path: Path, examples: np.ndarray) -> None:
    """Write a .tflite file of float32 numbers, of LiteRT's own operations alone."""
    import tensorflow as tf

    model.export(path, format="litert", verbose=False, target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]})


def write_int8(model: "keras.Model", path: Path, examples: np.ndarray) -> None:
    """Write a .tflite file of 8-bit whole numbers from input to output.

    Args:
        examples: (n, 28, 28, 1) float32 pixels: the ranges of all intermediate numbers are taken from what the network
            makes of these.
    """
    import tensorflow as tf

    def representative() -> Iterator[list[np.ndarray]]:
        for image in examples:
            yield [image[np.newaxis]]

    model.export(
        path, format="litert", verbose=False, optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=representative, inference_input_type=tf.uint8, inference_output_type=tf.uint8,
        target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
    )  # fmt: skip


def write_onnx(model: "keras.Model", path: Path, examples: np.ndarray) -> None:
    """Write an .onnx file whose input and output have names that say what they are."""
    import keras
    import onnx
    import tensorflow as tf

    # Called with training=False within: Keras 3.15 exports nested models as if they were being trained.
    inference = keras.Model(model.inputs, model(model.inputs[0], training=False), name=model.name)
    pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name=INPUT)
    inference.export(path, format="onnx", verbose=False, input_signature=[pixels])
    graph = onnx.load(path)
    _rename(graph.graph, graph.graph.output[0].name, OUTPUT)
    onnx.checker.check_model(graph)
    onnx.save(graph, path)


def _rename(graph, old: str, new: str) -> None:  # noqa: ANN001
    """Give a value of an ONNX graph another name wherever it stands."""
    graph.output[0].name = new
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [new if name == old else name for name in names]


WRITERS: dict[str, Writer] = {
    "keras": write_keras, "litert": write_litert, "int8": write_int8, "onnx": write_onnx,
}  # fmt: skip

"""Read a taken-away file back as somebody else would: in its own runtime, with nothing of this project.

Each function takes a path and returns `predict`: (b, 28, 28, 1) uint8 grey pixels -> (b, classes) float32.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

Predict = Callable[[np.ndarray], np.ndarray]


def in_keras(path: Path) -> Predict:
    """Load a .keras file in safe mode."""
    import keras

    model = keras.models.load_model(path, compile=False, safe_mode=True)
    return lambda pixels: np.asarray(model.predict_on_batch(pixels.astype(np.float32)))


def in_litert(path: Path) -> Predict:
    """Load a .tflite file; whole numbers are turned into probabilities by the scale that the file states."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))

    def predict(pixels: np.ndarray) -> np.ndarray:
        (image,) = interpreter.get_input_details()
        if len(pixels) != image["shape"][0]:
            interpreter.resize_tensor_input(image["index"], pixels.shape, strict=True)
            interpreter.allocate_tensors()
            (image,) = interpreter.get_input_details()
        (row,) = interpreter.get_output_details()
        interpreter.set_tensor(image["index"], pixels.astype(image["dtype"]))
        interpreter.invoke()
        values = interpreter.get_tensor(row["index"])
        scale, zero = row["quantization"]
        return (values.astype(np.float32) - zero) * scale if scale else values

    interpreter.allocate_tensors()
    return predict


def in_onnx(path: Path) -> Predict:
    """Load an .onnx file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (pixels_in,), (row,) = session.get_inputs(), session.get_outputs()
    return lambda pixels: session.run([row.name], {pixels_in.name: pixels.astype(np.float32)})[0]


PREDICTORS: dict[str, Callable[[Path], Predict]] = {
    "keras": in_keras, "litert": in_litert, "int8": in_litert, "onnx": in_onnx,
}  # fmt: skip

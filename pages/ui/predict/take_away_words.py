"""What the Take away page says of a file: what was measured, and the few lines of code that use it."""

from fmnist_core.exports import Format, Proof


def measured(form: Format, proof: Proof) -> str:
    """Say in a line what the proof found."""
    off = proof.accuracy - proof.run_accuracy
    beside = "as the Run" if not off else f"the Run {proof.run_accuracy:.2%}"
    difference = f"{proof.largest_difference:.0e}" if form.tolerance else f"{proof.largest_difference:.2f}"
    same = "the same answer on every one" if proof.same_answers == 1 else f"the same answer on {proof.same_answers:.2%}"
    return (
        f"{proof.accuracy:.2%} of {proof.images:,} test images right ({beside}), {same}, no probability more than "
        f"{difference} off. Read by {proof.runtime}."
    )


_PIXELS = "import numpy as np\n\nclasses = [{classes}]\npixels = np.zeros((1, 28, 28, 1), np.{dtype})  # your picture\n"
_ANSWER = "print(classes[probabilities[0].argmax()], probabilities[0].max())\n"

_KERAS = """import keras

model = keras.models.load_model("{file}", compile=False)
probabilities = model.predict(pixels)
"""
_LITERT = """from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter("{file}")
interpreter.allocate_tensors()
(image,), (row,) = interpreter.get_input_details(), interpreter.get_output_details()
interpreter.set_tensor(image["index"], pixels)
interpreter.invoke()
"""
_FLOAT = 'probabilities = interpreter.get_tensor(row["index"])\n'
_INT8 = """scale, zero = row["quantization"]  # whole numbers stand for probabilities by this scale
probabilities = (interpreter.get_tensor(row["index"]).astype(float) - zero) * scale
"""
_ONNX = """import onnxruntime

session = onnxruntime.InferenceSession("{file}")
(probabilities,) = session.run(["probabilities"], {{"pixels": pixels}})
"""

_FLOATS, _BYTES = _PIXELS.replace("{dtype}", "float32"), _PIXELS.replace("{dtype}", "uint8")
# Templates for str.format: file and classes.
SNIPPETS: dict[str, str] = {
    "keras": _FLOATS + _KERAS + _ANSWER,
    "litert": _FLOATS + _LITERT + _FLOAT + _ANSWER,
    "int8": _BYTES + _LITERT + _INT8 + _ANSWER,
    "onnx": _FLOATS + _ONNX + _ANSWER,
}

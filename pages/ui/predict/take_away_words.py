"""What the Take away page says of a file: what was measured, and the few lines of code that use it."""

from fmnist_core.exports import Proof
from fmnist_core.runs import Run
from pages.ui.save_picture import file_name


def file_stem(run: Run) -> str:
    """Return what files of a Run are called outside: its title in plain letters, and the end of its id."""
    return f"{file_name(run.spec.title)[:40] or 'run'}-{run.id[-4:]}"


def measured(proof: Proof) -> str:
    """Say in a line what the proof found."""
    beside = "as the Run" if proof.accuracy == proof.run_accuracy else f"the Run {proof.run_accuracy:.2%}"
    same = "the same answer on every one" if proof.same_answers == 1 else f"the same answer on {proof.same_answers:.2%}"
    difference = small_number(proof.largest_difference)
    return (
        f"{proof.accuracy:.2%} of {proof.images:,} test images right ({beside}), {same}, no probability more than "
        f"{difference} off. Read by {proof.runtime}."
    )


def small_number(value: float) -> str:
    """Return 0, 0.012 or 2×10⁻⁸, none of which breaks at a line's end."""
    if value == 0 or value >= 0.001:
        return f"{value:.2g}"
    digits, _, power = f"{value:.0e}".partition("e-")
    return f"{digits}×10⁻{str(int(power)).translate(_RAISED)}"


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_PIXELS = "classes = [{classes}]\npixels = np.zeros((1, 28, 28, 1), np.{dtype})  # your picture\n"
_ANSWER = "print(classes[probabilities[0].argmax()], probabilities[0].max())\n"

_KERAS = """model = keras.models.load_model("{file}", compile=False)
probabilities = model.predict(pixels)
"""
_LITERT = """interpreter = Interpreter("{file}")
interpreter.allocate_tensors()
(image,), (row,) = interpreter.get_input_details(), interpreter.get_output_details()
interpreter.set_tensor(image["index"], pixels)
interpreter.invoke()
"""
_FLOAT = 'probabilities = interpreter.get_tensor(row["index"])\n'
_INT8 = """scale, zero = row["quantization"]  # whole numbers stand for probabilities by this scale
probabilities = (interpreter.get_tensor(row["index"]).astype(float) - zero) * scale
"""
_ONNX = """session = onnxruntime.InferenceSession("{file}")
(probabilities,) = session.run(["probabilities"], {{"pixels": pixels}})
"""


def _snippet(dtype: str, imported: str, *parts: str) -> str:
    return f"{imported}\n\n" + "".join([_PIXELS.replace("{dtype}", dtype), *parts, _ANSWER])


_INTERPRETER = "import numpy as np\nfrom ai_edge_litert.interpreter import Interpreter"
# Templates for str.format: file and classes.
SNIPPETS: dict[str, str] = {
    "keras": _snippet("float32", "import keras\nimport numpy as np", _KERAS),
    "litert": _snippet("float32", _INTERPRETER, _LITERT, _FLOAT),
    "int8": _snippet("uint8", _INTERPRETER, _LITERT, _INT8),
    "onnx": _snippet("float32", "import numpy as np\nimport onnxruntime", _ONNX),
}

"""Take away: a finished Run's model in the forms that others read, each proven before it is offered.

    exports = read_exports(run)           # None before they are made
    exports.proofs["onnx"].passed         # whether the file gave what the Run gave, in its own runtime

Making and proving is a task (making.py, started through fmnist_core/tasks.py); the app only reads what it left in the
Run's folder. Every file takes grey pixels 0 to 255 as they are: padding, enlarging and scaling are inside.
"""

import io
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fmnist_core.errors import ModelError
from fmnist_core.files import write_atomically
from fmnist_core.fingerprints import file_fingerprint
from fmnist_core.runs import KERAS_FILE, Run

__all__ = ["FORMATS", "Exports", "Format", "Proof", "bundle", "export_folder", "read_exports"]

FOLDER, PROOFS_FILE = "exports", "proofs.json"
VERSION = 1  # raise it when the files, or what a proof means, change


@dataclass(frozen=True)
class Format:
    """A form that a model can be taken away in.

    Attributes:
        title: what a reader calls it.
        file: name within the Run's folder of exports.
        runtime: the package that reads it, which also proves it.
        purpose: where it is of use, in a sentence.
        tolerance: largest difference of any probability from the Run's; None where numbers are rounded on purpose.
        most_lost: how much accuracy the file may lose against the Run on the same images, 0..1.
    """

    title: str
    file: str
    runtime: str
    purpose: str
    tolerance: float | None = 1e-3
    most_lost: float = 0.0


FORMATS: dict[str, Format] = {
    "keras": Format("Keras", "model.keras", "keras", "For Python: to look into, to train on, to convert."),
    "litert": Format(
        "LiteRT (TFLite)", "model-float.tflite", "ai-edge-litert", "For phones and single-board computers."
    ),
    "int8": Format(
        "LiteRT, 8-bit whole numbers", "model-int8.tflite", "ai-edge-litert",
        "For microcontrollers: about a quarter of the size, pixel bytes in, whole numbers throughout.",
        tolerance=None, most_lost=0.02,
    ),
    "onnx": Format("ONNX", "model.onnx", "onnxruntime", "For C++, C#, Java, JavaScript and other frameworks."),
}  # fmt: skip


@dataclass(frozen=True)
class Proof:
    """What came of making a file, loading it back in its own runtime, and asking it about test images.

    Attributes:
        passed: whether it may be offered.
        reason: why not; empty where it may.
        runtime: what read it, with its version.
        bytes: size of the file.
        images: how many test images it was asked about.
        largest_difference: of any probability from the one that the Run itself gave when it finished, 0..1.
        same_answers: share of the images with the same most probable class as the Run's.
        accuracy, run_accuracy: of the file and of the Run on these images.
    """

    passed: bool
    reason: str = ""
    runtime: str = ""
    bytes: int = 0
    images: int = 0
    largest_difference: float = 0.0
    same_answers: float = 0.0
    accuracy: float = 0.0
    run_accuracy: float = 0.0


@dataclass(frozen=True)
class Exports:
    """The files of a Run, by the keys of FORMATS, and the versions that made them."""

    run: Run
    proofs: dict[str, Proof]
    versions: dict[str, str]

    @property
    def offered(self) -> list[str]:
        """The formats whose proof passed and whose file is there, whole."""
        return [name for name, proof in self.proofs.items() if proof.passed and self._is_whole(name, proof)]

    def path(self, name: str) -> Path:
        """Return where the file of a format lies."""
        return export_folder(self.run) / FORMATS[name].file

    def _is_whole(self, name: str, proof: Proof) -> bool:
        try:
            return self.path(name).stat().st_size == proof.bytes
        except OSError:
            return False


def export_folder(run: Run) -> Path:
    """Return the folder of a Run's exports; it need not exist."""
    return run.folder / FOLDER


def read_exports(run: Run) -> Exports | None:
    """Return what was made of the Run's present model; None if nothing was, or the model has changed since."""
    try:
        values = json.loads((export_folder(run) / PROOFS_FILE).read_text())
        if values["version"] != VERSION or values["made_of"] != file_fingerprint(run.folder / KERAS_FILE):
            return None
        proofs = {name: Proof(**values["proofs"][name]) for name in FORMATS}
        return Exports(run, proofs, dict(values["versions"]))
    except (OSError, ModelError, ValueError, KeyError, TypeError):
        return None


def write_exports(exports: Exports, made_of: str) -> None:
    """Put down what was made and proven, beside the files; made_of: fingerprint of the model that was read for it."""
    values: dict[str, Any] = {
        "version": VERSION,
        "made_of": made_of,
        "versions": exports.versions,
        "proofs": {name: asdict(proof) for name, proof in exports.proofs.items()},
    }
    write_atomically(export_folder(exports.run) / PROOFS_FILE, json.dumps(values, indent=2))


def bundle(exports: Exports, more: dict[str, str | bytes]) -> bytes:
    """Return a zip of every proven file, and of more by file name: texts, or weights that the script needs.

    Models are stored as they are: weights hardly get smaller, and packing 60 MB would keep the reader waiting.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in exports.offered:
            archive.write(exports.path(name), FORMATS[name].file)
        for name, content in more.items():
            archive.writestr(name, content, zipfile.ZIP_DEFLATED if isinstance(content, str) else zipfile.ZIP_STORED)
    return stream.getvalue()

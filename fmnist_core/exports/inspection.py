"""Look into a .keras file from outside without running anything of it: what it is, and whether it may be loaded.

A .keras file is a zip of config.json, metadata.json and model.weights.h5. Keras' safe mode refuses Lambda layers; this
look comes before it, needs no Keras, and allows Keras' own layers only: everything else needs code that would have to
be taken from the file, or that is not here.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fmnist_core.datasets.files import ZIP_DAMAGE
from fmnist_core.errors import ModelError

MAX_BYTES = 200 << 20  # of the file
MAX_UNPACKED = 1 << 30
# The two members that are unpacked here, in the web process: what they may come to.
MOST_TEXT = {"config.json": 20 << 20, "metadata.json": 1 << 20}
_MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}
# What other files begin with, and what a person should do about it.
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\x80", "a pickle, which runs code when it is opened; save the model with model.save('model.keras')"),
    (b"\x89HDF", "an HDF5 file (.h5), the older form; load it in Keras and save it with model.save('model.keras')"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x08", "perhaps an ONNX file, which cannot be turned into a Keras model"),
)
# Modules that a config may name. Anything beyond is code of its author, or a door to the machine.
_MODULES = (
    "keras", "keras.layers", "keras.models", "keras.initializers", "keras.regularizers", "keras.constraints",
    "keras.activations", "keras.ops", "keras.dtype_policies", "keras.src.models.functional",
    "keras.src.models.sequential",
)  # fmt: skip
# What a model was compiled with. Keras drops that of the outer model alone, as it is told; that of models within it is
# made anew.
_TRAINING_MODULES = ("keras.optimizers", "keras.optimizers.schedules", "keras.losses", "keras.metrics")
_MODULE_BEGINNINGS = ("keras.src.layers.", "keras.src.ops.", "keras.src.activations", "keras.src.initializers")
_CODE = {"Lambda", "__lambda__"}
_FOREIGN = {"TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"}


@dataclass(frozen=True)
class Found:
    """What the file says of itself: version of Keras, and the classes of its layers in order."""

    keras_version: str
    layers: tuple[str, ...]


def inspect(content: bytes, name: str) -> Found:
    """Look into a file's bytes.

    Raises:
        ModelError: it is no .keras file, is damaged or too large, or would need code that is not Keras' own.
    """
    if len(content) > MAX_BYTES:
        raise ModelError(f"{name}: expected at most {MAX_BYTES >> 20} MB. Received {len(content) / 1e6:.0f} MB.")
    try:
        config, metadata = _read(content, name)
        parts = list(_objects({key: part for key, part in config.items() if key != "compile_config"}))
    except RecursionError as error:
        raise ModelError(f"{name}: expected a Keras model in config.json. Received one nested without end.") from error
    for part in parts:
        _check_object(part, str(part.get("class_name", "")), name)
    layers = [str(part["class_name"]) for part in parts if _is_layer(part)]
    if not layers:
        raise ModelError(f"{name}: expected a Keras model in config.json. Received no layer.")
    return Found(str(metadata.get("keras_version", "unknown")), tuple(layers))


def _read(content: bytes, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return config and metadata; the weights stay packed."""
    if content[4:8] == b"TFL3":
        raise ModelError(f"{name}: expected a .keras file. Received a TFLite file: only Keras' own form can be used.")
    if not content.startswith(b"PK"):
        what = next((words for start, words in _OTHERS if content.startswith(start)), "another kind of file")
        raise ModelError(f"{name}: expected a .keras file, as model.save('model.keras') writes it. Received {what}.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_members([(member.filename, member.file_size) for member in archive.infolist()], name)
            parts = [json.loads(archive.read(member)) for member in ("config.json", "metadata.json")]
    except ZIP_DAMAGE as error:
        raise ModelError(f"{name}: expected a whole .keras file. Received a damaged one: {error}.") from error
    if not all(isinstance(part, dict) for part in parts):
        raise ModelError(f"{name}: expected JSON objects in config.json and metadata.json. Received other JSON.")
    return parts[0], parts[1]


def _check_members(listed: list[tuple[str, int]], name: str) -> None:
    """Raise ModelError unless the archive has just what Keras writes; listed: names and unpacked sizes in bytes."""
    members = dict(listed)
    if pickles := [member for member in members if member.endswith((".pkl", ".pickle"))]:
        raise ModelError(
            f"{name}: expected a .keras file. Received an archive with a pickle ({pickles[0]}), as PyTorch writes it; "
            "a pickle runs code when it is opened."
        )
    if missing := sorted(_MEMBERS - set(members)):
        raise ModelError(f"{name}: expected a .keras file. Received an archive without {', '.join(missing)}.")
    if more := sorted(set(members) - _MEMBERS):
        raise ModelError(f"{name}: expected {', '.join(sorted(_MEMBERS))} and nothing else. Received {more[0][:80]}.")
    if len(listed) > len(members):  # readers differ on which of two they take
        raise ModelError(f"{name}: expected {', '.join(sorted(_MEMBERS))} once each. Received one of them twice.")
    if sum(members.values()) > MAX_UNPACKED:
        raise ModelError(
            f"{name}: expected at most {MAX_UNPACKED >> 30} GB when unpacked. Received "
            f"{sum(members.values()) / 1e9:.1f} GB."
        )
    for member, most in MOST_TEXT.items():
        if members[member] > most:
            raise ModelError(
                f"{name}: expected at most {most >> 20} MB in {member} when unpacked. Received "
                f"{members[member] / 1e6:.1f} MB."
            )


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every serialised object within a config."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for part in value.values():
            yield from _objects(part)
    elif isinstance(value, list):
        for part in value:
            yield from _objects(part)


def _is_layer(part: dict[str, Any]) -> bool:
    other = part["class_name"] == "DTypePolicy" or part.get("module") in _TRAINING_MODULES
    return bool(_layer_name(part)) and not other


def _check_object(part: dict[str, Any], kind: str, name: str) -> None:
    """Raise ModelError unless Keras itself can make this object."""
    module = part.get("module")
    shown = _layer_name(part)
    if kind in _CODE:
        raise ModelError(
            f"{name}: expected layers of Keras' own. Received a Lambda{shown}: it is Python code within the file, "
            "which would run here. Write it as a layer of Keras, such as Rescaling or Reshape."
        )
    if kind in _FOREIGN:
        raise ModelError(f"{name}: expected layers of Keras' own. Received {kind}{shown}, which runs other programs.")
    if module is None or module in _MODULES + _TRAINING_MODULES or str(module).startswith(_MODULE_BEGINNINGS):
        return
    raise ModelError(
        f"{name}: expected layers of Keras' own. Received {kind[:60]}{shown} of {str(module)[:60]}, whose code is not "
        "in the file."
    )


def _layer_name(part: dict[str, Any]) -> str:
    config = part.get("config")
    label = config.get("name") if isinstance(config, dict) else None
    return f" (layer {str(label)[:60]!r})" if label else ""

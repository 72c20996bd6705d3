"""The script that re-creates a Run without this project: its hyperparameters, its network layer by layer, and copies of
the very functions that train here. Text only; no TensorFlow is loaded to write it."""

import importlib.metadata
import io
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fmnist_core import zoo
from fmnist_core.backbones import BACKBONES, INPUT_RANGES, blocks_to
from fmnist_core.epoch_record import TRUNK_FILE, read_weights
from fmnist_core.errors import ModelError
from fmnist_core.exports.sources import closure
from fmnist_core.fork import START_FILE, START_FOLDER
from fmnist_core.overlay import Overlay
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec
from fmnist_core.training_data import MARKS_FILE

# By the name that a line of the script must mention for the import to stand in it.
IMPORTS: dict[str, str] = {
    "argparse": "import argparse", "functools": "import functools", "gzip": "import gzip",
    "hashlib": "import hashlib", "math": "import math", "os": "import os", "re": "import re",
    "struct": "import struct", "Callable|Iterator": "from collections.abc import {names}",
    "contextmanager": "from contextlib import contextmanager", "dataclass": "from dataclasses import dataclass",
    "islice": "from itertools import islice", "Path": "from pathlib import Path",
    "SimpleNamespace": "from types import SimpleNamespace", "Any|NamedTuple": "from typing import {names}",
}  # fmt: skip
PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn")
NAME, START_NAME = "recreate.py", "start.npz"


def recreate_script(run: Run) -> str:
    """Return the script as text.

    Raises:
        ModelError: the Run was brought in from outside, so nobody knows how it was trained; or it is a fork whose
            weights at the start are gone.
        LabError: the Run's folder is damaged.
    """
    spec, result = run.spec, run.result or {}
    if spec.network not in zoo.NETWORKS:
        raise ModelError("Expected a Run that was trained here. Received a model from outside: how is not known.")
    if spec.start_epoch and not start_files(run):
        raise ModelError(
            f"Expected the weights that this Run began with, of epoch {spec.start_epoch} of Run {spec.start_run}, in "
            "its folder. Received none."
        )
    known = _known(spec, result)
    code = [_build(spec, known["n_classes"]), _main(run)]
    learn = "train_transfer" if spec.is_transfer else "train_network"
    roots = ["load_data", "recreate", learn, *(["apply_marks"] if spec.label_marks else [])]
    roots += [("take_epoch" if spec.start_epoch else "start_from")] if spec.start_run else []
    parts = closure(roots, {} if spec.optimizer == "muon" else {"_CLASSES": _one_optimizer(spec)})
    body = "\n\n\n".join([parts, *code])
    used = {name: value for name, value in known.items() if re.search(rf"\bspec\.{name}\b", body)}
    settings = "".join(f"    {name}={_literal(value)},\n" for name, value in sorted(used.items()))
    aliases = [name for name in ("RunSpec", "Fold") if re.search(rf"\b{name}\b", body)]
    head = f"{' = '.join(aliases)} = SimpleNamespace  # the settings below\n\nspec = SimpleNamespace(\n{settings})"
    text = "\n\n\n".join([head, body])
    return f'{_docstring(run, result)}\n\n{_imports(text)}\n\n{text}\n\n\nif __name__ == "__main__":\n    main()\n'


def start_files(run: Run) -> dict[str, Path]:
    """Return the files of the weights that a fork began with: of the epoch and, where that has the head alone, of the
    trunk. Empty where the Run is no fork, or they are gone."""
    folder = run.folder / START_FOLDER
    files = {"epoch": folder / START_FILE, "trunk": folder / TRUNK_FILE}
    return {part: file for part, file in files.items() if file.is_file()} if files["epoch"].is_file() else {}


def start_weights(run: Run) -> bytes:
    """Return those weights in one file, an .npz, as the script reads it.

    Raises:
        RunError: a file is damaged.
    """
    arrays = {
        f"{part}_{number}": array
        for part, file in start_files(run).items()
        for number, array in enumerate(read_weights(file))
    }
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _known(spec: RunSpec, result: dict[str, Any]) -> dict[str, Any]:
    """Return everything that a function of the script may ask the settings for."""
    values = asdict(spec) | {
        "is_augmented": spec.is_augmented, "keeps_features": spec.keeps_features,
        "is_transfer": spec.is_transfer, "n_classes": len(result.get("class_names", ())) or 10,
        "sha256": result.get("sha256", ""), "test_accuracy": result.get("test_accuracy", 0.0),
        "multiply_adds": zoo.multiply_adds(spec), "head_multiply_adds": zoo.epoch_multiply_adds(spec),
    }  # fmt: skip
    return {name: value for name, value in values.items() if name not in ("title", "preset", "group")}


def _docstring(run: Run, result: dict[str, Any]) -> str:
    needed = " ".join(f"{name}=={importlib.metadata.version(name)}" for name in PACKAGES)
    data = (
        f"It saw {result.get('dataset', run.spec.dataset)}, from {result.get('source', 'a source that is not noted')}."
    )
    if result.get("synthetic"):
        data += " That was a stand-in for the real data, which were not at hand; no other program has it."
    exact = (
        "With these versions, on the same kind of processor, it gives the Run's weights to within rounding; elsewhere\n"
        "rounding differs and grows, and the accuracy comes out a little different."
    )
    if run.spec.is_transfer and not run.spec.start_epoch:
        exact += "\nThe first weights of the head follow from how the base was built, so they may be others."
    return (
        f'"""{_plain(run.spec.title)}, trained anew. Written by FMNIST Lab, which it does not need.\n\n'
        f"    pip install {needed}\n    python {NAME}{_needed_options(run.spec)} --out result\n\n"
        f"It does what the Run {run.id} did:\n"
        "the same network with the same first weights, the same images in the same order, the same augmentation,\n"
        "optimizer and schedule, the same choice of the best epoch.\n"
        f"{_plain(data)}\nThe Run had {result.get('test_accuracy', 0.0):.2%} of its test images right.\n\n{exact}\n"
        '"""'
    )


def _needed_options(spec: RunSpec) -> str:
    options = {"data": spec.dataset == "own", "weights": _has_file(spec), "start": bool(spec.start_run)}
    return "".join(f" --{name} PATH" for name, needed in options.items() if needed)


def _has_file(spec: RunSpec) -> bool:
    return spec.is_transfer and spec.weights == "file" and not spec.start_epoch


def _imports(text: str) -> str:
    lines = []
    for pattern, line in IMPORTS.items():
        names = [name for name in pattern.split("|") if re.search(rf"\b{name}\b", text)]
        if names or pattern == "os":
            lines.append(line.format(names=", ".join(names)))
    kernels = (
        '# As in the Run; read when TensorFlow loads.\nos.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")\n\n'
        "import keras  # noqa: E402\nimport numpy as np  # noqa: E402\nimport tensorflow as tf  # noqa: E402"
    )
    return "\n".join(["from __future__ import annotations\n", *lines, "", kernels]) + "\n"


def _one_optimizer(spec: RunSpec) -> str:
    names = {"adam": "Adam", "adamw": "AdamW", "nadam": "Nadam", "rmsprop": "RMSprop", "sgd": "SGD"}
    return f'_CLASSES = {{"{spec.optimizer}": keras.optimizers.{names[spec.optimizer]}}}'


def _build(spec: RunSpec, n_classes: int) -> str:
    lines = _transfer_lines(spec, n_classes) if spec.is_transfer else _convnet_lines(spec, n_classes)
    parameters = sum(layer.parameters for layer in zoo.describe(spec, n_classes))
    return "\n".join(
        [
            "def build(options: argparse.Namespace) -> keras.Model:",
            f'    """Build the network: {parameters:,} parameters, whose first values follow from the seed."""',
            *(f"    {line}" if line else "" for line in lines),
        ]
    )


def _convnet_lines(spec: RunSpec, n_classes: int) -> list[str]:
    lines = [f'inputs = x = keras.Input(({spec.image_size_px}, {spec.image_size_px}, 1), name="pixels")']
    described = zoo.describe(spec, n_classes)
    lines += [f"x = {_layer(layer)}(x)" for layer in described]
    lines.append('model = keras.Model(inputs, x, name="convnet")')
    if spec.start_epoch:
        lines.append("take_epoch(model, options.start)")
    elif spec.start_run:
        lines.append(f"start_from(model, options.start, whole={spec.start_whole})")
    if spec.frozen_blocks:
        last = max(number for number, layer in enumerate(described, start=1) if layer.frozen)
        lines += [f"for layer in model.layers[1 : {last + 1}]:", "    layer.trainable = False"]
    return [*lines, "return model"]


def _transfer_lines(spec: RunSpec, n_classes: int) -> list[str]:
    backbone, size = BACKBONES[spec.backbone], spec.image_size_px
    block = blocks_to(spec.backbone, spec.cut, size)[-1]
    weights = '"imagenet"' if spec.weights == "imagenet" and not spec.start_epoch else "None"
    lines = [
        f"whole = {backbone.builder.replace(':', '.')}(include_top=False, weights={weights}, "
        "input_shape=(None, None, 3))",
        *(["whole.load_weights(options.weights)"] if _has_file(spec) else []),
        "for layer in whole.layers:",
        "    if isinstance(layer, keras.layers.Dropout):",
        "        layer.rate = 0.0  # the base works as in inference",
        f"# Cut after block {block.name}, the last operation before the next block's first layer.",
        "ends = [whole.operations.index(layer) for layer in whole.layers] + [len(whole.operations)]",
        f"cut = whole.operations[ends[{block.depth}] - 1].output",
        f"base = keras.Model(whole.input, cut, name={_literal(spec.backbone)})",
        f'inputs = keras.Input(({size}, {size}, 1), name="pixels")',
        "x = keras.layers.Concatenate()([inputs] * 3)",
    ]
    scale, offset = INPUT_RANGES[backbone.input_range]
    if spec.scaling == "base" and (scale, offset) != INPUT_RANGES["raw"]:
        lines.append(f"x = keras.layers.Rescaling({scale!r}, {offset!r})(x)")
    layers = zoo.describe(spec, n_classes)
    start = 1 + max(number for number, layer in enumerate(layers) if layer.kind == "Block")
    pooling, *dense = layers[start:]
    return [
        *lines, f"trunk = keras.Model(inputs, {_layer(pooling)}(base(x)), name=TRUNK)",
        f'features = x = keras.Input({pooling.output_shape!r}, name="features")',
        *(f"x = {_layer(layer)}(x)" for layer in dense), "head = keras.Model(features, x, name=HEAD)",
        'model = keras.Model(inputs, head(trunk(inputs)), name="transfer")',
        *(["take_epoch(model, options.start)"] if spec.start_epoch else []),
        f"unfreeze(model, {spec.unfrozen_layers})", "return model",
    ]  # fmt: skip


def _layer(layer: zoo.Layer) -> str:
    config = ", ".join(f"{name}={_literal(value)}" for name, value in layer.config.items())
    return f"keras.layers.{layer.kind}({config})"


def _main(run: Run) -> str:
    spec, lines = run.spec, []
    if spec.label_marks:
        lines += [f"DROPPED, RELABELLED = {', '.join(map(repr, _marks(run)))}", "", ""]
    own = ", required=True" if spec.dataset == "own" else ', default=""'
    options = [f'parser.add_argument("--data"{own}, help="folder of IDX or CSV files; without it Keras downloads")']
    if _has_file(spec):
        options.append('parser.add_argument("--weights", required=True, help="the base\'s weights, HDF5 without top")')
    if spec.start_run:
        told = f"model.keras of the Run {spec.start_run}"
        told = f"{START_NAME}, which comes with this script" if spec.start_epoch else told
        options.append(f'parser.add_argument("--start", required=True, help={_literal(told)})')
    learn = "train_transfer" if spec.is_transfer else "train_network"
    lines += [
        "def main() -> None:", '    """Read the options and re-create the Run."""',
        "    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)",
        *(f"    {option}" for option in options),
        '    parser.add_argument("--out", default="result", help="folder for model.keras, logs and probabilities")',
        "    options = parser.parse_args()", "    data = load_data(options.data, spec)",
        *(["    data = apply_marks(data, DROPPED, RELABELLED)"] if spec.label_marks else []),
        f"    recreate(spec, build, {learn}, data, options)",
    ]  # fmt: skip
    return "\n".join(lines)


def _marks(run: Run) -> tuple[list[int], dict[int, int]]:
    """Return the positions of training images that a person dropped, and the labels that he gave to others."""
    overlay = Overlay.read((run.result or {}).get("sha256", ""), run.folder / MARKS_FILE)
    marks = {place.index: mark for place, mark in overlay.marks.items() if place.split == "train"}
    dropped = sorted(index for index, mark in marks.items() if mark.action == "drop")
    return dropped, {index: mark.label for index, mark in sorted(marks.items()) if mark.action == "relabel"}


def _literal(value: Any) -> str:
    """Write a value as Python; what is a part of the spec becomes settings of its own."""
    if isinstance(value, dict):
        return f"SimpleNamespace({', '.join(f'{name}={_literal(one)}' for name, one in value.items())})"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _plain(text: str) -> str:
    """Make text from outside harmless within a docstring."""
    return text.replace("\\", "/").replace('"', "'")

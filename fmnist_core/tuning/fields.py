"""What a search may vary: each hyperparameter of a spec by a path, its description, and how values are put in.

    learning_rate               a field of the spec
    conv_blocks[0].filters      a field of one part of the network; [*] means of every such part
    dense_layers.count          how many parts there are: the last ones are cut off, or the last one is repeated

Paths are what a search space, its trials and their files call a hyperparameter.
"""

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from fmnist_core.backbones import cut_points
from fmnist_core.errors import SpecError
from fmnist_core.hyperparameters import Hyperparameter
from fmnist_core.spec import HYPERPARAMETERS, RunSpec

MOST_PARTS = 8
_PATH = re.compile(r"(?P<group>conv_blocks|dense_layers)(?:\.(?P<count>count)|\[(?P<index>\d+|\*)\]\.(?P<name>\w+))")
# Trials must be scored on the same images, and when a trial ends is the search's own affair. Averaging over the mirror
# image is done after the figures that a search compares.
_LEFT_OUT = {
    "duplicates", "label_marks", "train_limit", "validation_fraction", "split", "seed", "mirror_averaging",
    "early_stopping", "patience", "best_checkpoint", "cache_features", "frozen_blocks", "weights", "keep_epochs",
}  # fmt: skip
_CONVNET_ONLY = {"pooling", "pool_activation"}
_SECTIONS = {"convnet": {"Backbone", "Fine-tuning"}, "transfer": set()}  # those that mean nothing to the network
_NAMES = {"conv_blocks": "convolution", "dense_layers": "dense layer"}

_DROPOUT = Hyperparameter(
    "Dropout", "Share of the numbers set to zero at random while training. Usual: 0 to 0.5.", "Network", 0.0, 0.9, 0.05
)
_NORM = Hyperparameter("Batch normalisation", "Centres and scales the numbers between layers.", "Network")
PARTS: dict[str, dict[str, Hyperparameter]] = {
    "conv_blocks": {
        "filters": Hyperparameter("Filters", "Patterns looked for. Usual: 6 to 128.", "Network", 1, 1024, 1),
        "kernel_px": Hyperparameter("Kernel", "Side of a filter's window in px. Usual: 3 or 5.", "Network", 1, 11, 1),
        "padding": Hyperparameter(
            "Padding", "'same' keeps the picture's size, 'valid' loses kernel - 1 pixels.", "Network",
            choices={"valid": "valid", "same": "same"},
        ),
        "pool": Hyperparameter("Pooling", "Whether 2x2 neighbours become one.", "Network"),
        "batch_norm": _NORM,
        "norm_first": Hyperparameter("Normalise first", "Batch normalisation before the activation.", "Network"),
        "dropout": _DROPOUT,
    },
    "dense_layers": {
        "units": Hyperparameter("Units", "Usual: 64 to 512.", "Network", 1, 8192, 1),
        "batch_norm": _NORM,
        "dropout": _DROPOUT,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A hyperparameter that a search may vary.

    Attributes:
        path: its name in a search space.
        label: its name on screen.
        parameter: its description: range or choices.
        kind: "int", "float", "choice" or "boolean".
    """

    path: str
    label: str
    parameter: Hyperparameter
    kind: str


def fields_of(spec: RunSpec) -> dict[str, Field]:
    """Return all fields of the spec's network that a search may vary, by path, in the order of the form."""
    names = [name for name in HYPERPARAMETERS if _applies(spec, name)]
    paths = ["learning_rate", "batch_size", *names, *(["cut"] if spec.is_transfer else [])]
    for group in (["conv_blocks"] if not spec.is_transfer else []) + ["dense_layers"]:
        parts = getattr(spec, group)
        if parts:
            paths.append(f"{group}.count")
        numbers = [*range(len(parts)), *(["*"] if len(parts) > 1 else [])]
        paths += [f"{group}[{number}].{name}" for number in numbers for name in PARTS[group]]
    return {path: field_at(spec, path) for path in dict.fromkeys(paths)}


def field_at(spec: RunSpec, path: str) -> Field:
    """Return the field that a path names.

    Raises:
        SpecError: if the network of the spec has none there.
    """
    if path == "cut" and spec.is_transfer:
        names = {name: name for name in cut_points(spec.backbone)}
        about = Hyperparameter("Cut after block", "The block that the head reads.", "Backbone", choices=names)
        return Field(path, about.label, about, "choice")
    if path in HYPERPARAMETERS and _applies(spec, path):
        parameter = HYPERPARAMETERS[path]
        return Field(path, parameter.label, parameter, _kind(parameter, getattr(RunSpec, path)))
    found = _PATH.fullmatch(path)
    if not found or (found["group"] == "conv_blocks" and spec.is_transfer):
        raise _unknown(path)
    noun = _NAMES[found["group"]]
    if found["count"]:
        words = "The last ones go; a further one repeats the last."
        about = Hyperparameter(f"Number of {noun}s", words, "Network", 1, MOST_PARTS, 1)
        return Field(path, about.label, about, "int")
    parts = PARTS[found["group"]]
    if found["name"] not in parts or (found["index"] != "*" and int(found["index"]) >= MOST_PARTS):
        raise _unknown(path)
    parameter = parts[found["name"]]
    which = f"every {noun}" if found["index"] == "*" else f"{noun} {int(found['index']) + 1}"
    default = 0.0 if found["name"] == "dropout" else 1
    return Field(path, f"{parameter.label}, {which}", parameter, _kind(parameter, default))


def put(spec: RunSpec, values: dict[str, Any]) -> RunSpec:
    """Return the spec with these values at their paths: counts first, then every part, then single ones.

    Raises:
        SpecError: if a path names nothing, or the spec refuses a value.
    """
    parts = {"conv_blocks": list(spec.conv_blocks), "dense_layers": list(spec.dense_layers)}
    changes: dict[str, Any] = {}
    for path in sorted(values, key=_order):
        found = _PATH.fullmatch(path)
        if not found:
            field_at(spec, path)
            changes[path] = values[path]
        elif found["count"]:
            field_at(spec, path)
            parts[found["group"]] = _resized(found["group"], parts[found["group"]], values[path])
        else:
            field_at(spec, path)
            _put_into(parts[found["group"]], found["index"], found["name"], values[path], path)
    return spec.replace(**changes, **{group: tuple(items) for group, items in parts.items()})


def _put_into(items: list, index: str, name: str, value: Any, path: str) -> None:
    numbers = range(len(items)) if index == "*" else [int(index)]
    if index != "*" and int(index) >= len(items):
        raise SpecError(f"Expected {path} to name one of the network's {len(items)} parts. Received number {index}.")
    for number in numbers:
        items[number] = dataclasses.replace(items[number], **{name: value})


def _resized(group: str, items: list, count: Any) -> list:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_PARTS or not items:
        raise SpecError(f"Expected {group}.count: a whole number from 1 to {MOST_PARTS}. Received: {count!r}.")
    more = items[-1]
    if group == "conv_blocks":  # which keeps the picture's size, so that it fits wherever the last one did
        more = dataclasses.replace(more, kernel_px=3, padding="same", pool=False)
    return (items + [more] * count)[:count]


def _order(path: str) -> int:
    found = _PATH.fullmatch(path)
    if not found:
        return 0
    return 1 if found["count"] else 2 if found["index"] == "*" else 3


def _applies(spec: RunSpec, name: str) -> bool:
    section = HYPERPARAMETERS[name].section
    if name in _LEFT_OUT or section == "Start" or section in _SECTIONS.get(spec.network, set()):
        return False
    return not (spec.is_transfer and name in _CONVNET_ONLY)


def _kind(parameter: Hyperparameter, default: Any) -> str:
    if parameter.choices is not None:
        return "choice"
    if parameter.minimum is None:
        return "boolean"
    return "int" if isinstance(default, int) else "float"


def _unknown(path: str) -> SpecError:
    return SpecError(
        "Expected the path of a hyperparameter that this network has and a search may vary, such as learning_rate or "
        f"dense_layers[0].units. Received: {path!r}."
    )

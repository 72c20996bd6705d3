"""A Run beside what the reference system reported for its preset, and what keeps the two from being alike."""

from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from fmnist_core.datasets import DATASETS
from fmnist_core.fold import KINDS
from fmnist_core.presets import PRESETS, REPORTED, Reported
from fmnist_core.spec import HYPERPARAMETERS, ConvBlock, DenseLayer, RunSpec
from fmnist_core.zoo import NETWORKS

# They name or place a Run, or keep what it did anyway. Another seed is another try at the same thing, no other thing.
NAMING = {"title", "preset", "group", "dataset_folder", "seed", "keep_epochs"}
_KNOWN_OF_OTHERS = ("dataset", "image_size_px", "resizing", "scaling")
_LABELS = {
    "dataset": "Data set", "conv_blocks": "Convolutions", "dense_layers": "Dense layers", "cut": "Cut after block",
    "weights_file": "File of weights", "start_run": "Weights from Run", "start_epoch": "After its epoch",
    "fold": "Cross-validation",
}  # fmt: skip
_CONVNET_FIELDS = {"conv_blocks", "pooling", "pool_activation", "frozen_blocks"}
_TRANSFER_FIELDS = {"cut", "weights_file"} | {
    name for name, parameter in HYPERPARAMETERS.items() if parameter.section in ("Backbone", "Fine-tuning")
}
_KAGGLE_SYSTEMS = "ABCD"
OWN_FILES = "own"  # key of the user's own files in datasets.DATASETS; they may well be the reference's edition


@dataclass(frozen=True)
class Comparison:
    """What to say of a Run beside its reference.

    Attributes:
        system: letter of the reference system.
        reported: what it reported.
        verdict: where the reported accuracy lies: "inside", "above" or "below" this Run's interval, or
            "incomparable" where the two were measured on different kinds of pictures.
        sentence: the verdict in words.
        caveats: what a reader must know before believing the verdict, a sentence each.
        differences: hyperparameter, preset, this Run: a row per hyperparameter that the user changed.
    """

    system: str
    reported: Reported
    verdict: str
    sentence: str
    caveats: tuple[str, ...]
    differences: pd.DataFrame


def compare(spec: RunSpec, interval: tuple[float, float], *, synthetic: bool = False) -> Comparison | None:
    """Compare a finished Run with its preset's reference; None where no system reported on it.

    Args:
        spec: the Run's spec.
        interval: of the Run's test accuracy, fractions.
        synthetic: whether the Run's images were an offline sample.
    """
    if spec.preset not in REPORTED:
        return None
    reported, preset = REPORTED[spec.preset], PRESETS[spec.preset]
    system = spec.preset[0]
    changed = differences(spec, preset)
    comparable = spec.dataset in (preset.dataset, OWN_FILES) and not synthetic
    verdict = place_of(reported.accuracy, interval) if comparable else "incomparable"
    return Comparison(
        system, reported, verdict, _sentence(verdict, interval),
        _caveats(system, reported, spec, changed), changed,
    )  # fmt: skip


def differences(spec: RunSpec, preset: RunSpec) -> pd.DataFrame:
    """Return a row per field that differs, names and seed aside: hyperparameter, preset, this Run."""
    rows = [
        {"hyperparameter": label(name), "preset": words(name, ours), "this Run": words(name, theirs)}
        for name in dict.fromkeys([*compared_fields(preset), *compared_fields(spec)])
        if (ours := getattr(preset, name)) != (theirs := getattr(spec, name))
    ]
    return pd.DataFrame(rows, columns=["hyperparameter", "preset", "this Run"])


def hyperparameter_table(spec: RunSpec) -> pd.DataFrame:
    """Return every hyperparameter in words: section, hyperparameter, value."""
    rows = [
        {
            "section": HYPERPARAMETERS[name].section if name in HYPERPARAMETERS else _section(name),
            "hyperparameter": label(name),
            "value": words(name, getattr(spec, name)),
        }
        for name in [*compared_fields(spec), *(["seed"] if spec.network in NETWORKS else [])]
    ]
    order = list(dict.fromkeys(row["section"] for row in rows))
    return pd.DataFrame(sorted(rows, key=lambda row: order.index(row["section"])))


def words(name: str, value: Any) -> str:
    """Return a field's value as a reader wants it: choices by their words, layers in short notation."""
    choices = HYPERPARAMETERS[name].choices if name in HYPERPARAMETERS else None
    if choices:
        return choices.get(value, str(value))
    if name == "dataset" and value in DATASETS:
        return DATASETS[value].title
    if name == "train_limit" and not value:
        return "All"
    if name == "fold":
        return f"{value.words}, {KINDS[value.kind].lower()}".capitalize() if value else "None"
    if isinstance(value, tuple):
        return "; ".join(_layer_words(layer) for layer in value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _layer_words(layer: ConvBlock | DenseLayer) -> str:
    if isinstance(layer, DenseLayer):
        parts = [str(layer.units)]
    else:
        parts = [f"{layer.filters}@{layer.kernel_px}x{layer.kernel_px} {layer.padding}"]
    norm = "batch norm first" if getattr(layer, "norm_first", False) else "batch norm"
    parts += [norm] * layer.batch_norm + ["pool"] * getattr(layer, "pool", False)
    return ", ".join(parts + [f"dropout {layer.dropout:g}"] * bool(layer.dropout))


def place_of(value: float, interval: tuple[float, float]) -> str:
    """Say where a value lies: "inside", "above" or "below" the interval."""
    low, high = interval
    return "below" if value < low else "above" if value > high else "inside"


def _sentence(verdict: str, interval: tuple[float, float]) -> str:
    reach = f"this Run's 95% interval, {interval[0]:.1%} to {interval[1]:.1%}"
    return {
        "inside": f"It lies inside {reach}: the test set cannot tell the two apart.",
        "above": f"It lies above {reach}: this Run is behind.",
        "below": f"It lies below {reach}: this Run is ahead.",
        "incomparable": "This Run saw other pictures, so the two figures cannot be compared.",
    }[verdict]


def _caveats(system: str, reported: Reported, spec: RunSpec, changed: pd.DataFrame) -> tuple[str, ...]:
    caveats = []
    if len(changed):
        names = ", ".join(changed["hyperparameter"].str.lower())
        caveats.append(f"Not like for like: this Run differs from the preset in {names}.")
    if reported.measured_on == "validation":
        caveats.append(f"{system} measured on validation images, this Run on the test set: other images.")
    if system in _KAGGLE_SYSTEMS and spec.dataset == "fashion-mnist":
        caveats.append(f"{system} read the Kaggle CSV edition of the data. It and the official files differ.")
    if spec.dataset == OWN_FILES:
        caveats.append("This Run read your own files: the verdict holds only if they show the same items.")
    return (*caveats, reported.note)


def compared_fields(spec: RunSpec) -> list[str]:
    """Return the fields that matter to this spec: a network without backbone has no cut."""
    if spec.network not in NETWORKS:  # a model from outside: how it was trained is not known
        return list(_KNOWN_OF_OTHERS)
    idle = _TRANSFER_FIELDS if not spec.is_transfer else _CONVNET_FIELDS
    if spec.is_transfer and not spec.fine_tune_epochs:
        idle = idle | {"fine_tune_layers", "fine_tune_learning_rate"}
    if spec.weights != "file":
        idle = idle | {"weights_file"}
    if not spec.start_run:
        idle = idle | {"start_run", "start_whole", "frozen_blocks"}
    idle = idle | ({"start_whole"} if spec.start_epoch else {"start_epoch"})
    # A fold is a split of its own.
    idle = idle | ({"split", "validation_fraction"} if spec.fold else {"fold"})
    return [f.name for f in fields(RunSpec) if f.name not in NAMING | idle]


def label(name: str) -> str:
    """Return what a reader calls a field of a spec."""
    return HYPERPARAMETERS[name].label if name in HYPERPARAMETERS else _LABELS.get(name, name.capitalize())


def _section(name: str) -> str:
    return "Data" if name.startswith(("dataset", "fold")) else "Network"

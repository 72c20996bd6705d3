"""Named RunSpecs: each network of the five reference systems beside what the system reported, and our own recipes.

A new preset is a RunSpec in one of the lists below.
"""

from fmnist_core.presets import convnets, recipes, transfer
from fmnist_core.presets.reported import Reported
from fmnist_core.spec import RunSpec

__all__ = ["PRESETS", "REPORTED", "Reported"]

PRESETS: dict[str, RunSpec] = {
    spec.preset: spec for spec in (*recipes.SPECS, *convnets.SPECS, *transfer.SPECS, *transfer.OWN_RANGE)
}
REPORTED: dict[str, Reported] = convnets.REPORTED | transfer.REPORTED

"""What a reference system reported for a preset."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reported:
    """What a reference system reported for a preset.

    Attributes:
        accuracy: fraction in 0..1, on what `measured_on` names.
        measured_on: "validation" or "test".
        parameters: number of weights, where the system gave it or the network fixes it.
        note: what a reader must know to compare.
    """

    accuracy: float
    measured_on: str
    parameters: int
    note: str

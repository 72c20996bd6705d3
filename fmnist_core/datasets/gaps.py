"""Rows of a CSV file that lack a value: they are left out when it is read, and what was missing is kept and told."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

# How a missing value is written, in lower case; pandas reads the same words as missing.
NULLS = ("", "nan", "na", "n/a", "null", "none")


@dataclass(frozen=True)
class Gaps:
    """What a file lacked.

    file: its name; rows: how many it has, header not counted; left_out: those of them that lack a value.
    columns: name (label, pixel1 to pixel784) and number of rows without a value, of the columns that lack any.
    part: the set that the file was read for: train, test, or both where the test images were held out of it.
    """

    file: str
    rows: int
    left_out: int
    columns: tuple[tuple[str, int], ...]
    part: str = "both"

    @property
    def cells(self) -> int:
        """Number of values that are missing."""
        return sum(count for _, count in self.columns)

    def worst(self, most: int = 3) -> str:
        """Name the columns that lack most, with their share of all rows: "label 9.1%, pixel4 2.0% and 3 more"."""
        ordered = sorted(self.columns, key=lambda column: -column[1])
        words = ", ".join(f"{name} {count / self.rows:.1%}" for name, count in ordered[:most])
        return f"{words} and {len(ordered) - most} more" if len(ordered) > most else words

    def to_json(self) -> dict[str, Any]:
        """Return what from_json reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Gaps":
        """Raises KeyError, TypeError or ValueError for anything else than to_json gave."""
        columns = tuple((str(name), int(count)) for name, count in values["columns"])
        return cls(str(values["file"]), int(values["rows"]), int(values["left_out"]), columns, str(values["part"]))


def sentence(gaps: Sequence[Gaps]) -> str:
    """Say how many rows of which files are left out; an empty string if none is."""
    if not gaps:
        return ""
    words = " and ".join(f"{one.left_out:,} of {one.rows:,} rows of {one.file}" for one in gaps)
    have, are = ("has", "is") if sum(one.left_out for one in gaps) == 1 else ("have", "are")
    return f"{words} {have} no value in one column or more and {are} left out"

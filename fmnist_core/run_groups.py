"""Groups of Runs: the name that a launch of several gives to `RunSpec.group`, and the Runs that share one.

A name is kind-title-day-time-random, as in crossval-first-steps-20260102-030405-a1b2.
"""

import re
import uuid
from collections.abc import Iterable
from datetime import datetime

from fmnist_core.errors import LabError
from fmnist_core.runs import Run


def new_name(kind: str, title: str = "") -> str:
    """Return a name that no other launch has."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower())[:30].strip("-") or "own"
    return "-".join([kind, *([slug] if title else []), f"{datetime.now():%Y%m%d-%H%M%S}", uuid.uuid4().hex[:4]])


def names_of(kind: str) -> re.Pattern:
    """Return what matches the names of this kind; its group "title" is what stands between kind and day."""
    return re.compile(kind + r"(?:-(?P<title>[a-z0-9-]+))?-\d{8}-\d{6}-[0-9a-f]{4}")


def when(name: str) -> datetime:
    """Return when a launch was made.

    Raises:
        ValueError: the name is not that of a launch.
    """
    return datetime.strptime("-".join(name.split("-")[-3:-1]), "%Y%m%d-%H%M%S")


def members(runs: Iterable[Run], names: re.Pattern) -> dict[str, list[Run]]:
    """Return the Runs by group, those of the newest launch first. Runs whose spec is damaged are passed over."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        try:
            name = run.spec.group
        except LabError:
            continue
        if names.fullmatch(name):
            found.setdefault(name, []).append(run)
    return dict(sorted(found.items(), key=lambda item: (when(item[0]), item[0]), reverse=True))

"""Where the scheduler is: its address in the settings, or in an environment variable, which wins."""

import os
import re
from pathlib import Path

from fmnist_core.errors import SpecError

VARIABLE = "FMNIST_LAB_SCHEDULER"
_FORM = re.compile(r"((?P<protocol>[a-z]+)://)?(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})/?")
_PROTOCOLS = ("tcp", "tls", "ws", "wss")


def scheduler_address(text: str) -> str:
    """Return the address in full, such as tcp://host:8786; "" for none.

    Raises:
        SpecError: if the text is no such address.
    """
    if not isinstance(text, str):
        raise SpecError(f"Expected the address of a scheduler as text. Received {text!r}.")
    if not (text := text.strip()):
        return ""
    found = _FORM.fullmatch(text)
    if not found or (found["protocol"] or "tcp") not in _PROTOCOLS or not 0 < int(found["port"]) < 65536:
        raise SpecError(f"Expected the address of a Dask scheduler, such as tcp://host:8786. Received {text[:200]!r}.")
    return f"{found['protocol'] or 'tcp'}://{found['host']}:{int(found['port'])}"


def from_environment() -> str:
    """Return what the environment variable says, checked as above; "" where it is not set."""
    try:
        return scheduler_address(os.environ.get(VARIABLE, ""))
    except SpecError as error:
        raise SpecError(f"{VARIABLE}: {error}") from error


def scheduler_of(runs_folder: Path) -> str:
    """Return the address of the scheduler whose cluster executes the Runs of this folder; "" for this machine."""
    from fmnist_core.settings import Settings  # which checks its own field with the function above

    return from_environment() or Settings.read(runs_folder).scheduler

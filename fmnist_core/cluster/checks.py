"""Whether every machine of the cluster sees the runs folder, may write there, and has this program.

The app writes a file, one worker of each machine reads it and answers with another beside it. `look` runs there.
"""

import asyncio
import hashlib
import platform
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import fmnist_core
from fmnist_core import paths

PREFIX = ".cluster-check-"
TIMEOUT_S = 10.0


def program() -> str:
    """Return the version of this program and a hash of its source, as the files stand now."""
    digest = hashlib.sha256()
    for path in sorted((paths.PROJECT / "fmnist_core").rglob("*.py")):
        digest.update(path.relative_to(paths.PROJECT).as_posix().encode() + path.read_bytes())
    return f"{fmnist_core.__version__}, source {digest.hexdigest()[:10]}"


def look(folder: str, name: str) -> dict[str, str]:
    """On a worker: return what stands in the file of this name, answer with a file of its own, say what runs here."""
    seen = {"host": platform.node(), "program": program()}
    try:
        seen["text"] = (Path(folder) / name).read_text()
        (Path(folder) / f"{name}-{platform.node()}").write_text(seen["text"])
    except OSError as error:
        seen["error"] = f"{type(error).__name__}: {error.strerror or error}"
    return seen


def faults(client: Any, folder: Path, workers: Mapping[str, str]) -> dict[str, str]:
    """Ask these workers, given as words by address, and return what is wrong with some of them, by address.

    Raises:
        OSError: if the app itself cannot write into the folder.
    """
    name, token = f"{PREFIX}{uuid.uuid4().hex[:12]}", uuid.uuid4().hex
    (folder / name).write_text(token)
    try:
        answers = client.sync(_ask, client, str(folder), name, list(workers))
        found = {address: _fault(folder, name, token, answers.get(address), workers[address]) for address in workers}
        return {address: fault for address, fault in found.items() if fault}
    finally:
        for path in folder.glob(f"{name}*"):
            path.unlink(missing_ok=True)


def one_of_each_host(workers: Iterable[tuple[str, str]]) -> list[str]:
    """Return one address for each host out of (address, host) pairs."""
    return list({host: address for address, host in sorted(workers, reverse=True)}.values())


async def _ask(client: Any, folder: str, name: str, workers: list[str]) -> dict[str, Any]:
    """Return each worker's answer, or the error in its place; one that hangs does not hold up the others."""

    async def ask(worker: str) -> Any:
        # Beside the tasks, whose turn may come in hours.
        answers = client.run(look, folder, name, workers=[worker], on_error="return")
        return (await asyncio.wait_for(answers, TIMEOUT_S)).get(worker)

    answers = await asyncio.gather(*map(ask, workers), return_exceptions=True)
    return dict(zip(workers, answers, strict=True))


def _fault(folder: Path, name: str, token: str, answer: Any, worker: str) -> str:
    if isinstance(answer, ImportError):
        return (
            f"Expected {worker} to find this program: start it in the program's folder, with that folder in "
            f"PYTHONPATH. Received {type(answer).__name__}: {answer}."
        )
    if not isinstance(answer, dict):
        return f"Expected {worker} to answer within {TIMEOUT_S:g} s. Received {answer!r}."
    if answer.get("text") != token:
        return (
            f"Expected {worker} to see the runs folder {folder}: it must lie on storage that all machines have, at the "
            f"same path. Received {answer.get('error', 'another folder of that name')}."
        )
    if not (folder / f"{name}-{answer['host']}").is_file():
        return f"Expected {worker} to write into the runs folder {folder}. Received nothing that arrives here."
    if answer["program"] != (here := program()):
        return f"Expected the program of this app on {worker} ({here}). Received {answer['program']}: update its copy."
    return ""

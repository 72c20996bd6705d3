"""Fetch and unpack a Debian package without root and without installing it."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fmnist_core.errors import SourceUnavailable

PACKAGE = "dataset-fashion-mnist"
INSTALLED_FOLDER = Path("/usr/share/datasets/fashion-mnist")
_TIMEOUT_S = 300
_APT_OPTIONS = (
    "Acquire::Retries=0",
    "Acquire::http::Timeout=5",
    "Acquire::https::Timeout=5",
    "APT::Sandbox::User=",  # the temporary folder is ours alone
)


@contextmanager
def unpacked(package: str = PACKAGE) -> Iterator[Path]:
    """Yield a temporary folder with the package's files (its root is the package's /).

    Raises SourceUnavailable if apt-get or dpkg-deb is absent or fails.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise SourceUnavailable(f"Expected the program {tool}, as Debian and Ubuntu have it. Received none.")
    with tempfile.TemporaryDirectory(prefix="fmnist-lab-") as temporary:
        folder = Path(temporary)
        options = [word for option in _APT_OPTIONS for word in ("-o", option)]
        _call(["apt-get", "download", "-q", *options, package], folder)
        packages = list(folder.glob("*.deb"))
        if not packages:
            raise SourceUnavailable(f"Expected apt-get to fetch {package}. Received no file.")
        _call(["dpkg-deb", "-x", packages[0].name, "content"], folder)
        yield folder / "content"


def _call(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SourceUnavailable(f"{command[0]}: Expected an end within {_TIMEOUT_S} s. Received none.") from error
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.startswith("E:")] or error.stderr.splitlines()
        raise SourceUnavailable(f"{command[0]}: {lines[-1] if lines else 'it failed without a word'}") from error
    except OSError as error:
        raise SourceUnavailable(f"{command[0]}: it could not be started: {error}.") from error

"""Open a data file, plain, .gz or .zip, as one stream; damage becomes a DataError that names the file.

Paths that a user types go through named_path, and what looks at them through refusals_told.

Nothing is ever unpacked to disk, and readers ask for as many bytes as their form allows: a small archive that
swells to gigabytes costs no more than the limit of its reader.
"""

import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from fmnist_core.errors import DataError

GZIP_MAGIC, ZIP_MAGIC = b"\x1f\x8b", b"PK"
_DAMAGE = (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)
# All that zipfile raises where an archive, or a file in it, is damaged, locked, or packed in a way it does not know.
ZIP_DAMAGE = (*_DAMAGE, NotImplementedError, RuntimeError, OSError, ValueError)


def named_path(text: str | Path) -> Path:
    """Return the path that a user has typed, with ~ for a home folder; there need not be anything of that name.

    Raises DataError where no file system can have that name, there is no such user, or the way there is locked.
    """
    try:
        path = Path(text).expanduser()
        with suppress(FileNotFoundError, NotADirectoryError):
            path.stat()
    except OSError as error:
        raise _unreachable(text, error.strerror or str(error)) from error
    except RuntimeError as error:
        raise _unreachable(text, "a user whom this machine does not know") from error
    except ValueError as error:  # a NUL, or half a character
        raise _unreachable(text, "a character that no name can have") from error
    return path


def _unreachable(text: str | Path, reason: str) -> DataError:
    name = "".join(letter if letter.isprintable() else "\ufffd" for letter in str(text))
    name = name if len(name) <= 120 else f"{name[:119]}…"
    return DataError(f"{name}: Expected the name of a folder or file that can be reached. Received: {reason}.")


@contextmanager
def refusals_told() -> Iterator[None]:
    """Turn what the system refuses (permission, a lost or full disk) into a DataError that names the file."""
    try:
        yield
    except OSError as error:
        where = error.filename or "The files"
        raise DataError(f"{where}: Expected access to it. Received: {error.strerror or error}.") from error


def display_name(source: str | Path | bytes, name: str = "") -> str:
    """Return the name under which messages mention this file."""
    return name or ("the file" if isinstance(source, bytes) else str(source))


@contextmanager
def opened(source: str | Path | bytes, name: str = "") -> Iterator[BinaryIO]:
    """Yield the decompressed content of a path, or of bytes, as a binary stream.

    The first bytes say whether it is compressed; a name that promises .gz or .zip must keep its promise.
    Raises DataError if the file is absent, empty, damaged, or a .zip that does not hold exactly one file.
    """
    shown = display_name(source, name)
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as raw:
            magic = raw.read(4)
            raw.seek(0)
            _check_magic(magic, shown)
            if magic.startswith(GZIP_MAGIC):
                with gzip.GzipFile(fileobj=raw) as stream:
                    yield stream
            elif magic.startswith(ZIP_MAGIC):
                with zipfile.ZipFile(raw) as archive, archive.open(_only_member(archive, shown)) as stream:
                    yield stream
            else:
                yield raw
    except _DAMAGE as error:
        raise DataError(f"{shown}: Expected complete compressed data. Received damage: {error}.") from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile: unknown compression, password
        raise DataError(f"{shown}: Expected an ordinary .zip. Received one that needs more: {error}.") from error
    except OSError as error:
        raise DataError(f"{shown}: Expected a readable file. Received: {error.strerror or error}.") from error


def _check_magic(magic: bytes, shown: str) -> None:
    if not magic:
        raise DataError(f"{shown}: Expected data. Received an empty file.")
    for suffix, expected in ((".gz", GZIP_MAGIC), (".zip", ZIP_MAGIC)):
        if shown.lower().endswith(suffix) and not magic.startswith(expected):
            raise DataError(
                f"{shown}: Expected {suffix} data, starting with the bytes {expected.hex(' ')}. "
                f"Received {magic.hex(' ')}."
            )


def _only_member(archive: zipfile.ZipFile, shown: str) -> zipfile.ZipInfo:
    """Return the archive's only file, leaving out folders and what macOS adds."""
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise DataError(f"{shown}: Expected a plain file name inside. Received {member.filename!r}.")
    if len(members) != 1:
        names = ", ".join(m.filename for m in members[:4]) or "none"
        raise DataError(
            f"{shown}: Expected one file inside. Received {len(members)} ({names}). "
            "Unpack the archive and choose its folder instead."
        )
    return members[0]

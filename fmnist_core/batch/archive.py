"""A zip of pictures, read member by member in memory. Nothing is unpacked to disk, so names can do no harm."""

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from fmnist_core import intake
from fmnist_core.batch.rows import MAX_ROWS, MAX_UNPACKED_BYTES, NO_LABEL, Chunk, Labels, Notes, Problem, Report
from fmnist_core.batch.rows import printable as shown
from fmnist_core.datasets.files import ZIP_DAMAGE
from fmnist_core.errors import DataError, ImageError
from fmnist_core.xray import Framing

CHUNK = 64
_JUNK_NAMES = {".ds_store", "thumbs.db", "desktop.ini"}
_PICTURE_ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".gif"}


def lone_data_file(path: Path, name: str) -> bool:
    """Whether the archive holds one file that is no picture: a zipped CSV or IDX, which its own reader opens."""
    with _opened(path, name) as archive:
        members = [member for member in archive.infolist() if not _is_junk(member)]
        return len(members) == 1 and PurePosixPath(members[0].filename).suffix.lower() not in _PICTURE_ENDINGS


def read_pictures(
    path: Path, name: str, labels: Labels, framing: Framing, notes: Notes, report: Report
) -> Iterator[Chunk]:
    """Yield the pictures of a zip as items like those of the data; what cannot be read is noted and left out.

    Raises:
        DataError: it is no zip, holds nothing, too many files, or far more than an archive of pictures unpacks to.
    """
    with _opened(path, name) as archive:
        infos = archive.infolist()
        members = [member for member in infos if not _is_junk(member)]
        notes.skipped = sum(not info.is_dir() for info in infos) - len(members)
        _check(members, name)
        for start in range(0, len(members), CHUNK):
            report(f"Reading {shown(name)}: {start:,} of {len(members):,} files", start / len(members))
            rows = [_row(archive, member, labels, framing, notes) for member in members[start : start + CHUNK]]
            if found := [row for row in rows if row is not None]:
                names, images, classes = zip(*found, strict=True)
                yield Chunk(list(names), np.stack(images), np.array(classes, np.int16))


def _row(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, labels: Labels, framing: Framing, notes: Notes
) -> tuple[str, np.ndarray, int] | None:
    """Return name, item and label of one member; None if it is left out, with the reason noted."""
    name = shown(member.filename)
    try:
        _check_member(member)
        with archive.open(member) as stream:
            content = stream.read(intake.MAX_BYTES + 1)
        item = intake.to_item(intake.from_file(content, "It", colours=False).pixels, framing=framing)
        if item is None:
            raise ImageError("Expected something that stands out from its ground. Received a blank picture.")
    except ImageError as error:
        reason = str(error).removeprefix("It: ")
        notes.problems.append(Problem(name, reason[:1].upper() + reason[1:]))
        return None
    except ZIP_DAMAGE as error:
        notes.problems.append(Problem(name, f"Expected a whole file. Received damage: {error}."))
        return None
    folders = PurePosixPath(member.filename.replace("\\", "/")).parts[:-1]
    label = labels.of_folders(folders)
    if folders and label == NO_LABEL:
        notes.note_unknown(shown(folders[-1]))
    return name, item, label


def _check(members: list[zipfile.ZipInfo], name: str) -> None:
    if not members:
        raise DataError(f"{shown(name)}: Expected pictures inside. Received an archive without any file.")
    if len(members) > MAX_ROWS:
        raise DataError(
            f"{shown(name)}: Expected at most {MAX_ROWS:,} files inside. Received {len(members):,}: split the archive."
        )
    size = sum(member.file_size for member in members)
    if size > MAX_UNPACKED_BYTES:
        raise DataError(
            f"{shown(name)}: Expected at most {MAX_UNPACKED_BYTES >> 30} GB of pictures once unpacked. Received "
            f"{size / 1e9:,.1f} GB: the pictures are far larger than needed, or the archive is a zip bomb."
        )


def _check_member(member: zipfile.ZipInfo) -> None:
    """Refuse what must not be opened, or need not be."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise ImageError("Expected a plain path inside the archive. Received one that leads out of it.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ImageError("Expected a file. Received a link to another place.")
    if member.flag_bits & 1:
        raise ImageError("Expected a file that opens without a password. Received an encrypted one.")
    if member.file_size > intake.MAX_BYTES:
        raise ImageError(
            f"Expected a picture of up to {intake.MAX_BYTES >> 20} MB. Received {member.file_size / 2**20:,.0f} MB."
        )
    if path.suffix.lower() in (".zip", ".gz", ".tar", ".7z", ".rar"):
        raise ImageError("Expected a picture. Received an archive within the archive: unpack it first.")


def _is_junk(member: zipfile.ZipInfo) -> bool:
    """Whether it is a folder, or what macOS and Windows put beside the pictures."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    return (
        member.is_dir() or not path.parts or path.parts[0] == "__MACOSX" or path.name.startswith("._")
        or path.name.lower() in _JUNK_NAMES
    )  # fmt: skip


def _opened(path: Path, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except ZIP_DAMAGE as error:
        raise DataError(f"{shown(name)}: Expected a whole .zip. Received a damaged one: {error}.") from error

"""Broken files: each is refused with its name, the place in it, what was expected and what came."""

import gzip
import io
import struct
import time
import zipfile

import numpy as np
import pytest

from fmnist_core.datasets import read_csv, read_idx
from fmnist_core.datasets.idx import header
from fmnist_core.datasets.kaggle_csv import COLUMN_COUNT
from fmnist_core.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 28, 28), dtype=np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 10
HEADER = "label," + ",".join(f"pixel{i}" for i in range(1, 785))


def idx_bytes(array):
    return header(array) + array.tobytes()


def csv_lines():
    return [HEADER] + [
        ",".join(str(v) for v in [label, *image.ravel()]) for label, image in zip(LABELS, IMAGES, strict=True)
    ]


def csv_bytes(lines=None, end="\n"):
    return (end.join(lines or csv_lines()) + end).encode()


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


# IDX


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, lambda b: zipped({"images.idx": b})], ids=["plain", "gz", "zip"]
)
def test_idx_is_read_plain_gzipped_and_zipped_from_bytes_and_path(pack, tmp_path):
    content = pack(idx_bytes(IMAGES))
    assert (read_idx(content) == IMAGES).all()
    (tmp_path / "images").write_bytes(content)
    assert (read_idx(tmp_path / "images", "images") == IMAGES).all()
    assert (read_idx(pack(idx_bytes(LABELS)), "labels") == LABELS).all()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "f.idx: Expected data. Received an empty file."),
        (b"hello world", "f.idx: Expected an IDX file that starts with 00 00 08 01 .labels. or 00 00 08 03"),
        (b"\0\0\x09\x03" + bytes(12), "Received 00 00 09 03"),
        (idx_bytes(IMAGES)[:10], "Expected a header of 16 bytes. Received 10"),
        (idx_bytes(IMAGES)[:-5], "Expected 9,408 bytes for 12 images. Received 9,403: the file is cut short"),
        (idx_bytes(IMAGES) + b"\n", "Expected the file to end after 12 images. Received more"),
        (idx_bytes(np.zeros((2, 32, 30), np.uint8)), "Expected images of 28x28 pixels. Received 32x30"),
        (
            b"\0\0\x08\x03" + struct.pack(">3I", 0, 28, 28),
            "Expected 1 to 200,000 images. Received a header that says 0",
        ),
        (
            b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 28, 28),
            "Received a header that says 4,294,967,295",
        ),
    ],
    ids=[
        "empty",
        "text",
        "other type",
        "half a header",
        "truncated",
        "trailing",
        "size",
        "none",
        "four billion",
    ],
)
def test_a_broken_idx_file_is_refused_with_its_name(content, complaint):
    with pytest.raises(DataError, match=complaint) as refusal:
        read_idx(content, name="f.idx")
    assert str(refusal.value).startswith("f.idx: Expected")


def test_labels_where_images_belong_are_refused():
    with pytest.raises(DataError, match=r"00 00 08 03 \(images\). Received 00 00 08 01 \(labels\)"):
        read_idx(idx_bytes(LABELS), "images")


@pytest.mark.parametrize("cut", [3, 40, -6])
def test_a_cut_gz_is_refused(cut):
    with pytest.raises(DataError, match="f.gz: Expected"):
        read_idx(gzip.compress(idx_bytes(IMAGES))[:cut], name="f.gz")


def test_a_gz_with_garbage_in_it_is_refused():
    content = bytearray(gzip.compress(idx_bytes(IMAGES)))
    content[len(content) // 2] ^= 0xFF
    with pytest.raises(DataError, match=r"f\.gz: Expected complete compressed data"):
        read_idx(bytes(content), name="f.gz")


def test_an_absent_file_is_refused_with_its_path(tmp_path):
    with pytest.raises(DataError, match=r"gone\.gz: Expected a readable file"):
        read_idx(tmp_path / "gone.gz")


# CSV


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda b: zipped({"train.csv": b})], ids=["plain", "gz", "zip"])
def test_csv_is_read_plain_gzipped_and_zipped(pack, end):
    images, labels = read_csv(pack(csv_bytes(end=end)))
    assert (images == IMAGES).all() and (labels == LABELS).all()
    assert images.dtype == labels.dtype == np.uint8


@pytest.mark.parametrize(
    "lines",
    [
        csv_lines()[1:],
        ["label," + ",".join(f"pixel{i}" for i in range(784)), *csv_lines()[1:]],
        ["\ufeff" + HEADER, *csv_lines()[1:]],
        [",".join(f'"{c}"' for c in line.split(",")) for line in csv_lines()],
        [*csv_lines(), "", ""],
    ],
    ids=["no header", "pixel0 first", "byte order mark", "quoted", "blank lines at the end"],
)
def test_harmless_varieties_of_csv_are_accepted(lines):
    images, labels = read_csv(csv_bytes(lines))
    assert (images == IMAGES).all() and (labels == LABELS).all()


def test_a_csv_without_line_end_at_the_end_is_whole():
    assert len(read_csv(csv_bytes().rstrip())[0]) == 12


def change_cell(line, column, text):
    lines = csv_lines()
    cells = lines[line - 1].split(",")
    cells[column - 1] = text
    lines[line - 1] = ",".join(cells)
    return csv_bytes(lines)


@pytest.mark.parametrize("text", ["abc", "nul", "-1", "256", "3.5", "1e2", "0x1F", "99999999999999999999", "٣"])
def test_a_pixel_that_is_no_byte_is_refused_with_line_and_column(text):
    complaint = r"f\.csv, line 7, column 100 \(pixel 99\): Expected a whole number from 0 to 255. Received"
    with pytest.raises(DataError, match=complaint) as refusal:
        read_csv(change_cell(7, 100, text), name="f.csv")
    assert f"Received {text!r}." in str(refusal.value)


def test_a_label_outside_the_classes_is_refused_with_its_line():
    with pytest.raises(
        DataError, match=r"f\.csv, line 3, column 1 \(label\): Expected a class from 0 to 9. Received 10"
    ):
        read_csv(change_cell(3, 1, "10"), name="f.csv")


def test_the_line_is_right_without_header_and_beyond_the_first_block(monkeypatch):
    monkeypatch.setattr("fmnist_core.datasets.kaggle_csv._BLOCK_BYTES", 5_000)
    with pytest.raises(DataError, match="line 11, column 2 "):
        read_csv(change_cell(11, 2, "x"))
    without_header = change_cell(11, 2, "x").split(b"\n", 1)[1]
    with pytest.raises(DataError, match="line 10, column 2 "):
        read_csv(without_header)
    assert (read_csv(csv_bytes())[0] == IMAGES).all(), "blocks are put together without a seam"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (csv_bytes([*csv_lines()[:4], "1,2,3", *csv_lines()[4:]]), "line 5: Expected 785 .* Received 3"),
        (csv_bytes([*csv_lines()[:4], "", *csv_lines()[4:]]), "line 5: .* Received an empty line"),
        (csv_bytes()[:-900], "line 13: Expected 785 columns"),
        (csv_bytes([HEADER[6:], *csv_lines()[1:]]), "line 1: Expected 785 columns .* Received 784"),
        (csv_bytes([HEADER]), "Expected at least one image after the header. Received none"),
        (csv_bytes([line.replace(",", ";") for line in csv_lines()]), "Received 1. Separate them by commas"),
        (csv_bytes(["pixel1,label," + HEADER[13:], *csv_lines()[1:]]), "header label, .* Received 'pixel1'"),
        (csv_bytes([HEADER.replace("pixel7,pixel8", "pixel8,pixel7")]), "column 8: Expected pixel7"),
        (b"", "Expected data. Received an empty file"),
        (b"\n\n\n", "Expected at least one image"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "line 1: Expected 785 columns"),
        (bytes(3_000_000), "line 1: Expected 785 values in at most 20,000 bytes"),
    ],
    ids=["short row", "blank row", "cut", "no label column", "header only", "semicolons", "label second",
         "columns swapped", "empty", "blank", "a picture", "zeros"],
)  # fmt: skip
def test_a_csv_of_another_form_is_refused(content, complaint):
    with pytest.raises(DataError, match=complaint) as refusal:
        read_csv(content, name="f.csv")
    assert str(refusal.value).startswith("f.csv")


# Archives


@pytest.mark.parametrize("pack", [gzip.compress, lambda b: zipped({"train.csv": b})], ids=["gz", "zip"])
def test_200_mb_of_zeros_are_refused_at_once_and_in_little_memory(pack):
    bomb = pack(bytes(200 << 20))
    assert len(bomb) < 1 << 20
    started = time.process_time()
    with pytest.raises(DataError, match="line 1: Expected 785 values in at most"):
        read_csv(bomb)
    with pytest.raises(DataError, match="Received 00 00 00 00"):
        read_idx(bomb)
    assert time.process_time() - started < 1


def test_more_images_than_the_form_allows_are_refused(monkeypatch):
    monkeypatch.setattr("fmnist_core.datasets.kaggle_csv.MAX_IMAGES", 100)
    line = ",".join(["0"] * COLUMN_COUNT)
    with pytest.raises(DataError, match="at most 100 images"):
        read_csv(gzip.compress(csv_bytes([HEADER, *[line] * 150])))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (zipped({}), r"Expected one file inside. Received 0 \(none\)"),
        (zipped({"a.csv": "x", "b.csv": "y"}), r"Received 2 \(a.csv, b.csv\). Unpack the archive"),
        (
            zipped({"../../etc/evil.csv": "x"}),
            r"Expected a plain file name inside. Received '../../etc/evil.csv'",
        ),
        (zipped({"/etc/evil.csv": "x"}), "Expected a plain file name inside"),
        (b"this is no archive", r"Expected .zip data, starting with the bytes 50 4b. Received 74 68 69 73"),
        (zipped({"a.csv": csv_bytes()})[:-30], "Expected complete compressed data"),
    ],
    ids=["no member", "two members", "path upwards", "absolute path", "no zip", "cut"],
)
def test_a_zip_that_is_not_one_csv_is_refused(content, complaint):
    with pytest.raises(DataError, match=complaint) as refusal:
        read_csv(content, name="f.zip")
    assert str(refusal.value).startswith("f.zip")


def test_what_macos_adds_to_a_zip_is_overlooked():
    images, _ = read_csv(zipped({"train.csv": csv_bytes(), "__MACOSX/._train.csv": "x"}))
    assert len(images) == 12


def test_a_zip_with_a_password_is_refused():
    content = bytearray(zipped({"a.csv": csv_bytes()}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(signature) + offset] |= 1  # the flag "encrypted"
    with pytest.raises(DataError, match="Expected an ordinary .zip"):
        read_csv(bytes(content))

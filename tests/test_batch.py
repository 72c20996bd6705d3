"""Batches: what is read of a zip, a CSV and IDX, what is left out and why, and what stays on disk."""

import gzip
import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from fmnist_core.batch import archive, rows, table
from fmnist_core.batch.reading import read_rows
from fmnist_core.batch.rows import NO_LABEL, Labels, Notes
from fmnist_core.datasets.fashion_mnist import CLASS_NAMES
from fmnist_core.datasets.idx import header
from fmnist_core.errors import DataError

RNG = np.random.default_rng(0)
ITEMS = np.pad(RNG.integers(60, 256, (6, 20, 20), np.uint8), ((0, 0), (4, 4), (4, 4)))  # light on black


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


def png(pixels=ITEMS[0], form="PNG"):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return stream.getvalue()


def csv_text(images=ITEMS, labels=None, head=True):
    lines = [("label," if labels is not None else "") + ",".join(f"pixel{i}" for i in range(1, 785))] if head else []
    for at, image in enumerate(images):
        lines.append(("" if labels is None else f"{labels[at]},") + ",".join(map(str, image.ravel())))
    return "\n".join(lines).encode()


def idx(array):
    return header(array) + array.tobytes()


def read(tmp_path, *files, class_names=CLASS_NAMES):
    """Return names, images, labels and notes of (name, content) pairs."""
    notes, places = Notes(), []
    for at, (name, content) in enumerate(files):
        (tmp_path / f"in-{at}").write_bytes(content)
        places.append((tmp_path / f"in-{at}", name))
    chunks = list(read_rows(places, class_names, notes, lambda words, share: None))
    names = [name for chunk in chunks for name in chunk.names]
    images = np.concatenate([chunk.images for chunk in chunks])
    return names, images, np.concatenate([chunk.labels for chunk in chunks]), notes


def refused(tmp_path, *files):
    with pytest.raises(DataError) as caught:
        read(tmp_path, *files)
    return str(caught.value)


# Words of classes


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("Shirt", 6),
        ("T-shirt/top", 0),
        ("t_shirt top", 0),
        ("ANKLE-BOOT", 9),
        ("3", 3),
        ("3.0", 3),
        ("-1", -1),
        ("2.5", -1),
        ("10", -1),
        ("", -1),
    ],
)
def test_a_class_is_known_by_its_name_however_written_and_by_its_number(word, label):
    assert Labels(CLASS_NAMES).of_word(word) == label


def test_the_nearest_folder_that_names_a_class_counts():
    labels = Labels(CLASS_NAMES)
    assert labels.of_folders(("Bag", "new", "Shirt")) == 6
    assert labels.of_folders(("Bag", "new")) == 8
    assert labels.of_folders(("test", "T-shirt", "top")) == 0
    assert labels.of_folders(("pictures",)) == NO_LABEL


# Zip


def test_pictures_in_folders_become_items_with_labels_and_junk_is_passed_over(tmp_path):
    members = {
        "set/Shirt/a.png": png(ITEMS[0]), "set/3/b.PNG": png(ITEMS[1]), "set/other/c.png": png(ITEMS[2]),
        "loose.png": png(ITEMS[3]), "__MACOSX/set/._a.png": b"junk", "set/.DS_Store": b"junk", "set/._b.PNG": b"x",
    }  # fmt: skip
    names, images, labels, notes = read(tmp_path, ("many.zip", zipped(members)))
    assert names == ["set/Shirt/a.png", "set/3/b.PNG", "set/other/c.png", "loose.png"]
    assert np.array_equal(images, ITEMS[:4]), "pictures of 28 by 28 are items already"
    assert labels.tolist() == [6, 3, NO_LABEL, NO_LABEL]
    assert (notes.problems, dict(notes.unknown), notes.skipped) == ([], {"other": 1}, 3)


def test_a_large_picture_is_prepared_as_the_predict_page_prepares_it(tmp_path):
    large = np.full((200, 160), 250, np.uint8)
    large[40:160, 60:100] = 20
    from fmnist_core import intake

    _, images, _, _ = read(tmp_path, ("one.zip", zipped({"big.jpg": png(large, "JPEG"), "small.png": png()})))
    assert np.array_equal(images[0], intake.to_item(intake.from_file(png(large, "JPEG")).pixels))


BAD = {
    "notes.txt": (b"hello", "Expected a PNG, JPEG, WebP or GIF picture"),
    "cut.png": (png()[:90], "damaged"),
    "blank.png": (png(np.full((40, 40), 255, np.uint8)), "Received a blank picture"),
    "tiny.png": (png(np.zeros((1, 1), np.uint8)), "at least 8x8"),
    "drawing.png": (b"<svg xmlns='x'/>", "an SVG drawing"),
    "../up.png": (png(), "leads out of it"),
    "/root.png": (png(), "leads out of it"),
    "C:\\x.png": (png(), "leads out of it"),
    "inner.zip": (zipped({"a.png": png()}), "unpack it first"),
    "empty.png": (b"", "Received 0 bytes"),
}


def test_each_bad_member_is_named_with_its_reason_and_the_rest_goes_on(tmp_path):
    members = {"good.png": png()} | {name: content for name, (content, _) in BAD.items()} | {"last.png": png()}
    names, _, _, notes = read(tmp_path, ("mixed.zip", zipped(members)))
    assert names == ["good.png", "last.png"]
    found = {problem.name: problem.reason for problem in notes.problems}
    assert list(found) == list(BAD)
    for name, (_, words) in BAD.items():
        assert words in found[name]
        assert found[name].startswith("Expected") and "Received" in found[name]


def test_a_member_whose_bytes_are_damaged_or_encrypted_or_a_link_is_named(tmp_path):
    content = bytearray(zipped({"a.png": png(), "b.png": png(ITEMS[1])}))
    content[content.index(b"a.png") + 60] ^= 0xFF
    names, _, _, notes = read(tmp_path, ("z.zip", bytes(content)))
    assert names == ["b.png"] and notes.problems[0].name == "a.png"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("b.png", png())
    assert "a link" in read(tmp_path, ("z.zip", stream.getvalue()))[3].problems[0].reason
    locked = bytearray(zipped({"a.png": png(), "b.png": png()}))
    at = locked.index(b"PK\x01\x02")
    locked[at + 8] |= 1
    assert "password" in read(tmp_path, ("z.zip", bytes(locked)))[3].problems[0].reason


def test_a_zip_bomb_is_refused_before_anything_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 1 << 20)
    bomb = zipped({f"{i}.png": bytes(200_000) for i in range(10)})
    assert len(bomb) < 10_000
    assert "zip bomb" in refused(tmp_path, ("bomb.zip", bomb))


def test_one_member_larger_than_a_picture_may_be_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("fmnist_core.intake.MAX_BYTES", 1000)
    _, _, _, notes = read(tmp_path, ("z.zip", zipped({"huge.png": bytes(5000), "a.png": png()[:0] + small_png()})))
    assert notes.problems[0].name == "huge.png" and "Expected a picture of up to" in notes.problems[0].reason


def small_png():
    pixels = np.zeros((28, 28), np.uint8)
    pixels[5:20, 5:20] = 255
    return png(pixels)


def test_too_many_rows_are_refused_in_every_form(tmp_path, monkeypatch):
    for module in (archive, table):
        monkeypatch.setattr(module, "MAX_ROWS", 3)
    monkeypatch.setattr("fmnist_core.batch.reading.MAX_ROWS", 3)
    pictures = zipped({f"{i}.png": png() for i in range(4)})
    for name, content in (("a.zip", pictures), ("a.csv", csv_text()), ("a-idx3-ubyte", idx(ITEMS))):
        assert "Expected at most 3" in refused(tmp_path, (name, content))


def test_an_archive_with_nothing_in_it_or_damaged_says_so(tmp_path):
    assert "without any file" in refused(tmp_path, ("e.zip", zipped({"__MACOSX/x": b""})))
    assert "damaged" in refused(tmp_path, ("d.zip", zipped({"a.png": png()})[:-30]))


# CSV


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda text: zipped({"test.csv": text})])
@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("labels", [None, [6, 1, 2, 3, 4, 5]])
def test_csv_is_read_with_and_without_header_and_labels_plain_and_packed(tmp_path, pack, head, labels):
    names, images, classes, notes = read(tmp_path, ("rows", pack(csv_text(ITEMS, labels, head))))
    assert np.array_equal(images, ITEMS)
    assert classes.tolist() == (labels or [NO_LABEL] * 6)
    assert names[0] == ("line 2" if head else "line 1") and not notes.problems


def test_labels_may_be_names_and_may_stand_last(tmp_path):
    first, *lines = csv_text(ITEMS[:3]).decode().split("\n")
    words = ["Shirt", "Hat", ""]
    text = "\r\n".join([f"{first},Label", *(f"{line},{word}" for line, word in zip(lines, words, strict=True))])
    _, images, classes, notes = read(tmp_path, ("rows.csv", text.encode("utf-8-sig")))
    assert np.array_equal(images, ITEMS[:3])
    assert classes.tolist() == [6, NO_LABEL, NO_LABEL] and dict(notes.unknown) == {"Hat": 1}


def test_bad_lines_are_named_and_the_rest_goes_on(tmp_path):
    lines = csv_text(ITEMS, [0] * 6).decode().split("\n")
    lines[2] = lines[2].replace(",", ",300,", 1).rsplit(",", 1)[0]
    lines[3] += ",7"
    lines[5] = "0," + ",".join(["0x1F"] * 784)
    lines[6] = "0," + ",".join(["0000000000999"] * 784)
    names, images, _, notes = read(tmp_path, ("rows.csv", "\n".join(lines).encode()))
    assert names == ["line 2", "line 5"] and np.array_equal(images, ITEMS[[0, 3]])
    assert [problem.name for problem in notes.problems] == ["line 3", "line 4", "line 6", "line 7"]
    assert "column 2. Received '300'" in notes.problems[0].reason
    assert notes.problems[1].reason == "Expected 785 cells. Received 786."
    assert "'0x1F'" in notes.problems[2].reason and "'0000000000999'" in notes.problems[3].reason


def test_blocks_that_end_within_a_line_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "_BLOCK_BYTES", 1000)
    names, images, _, _ = read(tmp_path, ("rows.csv", csv_text()))
    assert np.array_equal(images, ITEMS) and names == [f"line {n}" for n in range(2, 8)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a,b,c\n1,2,3", "Received 3 cells"),
        (b"1;2;3\n", "Separate them by commas"),
        (csv_text().replace(b"pixel1,", b"pixel1,extra,", 1), "Expected a column named label"),
        (b"5" * 50_000, "Received"),
    ],
)
def test_a_table_of_another_form_is_refused_as_a_whole(tmp_path, text, words):
    assert words in refused(tmp_path, ("rows.csv", text))


# IDX and others


def test_idx_is_read_with_and_without_labels_in_any_order(tmp_path):
    labels = np.array([0, 1, 2, 3, 9, 12], np.uint8)
    pair = [("t10k-images-idx3-ubyte.gz", gzip.compress(idx(ITEMS))), ("t10k-labels-idx1-ubyte", idx(labels))]
    for files in (pair, pair[::-1]):
        names, images, classes, notes = read(tmp_path, *files)
        assert np.array_equal(images, ITEMS) and names[5] == "image 5"
        assert classes.tolist() == [0, 1, 2, 3, 9, NO_LABEL] and dict(notes.unknown) == {"12": 1}
    assert (read(tmp_path, pair[0])[2] == NO_LABEL).all()


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    labels = idx(np.zeros(5, np.uint8))
    assert "6 images and 5 labels" in refused(tmp_path, ("i", idx(ITEMS)), ("l", labels))
    assert "only labels" in refused(tmp_path, ("l", labels))
    assert "images twice" in refused(tmp_path, ("i", idx(ITEMS)), ("j", idx(ITEMS)))
    assert "Received 2 files" in refused(tmp_path, ("i", idx(ITEMS)), ("j.csv", csv_text()))
    assert "the Predict page" in refused(tmp_path, ("a.png", png()))
    assert "damage" in refused(tmp_path, ("a.gz", gzip.compress(b"x" * 99)[:12]))
    swollen = struct.pack(">BBBB3I", 0, 0, 8, 3, 4_000_000_000, 28, 28)
    assert "header that says" in refused(tmp_path, ("i", swollen))


def test_names_from_outside_cannot_steer_the_screen():
    assert rows.printable("a\x1b[2J\u202egpj.exe\n") == "a?[2J?gpj.exe?"

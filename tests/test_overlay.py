"""The overlay: decisions are kept, carried out on a copy, and never lost, whatever happens to the file."""

import json

import numpy as np
import pytest
from test_neighbours import part

from fmnist_core.errors import DataError
from fmnist_core.overlay import Overlay, overlay_file, set_aside
from fmnist_core.places import Place

DATASET = part(100, 20, "overlay")


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


def test_without_decisions_the_data_are_the_data_themselves():
    images, labels = Overlay.read(DATASET.sha256).apply(DATASET)
    assert images is DATASET.x_train and labels is DATASET.y_train
    assert Overlay.read(DATASET.sha256).digest == ""


def test_decisions_are_carried_out_on_a_copy():
    before = DATASET.y_train.copy()
    overlay = Overlay.read(DATASET.sha256).mark("train", 3, "relabel", 7).mark("train", 5, "drop")
    overlay.mark("train", 6, "keep").mark("test", 1, "drop")
    read = Overlay.read(DATASET.sha256)
    images, labels = read.apply(DATASET)
    assert len(images) == len(labels) == 99
    assert labels[3] == 7
    assert np.array_equal(images[5], DATASET.x_train[6])
    assert np.array_equal(DATASET.y_train, before)
    assert read.counts() == {"keep": 1, "relabel": 1, "drop": 2}
    assert read.counts("train") == {"keep": 1, "relabel": 1, "drop": 1}


def test_relabelling_alone_copies_no_images():
    images, labels = Overlay.read(DATASET.sha256).mark("train", 0, "relabel", 2).apply(DATASET)
    assert images is DATASET.x_train
    assert labels[0] == 2


def test_the_last_word_counts_and_can_be_taken_back():
    overlay = Overlay.read(DATASET.sha256)
    overlay.mark("train", 3, "drop").mark("train", 3, "relabel", 1).mark("train", 4, "drop").mark("train", 4, "clear")
    read = Overlay.read(DATASET.sha256)
    assert {str(place): mark.action for place, mark in read.marks.items()} == {"train-3": "relabel"}
    assert len(overlay_file(DATASET.sha256).read_text().splitlines()) == 4, "nothing that was said is lost"


def test_what_mark_returns_is_what_is_read():
    returned = Overlay.read(DATASET.sha256).mark("train", 1, "keep").mark("test", 2, "relabel", 3)
    assert returned == Overlay.read(DATASET.sha256)


def test_the_digest_names_what_training_would_change():
    empty = Overlay.read(DATASET.sha256)
    kept = empty.mark("train", 1, "keep")
    assert kept.digest == empty.digest == ""
    dropped = kept.mark("train", 2, "drop")
    assert len(dropped.digest) == 12
    assert dropped.digest != dropped.mark("train", 3, "drop").digest
    assert dropped.mark("train", 2, "clear").digest == ""


def test_a_torn_last_line_is_left_out_and_the_next_decision_is_whole():
    overlay = Overlay.read(DATASET.sha256).mark("train", 1, "drop")
    with overlay_file(DATASET.sha256).open("ab") as file:
        file.write(b'{"split": "train", "ind')
    assert list(Overlay.read(DATASET.sha256).marks) == [Place("train", 1)]
    overlay.mark("train", 2, "drop")
    with pytest.raises(DataError, match="damaged line 2"):
        Overlay.read(DATASET.sha256)


@pytest.mark.parametrize(
    "line",
    [
        "nonsense", "[]", "{}", '{"split": "train", "index": -1, "action": "drop", "label": null, "time_s": 0}',
        '{"split": "train", "index": 1, "action": "burn", "label": null, "time_s": 0}', "\x00\x00",
        '{"split": "train", "index": 1, "action": "relabel", "label": null, "time_s": 0}',
        '{"split": "train", "index": 1.5, "action": "drop", "label": null, "time_s": 0}',
        '{"split": "train", "index": true, "action": "drop", "label": null, "time_s": 0}',
        '{"split": "train", "index": null, "action": "drop", "label": null, "time_s": 0}',
        '{"split": "train", "index": 1, "action": "relabel", "label": 2.5, "time_s": 0}',
        '{"split": "train", "index": 1, "action": "drop", "label": null, "time_s": 1e300}',
        '{"split": "train", "index": 1, "action": "drop", "label": null, "time_s": NaN}',
    ],
)  # fmt: skip
def test_damage_is_told_with_file_and_line_and_nothing_is_lost(line):
    Overlay.read(DATASET.sha256).mark("train", 1, "drop")
    file = overlay_file(DATASET.sha256)
    with file.open("a") as stream:
        stream.write(f"{line}\n")
    content = file.read_bytes()
    with pytest.raises(DataError, match="damaged line 2") as error:
        Overlay.read(DATASET.sha256)
    assert str(file) in str(error.value)
    aside = set_aside(DATASET.sha256)
    assert aside.read_bytes() == content
    assert Overlay.read(DATASET.sha256).marks == {}


def test_an_overlay_of_other_data_is_refused():
    with pytest.raises(DataError, match="Expected an overlay of"):
        Overlay.read("0" * 64).apply(DATASET)


def test_a_decision_on_an_image_or_class_that_is_not_there_is_refused():
    for split, index, label in (("train", 100, 1), ("train", 1, 10), ("test", 20, 1), ("test", 1, 10)):
        words = {"train": "100 training", "test": "20 test"}[split]
        with pytest.raises(DataError, match=f"Expected decisions on {words} images in 10 classes"):
            Overlay(DATASET.sha256, {}).mark(split, index, "relabel", label).apply(DATASET)


@pytest.mark.parametrize(
    "wrong",
    [
        ("train", 1, "burn", None),
        ("valid", 1, "drop", None),
        ("train", 1, "drop", 3),
        ("train", 1, "relabel", None),
    ],
)
def test_a_decision_that_makes_no_sense_is_not_written(wrong):
    with pytest.raises(DataError, match="Expected"):
        Overlay.read(DATASET.sha256).mark(*wrong)
    assert not overlay_file(DATASET.sha256).exists()


def test_the_file_is_plain_json_lines():
    Overlay.read(DATASET.sha256).mark("train", 3, "relabel", 7)
    (line,) = overlay_file(DATASET.sha256).read_text().splitlines()
    assert json.loads(line)["label"] == 7

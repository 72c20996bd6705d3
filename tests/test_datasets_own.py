"""The user's own files: found, read, held out, cached, uploaded, and refused without a trace when broken."""

import gzip
import time

import numpy as np
import pytest
from test_datasets_files import HEADER, change_cell, csv_bytes, idx_bytes, zipped

from fmnist_core import datasets, paths
from fmnist_core.datasets import own, store
from fmnist_core.datasets.split import split_stratified
from fmnist_core.errors import DataError

RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (70, 28, 28), dtype=np.uint8)
LABELS = (np.arange(70) % 10).astype(np.uint8)


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "mine"
    place.mkdir()
    return place


def write_idx(folder, part, images=IMAGES, labels=LABELS, pack=gzip.compress, suffix=".gz"):
    (folder / f"{part}-images-idx3-ubyte{suffix}").write_bytes(pack(idx_bytes(images)))
    (folder / f"{part}-labels-idx1-ubyte{suffix}").write_bytes(pack(idx_bytes(labels)))


def test_train_and_test_idx_files_are_read(folder):
    write_idx(folder, "train")
    write_idx(folder, "t10k", IMAGES[:20], LABELS[:20], pack=bytes, suffix="")
    dataset = datasets.load("own", folder)
    assert (dataset.x_train == IMAGES).all() and (dataset.x_test == IMAGES[:20]).all()
    assert dataset.class_names == own.DEFAULT_CLASS_NAMES
    assert dataset.source == f"your files in {folder}"
    assert not dataset.verified and not dataset.synthetic


def test_without_a_test_file_one_image_in_seven_is_held_out_and_said_so(folder):
    write_idx(folder, "train")
    dataset = datasets.load("own", folder)
    assert (len(dataset.x_train), len(dataset.x_test)) == (60, 10)
    assert "10 images are held out (one in seven, stratified, seed 0)" in dataset.source
    assert np.bincount(dataset.y_test).tolist() == [1] * 10
    every = np.concatenate([dataset.x_train, dataset.x_test])
    assert sorted(i.tobytes() for i in every) == sorted(i.tobytes() for i in IMAGES)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("fashion-mnist_train.csv", "fashion-mnist_test.csv"),
        ("train.csv.gz", "test.csv.gz"),
        ("train.csv.zip", "TEST.zip"),
        ("mine.csv", "mine-test.csv"),
    ],
)
def test_csv_files_are_told_apart_by_the_word_test(folder, train, test):
    for name in (train, test):
        content = csv_bytes()
        pack = (
            gzip.compress
            if name.endswith("gz")
            else (lambda b: zipped({"a.csv": b}))
            if name.endswith("zip")
            else bytes
        )
        (folder / name).write_bytes(pack(content))
    dataset = datasets.load("own", folder)
    assert len(dataset.x_train) == len(dataset.x_test) == 12


def test_one_csv_file_alone_will_do(folder):
    (folder / "mine.csv").write_bytes(csv_bytes())
    dataset = datasets.load("own", folder / "mine.csv")
    assert len(dataset.x_train) + len(dataset.x_test) == 12
    assert dataset.source.startswith(f"your file {folder / 'mine.csv'}")


def test_classes_txt_names_the_classes(folder):
    write_idx(folder, "train")
    names = [f"thing {i}" for i in range(10)]
    (folder / "classes.txt").write_text("\n".join(names))
    assert datasets.load("own", folder).class_names == tuple(names)
    (folder / "classes.txt").write_text("\n".join(names[:9]))
    with pytest.raises(DataError, match=r"classes.txt: Expected a name for each class, 10 for labels .* Received 9"):
        datasets.load("own", folder)
    for wrong in (["one"], [*names, "eleven"], [*names[:9], names[0]]):
        (folder / "classes.txt").write_text("\n".join(wrong))
        with pytest.raises(DataError, match=r"classes.txt: Expected 2 to 10 different class names"):
            datasets.load("own", folder)


def test_known_files_are_not_parsed_again_even_elsewhere(folder, tmp_path, monkeypatch):
    (folder / "train.csv").write_bytes(csv_bytes())
    first = datasets.load("own", folder)
    monkeypatch.setattr(own, "_read", lambda *_: pytest.fail("parsed again"))
    assert datasets.load("own", folder).sha256 == first.sha256
    copy = tmp_path / "copy.csv"
    copy.write_bytes(csv_bytes())
    assert (datasets.load("own", copy).x_train == first.x_train).all()


def test_a_changed_file_is_read_anew(folder):
    (folder / "train.csv").write_bytes(csv_bytes())
    before = datasets.load("own", folder)
    (folder / "train.csv").write_bytes(change_cell(2, 2, "7") + b"\n")
    assert datasets.load("own", folder).sha256 != before.sha256


def test_a_cached_load_takes_milliseconds(folder):
    write_idx(folder, "train")
    datasets.load("own", folder)
    started = time.process_time()
    datasets.load("own", folder)
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ([], "Received an empty folder"),
        (["notes.md"], "Received notes.md"),
        (["a.csv", "b.csv"], "one CSV for training .* Received a.csv, b.csv"),
        (
            ["train-images-idx3-ubyte"],
            "Expected images and labels for the train set. Received only train-images",
        ),
    ],
)
def test_a_folder_whose_files_are_not_clear_is_refused(folder, names, complaint):
    for name in names:
        (folder / name).write_bytes(b"x")
    with pytest.raises(DataError, match=complaint):
        datasets.load("own", folder)


def test_no_folder_and_an_absent_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="Expected the folder of your own files"):
        datasets.load("own")
    with pytest.raises(DataError, match="nowhere: Expected a folder"):
        datasets.load("own", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("images", "labels", "complaint"),
    [
        (
            IMAGES,
            LABELS[:-1],
            "train-images.* and train-labels.*: Expected as many labels as images. Received 70 .* 69",
        ),
        (IMAGES, LABELS + 1, "Expected labels from 0 to 9. Received 10 for image 10"),
    ],
)
def test_images_and_labels_that_disagree_are_refused_and_nothing_stays(
    nothing_known, folder, images, labels, complaint
):
    write_idx(folder, "train", images, labels)
    with pytest.raises(DataError, match=complaint):
        datasets.load("own", folder)
    assert not list(store.folder().iterdir())


def test_a_handful_of_images_is_too_few_to_hold_some_out(folder):
    (folder / "train.csv").write_bytes(csv_bytes([HEADER, csv_bytes().decode().splitlines()[1]]))
    with pytest.raises(DataError, match="Expected at least 4 images.* Received 1"):
        datasets.load("own", folder)


# Uploads


def test_an_upload_is_saved_under_home_and_can_be_loaded():
    folder = datasets.save_upload([("my train.csv", csv_bytes())])
    assert folder.parent == paths.home() / "uploads"
    assert [file.name for file in folder.iterdir()] == ["my_train.csv"]
    assert len(datasets.load("own", folder).x_train) > 0
    assert datasets.save_upload([("my train.csv", csv_bytes())]) == folder


def test_a_broken_upload_leaves_nothing_and_is_named_as_the_user_knows_it():
    with pytest.raises(DataError, match=r"^train.csv, line 4, column 9"):
        datasets.save_upload([("train.csv", change_cell(4, 9, "x"))])
    assert not list((paths.home() / "uploads").iterdir())


@pytest.mark.parametrize("name", ["../../train.csv", "/etc/train.csv", "C:\\x\\train.csv", ".train.csv"])
def test_an_upload_cannot_leave_its_folder(name):
    folder = datasets.save_upload([(name, csv_bytes())])
    assert [file.name for file in folder.iterdir()] == ["train.csv"]


def test_too_many_and_too_large_uploads_are_refused(monkeypatch):
    with pytest.raises(DataError, match="Expected 1 to 6 files. Received 7"):
        datasets.save_upload([(f"{i}.csv", b"x") for i in range(7)])
    monkeypatch.setattr("fmnist_core.datasets.uploads.MAX_UPLOAD_BYTES", 1 << 20)
    with pytest.raises(DataError, match="Expected at most 1 MB in all. Received 2 MB"):
        datasets.save_upload([("a.csv", bytes(2 << 20))])


# The hold-out


@pytest.mark.parametrize("test_count", [0, 1, 37, 500, 999])
def test_a_split_is_exact_disjoint_and_keeps_the_shares(test_count):
    labels = np.random.default_rng(1).choice(10, 1_000, p=np.arange(1, 11) / 55)
    train, test = split_stratified(labels, test_count, seed=3)
    assert len(test) == test_count and sorted([*train, *test]) == list(range(1_000))
    exact = np.bincount(labels, minlength=10) * test_count / 1_000
    assert (np.abs(np.bincount(labels[test], minlength=10) - exact) < 1).all()
    assert (split_stratified(labels, test_count, seed=3)[1] == test).all()

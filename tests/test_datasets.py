"""Data sets: where they come from, in which order, and what it costs to load them again."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fmnist_core import datasets, paths
from fmnist_core.datasets import debian, drawn, fashion_mnist, mnist, sources, store
from fmnist_core.datasets.base import Arrays, Dataset
from fmnist_core.datasets.sources import Found, Source, first_available
from fmnist_core.errors import DataError, SourceUnavailable

REAL = debian.INSTALLED_FOLDER
DIGITS = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "mnist"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"the Debian package {debian.PACKAGE} is not installed")
needs_digits = pytest.mark.skipif(not DIGITS.is_dir(), reason="the MNIST test digits are not at hand")
NOWHERE = [("publisher", "http://127.0.0.1:9/", "a dead mirror")]


@pytest.fixture(autouse=True)
def workspace(nothing_known, tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(sources.ALLOWED_VARIABLE, raising=False)


@pytest.fixture
def without_network(monkeypatch):
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "folder,debian,cache,sample")


def tiny_entry(origin="here"):
    images, labels = np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.uint8)
    return store.Entry(Arrays(images, labels, images, labels), "0" * 64, origin)


# The real data


@needs_real
def test_the_debian_folder_gives_all_70000_images_verified():
    dataset = datasets.load("fashion-mnist")
    assert dataset.x_train.shape == (60_000, 28, 28) and dataset.x_test.shape == (10_000, 28, 28)
    assert dataset.verified and not dataset.synthetic
    assert dataset.source == f"the Debian package's folder {REAL}"
    assert np.bincount(dataset.y_train).tolist() == [6_000] * 10
    assert abs(dataset.x_train.mean() / 255 - 0.28604) < 1e-5


@needs_real
def test_a_second_load_takes_under_half_a_second_and_maps_the_cache():
    datasets.load("fashion-mnist")
    started = time.perf_counter()
    dataset = datasets.load("fashion-mnist")
    assert time.perf_counter() - started < 0.5
    assert isinstance(dataset.x_train.base, np.memmap) and not dataset.x_train.flags.writeable


@needs_real
def test_a_named_folder_comes_first_and_a_bad_one_is_skipped_with_its_reason(tmp_path, without_network):
    (tmp_path / "mine").mkdir()
    dataset = datasets.load("fashion-mnist", tmp_path / "mine")
    assert dataset.source.startswith("the Debian package's folder")
    assert dataset.attempts[0].source == f"the folder {tmp_path / 'mine'}"
    assert "Expected the file train-images-idx3-ubyte.gz" in dataset.attempts[0].reason
    assert datasets.load("fashion-mnist", REAL).source == f"the folder {REAL}"


@needs_real
def test_a_changed_file_is_noticed_and_its_content_refused(tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in REAL.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    places = fashion_mnist.sources(folder)
    assert fashion_mnist.load_from(places).source == f"the folder {folder}"
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes((REAL / "train-labels-idx1-ubyte.gz").read_bytes())
    dataset = fashion_mnist.load_from(places)
    assert dataset.source != f"the folder {folder}"
    assert "t10k-labels" in dataset.attempts[0].reason and "SHA-256" in dataset.attempts[0].reason


@needs_real
def test_the_cache_serves_when_the_folder_is_gone_and_says_where_it_came_from(tmp_path):
    datasets.load("fashion-mnist")
    dataset = fashion_mnist.load_from(fashion_mnist.sources(debian_folder=tmp_path / "absent", mirrors=NOWHERE))
    assert dataset.verified
    assert dataset.source == f"this project's cache, first read from the Debian package's folder {REAL}"


@needs_real
def test_processes_that_load_at_the_same_time_all_get_the_whole_data():
    code = "from fmnist_core.datasets import load; d = load('fashion-mnist'); print(len(d.x_test), d.sha256)"
    crowd = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=paths.PROJECT)
        for _ in range(3)
    ]
    answers = {process.communicate(timeout=60)[0] for process in crowd}
    assert answers == {f"10000 {fashion_mnist.EDITION.sha256}\n"}
    assert not list(store.folder().glob(".fashion*-????????")), "temporary folders are gone"


@needs_digits
def test_ten_thousand_mnist_digits_are_split_and_said_to_be_only_those(without_network):
    dataset = datasets.load("mnist", DIGITS)
    assert (len(dataset.x_train), len(dataset.x_test)) == (8_000, 2_000)
    assert "only the 10,000 test digits" in dataset.source and "seed 0" in dataset.source
    assert dataset.verified and not dataset.synthetic
    shares = np.bincount(dataset.y_test) / np.bincount(dataset.y_train)
    assert np.allclose(shares, 0.25, atol=0.005)


@pytest.mark.skipif(sys.platform != "linux", reason="apt-get exists on Debian and Ubuntu only")
def test_without_apt_the_package_is_refused_with_a_reason(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceUnavailable, match="Expected the program apt-get"), debian.unpacked():
        pass


def test_an_unknown_package_is_refused_in_apts_own_words():
    words = "no-such-package-fmnist|Expected the program"
    with pytest.raises(SourceUnavailable, match=words), debian.unpacked("no-such-package-fmnist"):
        pass


# Without real data


def test_without_any_source_the_drawn_sample_stands_in_and_is_marked(monkeypatch):
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "sample")
    dataset = datasets.load("fashion-mnist")
    assert dataset.synthetic and not dataset.verified
    assert "drawings" in dataset.source
    assert len(dataset.attempts) == 6
    assert (len(dataset.x_train), len(dataset.x_test)) == (drawn.TRAIN_COUNT, drawn.TEST_COUNT)


def test_without_any_source_scikit_learns_digits_stand_in_and_are_marked(monkeypatch):
    monkeypatch.setenv(sources.ALLOWED_VARIABLE, "sample")
    dataset = datasets.load("mnist")
    assert dataset.synthetic and "scikit-learn" in dataset.source
    assert len(dataset.x_train) + len(dataset.x_test) == 1_797
    assert not dataset.x_train[:, :4].any(), "margin as in MNIST"


def test_the_drawn_sample_is_deterministic_balanced_and_quick():
    started = time.process_time()
    images, labels = drawn.draw(500, seed=3)
    assert time.process_time() - started < 0.6 * 3, "2,500 in under three seconds, with room for a slow machine"
    again, _ = drawn.draw(500, seed=3)
    other, _ = drawn.draw(500, seed=4)
    assert (images == again).all() and (images != other).any()
    assert np.bincount(labels).tolist() == [50] * 10
    assert len({image.tobytes() for image in images}) == 500


def test_drawn_garments_lie_light_on_black_within_the_frame():
    images, _ = drawn.draw(200, seed=0)
    assert np.median(images[:, 0, 0]) == 0 and images.max() > 200
    assert ((images > 0).mean(axis=(1, 2)) > 0.08).all()


@needs_real
def test_drawn_garments_resemble_the_real_ones_far_above_chance():
    images, labels = drawn.draw(1_000, seed=0)
    real = datasets.load("fashion-mnist")
    centres = np.stack([images[labels == label].mean(axis=0).ravel() for label in range(10)])
    items = real.x_test[:1_000].reshape(-1, 784).astype(float)
    nearest = ((items[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == real.y_test[:1_000]).mean() > 0.4


# The order of sources


def test_the_order_of_sources_is_folder_debian_cache_publisher_keras_apt_sample():
    keys = [source.key for source in fashion_mnist.sources("/somewhere")]
    assert keys == ["folder", "debian", "cache", "publisher", "publisher-s3", "keras", "apt", "sample"]
    assert [source.key for source in mnist.sources("/x")] == [
        "folder",
        "cache",
        "keras",
        "idx-mirror",
        "sample",
    ]


def test_a_slow_source_that_failed_is_not_asked_again_until_refresh():
    asked = []

    def refuse(report):
        asked.append(1)
        raise SourceUnavailable("closed")

    places = [
        Source("net", "the net", refuse, slow=True),
        Source("sample", "a sample", lambda report: Found(tiny_entry(), "a sample")),
    ]
    _, attempts = first_available("toy", places)
    assert attempts[0].reason == "closed"
    _, attempts = first_available("toy", places)
    assert len(asked) == 1 and attempts[0].reason == "closed"
    first_available("toy", places, refresh=True)
    assert len(asked) == 2


def test_a_failure_is_forgotten_after_a_while(monkeypatch):
    asked = []

    def refuse(report):
        asked.append(1)
        raise SourceUnavailable("closed")

    places = [Source("net", "the net", refuse, slow=True)]
    monkeypatch.setattr(sources, "PATIENCE_S", -1)
    for _ in range(2):
        with pytest.raises(DataError, match="closed"):
            first_available("toy", places)
    assert len(asked) == 2


def test_an_unknown_data_set_is_refused_with_the_known_names():
    with pytest.raises(DataError, match="fashion-mnist, mnist, own. Received 'cifar'"):
        datasets.load("cifar")


# The cache


def test_an_entry_with_a_shortened_file_is_not_used():
    entry = tiny_entry()
    store.keep("toy", entry.arrays, entry.sha256, "here")
    assert store.find("toy").origin == "here"
    file = store.folder() / "toy" / "x_train.npy"
    file.write_bytes(file.read_bytes()[:-1])
    assert store.find("toy") is None
    store.keep("toy", entry.arrays, entry.sha256, "again")
    assert store.find("toy").origin == "again"


def test_an_entry_is_mapped_once_until_it_is_another():
    entry = tiny_entry()
    first = store.keep("toy", entry.arrays, entry.sha256, "here")
    assert store.find("toy").arrays.x_train is first.arrays.x_train
    store.keep("toy", entry.arrays._replace(x_train=entry.arrays.x_train + 7), entry.sha256, "again")
    assert store.find("toy").arrays.x_train.max() == 7
    assert not first.arrays.x_train.any()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 99}'])
def test_an_entry_whose_description_is_damaged_is_not_used(damage):
    entry = tiny_entry()
    store.keep("toy", entry.arrays, entry.sha256, "here")
    (store.folder() / "toy" / "entry.json").write_text(damage)
    assert store.find("toy") is None


def test_a_disk_that_refuses_costs_speed_but_not_the_data(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_write", full)
    entry = tiny_entry()
    assert store.keep("toy", entry.arrays, entry.sha256, "here").arrays is entry.arrays
    assert not [place for place in store.folder().iterdir() if "toy" in place.name]


def test_the_marker_of_an_entry_holds_its_hash():
    entry = tiny_entry()
    store.keep("toy", entry.arrays, entry.sha256, "here")
    assert json.loads((store.folder() / "toy" / "entry.json").read_text())["sha256"] == entry.sha256


# Dataset itself


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"x_train": np.zeros((3, 28, 28), np.float32)}, "type uint8. Received shape"),
        ({"x_train": np.zeros((3, 32, 32), np.uint8)}, r"Received shape \(3, 32, 32\)"),
        ({"y_test": np.zeros(2, np.uint8)}, "3 images and 2 labels"),
        ({"y_train": np.array([0, 10, 0], np.uint8)}, "from 0 to 9. Received 10 for image 2"),
        ({"x_test": np.zeros((0, 28, 28), np.uint8), "y_test": np.zeros(0, np.uint8)}, "at least one image"),
    ],
)
def test_a_data_set_that_does_not_fit_is_refused_at_construction(change, complaint):
    arrays = {
        "x_train": np.zeros((3, 28, 28), np.uint8), "y_train": np.zeros(3, np.uint8),
        "x_test": np.zeros((3, 28, 28), np.uint8), "y_test": np.zeros(3, np.uint8),
    }  # fmt: skip
    with pytest.raises(DataError, match=complaint):
        Dataset("toy", **(arrays | change), class_names=mnist.CLASS_NAMES, source="here", sha256="0")


def test_no_page_can_write_into_shared_pixels():
    entry = tiny_entry()
    dataset = Dataset("toy", *entry.arrays, mnist.CLASS_NAMES, "here", "0")
    with pytest.raises(ValueError, match="read-only"):
        dataset.x_train[0, 0, 0] = 1

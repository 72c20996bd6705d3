"""Data of one's own with fewer than ten classes: as many as classes.txt names, or as the highest label says."""

import gzip

import numpy as np
import pytest
from app_page import open_app
from explore_page import assert_charts_speak, text_of

from fmnist_core import datasets, neighbours, zoo
from fmnist_core.datasets.idx import header
from fmnist_core.errors import DataError
from fmnist_core.export_data import to_csv_gz
from fmnist_core.presets import PRESETS
from fmnist_core.tasks import Status, Task

NAMES = ("boot", "bag", "shirt")
RNG = np.random.default_rng(6)
IMAGES = RNG.integers(0, 256, (90, 28, 28), dtype=np.uint8)
LABELS = (np.arange(90) % 3).astype(np.uint8)


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Task, "start", lambda task: Status("waiting", 0.0, "Starting"))


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "mine"
    place.mkdir()
    (place / "train.csv.gz").write_bytes(to_csv_gz(IMAGES, LABELS))
    (place / "classes.txt").write_text("\n".join(NAMES))
    return place


def test_there_are_as_many_classes_as_names_or_as_the_highest_label_says(folder):
    named = datasets.load("own", folder)
    assert named.class_names == NAMES
    (folder / "classes.txt").unlink()
    counted = datasets.load("own", folder)
    assert counted.class_names == ("class 0", "class 1", "class 2")
    assert counted.sha256 == named.sha256
    (folder / "classes.txt").write_text("boot\nbag")
    with pytest.raises(DataError, match="Expected a name for each class, 3 for labels from 0 to 2. Received 2"):
        datasets.load("own", folder)


def test_results_kept_by_class_are_not_taken_for_those_of_another_number_of_classes(folder):
    three = datasets.load("own", folder)
    (folder / "classes.txt").write_text("\n".join("abcdefghij"))
    ten = datasets.load("own", folder)
    assert len(ten.class_names) == 10 and ten.sha256 != three.sha256
    (folder / "classes.txt").write_text("\n".join("abcde"))
    assert datasets.load("own", folder).sha256 not in (ten.sha256, three.sha256)


@pytest.mark.parametrize(("labels", "count"), [(np.zeros(90, np.uint8), 2), (LABELS % 2, 2), (LABELS * 4, 9)])
def test_idx_files_have_two_classes_at_least_and_gaps_count(tmp_path, labels, count):
    for kind, array in (("images-idx3", IMAGES), ("labels-idx1", labels)):
        (tmp_path / f"train-{kind}-ubyte.gz").write_bytes(gzip.compress(header(array) + array.tobytes()))
    assert len(datasets.load("own", tmp_path).class_names) == count


@pytest.mark.parametrize("key", ["first-steps", "C-lenet5", "C-vgg16"])
def test_a_network_has_an_output_for_each_class(folder, key):
    count = len(datasets.load("own", folder).class_names)
    assert zoo.describe(PRESETS[key], count)[-1].output_shape == (3,)


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("explore/balance", {}),
        ("explore/samples", {}),
        ("explore/quality", dict.fromkeys(("duplicates", "near", "columns", "export", "outliers", "source"), "true")),
        ("explore/distributions", {}),
        ("explore/labels", {}),
        ("train/new", {}),
    ],
)
def test_pages_show_three_classes(folder, page, query):
    neighbours.neighbours(datasets.load("own", folder))
    app = open_app(f"pages/{page}.py", data="Your own files", **{"data.folder": str(folder), **query})
    assert not app.error
    assert_charts_speak(app)
    if page == "explore/balance":
        assert app.main.dataframe[0].value.loc["Largest / smallest", "Training"].startswith("1.0")
    if page == "explore/samples":
        assert "in 3 classes" in text_of(app)

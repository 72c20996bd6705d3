"""Quality: statistics equal pandas' on the real data, and every planted fault is found."""

import io

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_datasets_files import change_cell

from fmnist_core import datasets, quality
from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError
from fmnist_core.figures.quality import distances_end
from fmnist_core.neighbours import neighbours
from fmnist_core.pixels import total_counts
from fmnist_core.quality import columns, findings, outliers
from fmnist_core.quality.copies import find_copies, near_pairs, pairs_of_copies, policy_counts
from fmnist_core.quality.findings import Verdict
from fmnist_core.selection import Selection

N_TRAIN, N_TEST = 600, 100
CONSTANT, TWIN, TWIN_OF = 5, 300, 299  # pixels, from 0
TRAIN = Selection("train")


@pytest.fixture(scope="module")
def real(fashion_folder):
    return datasets.load("fashion-mnist", fashion_folder)


@pytest.fixture(scope="module")
def table(real):
    """The training set as the reference systems read it."""
    rows = np.column_stack([real.y_train, real.x_train.reshape(60_000, 784)])
    return pd.DataFrame(rows, columns=list(columns.COLUMN_NAMES))


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A data set read from generated CSV files, with known faults."""
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    generator = np.random.default_rng(0)
    images = generator.integers(0, 254, (N_TRAIN + N_TEST, 28, 28)).astype(np.uint8)
    flat = images.reshape(len(images), 784)
    flat[:, TWIN] = flat[:, TWIN_OF] // 2 * 2  # nearly the same column
    labels = (np.arange(len(images)) % 10).astype(np.uint8)
    flat[400] = flat[10]  # a copy within training, same label
    flat[411], flat[412] = flat[20], flat[20]  # three alike, two other labels
    flat[N_TRAIN + 5] = flat[30]  # a test image that stands in training
    noise = generator.integers(-2, 3, 784)
    flat[N_TRAIN + 7] = np.clip(flat[40].astype(int) + noise, 0, 255)  # near-duplicate across the sets
    flat[:, CONSTANT] = 17
    flat[50] = 0  # outlier: no ink
    flat[50, CONSTANT] = 17
    folder = tmp_path / "files"
    folder.mkdir()
    for name, part in (("train", slice(N_TRAIN)), ("test", slice(N_TRAIN, None))):
        frame = pd.DataFrame(np.column_stack([labels[part], flat[part]]), columns=list(columns.COLUMN_NAMES))
        frame.to_csv(folder / f"{name}.csv", index=False)
    return datasets.load("own", folder)


# On the real data


def test_describe_equals_pandas_for_every_column(real, table):
    ours = columns.describe(quality.column_counts(real, TRAIN)["training"])
    expected = table.describe().T
    pd.testing.assert_frame_equal(ours[list(expected.columns)].astype(float), expected, check_names=False, rtol=1e-12)
    assert (ours["unique"] == table.nunique()).all()


def test_the_first_rows_are_those_of_pandas_head(real, table):
    pd.testing.assert_frame_equal(columns.first_rows(real.x_train, real.y_train), table.head(), check_dtype=False)


def test_the_real_data_have_no_copy_no_constant_and_no_redundant_column(real, table):
    assert table.duplicated().sum() == 0
    assert len(quality.exact_copies(real)) == 0
    assert not len(columns.constant_columns(quality.column_counts(real, TRAIN)["training"]))
    assert columns.redundant_columns(quality.pixel_correlations(real, TRAIN), 0.98).empty


def test_the_largest_correlation_is_that_of_columns_203_and_231(real, table):
    strongest = columns.redundant_columns(quality.pixel_correlations(real, TRAIN), 0.95).iloc[0]
    assert (strongest["first"], strongest["second"]) == ("pixel203", "pixel231")
    assert strongest["training"] == pytest.approx(table["pixel203"].corr(table["pixel231"]))
    assert round(strongest["training"], 3) == 0.956


def test_outlier_measures_equal_those_computed_plainly(real):
    found = quality.outlier_measures(real)
    own = real.y_train == 7
    shirts = real.x_train[own].reshape(-1, 784).astype(float)
    distance = np.sqrt(((shirts - shirts.mean(axis=0)) ** 2).mean(axis=1))
    np.testing.assert_allclose(found["distance"][:60_000][own], distance, rtol=1e-4)
    np.testing.assert_allclose(found["ink"][:60_000][own], shirts.mean(axis=1), rtol=1e-4)
    robust = (distance - np.median(distance)) / stats.median_abs_deviation(distance, scale="normal")
    np.testing.assert_allclose(found["distance_z"][:60_000][own], robust, atol=2e-3)


def test_shape_table_says_what_pandas_says(real, table):
    frame = columns.shape_table({"training": (real.x_train, real.y_train)})
    assert frame.loc[0, "shape"] == "60,000 x 28 x 28"
    assert frame.loc[0, "memory_mb"] == real.x_train.nbytes / 1e6
    in_pandas = table.head(100).astype(np.int64).memory_usage(index=False).sum() * 600 / 1e6
    assert frame.loc[0, "as_int64_table_mb"] == pytest.approx(in_pandas)


# Planted faults


def test_an_empty_cell_is_refused_where_every_row_counts():
    with pytest.raises(DataError, match=r"Expected a value in every column .* Received 1 of 12 rows .*pixel8 8.3%"):
        datasets.read_csv(change_cell(4, 9, ""), name="f.csv")


def test_copies_are_found_within_and_across_the_sets_with_their_labels(planted):
    pairs = quality.exact_copies(planted)
    found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert found == {(10, 400), (20, 411), (20, 412), (30, N_TRAIN + 5)}
    assert (pairs.within_train.sum(), pairs.within_test.sum(), pairs.across.sum()) == (3, 0, 1)
    assert set(pairs.second[pairs.conflicting].tolist()) == {411, 412, N_TRAIN + 5}
    row = pairs.table(planted.class_names).iloc[-1]
    assert (row["second_split"], row["second_index"], row["second_class"]) == ("test", 5, "class 5")


def test_copies_agree_with_pandas_duplicated(planted):
    frame = pd.DataFrame(planted.x_train.reshape(N_TRAIN, 784))
    left = policy_counts(planted.x_train, planted.y_train, 10)["images"]
    assert left.tolist() == [N_TRAIN, N_TRAIN - frame.duplicated().sum(), N_TRAIN - frame.duplicated(keep=False).sum()]


def test_images_with_equal_sums_of_pixels_are_no_copies():
    one = np.zeros((2, 28, 28), np.uint8)
    one[0, 0, 0], one[1, 27, 27] = 9, 9
    assert not len(find_copies(one, one[:0])["place"])
    assert len(find_copies(one, one)["place"]) == 4


def test_near_duplicates_by_noise_of_two_levels_are_found_across_the_sets(planted):
    found = neighbours(planted)
    pairs = near_pairs(found.index, found.distance * 255 / 28, np.zeros(700, np.uint8), N_TRAIN, 3.0)
    near = {(int(a), int(b)): d for a, b, d in zip(pairs.first, pairs.second, pairs.distance, strict=True)}
    assert near[40, N_TRAIN + 7] == pytest.approx(np.sqrt(2), abs=0.15)
    assert near[30, N_TRAIN + 5] == 0
    assert len(near) == 6  # with the copies, and all three pairs of the three that are alike
    assert (np.diff(pairs.distance) >= 0).all()


def test_the_constant_and_the_redundant_column_are_named(planted):
    counts = quality.column_counts(planted, TRAIN)["training"]
    assert columns.constant_columns(counts).tolist() == [CONSTANT + 1]
    pairs = columns.redundant_columns(quality.pixel_correlations(planted, TRAIN), 0.98)
    assert pairs[["first", "second"]].to_numpy().tolist() == [[f"pixel{TWIN_OF + 1}", f"pixel{TWIN + 1}"]]


def test_the_image_without_ink_is_the_strongest_outlier(planted):
    found = quality.outlier_measures(planted)
    labels = np.concatenate([planted.y_train, planted.y_test])
    first = outliers.outlier_table(found, labels, N_TRAIN, outliers.THRESHOLD).iloc[0]
    assert (first["split"], first["index"]) == ("training", 50)


def test_every_planted_fault_has_its_finding(planted):
    pairs = quality.exact_copies(planted)
    counts = quality.column_counts(planted, TRAIN)["training"]
    redundant = columns.redundant_columns(quality.pixel_correlations(planted, TRAIN), 0.98)
    all_findings = [
        findings.source(planted), findings.missing(700), findings.copies(pairs, 700), findings.conflicts(pairs),
        findings.constant({"training": columns.constant_columns(counts)}),
        findings.redundant(redundant, 0.98, {"training": 1.0}),
    ]  # fmt: skip
    assert [finding.verdict for finding in all_findings] == [
        Verdict.NOTE, Verdict.FINE, Verdict.LOOK, Verdict.LOOK, Verdict.NOTE, Verdict.NOTE,
    ]  # fmt: skip
    assert "4 images" in all_findings[2].text and "1 of the test set" in all_findings[2].text
    assert "2 of 6 checks ask for a look" in findings.summary(all_findings)


def test_the_axis_of_distances_holds_all_unless_a_few_lie_far_out():
    usual = np.linspace(1, 94, 2000)
    assert distances_end(usual, 5.0) == 100
    assert distances_end(usual + 100, 5.0) == 200
    assert distances_end(np.append(usual / 10, 200.0), 5.0) == 20
    assert distances_end(np.zeros(3), 5.0) == 10


def test_corners_are_as_black_as_the_least_black_of_them(real):
    counts = quality.column_counts(real, Selection("both"))
    share = columns.corner_zeros({name: columns.describe(one) for name, one in counts.items()})
    corners = [
        images[:, row, column] for images in (real.x_train, real.x_test) for row in (0, 27) for column in (0, 27)
    ]
    assert share == pytest.approx(min((corner == 0).mean() for corner in corners))


def test_a_stand_in_is_never_called_fine(planted):
    stand_in = Dataset("mnist", *planted.arrays, planted.class_names, "drawn", "0" * 64, synthetic=True)
    assert findings.source(stand_in).verdict is Verdict.LOOK


def test_twins_in_training_and_test_ask_for_a_look_and_others_do_not():
    labels, everything = np.zeros(10, np.uint8), np.ones(10, bool)
    index, near = np.array([[1]] * 10), np.full((10, 1), 99.0)
    near[0] = 2.0
    inside = near_pairs(index, near, labels, 8, 5.0)
    assert findings.near_copies(inside, 5.0, everything).verdict is Verdict.NOTE
    index[0] = 9
    across = near_pairs(index, near, labels, 8, 5.0)
    assert findings.near_copies(across, 5.0, everything).verdict is Verdict.LOOK
    assert "1 test image (50.00%)" in findings.near_copies(across, 5.0, everything).text
    training = everything & (np.arange(10) < 8)
    assert "1 training image has a twin in the test set" in findings.near_copies(across, 5.0, training).text
    assert findings.near_copies(None, 5.0, everything).verdict is Verdict.WAIT


def test_a_selection_counts_its_images_only_and_keeps_a_twin_that_is_outside(planted):
    pairs = quality.exact_copies(planted)
    of_test = pairs.touching(Selection("test").mask(planted))
    assert list(zip(of_test.first, of_test.second, strict=True)) == [(30, N_TRAIN + 5)]
    some = Selection("both", labels=(3, 7))
    frame = pd.DataFrame(planted.x_train[np.isin(planted.y_train, (3, 7))].reshape(-1, 784))
    counts = quality.column_counts(planted, some)
    assert list(counts) == ["training", "test"]
    ours = columns.describe(counts["training"])
    shown = ["count", "mean", "std", "50%"]
    np.testing.assert_allclose(ours.drop("label")[shown].astype(float), frame.describe().T[shown])
    assert ours.loc["label", "count"] == len(frame) and ours.loc["label", "mean"] == 5
    matrices = quality.pixel_correlations(planted, some)
    of_test = planted.x_test[np.isin(planted.y_test, (3, 7))].reshape(-1, 784)
    np.testing.assert_allclose(matrices["test"][7, 9], np.corrcoef(of_test[:, 7], of_test[:, 9])[0, 1])
    both = columns.redundant_columns(matrices, 0.98)
    assert list(both.columns) == ["first", "second", "training", "test"]
    constant = findings.constant({"training": np.arange(2), "test": np.arange(5)})
    assert "2 columns in training, 5 columns in test" in constant.text


def test_one_row_has_no_deviation_like_in_pandas():
    images, labels = np.full((1, 28, 28), 7, np.uint8), np.array([3], np.uint8)
    ours = columns.describe(columns.table_counts(np.bincount(labels, minlength=10), total_counts(images)))
    expected = pd.read_csv(io.StringIO("label\n3\n")).describe().T
    assert np.isnan(ours["std"]).all() and np.isnan(expected["std"]).all()
    assert ours.loc["label", "50%"] == 3


def test_pairs_of_nothing_are_empty():
    nothing = np.empty(0, np.int64)
    assert len(pairs_of_copies({"place": nothing, "group": nothing}, np.zeros(3, np.uint8), 2)) == 0

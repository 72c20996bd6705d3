"""Rows that lack a value: left out, counted as pandas counts, remembered with the files, and told."""

import json

import numpy as np
import pandas as pd
import pytest
from test_datasets_files import HEADER, IMAGES, LABELS, csv_bytes, csv_lines

from fmnist_core import datasets
from fmnist_core.datasets import own, read_csv, store
from fmnist_core.datasets.gaps import Gaps
from fmnist_core.datasets.kaggle_csv import read_table
from fmnist_core.errors import DataError
from fmnist_core.quality import columns, findings
from fmnist_core.quality.findings import Verdict


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FMNIST_LAB_HOME", str(tmp_path / "home"))
    place = tmp_path / "mine"
    place.mkdir()
    return place


def change_cells(*cells, lines=None):
    """CSV with cells, (line, column, text), changed; all from 1."""
    lines = lines or csv_lines()
    for line, column, text in cells:
        changed = lines[line - 1].split(",")
        changed[column - 1] = text
        lines[line - 1] = ",".join(changed)
    return csv_bytes(lines)


def test_missing_values_are_counted_over_the_whole_file_and_only_their_rows_are_left_out(monkeypatch):
    monkeypatch.setattr("fmnist_core.datasets.kaggle_csv._BLOCK_BYTES", 5_000)
    content = change_cells(
        (3, 5, ""), (4, 5, "nan"), (4, 1, "NULL"), (9, 700, '""'), (12, 785, " None"), (12, 1, "N/A")
    )
    images, labels, gaps = read_table(content, name="a/f.csv")
    kept = [0, 3, 4, 5, 6, 8, 9, 11]
    assert (images == IMAGES[kept]).all() and (labels == LABELS[kept]).all()
    assert gaps == Gaps("f.csv", 12, 4, (("label", 2), ("pixel4", 2), ("pixel699", 1), ("pixel784", 1)))
    with pytest.raises(
        DataError, match=r"f\.csv: Expected a value in every column .* Received 4 of 12 rows"
    ) as refusal:
        read_csv(content, name="f.csv")
    assert "label 16.7%, pixel4 16.7%, pixel699 8.3% and 1 more" in str(refusal.value)


def test_rows_without_gaps_leave_no_trace_and_other_faults_are_refused_beside_them():
    assert read_table(csv_bytes()).gaps is None
    with pytest.raises(DataError, match=r"line 7, column 3 .*Received 'x'"):
        read_table(change_cells((3, 5, ""), (7, 3, "x")))
    with pytest.raises(DataError, match=r"line 8, column 1 \(label\): Expected a class from 0 to 9. Received 11"):
        read_table(change_cells((3, 5, ""), (8, 1, "11")))
    without_header = change_cells((1, 5, "NaN"), lines=csv_lines()[1:])
    assert (read_table(without_header).images == IMAGES[1:]).all(), "a first row with NaN is no header"


@pytest.mark.parametrize(
    ("column", "complaint"),
    [(1, "Received none of 12: no row has a label"), (9, "none of 12: values are missing in pixel8 100.0%")],
)
def test_a_file_of_which_no_row_is_whole_is_refused(column, complaint):
    with pytest.raises(DataError, match=rf"f\.csv: Expected a row with a value in every column\. .*{complaint}"):
        read_table(change_cells(*((line, column, "") for line in range(2, 14))), name="f.csv")


def with_nulls(count=200, gone=0.1):
    """A table as pandas has it, about a tenth of its rows with a missing value or two, and as CSV."""
    rng = np.random.default_rng(9)
    rows = np.column_stack([np.arange(count) % 10, rng.integers(0, 256, (count, 784))])
    frame = pd.DataFrame(rows, columns=HEADER.split(",")).astype("Int64")
    for row in rng.choice(count, int(count * gone), replace=False):
        frame.iloc[row, rng.choice([0, 1, 400, 401, 784], rng.integers(1, 3), replace=False)] = pd.NA
    return frame, frame.to_csv(index=False).encode()


def test_rows_without_a_value_are_left_out_and_counted_as_pandas_counts(folder):
    frame, content = with_nulls()
    (folder / "train.csv").write_bytes(content)
    (folder / "test.csv").write_bytes(csv_bytes())
    dataset = datasets.load("own", folder)
    whole = frame.dropna().to_numpy(np.uint8)
    assert (dataset.x_train.reshape(-1, 784) == whole[:, 1:]).all() and (dataset.y_train == whole[:, 0]).all()
    (gaps,) = dataset.gaps
    nulls = frame.isnull().sum()
    assert dict(gaps.columns) == nulls[nulls > 0].to_dict()
    assert (gaps.file, gaps.rows, gaps.left_out, gaps.part) == ("train.csv", 200, 20, "train")
    assert columns.missing_by_column([gaps])["missing_fraction"].max() == frame.isnull().mean().max()


def test_what_was_missing_is_remembered_with_the_files_and_forgotten_with_them(folder, tmp_path, monkeypatch):
    _, content = with_nulls()
    file = folder / "train.csv"
    file.write_bytes(content)
    first = datasets.load("own", folder)
    assert [one.part for one in first.gaps] == ["both"], "the test images are held out of the same file"
    with monkeypatch.context() as patched:
        patched.setattr(own, "_read", lambda *_: pytest.fail("parsed again"))
        assert datasets.load("own", folder).gaps == first.gaps
        (tmp_path / "other.csv").write_bytes(content)
        assert [one.file for one in datasets.load("own", tmp_path / "other.csv").gaps] == ["other.csv"]
    whole = [line for line in content.decode().splitlines() if ",," not in line and line[0] != "," and line[-1] != ","]
    file.write_text("\n".join(whole))
    mended = datasets.load("own", folder)
    assert mended.gaps == () and mended.sha256 == first.sha256, "equal content, whatever files it came in"
    assert datasets.load("own", tmp_path / "other.csv").gaps, "though another file with the same content had gaps"


def test_what_is_kept_of_files_without_gaps_has_not_changed(folder):
    (folder / "train.csv").write_bytes(csv_bytes())
    dataset = datasets.load("own", folder)
    assert dataset.gaps == ()
    (about,) = (json.loads(file.read_text()) for file in store.folder().glob("own-*/entry.json"))
    assert sorted(about) == ["format", "origin", "sha256", "sizes"]


def test_missing_values_are_a_finding_that_says_what_was_done():
    assert findings.missing(700).verdict is Verdict.FINE
    gaps = (
        Gaps("train.csv", 1000, 12, (("label", 2), ("pixel3", 11))),
        Gaps("test.csv", 200, 1, (("pixel3", 1),), "test"),
    )
    finding = findings.missing(700, gaps)
    assert finding.verdict is Verdict.LOOK
    told = "12 of 1,000 rows of train.csv and 1 of 200 rows of test.csv have no value in one column or more and are"
    assert finding.text.startswith(f"{told} left out:")
    assert findings.missing(700, gaps[1:]).text.startswith("1 of 200 rows of test.csv has no value")
    frame = columns.missing_by_column(gaps)
    assert frame.iloc[0].tolist() == ["train.csv", "pixel3", 11, 0.011]
    table = columns.missing_table(gaps)
    assert table["left_out_fraction"].tolist() == [0.012, 0.005] and table["missing"].tolist() == [13, 1]
    described = pd.DataFrame({"count": 5}, index=columns.COLUMN_NAMES)
    of_test = columns.with_missing(described, gaps[1:], "test")
    assert of_test.loc["pixel3", ["missing", "missing_fraction"]].tolist() == [1, 0.005]
    assert of_test["missing"].sum() == 1 and not columns.with_missing(described, gaps[1:], "train")["missing"].any()

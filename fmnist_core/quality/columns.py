"""The images as a table: statistics of every column, exact, from one histogram per pixel.

A pixel has 256 possible values, so counting them once gives everything that pandas.DataFrame.describe computes,
and the number of different values, without ever making the table.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fmnist_core import pixels
from fmnist_core.datasets.gaps import Gaps
from fmnist_core.pixels import LEVELS, PIXELS

COLUMN_NAMES = ("label", *(f"pixel{number}" for number in range(1, PIXELS + 1)))


def table_counts(sizes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Count the values of each column of the table, of which the label is the first: -> (785, 256) int64.

    sizes: (classes,) images of each class. counts: (784, 256) of sums.totals_of.
    """
    table = np.zeros((1 + PIXELS, LEVELS), np.int64)
    table[0, : len(sizes)] = sizes
    table[1:] = counts
    return table


def describe(counts: np.ndarray) -> pd.DataFrame:
    """Return what pandas.DataFrame.describe().T would, and more, from table_counts (785, 256).

    Returns a row per column: count, mean, std, min, 25%, 50%, 75%, max, zeros (share), then unique (different
    values) and unique_fraction (of count).
    """
    frame = pixels.describe(counts, COLUMN_NAMES).rename_axis("column")
    frame["unique"] = (counts > 0).sum(axis=1)
    frame["unique_fraction"] = frame["unique"] / frame["count"]
    return frame


def missing_table(gaps: Sequence[Gaps]) -> pd.DataFrame:
    """Say what files lack of which rows were left out: a row for each file, with its rows and its missing values.

    Shares are of all rows, and of all cells of the file, as pandas' isnull().mean() gives them.
    """
    rows = [
        {
            "file": one.file, "rows": one.rows, "left_out": one.left_out, "left_out_fraction": one.left_out / one.rows,
            "missing": one.cells, "missing_fraction": one.cells / (one.rows * len(COLUMN_NAMES)),
        }
        for one in gaps
    ]  # fmt: skip
    return pd.DataFrame(rows)


def missing_by_column(gaps: Sequence[Gaps], part: str = "") -> pd.DataFrame:
    """Count what files lack by column, over all of their rows, the left out ones included: most first.

    part: train or test for the file of that set only. Returns file, column, missing and missing_fraction (of its rows).
    """
    rows = [
        {"file": one.file, "column": name, "missing": count, "missing_fraction": count / one.rows}
        for one in gaps if not part or one.part in (part, "both")
        for name, count in one.columns
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["file", "column", "missing", "missing_fraction"])
    return frame.sort_values("missing", ascending=False, kind="stable", ignore_index=True)


def with_missing(description: pd.DataFrame, gaps: Sequence[Gaps], part: str) -> pd.DataFrame:
    """Return what describe gave with missing and missing_fraction of each column in the set's file (train or test)."""
    found = missing_by_column(gaps, part).set_index("column")[["missing", "missing_fraction"]]
    return description.join(found).fillna({"missing": 0, "missing_fraction": 0.0}).astype({"missing": np.int64})


def corner_zeros(descriptions: Mapping[str, pd.DataFrame]) -> float:
    """Return the share of images, 0..1, in which the four corners are black: of the corner and set where it is least.

    descriptions: of describe, by set.
    """
    corners = [f"pixel{number}" for number in (1, 28, PIXELS - 27, PIXELS)]
    return min(float(frame.loc[corners, "zeros"].min()) for frame in descriptions.values())


def constant_columns(counts: np.ndarray) -> np.ndarray:
    """Return the rows of table_counts that hold one value only: (m,) int64."""
    return np.flatnonzero((counts > 0).sum(axis=1) == 1)


def redundant_columns(correlations: Mapping[str, np.ndarray], threshold: float) -> pd.DataFrame:
    """List the pairs of pixels whose |correlation| is above a threshold in any of the sets, strongest first.

    correlations: (784, 784) by name of the set, NaN or 0 where a pixel is constant. Only the upper triangle counts, so
    each pair stands once, and `second`, the later one, is what the usual rule drops.
    Returns columns first, second (names of columns), and the correlation in each set, NaN where there is none.
    """
    strongest = np.triu(np.fmax.reduce([np.abs(matrix) for matrix in correlations.values()]), 1)
    first, second = np.nonzero(strongest > threshold)
    order = np.argsort(-strongest[first, second], kind="stable")
    first, second = first[order], second[order]
    names = pd.Series(COLUMN_NAMES[1:])  # taken from as they are: thousands of words to convert would take long
    pairs = {"first": names.take(first).array, "second": names.take(second).array}
    return pd.DataFrame(pairs | {name: matrix[first, second] for name, matrix in correlations.items()})


def first_rows(images: np.ndarray, labels: np.ndarray, count: int = 5) -> pd.DataFrame:
    """Return the first rows of the table, as pandas.DataFrame.head shows them: 785 columns, uint8."""
    rows = images[:count].reshape(-1, PIXELS)
    return pd.DataFrame(np.column_stack([labels[:count], rows]), columns=list(COLUMN_NAMES))


def shape_table(parts: dict[str, tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """Say shape, type and memory of each array: parts maps a name to (images, labels); sizes in MB of 10^6 bytes.

    The last column is what the table of this part takes in pandas with its usual int64.
    """
    rows = []
    for part, (images, labels) in parts.items():
        as_table = len(labels) * len(COLUMN_NAMES) * 8 / 1e6
        for kind, array, table_mb in (("images", images, as_table), ("labels", labels, np.nan)):
            rows.append({
                "array": f"{part} {kind}", "shape": " x ".join(f"{side:,}" for side in array.shape),
                "dtype": str(array.dtype), "missing": 0, "memory_mb": array.nbytes / 1e6, "as_int64_table_mb": table_mb,
            })  # fmt: skip
    return pd.DataFrame(rows)

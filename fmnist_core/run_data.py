"""The data that a Run is about, read again: own files may have been exchanged, a stand-in may have become the real set.

Pages show images beside answers. Where others lie in the folder by now, they must say so instead.
"""

from collections.abc import Sequence

from fmnist_core import datasets
from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError
from fmnist_core.runs import Run
from fmnist_core.spec import RunSpec


def dataset_of(run: Run, *, exact: bool = False) -> Dataset:
    """Return the data set of a Run. It has the classes that the Run's answers are about, as far as those are known.

    Args:
        exact: it must also be, to the byte, the one that the Run was tested on: what was answered then is shown beside
            its images.

    Raises:
        DataError: it cannot be read, or is another one.
        RunError: the run folder is damaged.
    """
    result = run.result or {}
    names = result.get("class_names")
    dataset = data_for(run.spec, names if isinstance(names, list) else ())
    if exact:
        check_same(dataset, result.get("sha256"), result.get("source", "unknown"))
    return dataset


def data_for(spec: RunSpec, class_names: Sequence[str]) -> Dataset:
    """Return the data set of a spec, for a model that answers with these classes; none: whatever classes it has.

    Raises:
        DataError: it cannot be read, or has other classes.
    """
    dataset = datasets.load(spec.dataset, spec.dataset_folder or None)
    if class_names and tuple(dataset.class_names) != tuple(class_names):
        raise DataError(
            f"Expected data with the classes that this model knows, {_names(class_names)}. Received others in "
            f"{dataset.source}: {_names(dataset.class_names)}."
        )
    return dataset


def check_same(dataset: Dataset, sha256: str | None, source: str) -> None:
    """Check that these are the data of this hash, whose source was called so; raises DataError if they are not."""
    if dataset.sha256 != sha256:
        raise DataError(
            f"Expected the data that this Run was tested on ({source}). Received others ({dataset.source}), so nothing "
            "that needs the very same images can be shown."
        )


def _names(class_names: Sequence[str]) -> str:
    shown = ", ".join(map(str, class_names[:12]))
    return f"{shown} and {len(class_names) - 12} more" if len(class_names) > 12 else shown

"""The temperature that a Run's probabilities are divided by before people read them, and where it comes from.

It is fitted on images that the Run validated on (calibration.py), which it did not learn from. The model that comes
along has no such images beside it; its folder carries the value that the command that made it fitted.
"""

import functools
from dataclasses import dataclass

import numpy as np

from fmnist_core import datasets
from fmnist_core.calibration import HIGHEST, LOWEST, fit_temperature, with_temperature
from fmnist_core.datasets import Dataset
from fmnist_core.errors import LabError
from fmnist_core.runs import VALIDATION_FILE, Run
from fmnist_core.training_data import MARKS_FILE, marked

SHIPPED = "temperature"  # in a result


@dataclass(frozen=True)
class Temperature:
    """What probabilities are softened (above 1) or sharpened by.

    Attributes:
        value: 1 where none could be had.
        images: validation images that it was fitted on; 0 where that is not known.
        reason: why there is none; empty where there is one.
    """

    value: float = 1.0
    images: int = 0
    reason: str = ""

    @property
    def is_fitted(self) -> bool:
        """Whether there is one."""
        return not self.reason

    def mended(self, probabilities: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities, (n, classes) float, from those that leave the model; where there is no
        temperature, the same."""
        return with_temperature(probabilities, self.value) if self.is_fitted else probabilities


def temperature_of(run: Run) -> Temperature:
    """Return a Run's temperature; where there is none, 1 with the reason. Never raises for a damaged folder."""
    try:
        shipped = (run.result or {}).get(SHIPPED)
        if isinstance(shipped, int | float) and LOWEST <= shipped <= HIGHEST:
            return Temperature(float(shipped), int((run.result or {}).get("validation_images") or 0))
        state = (run.folder / VALIDATION_FILE).stat()
        return _fitted(run, state.st_mtime_ns, state.st_size)
    except OSError:
        return Temperature(reason="this Run kept no validation images of its own to fit them on")
    except (LabError, ValueError, IndexError) as error:
        return Temperature(reason=f"none could be fitted. {error}")


@functools.lru_cache(maxsize=200)
def _fitted(run: Run, changed_ns: int, size: int) -> Temperature:
    index, probabilities = run.validation_probabilities()
    dataset = datasets.load(run.spec.dataset, run.spec.dataset_folder or None)
    if (run.result or {}).get("sha256", dataset.sha256) != dataset.sha256:
        raise LabError("Expected the data that this Run learned. Received others.")
    labels = labels_of(dataset, run)[index]
    return Temperature(fit_temperature(labels, probabilities), len(labels))


def labels_of(dataset: Dataset, run: Run) -> np.ndarray:
    """Return the labels of the training images, (n,) uint8, with the label decisions that the Run applied.

    Images that were dropped keep the label as given: no Run has answers on them.

    Raises:
        DataError: if the decisions kept with the Run are damaged.
    """
    labels = np.asarray(dataset.y_train)
    if run.spec.label_marks:
        _, decided, kept = marked(dataset, run.spec, run.folder / MARKS_FILE)
        labels = labels.copy()
        labels[kept] = decided
    return labels

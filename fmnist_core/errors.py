"""Every error the library raises on purpose.

    LabError
    ├── DataError              a file or folder of images is not what it should be
    │   └── SourceUnavailable  a place to get data from is absent or unreachable
    ├── ImageError             a picture from outside cannot become a 28x28 item
    ├── SpecError              a hyperparameter is out of range or does not fit another
    ├── RunError               a run folder is damaged, or in a state that forbids the request
    ├── ClusterError           the cluster that should execute Runs is absent, or not fit for them
    ├── ModelError             a saved model is absent or does not fit
    └── EvaluationError        labels and probabilities do not belong together (evaluation.py)

Messages are for users: they say what was expected and what came, and pages show them as they are.
"""


class LabError(Exception):
    """Base of all errors whose message may be shown to a user."""


class DataError(LabError):
    """A file or folder of images is not what it should be."""


class SourceUnavailable(DataError):
    """A place to get data from is absent or unreachable; another may work."""


class ImageError(LabError):
    """A picture from outside cannot become a 28x28 item."""


class SpecError(LabError):
    """A hyperparameter is out of range or does not fit another."""


class RunError(LabError):
    """A run folder is damaged, or in a state that forbids the request."""


class ClusterError(LabError):
    """The cluster that should execute Runs is absent, or not fit for them."""


class ModelError(LabError):
    """A saved model is absent or does not fit."""


def first_words(error: Exception) -> str:
    """Return the first line that an error says, short enough for a page; its kind where it says nothing."""
    if isinstance(error, LabError):
        return str(error)
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line if len(line) <= 300 else f"{line[:299]}…"

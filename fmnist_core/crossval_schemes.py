"""SCHEMES: how systems A to D cross-validated, and what they reported. A new one is an entry in the table."""

from dataclasses import dataclass, field, replace

from fmnist_core.comparison import OWN_FILES
from fmnist_core.crossval import CrossValidation
from fmnist_core.presets import PRESETS
from fmnist_core.spec import RunSpec

# What a user may change without leaving the scheme; with less training it is a quick look at it.
_FREE = ("dataset", "dataset_folder", "train_limit", "epochs", "seed", "title")


@dataclass(frozen=True)
class Scheme:
    """A reference system's cross-validation.

    Attributes:
        title: a few words.
        cross: what the system did.
        note: what is particular to it, and where we had to choose.
        measured_on: "validation" or "test".
        reported: accuracy by the number of the fold, 0..1; empty where the system gave none.
        reported_mean: the mean that it reported, 0..1.
    """

    title: str
    cross: CrossValidation
    note: str
    measured_on: str = "test"
    reported: dict[int, float] = field(default_factory=dict)
    reported_mean: float | None = None


SCHEMES: dict[str, Scheme] = {
    "A": Scheme(
        "A: 10 folds, weights carried",
        CrossValidation(
            PRESETS["A-lenet5"].replace(early_stopping="val_loss", patience=10), "kfold", folds=10, leaking=True
        ),
        "A reported validation accuracy 0.9838 for the first fold and 0.9925 for the tenth. It carried the weights "
        "from fold to fold, so every fold after the first was validated on images that its network had learned from.",
        "validation", {1: 0.9838, 10: 0.9925},
    ),
    "B": Scheme(
        "B: 5 stratified folds", CrossValidation(PRESETS["B-lenet5"], "stratified", folds=5),
        "B scored each fold's network on the test set. It tuned batch size and epochs without naming the winners: 64, "
        "and 20 with early stopping, stand in.",
        "test", {1: 0.8763, 2: 0.8795, 3: 0.8869, 4: 0.8826, 5: 0.8887}, 0.8828,
    ),
    "C": Scheme(
        "C: 5 folds", CrossValidation(PRESETS["C-lenet5"].replace(epochs=30), "kfold", folds=5),
        "C showed the curves of every fold and named the best one, without a figure. It named no batch size: 32 stands "
        "in, which is Keras' default.",
    ),
    "D": Scheme(
        "D: 5 folds, scored on test", CrossValidation(PRESETS["D-lenet5"], "kfold", folds=5),
        "D trained a new network for each fold and scored it on the test set. Its mean test loss was 0.51376.",
        "test", {1: 0.9164, 2: 0.9197, 3: 0.9222, 4: 0.9168, 5: 0.9146}, 0.91798,
    ),
}  # fmt: skip


def scheme_of(cross: CrossValidation) -> str | None:
    """Return the key of the scheme that a cross-validation follows, with or without carried weights; None if none."""
    return next((key for key, scheme in SCHEMES.items() if _core(scheme.cross) == _core(cross)), None)


def is_comparable(key: str, cross: CrossValidation) -> bool:
    """Whether the reported figures may stand beside this cross-validation: the same kind of data, nothing shortened."""
    meant = SCHEMES[key].cross
    whole = not cross.base.train_limit and cross.base.epochs >= meant.base.epochs
    return whole and cross.base.dataset in (meant.base.dataset, OWN_FILES) and cross.leaking == meant.leaking


def _core(cross: CrossValidation) -> CrossValidation:
    same = {name: getattr(RunSpec(), name) for name in _FREE}
    return replace(cross, base=cross.base.replace(**same), repeats=1, leaking=False)
